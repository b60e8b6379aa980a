// Package node is one hollow node: the real kubelet over a runtime that runs nothing.
//
// The kubelet is upstream's code, unchanged: what it refuses here, it refuses on a real node, in the same words. This
// package gives it its parts, and holds back everything that would touch the machine it runs on.
package node

import (
	"encoding/json"
	"fmt"
	"os"

	"blackstart/sandbox/internal/spec"
)

// Config is what the supervisor writes down for a node's process.
type Config struct {
	Spec       spec.Node `json:"spec"`
	Index      int       `json:"index"`
	Dir        string    `json:"dir"`
	HostRoot   string    `json:"host_root"`
	Kubeconfig string    `json:"kubeconfig"`
	Cert       string    `json:"cert"`
	Key        string    `json:"key"`
	ClientCA   string    `json:"client_ca"`
	Port       int       `json:"port"`
	Images     string    `json:"images"`
	ClusterDNS string    `json:"cluster_dns"`
	Domain     string    `json:"domain"`
}

// Write writes it to a file.
func (c *Config) Write(path string) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

func readConfig(path string) (*Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := &Config{}
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}
