package tunnel

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// Seen is one connector as the edge sees it.
type Seen struct {
	Connector   string    `json:"connector"`
	Tunnel      string    `json:"tunnel"`
	Connections int       `json:"connections"`
	Since       time.Time `json:"since"`
}

// Connectors are those that are up.
func (e *Edge) Connectors() []Seen {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := []Seen{}
next:
	for _, c := range e.connections {
		for i := range all {
			if all[i].Connector == c.connector {
				all[i].Connections++
				continue next
			}
		}
		all = append(all, Seen{Connector: c.connector, Tunnel: c.tunnel, Connections: 1, Since: c.since})
	}
	return all
}

// Counts is a copy of what was counted.
func (e *Edge) Counts() Counts {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.counts
	c.ByHost, c.ByStatus = maps.Clone(c.ByHost), maps.Clone(c.ByStatus)
	return c
}

// Control answers on an address of its own: GET /counts, POST /counts/reset, GET /connectors, GET /tunnels/{id}/token, PUT /tunnels,
// POST /drop[?id=TUNNEL-OR-CONNECTOR], POST /refuse and /take: whether connectors are let in.
func (e *Edge) Control() http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) { answer(w, e.Counts()) })
	mux.HandleFunc("POST /counts/reset", func(http.ResponseWriter, *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.counts = noCounts()
	})
	mux.HandleFunc("GET /connectors", func(w http.ResponseWriter, _ *http.Request) { answer(w, e.Connectors()) })
	mux.HandleFunc("GET /tunnels/{id}/token", func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, t := range e.tunnels {
			if t.ID == r.PathValue("id") {
				fmt.Fprint(w, t.Token())
				return
			}
		}
		http.NotFound(w, r)
	})
	mux.HandleFunc("PUT /tunnels", func(w http.ResponseWriter, r *http.Request) {
		var to []Tunnel
		if err := json.NewDecoder(r.Body).Decode(&to); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		e.Set(to)
	})
	mux.HandleFunc("POST /drop", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]int{"dropped": e.Drop(r.URL.Query().Get("id"))})
	})
	refuse := func(to bool) http.HandlerFunc {
		return func(http.ResponseWriter, *http.Request) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.refuse = to
		}
	}
	mux.HandleFunc("POST /refuse", refuse(true))
	mux.HandleFunc("POST /take", refuse(false))
	return mux
}
