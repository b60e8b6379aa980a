package server

import (
	"fmt"
	"net"
	"os"

	"blackstart/stand-in/internal/netinfo"
	"blackstart/stand-in/internal/pki"
)

// kept are the files that make the cluster itself: the datastore holds them too, locked with the token.
func (o *Options) kept() []string {
	return []string{
		o.Data.TLS("server-ca.crt"), o.Data.TLS("server-ca.key"), o.Data.TLS("client-ca.crt"), o.Data.TLS("client-ca.key"),
		o.Data.TLS("request-header-ca.crt"), o.Data.TLS("request-header-ca.key"), o.Data.TLS("service.key"),
	}
}

// etcdCerts come first: the datastore must run before it can say which authorities are the cluster's.
func (o *Options) etcdCerts() error {
	ca, err := pki.Open(o.Data.TLS("etcd", "server-ca.crt"), o.Data.TLS("etcd", "server-ca.key"), "etcd-server-ca")
	if err != nil {
		return err
	}
	local := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, o.IP}
	for name, w := range map[string]pki.Want{
		"server-client": {User: "etcd-server", Names: []string{"localhost", o.Node}, IPs: local},
		"client":        {User: "etcd-client"},
	} {
		if err := ca.Issue(o.Data.TLS("etcd", name+".crt"), o.Data.TLS("etcd", name+".key"), w); err != nil {
			return err
		}
	}
	return nil
}

// authorities are made where they are not there yet.
func (o *Options) authorities() (server, client, front *pki.Authority, err error) {
	if server, err = pki.Open(o.Data.TLS("server-ca.crt"), o.Data.TLS("server-ca.key"), "k3s-server-ca"); err != nil {
		return
	}
	if client, err = pki.Open(o.Data.TLS("client-ca.crt"), o.Data.TLS("client-ca.key"), "k3s-client-ca"); err != nil {
		return
	}
	if front, err = pki.Open(o.Data.TLS("request-header-ca.crt"), o.Data.TLS("request-header-ca.key"), "k3s-request-header-ca"); err != nil {
		return
	}
	err = pki.Key(o.Data.TLS("service.key"))
	return
}

// certs makes everything that the authorities sign, and the kubeconfigs of the parts.
func (o *Options) certs() error {
	server, client, front, err := o.authorities()
	if err != nil {
		return err
	}
	api, err := netinfo.First(o.ServiceCIDR, 1)
	if err != nil {
		return err
	}
	names := []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + o.Domain, "localhost", o.Node}
	ips := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, o.IP, api}
	for _, name := range o.Names {
		if ip := net.ParseIP(name); ip != nil {
			ips = append(ips, ip)
		} else {
			names = append(names, name)
		}
	}
	t := o.Data.TLS
	masters := []string{"system:masters"}
	for _, c := range []struct {
		by   *pki.Authority
		file string
		want pki.Want
	}{
		{server, t("serving-kube-apiserver"), pki.Want{User: "kube-apiserver", Names: names, IPs: ips}},
		{client, t("client-admin"), pki.Want{User: "system:admin", Groups: masters}},
		{client, t("client-supervisor"), pki.Want{User: "system:k3s-supervisor", Groups: masters}},
		{client, t("client-kube-apiserver"), pki.Want{User: "system:apiserver", Groups: masters}},
		{client, t("client-controller"), pki.Want{User: "system:kube-controller-manager"}},
		{client, t("client-scheduler"), pki.Want{User: "system:kube-scheduler"}},
		{front, t("client-auth-proxy"), pki.Want{User: "system:auth-proxy"}},
		{client, o.Data.Agent("client-kubelet"), pki.Want{User: "system:node:" + o.Node, Groups: []string{"system:nodes"}}},
		{client, o.Data.Agent("client-kube-proxy"), pki.Want{User: "system:kube-proxy"}},
		{server, o.Data.Agent("serving-kubelet"), pki.Want{User: o.Node, Names: []string{o.Node, "localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1), o.IP}}},
	} {
		if err := c.by.Issue(c.file+".crt", c.file+".key", c.want); err != nil {
			return err
		}
	}
	for _, name := range []string{"client-ca.crt", "server-ca.crt"} {
		if err := copyFile(t(name), o.Data.Agent(name)); err != nil {
			return err
		}
	}
	for file, cert := range map[string]string{
		o.Data.Cred("admin.kubeconfig"):      t("client-admin"),
		o.Data.Cred("supervisor.kubeconfig"): t("client-supervisor"),
		o.Data.Cred("controller.kubeconfig"): t("client-controller"),
		o.Data.Cred("scheduler.kubeconfig"):  t("client-scheduler"),
		o.Data.Agent("kubelet.kubeconfig"):   o.Data.Agent("client-kubelet"),
		o.Data.Agent("kubeproxy.kubeconfig"): o.Data.Agent("client-kube-proxy"),
	} {
		if err := pki.WriteKubeconfig(file, o.url(), t("server-ca.crt"), cert+".crt", cert+".key", 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (o *Options) url() string { return fmt.Sprintf("https://127.0.0.1:%d", o.Port) }

func copyFile(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o644)
}
