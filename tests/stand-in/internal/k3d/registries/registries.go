// Package registries is the shape of a registries.yaml as k3d reads and writes it. What it does not name here is lost on the way
// through k3d without a word; the names of package and types are those that stand in k3d's own errors.
package registries

import (
	goyaml "go.yaml.in/yaml/v2"
	"sigs.k8s.io/yaml"
)

// Mirror is where images of one registry are looked for.
type Mirror struct {
	Endpoints []string          `json:"endpoint" yaml:"endpoint"`
	Rewrites  map[string]string `json:"rewrite" yaml:"rewrite"`
}

// Auth is what a registry wants to be told.
type Auth struct {
	Username      string `json:"username" yaml:"username"`
	Password      string `json:"password" yaml:"password"`
	Auth          string `json:"auth" yaml:"auth"`
	IdentityToken string `json:"identity_token" yaml:"identity_token"`
}

// TLS is how a registry is trusted.
type TLS struct {
	CAFile             string `json:"ca_file" yaml:"ca_file"`
	CertFile           string `json:"cert_file" yaml:"cert_file"`
	KeyFile            string `json:"key_file" yaml:"key_file"`
	InsecureSkipVerify bool   `json:"insecure_skip_verify" yaml:"insecure_skip_verify"`
}

// RegistryConfig is what holds for one registry.
type RegistryConfig struct {
	Auth *Auth `json:"auth" yaml:"auth,omitempty"`
	TLS  *TLS  `json:"tls" yaml:"tls,omitempty"`
}

// Registry is the whole file.
type Registry struct {
	Mirrors map[string]Mirror         `json:"mirrors" yaml:"mirrors"`
	Configs map[string]RegistryConfig `json:"configs" yaml:"configs"`
	Auths   map[string]Auth           `json:"auths" yaml:"auths,omitempty"`
}

// Read takes a file's text; keys that it does not know fall under the table, as they do with k3d.
func Read(text []byte) (*Registry, error) {
	var read *Registry
	err := yaml.Unmarshal(text, &read)
	return read, err
}

// Text is the file that a node gets.
func (r *Registry) Text() ([]byte, error) { return goyaml.Marshal(r) }

// Merge lays another file over this one.
func (r *Registry) Merge(over *Registry) {
	if over == nil {
		return
	}
	for name, mirror := range over.Mirrors {
		if r.Mirrors == nil {
			r.Mirrors = map[string]Mirror{}
		}
		r.Mirrors[name] = mirror
	}
	for name, config := range over.Configs {
		if r.Configs == nil {
			r.Configs = map[string]RegistryConfig{}
		}
		r.Configs[name] = config
	}
	for name, auth := range over.Auths {
		if r.Auths == nil {
			r.Auths = map[string]Auth{}
		}
		r.Auths[name] = auth
	}
}
