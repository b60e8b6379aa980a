// Command gitserver plays the git server of a homelab: bare repositories over HTTP, read and pushed with Debian's git behind it.
// A stand-in for tests; it can be told to be down, to hang, or to answer with a status.
//
//	gitserver --root DIR [--listen :80] [--control 127.0.0.1:8081] [--accounts FILE [--closed]]
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"blackstart/stand-in/internal/gitserver"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("gitserver: a stand-in for tests, with git-http-backend behind it")
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gitserver (stand-in):", err)
		os.Exit(1)
	}
}

func run() error {
	root := flag.String("root", "", "the folder of the bare repositories, NAME.git each; one that is pushed to and is not there is made")
	listen := flag.String("listen", ":80", "where it is asked for repositories")
	control := flag.String("control", "", "where it is asked for its counts and told what to be; nowhere without it")
	accounts := flag.String("accounts", "", "a file with NAME:PASSWORD lines: who may push")
	closed := flag.Bool("closed", false, "reading wants an account too")
	flag.Parse()
	if *root == "" || flag.NArg() > 0 {
		return fmt.Errorf("--root is wanted, and nothing but options")
	}
	if err := os.MkdirAll(*root, 0o755); err != nil {
		return err
	}
	server, err := gitserver.New(*root, *accounts, *closed)
	if err != nil {
		return err
	}
	if *control != "" {
		at, err := net.Listen("tcp", *control)
		if err != nil {
			return err
		}
		go func() { _ = http.Serve(at, server.Control()) }()
	}
	at, err := server.Listen(*listen)
	if err != nil {
		return err
	}
	fmt.Printf("{\"listen\":%q,\"root\":%q}\n", at, *root)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	return nil
}
