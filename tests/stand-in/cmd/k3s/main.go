// Command k3s is a stand-in: k3s's command line and files over upstream's Kubernetes, for tests. It is not k3s.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"blackstart/stand-in/internal/component"
	"blackstart/stand-in/internal/crictl"
	"blackstart/stand-in/internal/flags"
	"blackstart/stand-in/internal/paths"
	"blackstart/stand-in/internal/say"
	"blackstart/stand-in/internal/server"
	"blackstart/stand-in/internal/snapshot"
)

func main() {
	args := os.Args
	word := filepath.Base(args[0])
	switch word {
	case "kubectl", "ctr", "crictl":
		args = args[1:]
	default:
		if len(args) < 2 {
			help()
			os.Exit(0)
		}
		word, args = args[1], args[2:]
	}
	os.Exit(run(word, args))
}

func run(word string, args []string) int {
	switch word {
	case server.ComponentWord:
		if status, known := component.Main(args); known {
			return status
		}
		fmt.Fprintf(os.Stderr, "k3s (stand-in): no component %v\n", args)
		return 2
	case "--version", "-v", "version":
		fmt.Printf("k3s version %s (blackstart stand-in; this is not k3s)\ngo version %s\n", server.Version, runtime.Version())
		return 0
	case "--help", "-h", "help":
		help()
		return 0
	case "kubectl":
		if os.Getenv("KUBECONFIG") == "" {
			if err := os.Setenv("KUBECONFIG", paths.Kubeconfig); err != nil {
				return fail(err)
			}
		}
		status, _ := component.Main(append([]string{component.Kubectl}, args...))
		return status
	case "crictl":
		return crictl.Main(args)
	case "ctr":
		return ctr(args)
	case "server":
		s, err := flags.Parse(flags.Server, args)
		if err != nil {
			return fail(err)
		}
		o, err := server.Read(s, false)
		if err != nil {
			return fail(err)
		}
		if o.Reset {
			return fail(o.ResetCluster())
		}
		return fail(o.Run())
	case "etcd-snapshot":
		return fail(snapshot.Main(args))
	default:
		return fail(fmt.Errorf("No help topic for '%s'", word))
	}
}

// fail prints the error as k3s does, and gives the exit status.
func fail(err error) int {
	if err == nil {
		return 0
	}
	var unknown flags.Unknown
	if errors.As(err, &unknown) {
		fmt.Printf("Incorrect Usage: %s\n\n", err)
		say.Fatal("%s", err)
		return 1
	}
	say.Fatal("Error: %s", err)
	return 1
}

// ctr is containerd's own, at k3s's socket and in its namespace.
func ctr(args []string) int {
	for _, path := range []string{"/usr/bin/ctr", "/usr/local/lib/stand-in/ctr"} {
		if _, err := os.Stat(path); err == nil {
			return fail(syscall.Exec(path, append([]string{"ctr", "-a", paths.Socket, "-n", "k8s.io"}, args...), os.Environ()))
		}
	}
	_, err := exec.LookPath("ctr")
	return fail(fmt.Errorf("containerd's ctr is not installed: %v", err))
}

func help() {
	fmt.Println(`NAME:
   k3s - a stand-in of blackstart's tests; this is not k3s

USAGE:
   k3s server | etcd-snapshot save|ls|delete | kubectl … | crictl … | ctr … | --version`)
}
