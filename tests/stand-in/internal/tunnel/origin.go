package tunnel

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

func originTransport() http.RoundTripper {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true}, // a stand-in knows no authority of an origin
		MaxIdleConnsPerHost: 20,
	}
}

var underWay atomic.Int64

func (c *Connector) idle() bool { return underWay.Load() == 0 }

// handler answers the edge: its own words, and requests from outside by the rules of the configuration.
func (c *Connector) handler(index int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(ownHeader) != "" && r.URL.Path == configurationPath {
			var to Configuration
			if err := json.NewDecoder(r.Body).Decode(&to); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			c.configure(to)
			return
		}
		underWay.Add(1)
		defer underWay.Add(-1)
		c.mu.Lock()
		rules := c.config.Ingress
		c.mu.Unlock()
		number, rule := match(rules, r)
		if rule == nil {
			w.WriteHeader(http.StatusServiceUnavailable) // as the real one without any rule
			return
		}
		if status, ok := strings.CutPrefix(rule.Service, "http_status:"); ok {
			code, err := strconv.Atoi(status)
			if err != nil || code < 100 || code > 999 {
				code = http.StatusInternalServerError
			}
			w.WriteHeader(code)
			return
		}
		to, err := url.Parse(rule.Service)
		if err != nil || to.Scheme != "http" && to.Scheme != "https" || to.Host == "" {
			c.fails(w, r, index, number, rule, fmt.Errorf("%s is no service that the stand-in leads to", rule.Service))
			return
		}
		proxy := &httputil.ReverseProxy{
			Transport: c.origins,
			Rewrite: func(p *httputil.ProxyRequest) {
				p.Out.URL.Scheme, p.Out.URL.Host = to.Scheme, to.Host
				p.Out.Host = p.In.Host
				// What the edge has said about the client is kept.
				for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto"} {
					p.Out.Header[name] = p.In.Header[name]
				}
			},
			ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) { c.fails(w, r, index, number, rule, err) },
		}
		proxy.ServeHTTP(w, r)
	})
}

// fails is the answer and the two log lines for an origin that does not answer.
func (c *Connector) fails(w http.ResponseWriter, r *http.Request, index, number int, rule *Rule, err error) {
	err = fmt.Errorf("Unable to reach the origin service. The service may be down or it may not be responding to traffic from cloudflared: %w", err)
	c.Log.Error("", "error", err, "connIndex", index, "event", 1, "ingressRule", number, "originService", rule.Service)
	c.Log.Error("Request failed", "error", err, "connIndex", index, "dest", "https://"+r.Host+r.URL.RequestURI(), "event", 0, "type", "http")
	w.Header().Set(ownHeader, "origin")
	w.WriteHeader(http.StatusBadGateway)
}

// match gives the first rule for a request: by its name, with one star at the front, and by its path.
func match(rules []Rule, r *http.Request) (int, *Rule) {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	for i := range rules {
		rule := &rules[i]
		named := rule.Hostname == "" || rule.Hostname == "*" || strings.EqualFold(rule.Hostname, host)
		if rest, ok := strings.CutPrefix(rule.Hostname, "*."); ok {
			named = strings.HasSuffix(strings.ToLower(host), "."+strings.ToLower(rest))
		}
		if !named {
			continue
		}
		if rule.Path != "" {
			pattern, err := regexp.Compile(rule.Path)
			if err != nil || !pattern.MatchString(r.URL.Path) {
				continue
			}
		}
		return i, rule
	}
	return -1, nil
}
