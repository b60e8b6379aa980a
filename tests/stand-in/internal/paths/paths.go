// Package paths is where k3s keeps things; the stand-in keeps them in the same places.
package paths

import "path/filepath"

// Fixed places of a host.
const (
	Etc          = "/etc/rancher/k3s"
	Kubeconfig   = Etc + "/k3s.yaml"
	Registries   = Etc + "/registries.yaml"
	NodePassword = "/etc/rancher/node/password"
	ResolvConf   = "/etc/resolv.conf"
	KubeletRoot  = "/var/lib/kubelet"
	State        = "/run/k3s/containerd"
	Socket       = State + "/containerd.sock"
	PluginBin    = "/usr/lib/cni"
	MoreImages   = "/run/stand-in/more"
)

// ImageFolders hold images that are there before any registry is asked: k3s's own folder below the data is one more.
var ImageFolders = []string{"/usr/share/stand-in/images", "/run/stand-in/images", MoreImages}

// Data is k3s's --data-dir.
type Data string

// In joins below it.
func (d Data) In(parts ...string) string {
	return filepath.Join(append([]string{string(d)}, parts...)...)
}

// Server joins below server/.
func (d Data) Server(parts ...string) string {
	return d.In(append([]string{"server"}, parts...)...)
}

// Agent joins below agent/.
func (d Data) Agent(parts ...string) string {
	return d.In(append([]string{"agent"}, parts...)...)
}

// TLS joins below server/tls/.
func (d Data) TLS(parts ...string) string {
	return d.Server(append([]string{"tls"}, parts...)...)
}

// Cred joins below server/cred/.
func (d Data) Cred(name string) string { return d.Server("cred", name) }

// DB joins below server/db/.
func (d Data) DB(parts ...string) string {
	return d.Server(append([]string{"db"}, parts...)...)
}
