package flags

type kind int

const (
	text kind = iota
	list
	yes
)

// Server is what `k3s server` takes. What the stand-in does nothing with is taken all the same, as k3s would take it.
var Server = table{
	text: {
		"config,c", "data-dir,d", "bind-address", "https-listen-port", "advertise-address", "advertise-port", "service-node-port-range",
		"cluster-domain", "flannel-backend", "flannel-iface", "flannel-conf", "egress-selector-mode", "servicelb-namespace", "write-kubeconfig,o",
		"write-kubeconfig-mode", "write-kubeconfig-group", "helm-job-image", "token,t", "token-file", "server,s", "cluster-reset-restore-path",
		"datastore-endpoint", "datastore-cafile", "datastore-certfile", "datastore-keyfile", "etcd-snapshot-name", "etcd-snapshot-schedule-cron",
		"etcd-snapshot-retention", "etcd-snapshot-dir", "default-local-storage-path", "node-name", "image-credential-provider-bin-dir",
		"image-credential-provider-config", "container-runtime-endpoint", "default-runtime", "image-service-endpoint", "pause-image", "snapshotter",
		"private-registry", "airgap-extra-registry", "resolv-conf", "agent-token", "agent-token-file", "system-default-registry", "lb-server-port",
		"v", "vmodule", "log,l", "vpn-auth", "vpn-auth-file", "secrets-encryption-provider", "kubelet-config", "supervisor-port", "apiserver-port",
		"etcd-s3-bucket", "etcd-s3-endpoint", "etcd-s3-folder", "etcd-s3-region", "etcd-s3-access-key", "etcd-s3-secret-key",
	},
	list: {
		"tls-san", "cluster-cidr", "service-cidr", "cluster-dns", "etcd-arg", "kube-apiserver-arg", "kube-scheduler-arg", "kube-controller-manager-arg",
		"kube-cloud-controller-manager-arg", "kube-controller-arg", "kubelet-arg", "kube-proxy-arg", "disable", "node-label", "node-taint", "node-ip",
		"node-external-ip", "node-internal-dns", "node-external-dns",
	},
	yes: {
		"debug", "cluster-init", "cluster-reset", "secrets-encryption", "etcd-expose-metrics", "etcd-disable-snapshots", "etcd-s3", "disable-scheduler",
		"disable-cloud-controller", "disable-kube-proxy", "disable-network-policy", "disable-helm-controller", "disable-apiserver",
		"disable-controller-manager", "disable-etcd", "disable-agent", "with-node-id", "docker", "disable-default-registry-endpoint",
		"nonroot-devices", "protect-kernel-defaults", "rootless", "prefer-bundled-bin", "selinux", "embedded-registry", "enable-pprof",
		"tls-san-security", "flannel-ipv6-masq", "flannel-external-ip", "multi-cluster-cidr", "kine-tls", "alsologtostderr", "help,h",
	},
}

// Agent is what `k3s agent` takes.
var Agent = table{
	text: {
		"config,c", "data-dir,d", "token,t", "token-file", "server,s", "node-name", "bind-address", "pause-image", "snapshotter", "private-registry",
		"resolv-conf", "flannel-iface", "flannel-conf", "lb-server-port", "container-runtime-endpoint", "default-runtime", "image-service-endpoint",
		"airgap-extra-registry", "image-credential-provider-bin-dir", "image-credential-provider-config", "v", "vmodule", "log,l", "vpn-auth",
		"vpn-auth-file", "kubelet-config",
	},
	list: {"kubelet-arg", "kube-proxy-arg", "node-label", "node-taint", "node-ip", "node-external-ip", "node-internal-dns", "node-external-dns"},
	yes: {
		"debug", "with-node-id", "docker", "disable-default-registry-endpoint", "nonroot-devices", "protect-kernel-defaults", "rootless",
		"prefer-bundled-bin", "selinux", "disable-apiserver-lb", "enable-pprof", "alsologtostderr", "help,h",
	},
}

// Snapshot is what `k3s etcd-snapshot WORD` takes.
var Snapshot = table{
	text: {
		"config,c", "data-dir,d", "name", "dir,etcd-snapshot-dir", "node-name", "log,l", "token,t", "server,s", "snapshot-retention,etcd-snapshot-retention",
		"output,o", "etcd-token", "etcd-server",
		"s3-bucket,etcd-s3-bucket", "s3-endpoint,etcd-s3-endpoint", "s3-folder,etcd-s3-folder", "s3-region,etcd-s3-region",
	},
	yes: {"debug", "snapshot-compress,etcd-snapshot-compress", "s3,etcd-s3", "alsologtostderr", "help,h"},
}
