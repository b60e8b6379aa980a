package k3d

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sigs.k8s.io/yaml"
)

// Tool is what this program is when it runs under another name, within the image of k3d's helpers: `rm -f` and
// `./k3d-tools save-image`. It says whether it was one.
func Tool(argv []string) bool {
	switch filepath.Base(argv[0]) {
	case "rm":
		for _, argument := range argv[1:] {
			for _, name := range strings.Fields(argument) {
				if !strings.HasPrefix(name, "-") {
					_ = os.RemoveAll(name)
				}
			}
		}
		return true
	case "k3d-tools":
		if len(argv) > 4 && argv[1] == "save-image" && argv[2] == "-d" {
			save(argv[3], argv[4:])
			return true
		}
	}
	return false
}

// save writes images of the daemon to a file.
func save(file string, images []string) {
	k := &k3d{log: newLogger(), docker: newDocker(), faults: &faults{}}
	answer, err := k.docker.open(context.Background(), "GET", "/images/get", url.Values{"names": images}, "", nil)
	if err != nil {
		k.log.fatal("ERROR: couldn't save images %s\n%v", images, err)
	}
	defer answer.Close()
	to, err := os.Create(file)
	if err == nil {
		_, err = io.Copy(to, answer)
	}
	if err != nil {
		k.log.fatal("ERROR: couldn't save images %s\n%v", images, err)
	}
}

// toolsCommand is the tools node: it is there to be entered.
func (k *k3d) toolsCommand(*flags) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
}

// lbConfig reads what a load balancer was told.
func (k *k3d) lbConfig(ctx context.Context, name string) (lbConfig, error) {
	var config lbConfig
	content, err := k.docker.get(ctx, name, lbConfigFile)
	if err != nil {
		return config, fmt.Errorf("runtime failed to read loadbalancer config '%s' from node '%s': %w", lbConfigFile, name, err)
	}
	if err := yaml.Unmarshal(content, &config); err != nil {
		return config, fmt.Errorf("error unmarshalling loadbalancer config: %w", err)
	}
	return config, nil
}

// proxyCommand is the load balancer: each port goes to the first of its nodes that takes the connection, in turn.
func (k *k3d) proxyCommand(*flags) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	var config lbConfig
	for {
		content, err := os.ReadFile(lbConfigFile)
		if err == nil {
			err = yaml.Unmarshal(content, &config)
		}
		if err == nil {
			break
		}
		select {
		case <-stop:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	for _, key := range sorted(config.Ports) {
		port, protocol, _ := strings.Cut(key, ".")
		if protocol != "tcp" {
			fmt.Printf("%s is not proxied: only tcp is\n", key)
			continue
		}
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			fmt.Printf("[emerg] %v\n", err)
			os.Exit(1)
		}
		go forward(listener, port, config.Ports[key])
	}
	fmt.Printf("%s [notice] 1#1: start worker processes\n", time.Now().Format("2006/01/02 15:04:05"))
	<-stop
}

func forward(listener net.Listener, port string, nodes []string) {
	for turn := 0; ; turn++ {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			for i := range nodes {
				server, err := net.DialTimeout("tcp", net.JoinHostPort(nodes[(turn+i)%len(nodes)], port), 2*time.Second)
				if err != nil {
					continue
				}
				defer server.Close()
				done := make(chan struct{}, 2)
				pass := func(to, from net.Conn) {
					_, _ = io.Copy(to, from)
					if half, ok := to.(*net.TCPConn); ok {
						_ = half.CloseWrite()
					}
					done <- struct{}{}
				}
				go pass(server, client)
				go pass(client, server)
				<-done
				<-done
				return
			}
		}()
	}
}
