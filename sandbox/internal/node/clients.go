package node

import (
	"bytes"
	"context"
	"fmt"
	"runtime"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clientset "k8s.io/client-go/kubernetes"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// archClient is a client through which a kubelet compiled for this machine reports the architecture that its node
// was asked to have. The kubelet takes the word from its compiler, so it is changed where it leaves.
type archClient struct {
	clientset.Interface
	arch string
}

func (c archClient) CoreV1() corev1client.CoreV1Interface {
	return archCore{CoreV1Interface: c.Interface.CoreV1(), arch: c.arch}
}

type archCore struct {
	corev1client.CoreV1Interface
	arch string
}

func (c archCore) Nodes() corev1client.NodeInterface {
	return archNodes{NodeInterface: c.CoreV1Interface.Nodes(), arch: c.arch}
}

type archNodes struct {
	corev1client.NodeInterface
	arch string
}

func (n archNodes) Create(ctx context.Context, node *corev1.Node, o metav1.CreateOptions) (*corev1.Node, error) {
	node = node.DeepCopy()
	node.Status.NodeInfo.Architecture = n.arch
	return n.NodeInterface.Create(ctx, node, o)
}

func (n archNodes) Patch(ctx context.Context, name string, t types.PatchType, data []byte, o metav1.PatchOptions, sub ...string) (*corev1.Node, error) {
	// In the node's information and in its labels; the latter the kubelet "repairs" with every report.
	for _, key := range []string{"architecture", corev1.LabelArchStable} {
		from := fmt.Appendf(nil, `%s":%q`, key, runtime.GOARCH)
		to := fmt.Appendf(nil, `%s":%q`, key, n.arch)
		data = bytes.ReplaceAll(data, from, to)
	}
	return n.NodeInterface.Patch(ctx, name, t, data, o, sub...)
}

func (n archNodes) PatchStatus(ctx context.Context, name string, data []byte) (*corev1.Node, error) {
	return n.Patch(ctx, name, types.StrategicMergePatchType, data, metav1.PatchOptions{}, "status")
}
