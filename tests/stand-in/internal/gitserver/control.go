package gitserver

import (
	"encoding/json"
	"maps"
	"net/http"
)

// Control answers on another address: GET /counts, POST /counts/reset, POST /be/{up|down|hang|STATUS}.
func (s *Server) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Counts())
	})
	mux.HandleFunc("POST /counts/reset", func(http.ResponseWriter, *http.Request) {
		s.add(func(c *Counts) { *c = Counts{ByPath: map[string]int{}} })
	})
	mux.HandleFunc("POST /be/{mode}", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Be(r.PathValue("mode")); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	return mux
}

// Counts is a copy of what was counted.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	c.ByPath = maps.Clone(c.ByPath)
	return c
}
