package supervise

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"blackstart/sandbox/internal/spec"
)

// answers asks the API server whether it is ready, which includes its first roles and namespaces.
func (c *cluster) answers(ctx context.Context) error {
	_, err := c.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("/readyz: %w", err)
	}
	return nil
}

// registerNodes makes the Nodes before their kubelets come, with the one thing a kubelet cannot know here: an address
// that is not this machine's. Loopback would not do, as it may not be in an Endpoint.
func (c *cluster) registerNodes(ctx context.Context) error {
	for i, n := range c.u.Nodes {
		labels := map[string]string{
			corev1.LabelHostname:             n.Name,
			corev1.LabelOSStable:             "linux",
			corev1.LabelArchStable:           n.Arch,
			"beta." + corev1.LabelOSStable:   "linux",
			"beta." + corev1.LabelArchStable: n.Arch,
		}
		for k, v := range n.Labels {
			labels[k] = v
		}
		object := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: labels},
			Spec:       corev1.NodeSpec{Taints: n.Taints},
			Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: spec.NodeIP(i)},
				{Type: corev1.NodeHostName, Address: n.Name},
			}},
		}
		if _, err := c.client.CoreV1().Nodes().Create(ctx, object, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("node %s: %w", n.Name, err)
		}
	}
	return nil
}

// usable is the promise of the line: what every pod needs is there, every node takes pods, and a pod would be let in.
func (c *cluster) usable(ctx context.Context) error {
	if err := c.nodesReady(ctx); err != nil {
		return err
	}
	if _, err := c.client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{}); err != nil {
		return fmt.Errorf("the default ServiceAccount: %w", err)
	}
	if _, err := c.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{}); err != nil {
		return fmt.Errorf("the ConfigMap kube-root-ca.crt: %w", err)
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "blackstart-sandbox-ready"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "ready", Image: "sandbox.invalid/ready"}}},
	}
	if _, err := c.client.CoreV1().Pods(metav1.NamespaceDefault).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
		return fmt.Errorf("a pod would not be let in: %w", err)
	}
	return nil
}

func (c *cluster) nodesReady(ctx context.Context) error {
	list, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("nodes: %w", err)
	}
	if len(list.Items) < len(c.u.Nodes) {
		return errors.New("not all nodes are registered")
	}
	for _, n := range list.Items {
		if why := notReady(&n); why != "" {
			return fmt.Errorf("node %s: %s", n.Name, why)
		}
	}
	return nil
}

// notReady says why a node takes no pods yet. The condition alone is not all: the taint goes a moment later.
func notReady(n *corev1.Node) string {
	ready := "its kubelet has not reported yet"
	for _, cond := range n.Status.Conditions {
		if cond.Type == corev1.NodeReady {
			if ready = cond.Message; cond.Status == corev1.ConditionTrue {
				ready = ""
			}
		}
	}
	if ready != "" {
		return ready
	}
	for _, t := range n.Spec.Taints {
		if t.Key == corev1.TaintNodeNotReady {
			return "it still has the taint " + t.Key
		}
	}
	return ""
}
