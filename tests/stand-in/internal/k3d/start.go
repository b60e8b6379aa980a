package k3d

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	goyaml "go.yaml.in/yaml/v2"
)

const (
	readyServer    = "k3s is up and running"
	readyInit      = "Containerd is now running" // the first of several servers, when the cluster is made
	readyInitAgain = "Running kube-apiserver"    // and later
	readyAgent     = "Successfully registered node"
	readyProxy     = "start worker processes"
	readyRegistry  = "listening on"
	dnsLine        = "Cluster dns configmap"
)

type hostAlias struct {
	IP        string   `json:"ip"`
	Hostnames []string `json:"hostnames"`
}

type startOptions struct {
	limit   time.Duration
	gateway string
	aliases []hostAlias
	creates bool
	files   []nodeFile // written into every server and agent
}

// startCluster starts what does not run: the first server, the others, the agents, the helpers; then it writes names into the
// nodes and into CoreDNS.
func (k *k3d) startCluster(ctx context.Context, c *cluster, o startOptions) error {
	k.log.info("Starting cluster '%s'", c.Name)
	ctx, cancel := within(ctx, o.limit)
	defer cancel()
	var first *node
	var servers, agents, helpers []*node
	for _, n := range c.Nodes {
		switch {
		case n.State.Running:
		case n.Role == roleServer && n.ServerOpts.IsInit:
			first = n
		case n.Role == roleServer:
			servers = append(servers, n)
		case n.Role == roleAgent:
			agents = append(agents, n)
		default:
			helpers = append(helpers, n)
		}
	}
	sort.Slice(servers, func(i, j int) bool { return servers[i].Name < servers[j].Name })
	for _, n := range append(append([]*node{first}, servers...), agents...) {
		if n != nil {
			n.files = append(n.files, o.files...)
		}
	}
	if first != nil {
		k.log.info("Starting the initializing server...")
		ready := readyInitAgain
		if o.creates {
			ready = readyInit
		}
		if err := k.start(ctx, first, ready); err != nil {
			return fmt.Errorf("Failed to start initializing server node: %+v", err)
		}
	}
	if len(servers) > 0 {
		k.log.info("Starting servers...")
		for _, n := range servers {
			if err := k.start(ctx, n, readyServer); err != nil {
				return fmt.Errorf("Failed to start server %s: %+v", n.Name, err)
			}
		}
	} else {
		k.log.info("All servers already running.")
	}
	if len(agents) > 0 {
		k.log.info("Starting agents...")
		if err := together(agents, func(n *node) error { return k.start(ctx, n, readyAgent) }); err != nil {
			return fmt.Errorf("Failed to add one or more agents: %w", err)
		}
	} else {
		k.log.info("All agents already running.")
	}
	if len(helpers) > 0 {
		k.log.info("Starting helpers...")
		err := together(helpers, func(n *node) error {
			if n.Role == roleLoadBalancer {
				return k.start(ctx, n, readyProxy)
			}
			return k.start(ctx, n, "")
		})
		if err != nil {
			return fmt.Errorf("Failed to add one or more helper nodes: %w", err)
		}
	} else {
		k.log.info("All helpers already running.")
	}
	if (len(servers) > 0 || len(agents) > 0) && c.Network.Name != "host" {
		if err := k.names(ctx, c, servers, append(slices.Clone(servers), agents...), o); err != nil {
			return fmt.Errorf("error during post-start cluster preparation: %w", err)
		}
	}
	return nil
}

// together does one thing with all nodes at once and returns the first error.
func together(nodes []*node, do func(*node) error) error {
	var group sync.WaitGroup
	errs := make(chan error, len(nodes))
	for _, n := range nodes {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := do(n); err != nil {
				errs <- err
			}
		}()
	}
	group.Wait()
	close(errs)
	return <-errs
}

// names gives every started node an entry for the host, and CoreDNS one for each member of the network.
func (k *k3d) names(ctx context.Context, c *cluster, servers, all []*node, o startOptions) error {
	aliases := append(slices.Clone(o.aliases), hostAlias{IP: o.gateway, Hostnames: []string{"host.k3d.internal"}})
	hosts := ""
	for _, alias := range aliases {
		hosts += alias.IP + " " + strings.Join(alias.Hostnames, " ") + "\n"
	}
	var group sync.WaitGroup
	errs := make(chan error, len(all)+1)
	for _, n := range all {
		group.Add(1)
		go func() {
			defer group.Done()
			script := "cat >> /etc/hosts <<'EOF'\n" + hosts + "EOF\n"
			if said, code, err := k.docker.exec(ctx, n.Name, []string{"sh", "-c", script}, nil); err != nil || code != 0 {
				errs <- fmt.Errorf("error overwriting contents of /etc/hosts: Exec process in node '%s' failed with exit code '%d': %s %v", n.Name, code, said, err)
			}
		}()
	}
	if len(servers) > 0 {
		if err := k.coredns(ctx, c, servers[0], hosts); err != nil {
			errs <- err
		}
	}
	group.Wait()
	close(errs)
	return <-errs
}

// coredns rewrites the manifest of CoreDNS in the first server that was started, once that server says it has read it.
func (k *k3d) coredns(ctx context.Context, c *cluster, server *node, hosts string) error {
	var seen struct {
		Containers map[string]struct{ Name, IPv4Address string }
	}
	if err := k.docker.call(ctx, "GET", "/networks/"+c.Network.Name, nil, nil, &seen); err != nil {
		return fmt.Errorf("failed to get cluster network %s to inject host records into CoreDNS: %w", c.Network.Name, err)
	}
	for _, id := range sorted(seen.Containers) {
		member := seen.Containers[id]
		prefix, err := netip.ParsePrefix(member.IPv4Address)
		if err != nil {
			return fmt.Errorf("failed to get cluster network %s to inject host records into CoreDNS: failed to parse IP Prefix of network \"%s\"'s member %s: %v", c.Network.Name, c.Network.Name, member.Name, err)
		}
		hosts += prefix.Addr().String() + " " + member.Name + "\n"
	}
	k.log.info("Injecting records for hostAliases (incl. host.k3d.internal) and for %d network members into CoreDNS configmap...", len(seen.Containers))
	for _, arg := range server.Args {
		if strings.HasPrefix(arg, "--disable") && strings.Contains(arg, "coredns") {
			return nil
		}
	}
	if err := k.wait(ctx, server, dnsLine); err != nil {
		return err
	}
	one, err := k.container(ctx, server.Name)
	if err != nil {
		return err
	}
	text, err := k.docker.get(ctx, one.ID, corednsFile)
	if err != nil {
		return fmt.Errorf("runtime failed to read '%s' from node '%s': %w", corednsFile, server.Name, err)
	}
	if text, err = nodeHosts(text, hosts); err != nil {
		return fmt.Errorf("error while rewriting %s in %s: %w", corednsFile, server.Name, err)
	}
	return k.docker.put(ctx, one.ID, corednsFile, 0o744, text)
}

// nodeHosts sets the key NodeHosts of every ConfigMap in a manifest and leaves the rest as it is, but for the order of its keys.
func nodeHosts(text []byte, hosts string) ([]byte, error) {
	var out bytes.Buffer
	to := goyaml.NewEncoder(&out)
	from := goyaml.NewDecoder(bytes.NewReader(text))
	for {
		var document map[any]any
		err := from.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("error splitting yaml: %w", err)
		}
		if kind, ok := document["kind"].(string); ok && strings.EqualFold(kind, "configmap") {
			data, ok := document["data"].(map[any]any)
			if !ok {
				return nil, fmt.Errorf("invalid ConfigMap data type: %T", document["data"])
			}
			data["NodeHosts"] = hosts
		}
		if err := to.Encode(document); err != nil {
			return nil, err
		}
	}
	err := to.Close()
	return out.Bytes(), err
}
