package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"blackstart/stand-in/internal/pki"
	"blackstart/stand-in/internal/say"
)

// RunAgent is `k3s agent`: a node of a server's cluster, until it is told to stop.
func (o *Options) RunAgent(givenToken string) error {
	if o.ServerURL == "" || o.TokenSecret == "" {
		return errors.New("--token and --server are required")
	}
	for _, dir := range []string{o.Data.Agent("etc", "containerd"), o.Data.Agent("images"), o.Data.Agent("log")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	say.Info("Starting k3s agent %s (stand-in)", Version)
	l := &life{o: o}
	return l.live(func(ctx context.Context) error { return l.agentUp(ctx, givenToken) })
}

func (l *life) agentUp(ctx context.Context, givenToken string) error {
	o := l.o
	config, err := o.containerdConfig()
	if err != nil {
		return err
	}
	given, err := o.join(ctx, givenToken)
	if err != nil {
		return err
	}
	o.PodCIDR, o.DNS, o.Domain = given.PodCIDR, given.DNS, given.Domain
	for name, raw := range given.Files {
		if err := os.WriteFile(o.Data.Agent(name), raw, 0o600); err != nil {
			return err
		}
	}
	for _, name := range []string{"kubelet", "kube-proxy"} {
		base := o.Data.Agent("client-" + name)
		file := o.Data.Agent(strings.ReplaceAll(name, "-", "") + ".kubeconfig")
		if err := pki.WriteKubeconfig(file, strings.TrimSuffix(o.ServerURL, "/"), o.Data.Agent("server-ca.crt"), base+".crt", base+".key", 0o600); err != nil {
			return err
		}
	}
	if l.containerd, err = o.startContainerd(config); err != nil {
		return err
	}
	if err := o.importImages(); err != nil {
		say.Error("Failed to import images: %v", err)
	}
	if l.kubelet, err = o.startKubelet(); err != nil {
		return err
	}
	if l.proxy, err = o.startProxy(); err != nil {
		return err
	}
	client, err := clientOf(o.Data.Agent("kubelet.kubeconfig"))
	if err != nil {
		return err
	}
	if err := o.network(ctx, client); err != nil {
		return err
	}
	say.Info("Successfully registered node %s", o.Node)
	notify("READY=1")
	go o.routes(ctx)
	return nil
}

func clientOf(kubeconfig string) (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

// join asks until the server gives certificates, as k3s does: a server that is not up yet is no error.
func (o *Options) join(ctx context.Context, givenToken string) (*joined, error) {
	u, err := url.Parse(o.ServerURL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("invalid server url: %s", o.ServerURL)
	}
	port := 6443
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, err
		}
	}
	base := fmt.Sprintf("https://%s:%d", u.Hostname(), port+1)
	word, err := password()
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(joining{Node: o.Node, IP: o.IP.String(), Password: word})
	if err != nil {
		return nil, err
	}
	for tries := 0; ; tries++ {
		answer, err := o.ask(ctx, base, givenToken, body)
		if err == nil {
			return answer, nil
		}
		if tries%10 == 0 {
			say.Error("Failed to retrieve agent config: failed to retrieve configuration from server: %v", err)
		}
		if !sleep(ctx, 500*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
}

func (o *Options) ask(ctx context.Context, base, givenToken string, body []byte) (*joined, error) {
	// The authority is not known yet: it is fetched, and compared with the token's digest where the token has one.
	blind := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer blind.CloseIdleConnections()
	r, err := blind.Get(base + "/cacerts")
	if err != nil {
		return nil, err
	}
	ca, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	if rest, long := strings.CutPrefix(givenToken, "K10"); long {
		want, _, _ := strings.Cut(rest, "::")
		sum := sha256.Sum256(ca)
		if have := hex.EncodeToString(sum[:]); have != want {
			return nil, fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", want, have)
		}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("the server's authority is no certificate")
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+joinPath, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth("node", o.TokenSecret)
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
		return nil, errors.New(strings.TrimSpace(string(text)))
	}
	j := &joined{}
	return j, json.NewDecoder(answer.Body).Decode(j)
}

// routes sends packets for other nodes' pods to those nodes, which is what flannel is for.
func (o *Options) routes(ctx context.Context) {
	client, err := clientOf(o.Data.Agent("kubeproxy.kubeconfig"))
	if err != nil {
		say.Error("routes: %v", err)
		return
	}
	set := map[string]string{}
	for ; ; sleep(ctx, 2*time.Second) {
		if ctx.Err() != nil {
			return
		}
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			continue
		}
		for _, n := range nodes.Items {
			if n.Name == o.Node || n.Spec.PodCIDR == "" {
				continue
			}
			for _, a := range n.Status.Addresses {
				if a.Type != corev1.NodeInternalIP || set[n.Spec.PodCIDR] == a.Address {
					continue
				}
				if out, err := exec.Command("ip", "route", "replace", n.Spec.PodCIDR, "via", a.Address).CombinedOutput(); err != nil {
					say.Warn("route to %s via %s: %s", n.Spec.PodCIDR, a.Address, bytes.TrimSpace(out))
					continue
				}
				set[n.Spec.PodCIDR] = a.Address
			}
		}
	}
}
