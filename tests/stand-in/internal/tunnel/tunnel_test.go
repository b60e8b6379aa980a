package tunnel

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// words collects a log.
type words struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}
func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// world is an edge with one tunnel, which leads home.example.org to an origin.
type world struct {
	*Edge
	t       *testing.T
	tunnel  Tunnel
	dial    string
	public  *httptest.Server
	control *httptest.Server
}

func newWorld(t *testing.T, service string) *world {
	t.Helper()
	w := &world{t: t, tunnel: Tunnel{Account: "acc", ID: NewID(), Secret: []byte("a secret of a tunnel"), Ingress: []Rule{
		{Hostname: "home.example.org", Service: service}, {Hostname: "*.lab.example.org", Path: "^/in", Service: service}, {Service: "http_status:404"},
	}}}
	w.Edge = NewEdge([]Tunnel{w.tunnel})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.dial = l.Addr().String()
	go func() { _ = w.Accept(l) }()
	w.public, w.control = httptest.NewServer(w.Public("http")), httptest.NewServer(w.Control())
	t.Cleanup(func() { l.Close(); w.Drop(""); w.public.Close(); w.control.Close() })
	return w
}

// connect starts a connector, and gives how it ends and what it says.
func (w *world) connect(token Token) (*Connector, *words, <-chan error, context.CancelFunc) {
	said := &words{}
	c := &Connector{Token: token, Edge: []string{w.dial}, Version: "t", Retries: 2, Grace: time.Second, Log: &Log{W: said}, ID: NewID()}
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	w.t.Cleanup(end)
	return c, said, ended, end
}

func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for start := time.Now(); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			w.t.Fatalf("%s: not within 20 s", what)
		}
	}
}

func (w *world) get(host, path string) (int, string, http.Header) {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, w.public.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Host = host
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return got.StatusCode, string(body), got.Header
}

func origin(t *testing.T, say string) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %s", say, r.Host, r.URL.RequestURI(), r.Header.Get("X-Forwarded-Proto"), body)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestARequestFromOutsideReachesTheOriginByItsName(t *testing.T) {
	w := newWorld(t, origin(t, "hello").URL)
	if status, body, _ := w.get("home.example.org", "/"); status != 530 || body != "error code: 1033" {
		t.Fatalf("without a connector: %d %s", status, body)
	}
	c, said, ended, end := w.connect(w.tunnel.Token())
	w.until("four connections", func() bool {
		return c.Ready() == Connections && len(w.Connectors()) == 1 && w.Connectors()[0].Connections == Connections
	})
	for path, want := range map[string]string{"/a?b=c": "hello home.example.org /a?b=c http ", "/": "hello home.example.org / http "} {
		if status, body, header := w.get("home.example.org", path); status != 200 || body != want || header.Get("Cf-Ray") == "" {
			t.Fatalf("%d %s", status, body)
		}
	}
	if status, _, _ := w.get("x.lab.example.org", "/in/side"); status != 200 {
		t.Fatal(status)
	}
	if status, _, _ := w.get("x.lab.example.org", "/out"); status != 404 {
		t.Fatal(status)
	}
	if status, body, _ := w.get("other.example.org", "/"); status != 530 || body != "error code: 1016" {
		t.Fatalf("%d %s", status, body)
	}
	if counts := w.Counts(); counts.Requests != 6 || counts.ByHost["home.example.org"] != 3 || counts.ByStatus[530] != 2 {
		t.Fatalf("%+v", counts)
	}
	r := httptest.NewRecorder()
	c.Metrics().ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/ready", nil))
	if want := fmt.Sprintf(`{"status":200,"readyConnections":4,"connectorId":"%s"}`, c.ID); r.Code != 200 || r.Body.String() != want {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	end()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if strings.Contains(said.String(), w.tunnel.Token().String()) || strings.Contains(said.String(), string(w.tunnel.Secret)) {
		t.Fatal("the token is in the log")
	}
	w.until("it is forgotten", func() bool { return len(w.Connectors()) == 0 })
}

func TestAnOriginThatIsNotThereIsA502AndTheConnectorSaysWhy(t *testing.T) {
	gone := origin(t, "")
	gone.Close()
	w := newWorld(t, gone.URL)
	c, said, _, _ := w.connect(w.tunnel.Token())
	w.until("a connection", func() bool { return c.Ready() > 0 })
	if status, body, _ := w.get("home.example.org", "/"); status != 502 || body != "error code: 502" {
		t.Fatalf("%d %s", status, body)
	}
	for _, want := range []string{"Unable to reach the origin service.", "originService=" + gone.URL, "connection refused"} {
		if !strings.Contains(said.String(), want) {
			t.Fatalf("%s lacks %s", said, want)
		}
	}
}

func TestAWrongTokenIsRefusedForGood(t *testing.T) {
	w := newWorld(t, "http_status:200")
	right := w.tunnel.Token()
	for _, c := range []struct {
		token Token
		want  string
	}{
		{Token{Account: right.Account, Tunnel: right.Tunnel, Secret: []byte("another")}, "Unauthorized: Invalid tunnel secret"},
		{Token{Account: right.Account, Tunnel: NewID(), Secret: right.Secret}, "Unauthorized: Tunnel not found"},
	} {
		_, said, ended, _ := w.connect(c.token)
		if err := <-ended; err == nil || err.Error() != c.want || !strings.Contains(said.String(), "Register tunnel error from server side") {
			t.Fatalf("%v: %s", err, said)
		}
	}
	if counts := w.Counts(); counts.Refused != 2 || counts.Registered != 0 {
		t.Fatalf("%+v", counts)
	}
}

func TestWhatIsDroppedComesBackAndAnEdgeThatRefusesIsTriedAgain(t *testing.T) {
	w := newWorld(t, origin(t, "hello").URL)
	c, said, ended, _ := w.connect(w.tunnel.Token())
	w.until("four connections", func() bool { return c.Ready() == Connections })
	got, err := http.Post(w.control.URL+"/refuse", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	got.Body.Close()
	if n := w.Drop(w.tunnel.ID); n != Connections {
		t.Fatal(n)
	}
	w.until("nothing is ready", func() bool { return c.Ready() == 0 })
	r := httptest.NewRecorder()
	c.Metrics().ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/ready", nil))
	if r.Code != http.StatusServiceUnavailable || !strings.Contains(r.Body.String(), `"readyConnections":0`) {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	if status, body, _ := w.get("home.example.org", "/"); status != 530 || body != "error code: 1033" {
		t.Fatalf("%d %s", status, body)
	}
	if got, err = http.Post(w.control.URL+"/take", "", nil); err != nil {
		t.Fatal(err)
	}
	got.Body.Close()
	w.until("it is back", func() bool { return c.Ready() == Connections })
	if !strings.Contains(said.String(), "Retrying connection in up to") {
		t.Fatal(said)
	}
	select {
	case err := <-ended:
		t.Fatal(err)
	default:
	}
}

func TestRequestsAreSpreadOverAllConnectorsOfATunnel(t *testing.T) {
	w := newWorld(t, "http://127.0.0.1:1")
	// Each connector has an origin of its own, as one in another cluster has.
	seen := map[string]bool{}
	for _, say := range []string{"ours", "theirs"} {
		c, _, _, _ := w.connect(w.tunnel.Token())
		w.until("four connections", func() bool { return c.Ready() == Connections })
		c.configure(Configuration{Version: 99, Ingress: []Rule{{Service: origin(t, say).URL}}})
	}
	for range 2 * Connections {
		_, body, _ := w.get("home.example.org", "/")
		seen[strings.Fields(body)[0]] = true
	}
	if !seen["ours"] || !seen["theirs"] {
		t.Fatal(seen)
	}
}

func TestChangedRulesAreFollowedWithoutANewConnection(t *testing.T) {
	w := newWorld(t, "http_status:503")
	c, said, _, _ := w.connect(w.tunnel.Token())
	w.until("four connections", func() bool { return c.Ready() == Connections })
	w.tunnel.Ingress[0].Service = "http_status:201"
	raw, err := json.Marshal([]Tunnel{w.tunnel})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPut, w.control.URL+"/tunnels", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil || got.StatusCode != 200 {
		t.Fatal(got, err)
	}
	got.Body.Close()
	if status, _, _ := w.get("home.example.org", "/"); status != 201 {
		t.Fatal(status)
	}
	if strings.Count(said.String(), "Updated to new configuration") != 2 || w.Counts().Registered != Connections {
		t.Fatal(said)
	}
}

func TestATokenIsReadBackAndNothingElseIsOne(t *testing.T) {
	token := Token{Account: "a", Tunnel: "t", Secret: []byte{1, 2}}
	if got, ok := ParseToken(" " + token.String() + "\n"); !ok || got.String() != token.String() {
		t.Fatal(got)
	}
	for _, text := range []string{"", "x", "e30=", token.String()[1:], token.String() + "!"} {
		if _, ok := ParseToken(text); ok {
			t.Fatal(text)
		}
	}
}
