package tunnel

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// Tunnel is what the edge knows of one.
type Tunnel struct {
	Account string `json:"account"`
	ID      string `json:"id"`
	Secret  []byte `json:"secret"`
	Ingress []Rule `json:"ingress"`
}

// Token is what its connectors are given.
func (t Tunnel) Token() Token { return Token{Account: t.Account, Tunnel: t.ID, Secret: t.Secret} }

// connection is one of those that a connector holds.
type connection struct {
	id, connector, tunnel string
	index                 int
	since                 time.Time
	conn                  net.Conn
	client                *http2.ClientConn
}

// Edge is the end of all tunnels that names of the world lead to.
type Edge struct {
	mu          sync.Mutex
	tunnels     []Tunnel
	version     int
	connections []*connection
	next        int
	refuse      bool
	counts      Counts
}

// Counts are what has come from outside and from connectors since the start, or since they were last reset.
type Counts struct {
	Requests   int            `json:"requests"`
	ByHost     map[string]int `json:"byHost"`
	ByStatus   map[int]int    `json:"byStatus"`
	Registered int            `json:"registered"`
	Refused    int            `json:"refused"`
}

func noCounts() Counts { return Counts{ByHost: map[string]int{}, ByStatus: map[int]int{}} }

// NewEdge makes one that knows these tunnels.
func NewEdge(tunnels []Tunnel) *Edge { return &Edge{tunnels: tunnels, version: 1, counts: noCounts()} }

// Accept takes connections of connectors until the listener ends.
func (e *Edge) Accept(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		go e.register(conn)
	}
}

func (e *Edge) register(conn net.Conn) {
	var h hello
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if err := readLine(conn, &h); err != nil {
		conn.Close()
		return
	}
	w := e.judge(h)
	if err := writeLine(conn, w); err != nil || w.Error != "" {
		conn.Close()
		return
	}
	_ = conn.SetDeadline(time.Time{})
	client, err := (&http2.Transport{ReadIdleTimeout: 5 * time.Second, PingTimeout: 5 * time.Second}).NewClientConn(conn)
	if err != nil {
		conn.Close()
		return
	}
	c := &connection{id: w.Connection, connector: h.Connector, tunnel: h.Token.Tunnel, index: h.Index, since: time.Now(), conn: conn, client: client}
	e.mu.Lock()
	e.connections = append(e.connections, c)
	e.counts.Registered++
	e.mu.Unlock()
	go e.watch(c)
}

// judge says what a connector that wants to register is told.
func (e *Edge) judge(h hello) welcome {
	e.mu.Lock()
	defer e.mu.Unlock()
	refused := func(why string, forGood bool) welcome {
		e.counts.Refused++
		return welcome{Error: why, Permanent: forGood}
	}
	if e.refuse {
		return refused("the edge (stand-in) was told to refuse", false)
	}
	at := slices.IndexFunc(e.tunnels, func(t Tunnel) bool { return t.ID == h.Token.Tunnel && t.Account == h.Token.Account })
	if at < 0 {
		return refused("Unauthorized: Tunnel not found", true)
	}
	t := e.tunnels[at]
	if subtle.ConstantTimeCompare(t.Secret, h.Token.Secret) != 1 {
		return refused("Unauthorized: Invalid tunnel secret", true)
	}
	return welcome{Connection: NewID(), Location: "lab01", Configuration: Configuration{Version: e.version, Ingress: t.Ingress}}
}

// watch forgets a connection that is lost, also when nobody asks for anything over it.
func (e *Edge) watch(c *connection) {
	for !c.client.State().Closed {
		time.Sleep(50 * time.Millisecond)
	}
	c.conn.Close()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.connections = slices.DeleteFunc(e.connections, func(other *connection) bool { return other == c })
}

// Set replaces the tunnels; their connectors follow at once, and those of tunnels that are gone are dropped.
func (e *Edge) Set(tunnels []Tunnel) {
	e.mu.Lock()
	e.tunnels = tunnels
	e.version++
	version := e.version
	connections := slices.Clone(e.connections)
	e.mu.Unlock()
	for _, c := range connections {
		at := slices.IndexFunc(tunnels, func(t Tunnel) bool { return t.ID == c.tunnel })
		if at < 0 {
			c.conn.Close()
			continue
		}
		body, err := json.Marshal(Configuration{Version: version, Ingress: tunnels[at].Ingress})
		if err != nil {
			continue
		}
		r, err := http.NewRequest(http.MethodPut, "https://connector"+configurationPath, bytes.NewReader(body))
		if err != nil {
			continue
		}
		r.Header.Set(ownHeader, "configuration")
		if got, err := c.client.RoundTrip(r); err == nil {
			got.Body.Close()
		}
	}
}

// Drop closes connections: of one connector or tunnel, or of all where the id is empty. It gives how many.
func (e *Edge) Drop(id string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, c := range e.connections {
		if id == "" || id == c.connector || id == c.tunnel {
			c.conn.Close()
			n++
		}
	}
	return n
}

// route gives the tunnel that a name of the world leads to, and its connections, the next in turn first.
func (e *Edge) route(host string) (string, []*connection) {
	e.mu.Lock()
	defer e.mu.Unlock()
	request := &http.Request{Host: host}
	for _, t := range e.tunnels {
		for _, rule := range t.Ingress {
			named := rule
			named.Path = ""
			if _, found := match([]Rule{named}, request); found == nil || rule.Hostname == "" {
				continue
			}
			var up []*connection
			for _, c := range e.connections {
				if c.tunnel == t.ID {
					up = append(up, c)
				}
			}
			if len(up) > 0 {
				e.next++
				first := e.next % len(up)
				up = append(slices.Clone(up[first:]), up[:first]...)
			}
			return t.ID, up
		}
	}
	return "", nil
}

func name(host string) string {
	if n, _, err := net.SplitHostPort(host); err == nil {
		host = n
	}
	return strings.ToLower(host)
}
