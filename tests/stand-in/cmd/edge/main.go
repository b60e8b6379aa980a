// Command edge plays the edge of a tunnel's provider: names of the world lead to it, and connectors dial it. A stand-in for tests;
// it knows the tunnels of one file, counts what comes from outside, and can drop connections or refuse them.
//
//	edge --tunnels FILE.json [--listen :80] [--tls :443 --authority CA.pem] [--connectors :7844] [--control 127.0.0.1:8082]
//
// The file is a list: [{"account": "…", "id": UUID, "secret": BASE64, "ingress": [{"hostname": "…", "service": "http://…"}, …]}].
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"blackstart/stand-in/internal/tunnel"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("edge: a stand-in for tests, of what a tunnel's connectors dial")
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "edge (stand-in):", err)
		os.Exit(1)
	}
}

func run() error {
	file := flag.String("tunnels", "", "a file with the tunnels that there are")
	listen := flag.String("listen", ":80", "where the world asks")
	secure := flag.String("tls", "", "where the world asks over TLS; nowhere without it")
	authority := flag.String("authority", "", "where the certificate is written that TLS here is to be trusted by")
	connectors := flag.String("connectors", ":"+tunnel.Port, "where connectors dial")
	control := flag.String("control", "", "where it is asked for its counts and told what to be; nowhere without it")
	flag.Parse()
	if *file == "" || flag.NArg() > 0 {
		return fmt.Errorf("--tunnels is wanted, and nothing but options")
	}
	text, err := os.ReadFile(*file)
	if err != nil {
		return err
	}
	var tunnels []tunnel.Tunnel
	if err := json.Unmarshal(text, &tunnels); err != nil {
		return fmt.Errorf("%s: %w", *file, err)
	}
	edge := tunnel.NewEdge(tunnels)
	ended := make(chan error, 4)
	where := map[string]string{}
	open := func(what, address string, serve func(net.Listener) error) error {
		if address == "" {
			return nil
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		where[what] = l.Addr().String()
		go func() { ended <- serve(l) }()
		return nil
	}
	if err := open("connectors", *connectors, edge.Accept); err != nil {
		return err
	}
	if err := open("http", *listen, func(l net.Listener) error { return http.Serve(l, edge.Public("http")) }); err != nil {
		return err
	}
	if *secure != "" {
		config, pem, err := tunnel.Certificates()
		if err != nil {
			return err
		}
		if *authority != "" {
			if err := os.WriteFile(*authority, pem, 0o644); err != nil {
				return err
			}
		}
		server := &http.Server{Handler: edge.Public("https"), TLSConfig: config}
		if err := open("https", *secure, func(l net.Listener) error { return server.ServeTLS(l, "", "") }); err != nil {
			return err
		}
	}
	if err := open("control", *control, func(l net.Listener) error { return http.Serve(l, edge.Control()) }); err != nil {
		return err
	}
	raw, err := json.Marshal(where)
	if err != nil {
		return err
	}
	fmt.Println(string(raw))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-stop:
		return nil
	case err := <-ended:
		return err
	}
}
