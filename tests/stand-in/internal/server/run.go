package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"blackstart/stand-in/internal/paths"
	"blackstart/stand-in/internal/pki"
	"blackstart/stand-in/internal/say"
	"blackstart/stand-in/internal/token"
)

// life is what runs, in the order in which it was started.
type life struct {
	o                             *Options
	etcd, api, controllers, sched *child
	containerd, kubelet, proxy    *child
}

// Run is `k3s server` until it is told to stop.
func (o *Options) Run() error {
	if o.ServerURL != "" {
		return errors.New("the stand-in plays one server: it joins no other with --server")
	}
	if err := o.prepare(); err != nil {
		return err
	}
	l := &life{o: o}
	return l.live(l.up)
}

// live starts what up starts and watches it, until a signal or the end of a part.
func (l *life) live(up func(context.Context) error) error {
	stopped := make(chan os.Signal, 2)
	signal.Notify(stopped, syscall.SIGTERM, syscall.SIGINT)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// Whatever way this ends, what was started ends in order; containers and their shims live on.
	defer l.stop()
	failed := make(chan error, 1)
	go func() {
		if err := up(ctx); err != nil {
			failed <- err
			return
		}
		failed <- l.watch(ctx)
	}()
	select {
	case s := <-stopped:
		say.Info("Shutdown request received: %s", s)
		cancel()
		return nil
	case err := <-failed:
		return err
	}
}

func (o *Options) prepare() error {
	if os.Geteuid() != 0 {
		return errors.New("must run as root unless --rootless is specified and kernel supports user namespaces")
	}
	for _, dir := range []string{o.Data.TLS("etcd"), o.Data.Server("cred"), o.Data.DB()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	for _, dir := range []string{o.Data.Agent("etc", "containerd"), o.Data.Agent("images"), o.Data.Agent("log"), paths.Etc} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if o.TokenSecret == "" {
		raw, err := os.ReadFile(o.Data.Server("token"))
		switch {
		case err == nil:
			o.TokenSecret = token.Secret(string(raw))
		case os.IsNotExist(err):
			if o.TokenSecret, err = token.New(); err != nil {
				return err
			}
		default:
			return err
		}
	}
	if _, err := password(); err != nil {
		return err
	}
	return o.etcdCerts()
}

func (o *Options) writeTokens() error {
	text, err := token.Format(o.TokenSecret, o.Data.TLS("server-ca.crt"))
	if err != nil {
		return err
	}
	file := o.Data.Server("token")
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		return err
	}
	for _, name := range []string{"node-token", "agent-token"} {
		link := o.Data.Server(name)
		_ = os.Remove(link)
		if err := os.Symlink(file, link); err != nil {
			return err
		}
	}
	return nil
}

func (l *life) up(ctx context.Context) error {
	o, began := l.o, time.Now()
	say.Info("Starting k3s %s (stand-in)", Version)
	config, err := o.containerdConfig()
	if err != nil {
		return err
	}
	if l.etcd, err = o.startEtcd(false); err != nil {
		return fmt.Errorf("preparing server: start managed database: %w", err)
	}
	// containerd and its images need nothing of the server.
	imported := make(chan error, 1)
	running := make(chan error, 1)
	if !o.NoAgent {
		go func() {
			var err error
			l.containerd, err = o.startContainerd(config)
			running <- err
			if err == nil {
				err = o.importImages()
			}
			imported <- err
		}()
	}
	db, err := o.etcdReady(l.etcd)
	if err != nil {
		return err
	}
	if err := o.bootstrap(db); err != nil {
		return err
	}
	db.Close()
	if err := o.certs(); err != nil {
		return err
	}
	if err := o.writeTokens(); err != nil {
		return err
	}
	if l.api, err = o.startAPI(); err != nil {
		return err
	}
	reset := o.Data.DB("reset-flag")
	_, wasReset := os.Stat(reset)
	if err := os.Remove(reset); err != nil && !os.IsNotExist(err) {
		return err
	}
	access, err := clientcmd.BuildConfigFromFlags("", o.Data.Cred("supervisor.kubeconfig"))
	if err != nil {
		return err
	}
	access.QPS, access.Burst = 100, 200
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return err
	}
	if err := until(3*time.Minute, "kube-apiserver", l.api, func() error {
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").Timeout(2 * time.Second).DoRaw(ctx)
		if ctx.Err() != nil {
			return nil
		}
		return err
	}); err != nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	say.Info("Kube API server is now running after %s", time.Since(began).Round(time.Millisecond))
	if l.controllers, err = o.startControllers(); err != nil {
		return err
	}
	if l.sched, err = o.startScheduler(); err != nil {
		return err
	}
	if err := o.kubeconfig(); err != nil {
		return err
	}
	say.Info("k3s is up and running")
	notify("READY=1")
	d, err := newDeployer(o, access)
	if err != nil {
		return err
	}
	deployed := make(chan error, 1)
	go func() {
		err := d.layDown(ctx)
		deployed <- err
		if err == nil {
			d.run(ctx)
		}
	}()
	if err := o.supervise(ctx, client); err != nil {
		return err
	}
	go o.routes(ctx)
	if wasReset == nil {
		if err := client.CoreV1().Secrets("kube-system").Delete(ctx, passwordSecret(o.Node), metav1.DeleteOptions{}); err == nil {
			say.Info("Deleted node password secret after the reset of the cluster")
		}
	}
	if o.NoAgent {
		return <-deployed
	}
	if err := <-running; err != nil {
		return err
	}
	if err := o.admit(ctx, client); err != nil {
		return err
	}
	if l.kubelet, err = o.startKubelet(); err != nil {
		return err
	}
	if l.proxy, err = o.startProxy(); err != nil {
		return err
	}
	if err := o.network(ctx, client); err != nil {
		return err
	}
	say.Info("Successfully registered node %s", o.Node)
	if err := o.roles(ctx, client); err != nil {
		return err
	}
	if err := <-imported; err != nil {
		say.Error("Failed to import images: %v", err)
	}
	return <-deployed
}

func (o *Options) kubeconfig() error {
	t := o.Data.TLS
	files := []string{paths.Kubeconfig}
	if o.KubeconfigOut != "" && o.KubeconfigOut != paths.Kubeconfig {
		files = append(files, o.KubeconfigOut)
	}
	for _, file := range files {
		if err := pki.WriteKubeconfig(file, o.url(), t("server-ca.crt"), t("client-admin.crt"), t("client-admin.key"), o.KubeconfigMode); err != nil {
			return err
		}
		say.Info("Wrote kubeconfig %s", file)
	}
	return nil
}

// watch ends with the first part that ends.
func (l *life) watch(ctx context.Context) error {
	for sleep(ctx, 200*time.Millisecond) {
		for _, c := range []*child{l.etcd, l.api, l.controllers, l.sched, l.containerd, l.kubelet, l.proxy} {
			if c == nil {
				continue
			}
			if err := c.ended(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *life) stop() {
	notify("STOPPING=1")
	stop(2*time.Second, l.kubelet, l.proxy, l.controllers, l.sched, l.api)
	stop(5*time.Second, l.containerd, l.etcd)
}
