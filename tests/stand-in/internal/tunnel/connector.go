package tunnel

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// Connections is how many a connector holds to the edge.
const Connections = 4

// Connector is the end of a tunnel that runs in a cluster.
type Connector struct {
	Token   Token
	Edge    []string
	Version string
	Retries int
	Grace   time.Duration
	Log     *Log
	// ID is made anew at each start.
	ID string

	mu      sync.Mutex
	ready   map[int]bool
	config  Configuration
	origins http.RoundTripper
}

// permanent is an answer of the edge after which asking again is of no use.
type permanent struct{ error }

// NewID gives a random id of the form that tunnels and connectors have.
func NewID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Run holds the connections until ctx ends; the first one decides whether the others are tried at all.
func (c *Connector) Run(ctx context.Context) error {
	c.ready, c.origins = map[int]bool{}, originTransport()
	if c.ID == "" {
		c.ID = NewID()
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	var all sync.WaitGroup
	first := make(chan struct{})
	hold := func(index int, up func()) {
		defer all.Done()
		// One that is lost for good after it was up is only missed; the first that never came up ends all.
		if err := c.hold(ctx, index, up); err != nil && (index == 0 || errors.As(err, &permanent{})) {
			end(err)
		}
	}
	all.Add(1)
	go hold(0, sync.OnceFunc(func() { close(first) }))
	select {
	case <-first:
		for index := 1; index < Connections; index++ {
			all.Add(1)
			go hold(index, func() {})
			select { // spread over a second, as the real one's are
			case <-time.After(250 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	case <-ctx.Done():
	}
	<-ctx.Done()
	all.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// hold keeps one connection up; it gives up after as many failures in a row as there may be.
func (c *Connector) hold(ctx context.Context, index int, up func()) error {
	for failures := 0; ; failures++ {
		came, err := c.serve(ctx, index, up)
		if ctx.Err() != nil {
			return nil
		}
		if errors.As(err, &permanent{}) {
			return err
		}
		if came {
			failures = 0
		}
		if failures >= c.Retries {
			return err
		}
		wait := time.Second << min(failures, 6)
		c.Log.Info(fmt.Sprintf("Retrying connection in up to %s", wait), "connIndex", index, "event", 0)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// serve makes one connection and answers what comes over it; true when it was registered.
func (c *Connector) serve(ctx context.Context, index int, up func()) (bool, error) {
	address := c.Edge[index%len(c.Edge)]
	ip, _, _ := net.SplitHostPort(address)
	dialer := net.Dialer{Timeout: 15 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		err = fmt.Errorf("DialContext error: %w", err)
		c.Log.Error("Unable to establish connection with Cloudflare edge", "error", err, "connIndex", index, "event", 0, "ip", ip)
		return false, err
	}
	defer conn.Close()
	var w welcome
	_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
	if err = writeLine(conn, hello{Token: c.Token, Connector: c.ID, Index: index, Version: c.Version}); err == nil {
		err = readLine(conn, &w)
	}
	if err != nil {
		c.Log.Error("Serve tunnel error", "error", err, "connIndex", index, "event", 0, "ip", ip)
		return false, err
	}
	if w.Error != "" {
		c.Log.Error("Register tunnel error from server side", "error", w.Error, "connIndex", index, "event", 0, "ip", ip)
		if w.Permanent {
			return false, permanent{errors.New(w.Error)}
		}
		return false, errors.New(w.Error)
	}
	_ = conn.SetDeadline(time.Time{})
	c.Log.Info("Registered tunnel connection", "connIndex", index, "connection", w.Connection, "event", 0, "ip", ip, "location", w.Location, "protocol", "http2")
	c.configure(w.Configuration)
	c.be(index, true)
	defer c.be(index, false)
	up()
	gone := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
			// What is under way has until the grace period's end.
			timer := time.AfterFunc(c.Grace, func() { conn.Close() })
			defer timer.Stop()
			if c.idle() {
				conn.Close()
			}
			<-gone
		case <-gone:
		}
	}()
	(&http2.Server{}).ServeConn(conn, &http2.ServeConnOpts{Context: context.Background(), Handler: c.handler(index)})
	close(gone)
	if ctx.Err() == nil {
		err = errors.New("connection with edge closed")
		c.Log.Error("Serve tunnel error", "error", err, "connIndex", index, "event", 0, "ip", ip)
	}
	return true, err
}

func (c *Connector) configure(to Configuration) {
	c.mu.Lock()
	same := c.config.Version == to.Version && to.Version != 0
	c.config = to
	c.mu.Unlock()
	if same {
		return
	}
	if raw, err := json.Marshal(map[string]any{"ingress": to.Ingress}); err == nil {
		c.Log.Info("Updated to new configuration", "config", string(raw), "version", to.Version)
	}
}

func (c *Connector) be(index int, up bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready[index] = up
}

// Ready is how many connections are up.
func (c *Connector) Ready() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, up := range c.ready {
		if up {
			n++
		}
	}
	return n
}
