// A stand-in of k3d, for tests: it drives a real Docker daemon and answers as k3d was seen to. It is not k3d.
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
