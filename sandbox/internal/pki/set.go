package pki

import "os"

// Set is every certificate of one sandbox.
type Set struct {
	Cluster, Etcd, Proxy                                *Authority
	EtcdServer, EtcdClient, Server, Kubelet, ProxyFront Pair
	Admin, Controllers, Binder, Scheduler               Pair
	TokenKey                                            string
	Nodes                                               map[string]Pair
}

// NodeNames is what a node's serving certificate answers to.
type NodeNames struct{ Name, IP string }

// NewSet makes all of them below dir, which it makes too.
func NewSet(dir, domain, serviceIP string, nodes []NodeNames) (*Set, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &Set{Nodes: map[string]Pair{}}
	var err error
	for _, a := range []struct {
		to   **Authority
		name string
	}{{&s.Cluster, "ca"}, {&s.Etcd, "etcd-ca"}, {&s.Proxy, "front-proxy-ca"}} {
		if *a.to, err = NewAuthority(dir, a.name); err != nil {
			return nil, err
		}
	}
	local := []string{"127.0.0.1", "::1"}
	inCluster := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + domain}
	for _, c := range []struct {
		to   *Pair
		by   *Authority
		name string
		r    Request
	}{
		{&s.EtcdServer, s.Etcd, "etcd", Request{User: "etcd", IPs: local, Server: true, Client: true}},
		{&s.EtcdClient, s.Etcd, "etcd-client", Request{User: "kube-apiserver", Client: true}},
		{&s.Server, s.Cluster, "apiserver", Request{User: "kube-apiserver", Names: inCluster, IPs: append(local, serviceIP), Server: true}},
		{&s.Kubelet, s.Cluster, "apiserver-kubelet", Request{User: "kube-apiserver-kubelet-client", Groups: []string{"system:masters"}, Client: true}},
		{&s.ProxyFront, s.Proxy, "front-proxy", Request{User: "front-proxy-client", Client: true}},
		{&s.Admin, s.Cluster, "admin", Request{User: "blackstart-sandbox-admin", Groups: []string{"system:masters"}, Client: true}},
		{&s.Controllers, s.Cluster, "controller-manager", Request{User: "system:kube-controller-manager", Client: true}},
		{&s.Binder, s.Cluster, "volume-binder", Request{User: "system:serviceaccount:kube-system:persistent-volume-binder", Client: true}},
		{&s.Scheduler, s.Cluster, "scheduler", Request{User: "system:kube-scheduler", Client: true}},
	} {
		if *c.to, err = c.by.Issue(dir, c.name, c.r); err != nil {
			return nil, err
		}
	}
	for _, n := range nodes {
		r := Request{User: "system:node:" + n.Name, Groups: []string{"system:nodes"}, Names: []string{n.Name}, IPs: []string{n.IP}, Server: true, Client: true}
		if s.Nodes[n.Name], err = s.Cluster.Issue(dir, "node-"+n.Name, r); err != nil {
			return nil, err
		}
	}
	s.TokenKey, err = WriteKey(dir, "tokens")
	return s, err
}
