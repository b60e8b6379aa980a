// blackstart-sandbox gives a real Kubernetes as child processes of an ordinary user.
//
// One binary, many programs: the command line that people use, the supervisor behind it, and, re-executed by the
// supervisor, the components of Kubernetes. README.md tells the whole story.
package main

import (
	"os"
	"runtime"
	"syscall"

	"blackstart/sandbox/internal/cli"
	"blackstart/sandbox/internal/component"
)

func init() {
	// The main thread never ends; a wish that the kernel keeps with a thread must be made from it.
	runtime.LockOSThread()
}

func main() {
	// What is written is for this user only, whatever the caller's mask says.
	syscall.Umask(0o077)
	if len(os.Args) > 1 && os.Args[1] == "component" {
		runtime.UnlockOSThread()
		os.Exit(component.Main(os.Args[2:]))
	}
	os.Exit(cli.Main(os.Args[1:]))
}
