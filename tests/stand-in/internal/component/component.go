// Package component is the inside of a child process of the stand-in k3s: one upstream program, unchanged, chosen by its name.
package component

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// The names by which the supervisor asks for its children.
const (
	Etcd        = "etcd"
	APIServer   = "kube-apiserver"
	Controllers = "kube-controller-manager"
	Scheduler   = "kube-scheduler"
	Kubelet     = "kubelet"
	Proxy       = "kube-proxy"
	Kubectl     = "kubectl"
)

// Main runs the component that args[0] names, if it is one, and gives its exit status.
func Main(args []string) (status int, known bool) {
	var cmd *cobra.Command
	os.Args = args
	switch args[0] {
	case Etcd:
		etcdmain.Main(args)
		return 0, true
	case APIServer:
		cmd = apiserver.NewAPIServerCommand()
	case Controllers:
		cmd = controllers.NewControllerManagerCommand()
	case Scheduler:
		cmd = scheduler.NewSchedulerCommand()
	case Kubelet:
		cmd = kubelet.NewKubeletCommand(context.Background())
	case Proxy:
		cmd = proxy.NewProxyCommand()
	case Kubectl:
		cmd = kubectl.NewDefaultKubectlCommand()
	default:
		return 0, false
	}
	return cli.Run(cmd), true
}
