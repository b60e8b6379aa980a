// Command host is a stand-in for a machine of its own, out of Linux namespaces, for tests. It is not a machine.
package main

import (
	"fmt"
	"os"

	"blackstart/stand-in/internal/host"
)

const usage = `host (blackstart stand-in): a machine of its own out of namespaces, for tests

  host run   --dir DIR [--address 192.0.2.10/24 …] [--name HOSTNAME] [--also NET] [--bare] [--images DIR]
             is up when it prints a line of JSON; ends when its stdin closes, or by a signal, with everything in it
  host enter --dir DIR [--net NET] -- CMD…
             runs a program in it, with this one's input, output and exit status
  host --version`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	var status int
	switch os.Args[1] {
	case "run":
		status = host.Run(os.Args[2:])
	case "enter":
		status = host.Enter(os.Args[2:])
	case host.InitWord:
		status = host.Init(os.Args[2:])
	case host.SweepWord:
		status = host.Sweep(os.Args[2:])
	case host.HoldWord:
		status = host.Hold(os.Args[2:])
	case "--version":
		fmt.Println("host, a stand-in of blackstart's tests; this is not a machine")
	case "-h", "--help":
		fmt.Println(usage)
	default:
		fmt.Fprintln(os.Stderr, usage)
		status = 2
	}
	os.Exit(status)
}
