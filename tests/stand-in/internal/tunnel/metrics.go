package tunnel

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Metrics answers on the connector's metrics address: /ready is what a kubelet asks.
func (c *Connector) Metrics() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		ready, status := c.Ready(), http.StatusOK
		if ready == 0 {
			status = http.StatusServiceUnavailable
		}
		w.WriteHeader(status)
		raw, err := json.Marshal(struct {
			Status    int    `json:"status"`
			Ready     int    `json:"readyConnections"`
			Connector string `json:"connectorId"`
		}{status, ready, c.ID})
		if err == nil {
			_, _ = w.Write(raw)
		}
	})
	mux.HandleFunc("GET /healthcheck", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "OK\n") })
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE cloudflared_tunnel_ha_connections gauge\ncloudflared_tunnel_ha_connections %d\n", c.Ready())
	})
	return mux
}
