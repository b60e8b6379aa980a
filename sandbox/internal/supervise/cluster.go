package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"blackstart/sandbox/internal/brings"
	"blackstart/sandbox/internal/component"
	"blackstart/sandbox/internal/node"
	"blackstart/sandbox/internal/pki"
	"blackstart/sandbox/internal/proc"
	"blackstart/sandbox/internal/spec"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// cluster is one try at a running Kubernetes.
type cluster struct {
	l        layout
	u        *spec.Up
	mark     string
	hostRoot string
	nursery  *proc.Nursery
	egress   *egress
	certs    *pki.Set
	ports    ports
	config   *rest.Config
	client   *kubernetes.Clientset
}

// errLostPort asks for another try with other ports.
var errLostPort = errors.New("another program took a port in the meantime")

// start brings everything up to "usable", or ends what it started and says why not.
func (c *cluster) start(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if err := c.prepare(); err != nil {
		return err
	}
	if err := c.startStorage(); err != nil {
		return err
	}
	if err := c.until(ctx, "the API server answers", c.answers); err != nil {
		return err
	}
	if err := c.until(ctx, "the nodes are registered", c.registerNodes); err != nil {
		return err
	}
	if err := c.startRest(); err != nil {
		return err
	}
	if err := c.until(ctx, "what k3s brings is there", c.bring); err != nil {
		return err
	}
	return c.until(ctx, "the cluster is usable", c.usable)
}

// bring makes what is stood in for, while the other components start.
func (c *cluster) bring(ctx context.Context) error {
	return brings.Make(ctx, c.config, c.client, c.u.Brings)
}

func (c *cluster) prepare() error {
	if err := c.l.makeFolders(); err != nil {
		return err
	}
	serviceIP, err := spec.ServiceIP(c.u.ServiceCIDR, 1)
	if err != nil {
		return err
	}
	var names []pki.NodeNames
	for i, n := range c.u.Nodes {
		names = append(names, pki.NodeNames{Name: n.Name, IP: spec.NodeIP(i)})
	}
	if c.certs, err = pki.NewSet(c.l.pki(), c.u.Domain, serviceIP, names); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	free, err := freePorts(3 + len(c.u.Nodes))
	if err != nil {
		return err
	}
	c.ports = ports{etcd: free[0], peer: free[1], api: free[2], nodes: free[3:]}
	server := fmt.Sprintf("https://127.0.0.1:%d", c.ports.api)
	for path, who := range map[string]struct {
		user string
		pair pki.Pair
	}{
		c.l.kubeconfig(): {"admin", c.certs.Admin},
		c.l.in("config", "controllers.kubeconfig"): {"controllers", c.certs.Controllers},
		c.l.in("config", "binder.kubeconfig"):      {"binder", c.certs.Binder},
		c.l.in("config", "scheduler.kubeconfig"):   {"scheduler", c.certs.Scheduler},
	} {
		if err := pki.WriteKubeconfig(path, "blackstart-"+c.u.Name, server, c.certs.Cluster, who.user, who.pair); err != nil {
			return err
		}
	}
	if err := c.writeNodes(server); err != nil {
		return err
	}
	if err := os.WriteFile(c.l.in("config", "audit.json"), []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(c.l.in("config", "egress.json"), []byte(egressConfig), 0o600); err != nil {
		return err
	}
	return c.connect()
}

func (c *cluster) writeNodes(server string) error {
	dns, err := spec.ServiceIP(c.u.ServiceCIDR, 10)
	if err != nil {
		return err
	}
	for i, n := range c.u.Nodes {
		dir, pair := c.l.node(n.Name), c.certs.Nodes[n.Name]
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		kubeconfig := dir + "/kubeconfig"
		if err := pki.WriteKubeconfig(kubeconfig, "sandbox", server, c.certs.Cluster, n.Name, pair); err != nil {
			return err
		}
		nc := node.Config{Spec: n, Index: i, Dir: dir, HostRoot: c.hostRoot, Kubeconfig: kubeconfig, Cert: pair.Cert, Key: pair.Key,
			ClientCA: c.certs.Cluster.Path, Port: c.ports.nodes[i], Images: c.u.ImagesFile, ClusterDNS: dns, Domain: c.u.Domain}
		if err := nc.Write(dir + "/node.json"); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) connect() error {
	config, err := clientcmd.BuildConfigFromFlags("", c.l.kubeconfig())
	if err != nil {
		return err
	}
	config.QPS = -1
	config.Timeout = 10 * time.Second
	config.UserAgent = "blackstart-sandbox"
	c.config = config
	c.client, err = kubernetes.NewForConfig(config)
	return err
}

func (c *cluster) startStorage() error {
	var err error
	if c.egress, err = newEgress(); err != nil {
		return err
	}
	for i := range c.u.Nodes {
		c.egress.allow(fmt.Sprintf("%s:%d", spec.NodeIP(i), c.ports.nodes[i]), fmt.Sprintf("127.0.0.1:%d", c.ports.nodes[i]))
	}
	if c.nursery, err = proc.NewNursery(); err != nil {
		return err
	}
	if err := c.child(component.Etcd, component.Etcd, 128, 100, etcdArgs(c.l, c.ports, c.certs)); err != nil {
		return err
	}
	key, err := encryptionConfig()
	if err != nil {
		return err
	}
	// Only the API server keeps the memory file open from here on.
	defer func() { _ = key.Close() }()
	return c.child(component.APIServer, component.APIServer, 384, 100, append(apiServerArgs(c.l, c.ports, c.certs, c.u), auditArgs(c.l, c.u)...), key)
}

func (c *cluster) startRest() error {
	if err := c.child(component.Controllers, component.Controllers, 192, 75, controllerArgs(c.l, c.certs, c.u, c.hostRoot)); err != nil {
		return err
	}
	for _, n := range c.u.Nodes {
		if err := c.child(component.Node, "node-"+n.Name, 128, 75, []string{c.l.node(n.Name) + "/node.json"}); err != nil {
			return err
		}
	}
	return c.child(component.Scheduler, component.Scheduler, 128, 75, schedulerArgs(c.l))
}

func (c *cluster) child(what, log string, limitMiB, gogc int, args []string, extra ...*os.File) error {
	_, err := c.nursery.Start(what, c.l.log(log), c.l.dir, c.l.environment(c.mark, limitMiB, gogc), args, extra...)
	return err
}

// until asks again and again, and stops at once when a component dies or nobody wants the sandbox any more.
func (c *cluster) until(ctx context.Context, what string, ask func(context.Context) error) error {
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case child := <-c.nursery.Died():
			return died(child, what)
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), errWaited) {
				return fmt.Errorf("waited %s until %s: %w%s\n  what to do: look for a busy machine; a longer --wait 2m may help", c.u.Wait, what, err, c.lastWords())
			}
			return context.Cause(ctx)
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// died tells of a component that ended by itself, with what it said last.
func died(child *proc.Child, during string) error {
	lines := proc.Tail(child.LogPath, 12)
	if lostPort(lines) {
		return errLostPort
	}
	return fmt.Errorf("%s ended by itself (%s) while the sandbox waited until %s\n  last lines of %s:\n    %s",
		child.Name, child.Ending(), during, child.LogPath, strings.Join(lines, "\n    "))
}

// lastWords shows the end of the logs that tell most about a start that never came to its end.
func (c *cluster) lastWords() string {
	var b strings.Builder
	for _, name := range []string{component.APIServer, component.Controllers, "node-" + c.u.Nodes[0].Name} {
		path := c.l.log(name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		fmt.Fprintf(&b, "\n  last lines of %s:\n    %s", path, strings.Join(proc.Tail(path, 4), "\n    "))
	}
	return b.String()
}

func (c *cluster) close() {
	if c.nursery != nil {
		c.nursery.Close()
	}
	if c.egress != nil {
		_ = c.egress.listener.Close()
	}
}
