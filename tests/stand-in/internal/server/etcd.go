package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"blackstart/stand-in/internal/component"
	"blackstart/stand-in/internal/paths"
)

const (
	etcdURL  = "https://127.0.0.1:2379"
	peerURL  = "https://127.0.0.1:2380"
	etcdName = "k3s"
)

// StateFile says that the datastore is k3s's other one, which the stand-in plays with an etcd elsewhere.
const StateFile = "state.db"

// UsesEtcd: k3s keeps to the datastore that is there; a new one is etcd only when --cluster-init or a reset says so.
func UsesEtcd(d paths.Data, init bool) bool {
	if _, err := os.Stat(d.DB("etcd")); err == nil {
		return true
	}
	if _, err := os.Stat(d.DB(StateFile)); err == nil {
		return false
	}
	return init
}

func (o *Options) etcdFolder() (string, error) {
	if UsesEtcd(o.Data, o.ClusterInit || o.Reset) {
		return o.Data.DB("etcd"), nil
	}
	if err := os.MkdirAll(o.Data.DB(), 0o700); err != nil {
		return "", err
	}
	return o.Data.DB("kine"), os.WriteFile(o.Data.DB(StateFile), []byte("a stand-in's datastore: see kine/\n"), 0o600)
}

func (o *Options) startEtcd(force bool) (*child, error) {
	for _, url := range []string{"127.0.0.1:2379", "127.0.0.1:2380"} {
		l, err := net.Listen("tcp", url)
		if err != nil {
			return nil, err
		}
		l.Close()
	}
	folder, err := o.etcdFolder()
	if err != nil {
		return nil, err
	}
	t := func(name string) string { return o.Data.TLS("etcd", name) }
	args := []string{
		"--name=" + etcdName, "--data-dir=" + folder,
		"--listen-client-urls=" + etcdURL, "--advertise-client-urls=" + etcdURL,
		"--listen-peer-urls=" + peerURL, "--initial-advertise-peer-urls=" + peerURL, "--initial-cluster=" + etcdName + "=" + peerURL,
		"--client-cert-auth", "--trusted-ca-file=" + t("server-ca.crt"), "--cert-file=" + t("server-client.crt"), "--key-file=" + t("server-client.key"),
		"--peer-client-cert-auth", "--peer-trusted-ca-file=" + t("server-ca.crt"), "--peer-cert-file=" + t("server-client.crt"), "--peer-key-file=" + t("server-client.key"),
		// The tests end processes, not machines: what is written is not lost without a sync.
		"--unsafe-no-fsync", "--log-level=warn", "--snapshot-count=10000",
	}
	if force {
		args = append(args, "--force-new-cluster")
	}
	return start(o.logs(), component.Etcd, append(args, dashes(o.EtcdArgs)...)...)
}

// EtcdClient talks to the running datastore.
func EtcdClient(d paths.Data) (*clientv3.Client, error) {
	pair, err := tls.LoadX509KeyPair(d.TLS("etcd", "client.crt"), d.TLS("etcd", "client.key"))
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(d.TLS("etcd", "server-ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, errors.New("etcd's authority is no certificate")
	}
	return clientv3.New(clientv3.Config{
		Endpoints: []string{etcdURL}, TLS: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool, MinVersion: tls.VersionTLS12},
		DialTimeout: 5 * time.Second, Logger: zap.NewNop(),
	})
}

// etcdReady waits until the datastore answers.
func (o *Options) etcdReady(c *child) (*clientv3.Client, error) {
	if err := until(time.Minute, "etcd", c, func() error {
		// Not the client's own tries: they grow longer with each failure.
		conn, err := net.DialTimeout("tcp", "127.0.0.1:2379", time.Second)
		if err == nil {
			conn.Close()
		}
		return err
	}); err != nil {
		return nil, err
	}
	client, err := EtcdClient(o.Data)
	if err != nil {
		return nil, err
	}
	return client, until(time.Minute, "etcd", c, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_, err := client.Get(ctx, "health")
		return err
	})
}

func dashes(args []string) []string {
	all := make([]string, 0, len(args))
	for _, a := range args {
		all = append(all, "--"+a)
	}
	return all
}

func (o *Options) logs() string { return o.Data.Agent("log") }

var errOtherToken = errors.New("bootstrap data already found and encrypted with different token")

func bootstrapError(err error) error {
	return fmt.Errorf("preparing server: failed to bootstrap cluster data: failed to reconcile with local datastore: %w", err)
}
