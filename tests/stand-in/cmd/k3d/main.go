// A stand-in of k3d, for tests: it drives a real Docker daemon and answers as k3d was seen to. It is not k3d.
//
// usage: k3d cluster create|delete|list|get|start|stop, node list, kubeconfig get|write|merge, image import,
// registry create|list|delete, version [list], runtime-info; and `k3d stand-in-image FILE`, which writes the images of its helpers.
//
// $STAND_IN_K3D_CALLS is a file to which every call is written with its arguments, a line of JSON each. $STAND_IN_K3D_FAULTS is a
// file of lines of JSON, each a fault: which call goes wrong, at which point, and how (internal/k3d/faults.go); the calls are
// counted in a file of that name with `.seen` after it. $STAND_IN_K3D_HASTE leaves out the second that k3d waits before it makes a
// server. $DOCKER_HOST, $K3D_IMAGE_TOOLS, $K3D_IMAGE_LOADBALANCER, $KUBECONFIG, $LOG_LEVEL and $LOG_COLORS mean what they mean to k3d.
package main

import (
	"os"

	"blackstart/stand-in/internal/k3d"
)

func main() {
	if !k3d.Tool(os.Args) {
		k3d.Main(os.Args[1:])
	}
}
