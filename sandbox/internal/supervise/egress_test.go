package supervise

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"blackstart/sandbox/internal/cri"
)

func TestTheWayOutLeadsToKubeletsOnly(t *testing.T) {
	t.Chdir(t.TempDir())
	e, err := newEgress()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.listener.Close() }()
	echo, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = echo.Close() }()
	go func() {
		for {
			c, err := echo.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	}()
	e.allow("198.18.0.10:10250", echo.Addr().String())
	dial := func(host string) (net.Conn, *http.Response, *bufio.Reader) {
		c, err := net.Dial("unix", egressSocket)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host, host)
		in := bufio.NewReader(c)
		answer, err := http.ReadResponse(in, &http.Request{Method: http.MethodConnect})
		if err != nil {
			t.Fatal(err)
		}
		return c, answer, in
	}
	c, answer, in := dial("198.18.0.10:10250")
	if answer.StatusCode != 200 {
		t.Fatal(answer.Status)
	}
	_, _ = io.WriteString(c, "hello\n")
	if got, err := in.ReadString('\n'); err != nil || got != "hello\n" {
		t.Errorf("%q %v", got, err)
	}
	_ = c.Close()
	for _, host := range []string{"198.18.0.10:22", "127.0.0.1:80", "192.0.2.1:443"} {
		c, answer, _ := dial(host)
		if answer.StatusCode != 503 || !strings.Contains(answer.Status, cri.NoContainers) {
			t.Errorf("%s: %s", host, answer.Status)
		}
		_ = c.Close()
	}
}

func TestPortsAreFreeAndDifferent(t *testing.T) {
	ports, err := freePorts(10)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range ports {
		if seen[p] || !free(p) {
			t.Errorf("port %d", p)
		}
		seen[p] = true
	}
	if !lostPort([]string{"x", "listen tcp 127.0.0.1:1: bind: address already in use"}) || lostPort([]string{"address in use"}) {
		t.Error("a lost port is not recognised")
	}
}
