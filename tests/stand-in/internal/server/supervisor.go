package server

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"k8s.io/client-go/kubernetes"

	"blackstart/stand-in/internal/pki"
	"blackstart/stand-in/internal/say"
)

// joining is what an agent tells of itself.
type joining struct {
	Node     string `json:"node"`
	IP       string `json:"ip"`
	Password string `json:"password"`
}

// joined is what an agent is given: its certificates by their file's name below agent/, and the cluster's settings.
type joined struct {
	Files   map[string][]byte `json:"files"`
	PodCIDR string            `json:"pod_cidr"`
	DNS     string            `json:"dns"`
	Domain  string            `json:"domain"`
}

const joinPath = "/v1-k3s/stand-in-agent"

// supervise serves agents, one port above the API. k3s serves them on the API's own port; the API here is another program.
func (o *Options) supervise(ctx context.Context, client kubernetes.Interface) error {
	l, err := net.Listen("tcp", fmt.Sprintf(":%d", o.Port+1))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "pong") })
	mux.HandleFunc("/cacerts", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, o.Data.TLS("server-ca.crt")) })
	mux.HandleFunc(joinPath, func(w http.ResponseWriter, r *http.Request) {
		_, word, ok := r.BasicAuth()
		if !ok || subtle.ConstantTimeCompare([]byte(word), []byte(o.TokenSecret)) != 1 {
			http.Error(w, "not authorized", http.StatusUnauthorized)
			return
		}
		var j joining
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&j); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := o.remember(r.Context(), client, j.Node, j.Password); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		answer, err := o.equip(&j)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		say.Info("Certificates for node %s at %s were given out", j.Node, j.IP)
		_ = json.NewEncoder(w).Encode(answer)
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		s.Close()
	}()
	go func() {
		if err := s.ServeTLS(l, o.Data.TLS("serving-kube-apiserver.crt"), o.Data.TLS("serving-kube-apiserver.key")); err != nil && ctx.Err() == nil {
			say.Error("Agents are not served: %v", err)
		}
	}()
	return nil
}

// equip signs what an agent needs.
func (o *Options) equip(j *joining) (*joined, error) {
	server, client, _, err := o.authorities()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "k3s-agent-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	answer := &joined{Files: map[string][]byte{}, PodCIDR: o.PodCIDR, DNS: o.DNS, Domain: o.Domain}
	for _, c := range []struct {
		by   *pki.Authority
		name string
		want pki.Want
	}{
		{client, "client-kubelet", pki.Want{User: "system:node:" + j.Node, Groups: []string{"system:nodes"}}},
		{client, "client-kube-proxy", pki.Want{User: "system:kube-proxy"}},
		{server, "serving-kubelet", pki.Want{User: j.Node, Names: []string{j.Node, "localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(j.IP)}}},
	} {
		base := dir + "/" + c.name
		if err := c.by.Issue(base+".crt", base+".key", c.want); err != nil {
			return nil, err
		}
		for _, ext := range []string{".crt", ".key"} {
			if answer.Files[c.name+ext], err = os.ReadFile(base + ext); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range []string{"client-ca.crt", "server-ca.crt"} {
		if answer.Files[name], err = os.ReadFile(o.Data.TLS(name)); err != nil {
			return nil, err
		}
	}
	return answer, nil
}
