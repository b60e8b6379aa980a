// A machine with a real Docker daemon, for tests, out of namespaces.
//
// usage: dockerhost run --dir DIR [--load FILE]... [--runtime FILE] [--timeout SECONDS] [-- DOCKERD-ARGUMENT...]
//
//	dockerhost enter --dir DIR [--outside] -- PROGRAM [ARGUMENT...]
//	dockerhost daemon --dir DIR kill|stop|start [DOCKERD-ARGUMENT...]
//	dockerhost blank --dir DIR CONTAINER
//
// run prints one line of JSON when the daemon answers and the images are loaded, and ends with everything in it when its stdin
// closes or it is killed. blank makes the daemon forget the address of a running container.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"blackstart/stand-in/internal/dockerhost"
)

const about = "dockerhost: a stand-in machine for tests, with a real Docker daemon"

type list []string

func (l *list) String() string         { return fmt.Sprint(*l) }
func (l *list) Set(value string) error { *l = append(*l, value); return nil }

func init() {
	// The host's first process dies with the thread that made it: that thread must be this program's first, which ends last.
	runtime.LockOSThread()
}

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	switch os.Args[1] {
	case "inside":
		if len(os.Args) == 3 && os.Getpid() == 1 {
			dockerhost.Inside(os.Args[2])
		}
		usage()
	case "held":
		if len(os.Args) > 3 {
			fail(dockerhost.Held(os.Args[2], os.Args[3:]))
		}
		usage()
	case "sweep":
		if len(os.Args) == 3 {
			dockerhost.Sweep(os.Args[2])
			return
		}
		usage()
	case "--version", "version":
		fmt.Println(about)
		return
	case "run", "enter", "daemon", "blank":
	default:
		usage()
	}
	var files list
	flags := flag.NewFlagSet("dockerhost "+os.Args[1], flag.ExitOnError)
	dir := flags.String("dir", "", "folder of the host")
	flags.Var(&files, "load", "file of an image")
	wrapper := flags.String("runtime", "", "wrapper of runc")
	timeout := flags.Int("timeout", 60, "seconds the daemon may take")
	outside := flags.Bool("outside", false, "in the network next door")
	_ = flags.Parse(os.Args[2:]) // ends the program itself
	if *dir == "" {
		usage()
	}
	switch os.Args[1] {
	case "run":
		fail(dockerhost.Run(dockerhost.Options{
			Dir: *dir, Load: files, Runtime: *wrapper, Daemon: flags.Args(), Timeout: time.Duration(*timeout) * time.Second,
		}))
	case "enter":
		if flags.NArg() == 0 {
			usage()
		}
		code, err := dockerhost.Enter(*dir, *outside, flags.Args())
		if err != nil {
			fmt.Fprintf(os.Stderr, "dockerhost: %v\n", err)
		}
		os.Exit(code)
	case "daemon":
		if flags.NArg() == 0 {
			usage()
		}
		fail(dockerhost.Daemon(*dir, flags.Args()))
	case "blank":
		if flags.NArg() != 1 {
			usage()
		}
		fail(dockerhost.Blank(*dir, flags.Arg(0)))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "dockerhost: %v\n", err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, about+"\nusage: dockerhost run|enter|daemon|blank --dir DIR ...")
	os.Exit(2)
}
