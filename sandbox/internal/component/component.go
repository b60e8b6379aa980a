// Package component is the inside of a child process: one upstream program, chosen by the first argument.
//
// The programs are upstream's own, unchanged; what is ours is the guard that ends them with their supervisor.
package component

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	"blackstart/sandbox/internal/node"
	"blackstart/sandbox/internal/proc"
)

// The names by which the supervisor asks for its children.
const (
	Etcd        = "etcd"
	APIServer   = "kube-apiserver"
	Controllers = "kube-controller-manager"
	Scheduler   = "kube-scheduler"
	Node        = "node"
)

// Main runs the component that args[0] names and gives its exit status.
func Main(args []string) int {
	if len(args) == 0 || os.Getenv(proc.MarkEnv) == "" {
		fmt.Fprintln(os.Stderr, "blackstart-sandbox component: started by `blackstart-sandbox up` only")
		return 2
	}
	proc.Guard()
	os.Args = args
	switch args[0] {
	case Etcd:
		etcdmain.Main(args)
		return 0
	case APIServer:
		return cli.Run(apiserver.NewAPIServerCommand())
	case Controllers:
		return runControllers(args[1:])
	case Scheduler:
		return cli.Run(scheduler.NewSchedulerCommand())
	case Node:
		return runNode(args[1:])
	default:
		fmt.Fprintf(os.Stderr, "blackstart-sandbox component: %q is none\n", args[0])
		return 2
	}
}

// runControllers takes two arguments of its own before upstream's: the volume binder's kubeconfig and the root of the host's paths.
func runControllers(args []string) int {
	if len(args) < 2 {
		fmt.Fprintln(os.Stderr, "kube-controller-manager: the binder's kubeconfig and the host root are missing")
		return 2
	}
	if err := startVolumeBinder(args[0], args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cmd := controllers.NewControllerManagerCommand()
	os.Args = append([]string{Controllers}, args[2:]...)
	return cli.Run(cmd)
}

func runNode(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "node: its file is missing")
		return 2
	}
	if err := node.Run(args[0]); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		return 1
	}
	return 0
}
