package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"blackstart/stand-in/internal/component"
	"blackstart/stand-in/internal/netinfo"
	"blackstart/stand-in/internal/paths"
	"blackstart/stand-in/internal/say"
)

// password is this machine's word for its node name: made once, and kept outside of k3s's data.
func password() (string, error) {
	raw, err := os.ReadFile(paths.NodePassword)
	if err == nil {
		return strings.TrimSpace(string(raw)), nil
	}
	if !os.IsNotExist(err) {
		return "", err
	}
	fresh := make([]byte, 16)
	if _, err := rand.Read(fresh); err != nil {
		return "", err
	}
	word := hex.EncodeToString(fresh)
	if err := os.MkdirAll(filepath.Dir(paths.NodePassword), 0o755); err != nil {
		return "", err
	}
	return word, os.WriteFile(paths.NodePassword, []byte(word+"\n"), 0o600)
}

func passwordSecret(node string) string { return node + ".node-password.k3s" }

// admit compares the node's password with what the cluster remembers, and has it remember a new node's.
func (o *Options) admit(ctx context.Context, client kubernetes.Interface) error {
	word, err := password()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(o.Node + ":" + word))
	hash := "$1:" + hex.EncodeToString(sum[:])
	secrets := client.CoreV1().Secrets("kube-system")
	for tries := 0; ; tries++ {
		kept, err := secrets.Get(ctx, passwordSecret(o.Node), metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			yes := true
			_, err = secrets.Create(ctx, &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: passwordSecret(o.Node), Namespace: "kube-system"}, Immutable: &yes, Data: map[string][]byte{"hash": []byte(hash)},
			}, metav1.CreateOptions{})
			if err == nil {
				return nil
			}
		case err == nil && subtle.ConstantTimeCompare(kept.Data["hash"], []byte(hash)) == 1:
			return nil
		case err == nil:
			err = fmt.Errorf("Node password rejected, duplicate hostname or contents of '%s' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag", paths.NodePassword)
			if tries%10 == 0 {
				say.Info("Waiting to retrieve agent configuration; server is not ready: %v", err)
			}
			tries++
			if !sleep(ctx, time.Second) {
				return ctx.Err()
			}
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// The namespace kube-system appears a moment after the API.
		if !sleep(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// tunable is whether the kubelet may set the kernel's switches; on a stand-in host they are the machine's and read-only.
func tunable() bool {
	f, err := os.OpenFile("/proc/sys/vm/overcommit_memory", os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

func (o *Options) startKubelet() (*child, error) {
	resolver, err := netinfo.Resolver(o.ResolvConf, o.Data.Agent("etc", "resolv.conf"))
	if err != nil {
		return nil, err
	}
	gates := "{}"
	if !tunable() {
		gates = "{KubeletInUserNamespace: true}"
	}
	text := fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: cgroupfs
failSwapOn: false
failCgroupV1: false
featureGates: %s
containerRuntimeEndpoint: unix://%s
serializeImagePulls: false
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %s}}
authorization: {mode: Webhook}
tlsCertFile: %s
tlsPrivateKeyFile: %s
clusterDNS: [%s]
clusterDomain: %s
resolvConf: %s
staticPodPath: %s
healthzBindAddress: 127.0.0.1
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 10Mi, nodefs.available: 1%%, imagefs.available: 1%%}
enforceNodeAllocatable: []
syncFrequency: 10s
nodeStatusUpdateFrequency: 5s
`, gates, paths.Socket, o.Data.Agent("client-ca.crt"), o.Data.Agent("serving-kubelet.crt"), o.Data.Agent("serving-kubelet.key"), o.DNS, o.Domain, resolver, o.Data.Agent("pod-manifests"))
	config := o.Data.Agent("etc", "kubelet.conf.d", "00-k3s-defaults.conf")
	for _, dir := range []string{filepath.Dir(config), o.Data.Agent("pod-manifests"), paths.KubeletRoot} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	labels := append([]string{"node.kubernetes.io/instance-type=k3s"}, o.Labels...)
	args := []string{
		"--config=" + config, "--kubeconfig=" + o.Data.Agent("kubelet.kubeconfig"), "--hostname-override=" + o.Node,
		"--root-dir=" + paths.KubeletRoot, "--node-ip=" + o.IP.String(), "--node-labels=" + strings.Join(labels, ","), "--cert-dir=" + o.Data.Agent(),
	}
	if len(o.Taints) > 0 {
		args = append(args, "--register-with-taints="+strings.Join(o.Taints, ","))
	}
	args = append(args, dashes(o.KubeletArgs)...)
	say.Info("Running kubelet %s", strings.Join(args, " "))
	return start(o.logs(), component.Kubelet, args...)
}

func (o *Options) startProxy() (*child, error) {
	text := fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: %s
hostnameOverride: %s
clientConnection: {kubeconfig: %s}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {minSyncPeriod: 100ms}
`, o.PodCIDR, o.Node, o.Data.Agent("kubeproxy.kubeconfig"))
	config := o.Data.Agent("etc", "kube-proxy.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	args := append([]string{"--config=" + config}, dashes(o.ProxyArgs)...)
	say.Info("Running kube-proxy %s", strings.Join(args, " "))
	return start(o.logs(), component.Proxy, args...)
}

// network writes the plugins' configuration once the node has its part of the pods' addresses, as flannel does.
func (o *Options) network(ctx context.Context, client kubernetes.Interface) error {
	for {
		node, err := client.CoreV1().Nodes().Get(ctx, o.Node, metav1.GetOptions{})
		if err == nil && node.Spec.PodCIDR != "" {
			folder := o.Data.Agent("etc", "cni", "net.d")
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
			text := fmt.Sprintf(`{"cniVersion":"0.4.0","name":"cbr0","plugins":[{"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true,"ipam":{"type":"host-local","ranges":[[{"subnet":%q}]],"routes":[{"dst":"0.0.0.0/0"}]}},{"type":"portmap","capabilities":{"portMappings":true}}]}
`, node.Spec.PodCIDR)
			file := filepath.Join(folder, "10-flannel.conflist")
			if err := os.WriteFile(file+".new", []byte(text), 0o644); err != nil {
				return err
			}
			return os.Rename(file+".new", file)
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// roles are labels that a kubelet may not give itself.
func (o *Options) roles(ctx context.Context, client kubernetes.Interface) error {
	labels := []string{`"node-role.kubernetes.io/control-plane":"true"`, `"node-role.kubernetes.io/master":"true"`}
	if UsesEtcd(o.Data, o.ClusterInit) {
		labels = append(labels, `"node-role.kubernetes.io/etcd":"true"`)
	}
	patch := fmt.Sprintf(`{"metadata":{"labels":{%s}}}`, strings.Join(labels, ","))
	_, err := client.CoreV1().Nodes().Patch(ctx, o.Node, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}
