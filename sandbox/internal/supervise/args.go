package supervise

import (
	"fmt"

	"blackstart/sandbox/internal/pki"
	"blackstart/sandbox/internal/spec"
)

// ports of one try.
type ports struct {
	etcd, peer, api int
	nodes           []int
}

func etcdArgs(l layout, p ports, s *pki.Set) []string {
	client, peer := fmt.Sprintf("https://127.0.0.1:%d", p.etcd), fmt.Sprintf("https://127.0.0.1:%d", p.peer)
	return []string{
		"--name=sandbox", "--data-dir=" + l.in("etcd"),
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=sandbox=" + peer,
		"--client-cert-auth", "--trusted-ca-file=" + s.Etcd.Path, "--cert-file=" + s.EtcdServer.Cert, "--key-file=" + s.EtcdServer.Key,
		"--peer-client-cert-auth", "--peer-trusted-ca-file=" + s.Etcd.Path, "--peer-cert-file=" + s.EtcdServer.Cert, "--peer-key-file=" + s.EtcdServer.Key,
		// Nothing here shall survive the machine: waiting for its disks would only cost time.
		"--unsafe-no-fsync", "--log-level=warn", "--snapshot-count=5000",
	}
}

// encryptionFd is the API server's descriptor of the memory file: 3 is the guard.
const encryptionFd = 4

func apiServerArgs(l layout, p ports, s *pki.Set, u *spec.Up) []string {
	return []string{
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", p.api), "--advertise-address=" + spec.ControlPlaneIP(),
		fmt.Sprintf("--etcd-servers=https://127.0.0.1:%d", p.etcd), "--etcd-cafile=" + s.Etcd.Path, "--etcd-certfile=" + s.EtcdClient.Cert, "--etcd-keyfile=" + s.EtcdClient.Key,
		"--tls-cert-file=" + s.Server.Cert, "--tls-private-key-file=" + s.Server.Key, "--client-ca-file=" + s.Cluster.Path,
		"--kubelet-client-certificate=" + s.Kubelet.Cert, "--kubelet-client-key=" + s.Kubelet.Key, "--kubelet-certificate-authority=" + s.Cluster.Path,
		"--kubelet-preferred-address-types=InternalIP",
		"--requestheader-client-ca-file=" + s.Proxy.Path, "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + s.ProxyFront.Cert, "--proxy-client-key-file=" + s.ProxyFront.Key,
		"--service-account-issuer=https://kubernetes.default.svc." + u.Domain,
		"--service-account-signing-key-file=" + s.TokenKey, "--service-account-key-file=" + s.TokenKey,
		"--service-cluster-ip-range=" + u.ServiceCIDR,
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
		fmt.Sprintf("--encryption-provider-config=/proc/self/fd/%d", encryptionFd),
		"--egress-selector-config-file=" + l.in("config", "egress.json"),
		// A Service without endpoints is then told at once, instead of by a connection that times out.
		"--enable-aggregator-routing=true",
		"--event-ttl=24h", "--profiling=false",
	}
}

func controllerArgs(l layout, s *pki.Set, u *spec.Up, hostRoot string) []string {
	return []string{
		l.in("config", "binder.kubeconfig"), hostRoot,
		"--kubeconfig=" + l.in("config", "controllers.kubeconfig"),
		"--controllers=*,-persistentvolume-binder-controller",
		"--leader-elect=false", "--secure-port=0", "--use-service-account-credentials=true",
		"--service-account-private-key-file=" + s.TokenKey, "--root-ca-file=" + s.Cluster.Path,
		"--cluster-signing-cert-file=" + s.Cluster.Path, "--cluster-signing-key-file=" + s.Cluster.KeyPath,
		"--service-cluster-ip-range=" + u.ServiceCIDR, "--allocate-node-cidrs=false", "--configure-cloud-routes=false",
		"--flex-volume-plugin-dir=" + l.in("none"),
		"--kube-api-qps=200", "--kube-api-burst=400", "--profiling=false",
	}
}

func schedulerArgs(l layout) []string {
	return []string{
		"--kubeconfig=" + l.in("config", "scheduler.kubeconfig"), "--leader-elect=false", "--secure-port=0",
		"--kube-api-qps=200", "--kube-api-burst=400", "--profiling=false",
	}
}
