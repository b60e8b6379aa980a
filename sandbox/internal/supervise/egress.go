package supervise

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"blackstart/sandbox/internal/cri"
)

// egress is the only way out of the API server. It connects what the API server has to say to a node's kubelet, and
// refuses everything else in plain words: addresses of pods lead nowhere, and no packet leaves the machine, also not for a
// webhook with a URL somewhere in the world.
type egress struct {
	listener net.Listener
	mu       sync.Mutex
	to       map[string]string
}

func newEgress() (*egress, error) {
	_ = os.Remove(egressSocket)
	l, err := net.Listen("unix", egressSocket)
	if err != nil {
		return nil, fmt.Errorf("socket %s: %w", egressSocket, err)
	}
	e := &egress{listener: l, to: map[string]string{}}
	go e.serve()
	return e, nil
}

// allow lets connections to an address inside the cluster through to one on this machine.
func (e *egress) allow(inside, here string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.to[inside] = here
}

func (e *egress) serve() {
	for {
		conn, err := e.listener.Accept()
		if err != nil {
			return
		}
		go e.one(conn)
	}
}

func (e *egress) one(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	req, err := http.ReadRequest(in)
	if err != nil || req.Method != http.MethodConnect {
		return
	}
	e.mu.Lock()
	here, ok := e.to[req.Host]
	e.mu.Unlock()
	if !ok {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 503 %s\r\nContent-Length: 0\r\n\r\n", cri.NoContainers)
		return
	}
	out, err := net.Dial("tcp4", here)
	if err != nil {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 502 the node's kubelet cannot be reached\r\nContent-Length: 0\r\n\r\n")
		return
	}
	defer func() { _ = out.Close() }()
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(out, in); closeWrite(out); done <- struct{}{} }()
	go func() { _, _ = io.Copy(conn, out); closeWrite(conn); done <- struct{}{} }()
	<-done
	<-done
}

func closeWrite(c net.Conn) {
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite()
	}
}

// egressConfig sends everything through the socket but what goes to etcd.
const egressConfig = `{"apiVersion":"apiserver.k8s.io/v1beta1","kind":"EgressSelectorConfiguration","egressSelections":[
{"name":"cluster","connection":{"proxyProtocol":"HTTPConnect","transport":{"uds":{"udsName":"` + egressSocket + `"}}}},
{"name":"controlplane","connection":{"proxyProtocol":"HTTPConnect","transport":{"uds":{"udsName":"` + egressSocket + `"}}}},
{"name":"etcd","connection":{"proxyProtocol":"Direct"}}]}
`
