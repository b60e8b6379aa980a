package tunnel

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// hopByHop are the headers of one connection; HTTP/2 refuses some of them.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Http2-Settings", ownHeader}

// Public answers what comes from the world: by a connector of the tunnel that the name belongs to, or with the edge's own pages.
func (e *Edge) Public(scheme string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := e.public(w, r, scheme)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.counts.Requests++
		e.counts.ByHost[name(r.Host)]++
		e.counts.ByStatus[status]++
	})
}

func (e *Edge) public(w http.ResponseWriter, r *http.Request, scheme string) int {
	ray := strings.ReplaceAll(NewID(), "-", "")[:16] + "-LAB"
	w.Header().Set("Server", "cloudflare")
	w.Header().Set("Cf-Ray", ray)
	w.Header().Set("Cf-Cache-Status", "DYNAMIC")
	w.Header().Set("X-Stand-In", "edge of a tunnel, for tests")
	tunnel, up := e.route(r.Host)
	if tunnel == "" {
		return page(w, 530, "error code: 1016") // a name of the world that leads nowhere
	}
	for _, c := range up {
		got, err := c.client.RoundTrip(outgoing(r, scheme, ray))
		if err != nil {
			// A connection that was lost a moment ago; one with a body is not sent twice.
			if r.ContentLength != 0 {
				return page(w, http.StatusBadGateway, "error code: 502")
			}
			continue
		}
		defer got.Body.Close()
		if got.Header.Get(ownHeader) == "origin" {
			return page(w, http.StatusBadGateway, "error code: 502")
		}
		for key, values := range got.Header {
			w.Header()[key] = values
		}
		w.Header().Set("Server", "cloudflare")
		w.WriteHeader(got.StatusCode)
		_, _ = io.Copy(w, got.Body)
		return got.StatusCode
	}
	return page(w, 530, "error code: 1033")
}

func outgoing(r *http.Request, scheme, ray string) *http.Request {
	out := r.Clone(r.Context())
	for _, key := range hopByHop {
		out.Header.Del(key)
	}
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host = "https", r.Host
	from, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		from = r.RemoteAddr
	}
	out.Header.Set("Cf-Connecting-Ip", from)
	out.Header.Set("X-Forwarded-For", from)
	out.Header.Set("X-Forwarded-Proto", scheme)
	out.Header.Set("Cf-Ray", ray)
	out.Header.Set("Cdn-Loop", "cloudflare")
	return out
}

func page(w http.ResponseWriter, status int, text string) int {
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.WriteHeader(status)
	fmt.Fprint(w, text)
	return status
}
