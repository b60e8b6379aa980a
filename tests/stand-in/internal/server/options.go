// Package server is the life of `k3s server` and `k3s agent`: which upstream programs run, with what, in which order.
package server

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"blackstart/stand-in/internal/flags"
	"blackstart/stand-in/internal/netinfo"
	"blackstart/stand-in/internal/paths"
	"blackstart/stand-in/internal/token"
)

// Version is the k3s that is played.
const Version = "v1.34.4+k3s1"

// Options is what flags, file and environment say, with k3s's defaults.
type Options struct {
	Data                     paths.Data
	Node                     string
	IP                       net.IP
	Port                     int
	PodCIDR, ServiceCIDR     string
	DNS, Domain              string
	TokenSecret              string
	Names                    []string
	Disabled                 map[string]bool
	Labels, Taints           []string
	KubeletArgs, APIArgs     []string
	ControllerArgs, SchedArg []string
	ProxyArgs, EtcdArgs      []string
	ResolvConf, PauseImage   string
	StoragePath              string
	KubeconfigOut            string
	KubeconfigMode           os.FileMode
	ClusterInit, Reset       bool
	RestorePath              string
	ServerURL                string
	Registries               string
	NoAgent                  bool
}

// Read makes the options of a server or, with agent, of an agent.
func Read(s *flags.Set, agent bool) (*Options, error) {
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	o := &Options{
		Data:           dataDir(s),
		Node:           strings.ToLower(s.Text("node-name", name)),
		PodCIDR:        first(s.List("cluster-cidr"), "10.42.0.0/16"),
		ServiceCIDR:    first(s.List("service-cidr"), "10.43.0.0/16"),
		DNS:            first(s.List("cluster-dns"), ""),
		Domain:         s.Text("cluster-domain", "cluster.local"),
		Names:          s.List("tls-san"),
		Disabled:       map[string]bool{},
		Labels:         s.List("node-label"),
		Taints:         s.List("node-taint"),
		KubeletArgs:    s.List("kubelet-arg"),
		APIArgs:        s.List("kube-apiserver-arg"),
		ControllerArgs: append(s.List("kube-controller-manager-arg"), s.List("kube-controller-arg")...),
		SchedArg:       s.List("kube-scheduler-arg"),
		ProxyArgs:      s.List("kube-proxy-arg"),
		EtcdArgs:       s.List("etcd-arg"),
		ResolvConf:     s.Text("resolv-conf", ""),
		PauseImage:     s.Text("pause-image", "rancher/mirrored-pause:3.6"),
		KubeconfigOut:  s.Text("write-kubeconfig", ""),
		ClusterInit:    s.Yes("cluster-init"),
		Reset:          s.Yes("cluster-reset"),
		RestorePath:    s.Text("cluster-reset-restore-path", ""),
		ServerURL:      s.Text("server", ""),
		Registries:     s.Text("private-registry", paths.Registries),
		NoAgent:        s.Yes("disable-agent"),
	}
	for _, d := range s.List("disable") {
		o.Disabled[d] = true
	}
	if o.Port, err = strconv.Atoi(s.Text("https-listen-port", "6443")); err != nil {
		return nil, fmt.Errorf("invalid value for flag -https-listen-port: %w", err)
	}
	mode, err := strconv.ParseUint(s.Text("write-kubeconfig-mode", "0600"), 8, 32)
	if err != nil {
		return nil, fmt.Errorf("invalid value for flag -write-kubeconfig-mode: %w", err)
	}
	o.KubeconfigMode = os.FileMode(mode)
	o.StoragePath = s.Text("default-local-storage-path", o.Data.In("storage"))
	if o.DNS == "" {
		ip, err := netinfo.First(o.ServiceCIDR, 10)
		if err != nil {
			return nil, err
		}
		o.DNS = ip.String()
	}
	if o.TokenSecret, err = secret(s); err != nil {
		return nil, err
	}
	if given := first(s.List("node-ip"), ""); given != "" {
		if o.IP = net.ParseIP(given); o.IP == nil {
			return nil, fmt.Errorf("invalid node-ip: %s", given)
		}
		return o, nil
	}
	o.IP, err = netinfo.NodeIP()
	return o, err
}

// DataDir is where a command's set says that k3s's files are.
func DataDir(s *flags.Set) paths.Data { return dataDir(s) }

func dataDir(s *flags.Set) paths.Data {
	return paths.Data(filepath.Clean(s.Text("data-dir", "/var/lib/rancher/k3s")))
}

// secret: the token from the flag, else from the file, else none yet. Without one K10 part is the whole.
func secret(s *flags.Set) (string, error) {
	if t := s.Text("token", ""); t != "" {
		return token.Secret(t), nil
	}
	if file := s.Text("token-file", ""); file != "" {
		raw, err := os.ReadFile(file)
		return token.Secret(string(raw)), err
	}
	return "", nil
}

func first(all []string, fallback string) string {
	if len(all) > 0 {
		return all[0]
	}
	return fallback
}
