// Command cloudflared plays the connector of a tunnel: a stand-in for tests that dials the stand-in edge, with the real one's
// flags, variables, readiness, words and exit statuses as far as manifests and probes meet them. It cannot reach the real edge.
//
//	cloudflared tunnel [OPTIONS] run [OPTIONS]
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"blackstart/stand-in/internal/tunnel"
)

const version = "2025.9.1"

// usage is a mistake in how it was called: the real one ends with 255 for it.
type usage struct{ error }

func main() {
	err := run(os.Args[1:])
	var called usage
	switch {
	case err == nil:
	case errors.As(err, &called):
		fmt.Fprintf(os.Stderr, "%v\nSee 'cloudflared tunnel run --help'.\n", err)
		os.Exit(255)
	default:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 && slices.Contains([]string{"--version", "version", "-v"}, args[len(args)-1]) {
		fmt.Printf("cloudflared version %s (a stand-in for tests)\n", version)
		return nil
	}
	o, err := parse(args, os.Getenv)
	if err != nil {
		return err
	}
	token, err := o.readToken()
	if err != nil {
		return err
	}
	log := &tunnel.Log{W: os.Stderr}
	log.Info("Starting tunnel", "tunnelID", token.Tunnel)
	log.Info(fmt.Sprintf("Version %s (a stand-in for tests)", version))
	c := &tunnel.Connector{Token: token, Version: version, Retries: o.retries, Grace: o.grace, Log: log, ID: tunnel.NewID()}
	log.Info("Generated Connector ID: " + c.ID)
	if c.Edge, err = o.edges(log); err != nil {
		return err
	}
	at, err := metrics(o.metrics)
	if err != nil {
		return err
	}
	log.Info("Starting metrics server on " + at.Addr().String() + "/metrics")
	go func() { _ = http.Serve(at, c.Metrics()) }()
	ctx, end := context.WithCancel(context.Background())
	defer end()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		s := <-stop
		log.Info(fmt.Sprintf("Initiating graceful shutdown due to signal %v ...", s))
		end()
	}()
	if err := c.Run(ctx); err != nil {
		log.Error("Initiating shutdown", "error", err)
		return err
	}
	return nil
}

// metrics listens where it is told to, else at the first free one of five ports, as the real one in a container.
func metrics(address string) (net.Listener, error) {
	if address != "" {
		return net.Listen("tcp", address)
	}
	var last error
	for port := 20241; port <= 20245; port++ {
		at, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err == nil {
			return at, nil
		}
		last = err
	}
	return nil, last
}
