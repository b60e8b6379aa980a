package k3d

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// create is the whole of `cluster create`, from the made-up plan on.
func (k *k3d) create(ctx context.Context, p *plan) {
	if err := k.validate(ctx, p); err != nil {
		k.log.fatal("Failed Cluster Configuration Validation:  %v", err)
	}
	c := p.cluster
	if _, err := k.get(ctx, &cluster{Name: c.Name}); err == nil {
		k.log.fatal("Failed to create cluster '%s' because a cluster with that name already exists", c.Name)
	}
	if err := k.run(ctx, p); err != nil {
		k.log.error("%v", err)
		if p.noRollback {
			k.log.fatal("Cluster creation FAILED, rollback deactivated.")
		}
		k.log.error("Failed to create cluster >>> Rolling Back")
		// A delete by name: it takes whatever carries the name, made by this call or not.
		if err := k.delete(ctx, c, true); err != nil {
			k.log.error("%v", err)
			k.log.fatal("Cluster creation FAILED, also FAILED to rollback changes!")
		}
		k.log.fatal("Cluster creation FAILED, all changes have been rolled back!")
	}
	k.log.info("Cluster '%s' created successfully!", c.Name)
	if !p.updateKubeconfig && p.switchContext {
		k.log.info("--kubeconfig-update-default=false --> sets --kubeconfig-switch-context=false")
		p.switchContext = false
	}
	if p.updateKubeconfig {
		if err := k.mergeDefault(ctx, c, p.switchContext); err != nil {
			k.log.warn("%v", err)
		}
	}
	k.log.info("You can now use it like this:")
	if p.updateKubeconfig && !p.switchContext {
		fmt.Printf("kubectl config use-context k3d-%s\n", c.Name)
	} else if !p.switchContext {
		fmt.Printf("export KUBECONFIG=$(%s kubeconfig write %s)\n", os.Args[0], c.Name)
	}
	fmt.Println("kubectl cluster-info")
}

// run makes the network, the volume and the nodes, and starts them.
func (k *k3d) run(ctx context.Context, p *plan) error {
	if err := k.prepare(ctx, p); err != nil {
		return fmt.Errorf("Failed Cluster Preparation: %+v", err)
	}
	tools := make(chan error, 1)
	copied := *p.cluster
	go func() {
		_, err := k.ensureTools(ctx, &copied)
		tools <- err
	}()
	if err := k.containersOf(ctx, p); err != nil {
		return fmt.Errorf("failed Cluster Creation: %+v", err)
	}
	if err := <-tools; err != nil {
		return fmt.Errorf("failed to ensure tools node: %w", err)
	}
	if err := k.faults.at(k, "after-containers"); err != nil {
		return err
	}
	gateway, err := k.environment(ctx, p.cluster)
	if err != nil {
		return fmt.Errorf("failed to gather environment information used for cluster creation: %w", err)
	}
	o := startOptions{limit: p.timeout, gateway: gateway, aliases: p.aliases, creates: true, files: p.files}
	if err := k.startCluster(ctx, p.cluster, o); err != nil {
		return fmt.Errorf("Failed Cluster Start: %+v", err)
	}
	if err := k.faults.at(k, "after-server"); err != nil {
		return err
	}
	if len(p.registriesUsed) > 0 {
		k.announceRegistries(ctx, p.cluster)
	}
	return nil
}

func (k *k3d) prepare(ctx context.Context, p *plan) error {
	limited, cancel := within(ctx, p.timeout)
	defer cancel()
	k.log.info("Prep: Network")
	if err := k.prepareNetwork(limited, p); err != nil {
		return fmt.Errorf("Failed Network Preparation: %w", err)
	}
	if err := k.faults.at(k, "after-network"); err != nil {
		return err
	}
	if !p.noImageVolume {
		name := "k3d-" + p.cluster.Name + "-images"
		labels := map[string]string{"app": "k3d", labelVersion: version, labelCluster: p.cluster.Name}
		if err := k.docker.call(ctx, "POST", "/volumes/create", nil, map[string]any{"Name": name, "Labels": labels}, nil); err != nil {
			return fmt.Errorf("Failed Image Volume Preparation: failed to create image volume '%s' for cluster '%s': failed to create volume '%s': %w", name, p.cluster.Name, name, err)
		}
		k.log.info("Created image volume %s", name)
		p.labels[labelImageVolume] = name
		p.cluster.ImageVolume = name
		p.cluster.Volumes = append(p.cluster.Volumes, name)
		for _, n := range p.cluster.Nodes {
			n.Volumes = append(n.Volumes, name+":"+imageMount)
		}
	}
	if err := k.faults.at(k, "after-volume"); err != nil {
		return err
	}
	return k.prepareRegistries(ctx, p)
}

func (k *k3d) prepareNetwork(ctx context.Context, p *plan) error {
	net := &p.cluster.Network
	var list []struct{ ID, Name string }
	if err := k.docker.call(ctx, "GET", "/networks", filters(map[string][]string{"name": {"^" + net.Name + "$"}}), nil, &list); err != nil {
		return fmt.Errorf("failed to create cluster network: failed to check for duplicate docker networks: docker failed to list networks: %w", err)
	}
	exists := len(list) > 0
	if !exists {
		body := map[string]any{
			"Name": net.Name, "Driver": "bridge", "CheckDuplicate": true, "Labels": map[string]string{"app": "k3d"},
			"Options": map[string]string{"com.docker.network.bridge.enable_ip_masquerade": "true"},
		}
		if net.IPAM.Prefix != "" {
			prefix, err := netip.ParsePrefix(net.IPAM.Prefix)
			if err != nil {
				return fmt.Errorf("invalid subnet '%s': %w", net.IPAM.Prefix, err)
			}
			body["IPAM"] = map[string]any{"Config": []any{map[string]string{"Subnet": prefix.String(), "Gateway": prefix.Addr().Next().String()}}}
		}
		if err := k.docker.call(ctx, "POST", "/networks/create", nil, body, nil); err != nil {
			return fmt.Errorf("failed to create cluster network: docker failed to create new network '%s': %w", net.Name, err)
		}
	}
	var made struct {
		ID   string `json:"Id"`
		Name string
		IPAM struct{ Config []struct{ Subnet string } }
	}
	if err := k.docker.call(ctx, "GET", "/networks/"+net.Name, nil, nil, &made); err != nil {
		return fmt.Errorf("failed to create cluster network: docker failed to inspect network %s: %w", net.Name, err)
	}
	net.ID = made.ID
	if len(made.IPAM.Config) > 0 {
		net.IPAM.Prefix = made.IPAM.Config[0].Subnet
	}
	p.labels[labelNetworkID], p.labels[labelNetwork], p.labels[labelNetworkRange] = net.ID, net.Name, net.IPAM.Prefix
	p.labels[labelNetworkExternal] = strconv.FormatBool(false)
	if exists {
		k.log.info("Re-using existing network '%s' (%s)", net.Name, net.ID)
		p.labels[labelNetworkExternal] = "true"
	} else {
		k.log.info("Created network '%s'", net.Name)
	}
	return nil
}

// containersOf makes the nodes without starting them, and the load balancer.
func (k *k3d) containersOf(ctx context.Context, p *plan) error {
	limited, cancel := within(ctx, p.timeout)
	defer cancel()
	c := p.cluster
	if c.Token == "" {
		c.Token = rand.Text()[:20]
	}
	first := "https://k3d-" + c.Name + "-server-0:" + apiPort
	p.labels[labelToken], p.labels[labelCluster], p.labels[labelURL] = c.Token, c.Name, first
	p.labels[labelLoadBalancer] = ""
	if c.LoadBalancer != nil {
		p.labels[labelLoadBalancer] = c.LoadBalancer.node.Name
	}
	if len(p.aliases) > 0 {
		text, err := json.Marshal(p.aliases)
		if err != nil {
			return err
		}
		p.labels[labelHostAliases] = string(text)
	}
	setup := func(n *node) error {
		if n.RuntimeLabels == nil {
			n.RuntimeLabels = map[string]string{}
		}
		for key, value := range p.labels {
			n.RuntimeLabels[key] = value
		}
		n.Env = append(n.Env, "K3S_TOKEN="+c.Token)
		if n.Role == roleServer {
			n.ServerOpts.KubeAPI = c.KubeAPI
			if c.InitNode != nil && n != c.InitNode {
				n.Env = append(n.Env, "K3S_URL="+first)
				n.RuntimeLabels[labelInit] = "false"
			}
		} else {
			n.Env = append(n.Env, "K3S_URL="+first)
		}
		n.Networks, n.Restart = []string{c.Network.Name}, true
		k.log.info("Creating node '%s'", n.Name)
		if err := k.make(limited, n); err != nil {
			return fmt.Errorf("failed to create node: %w", err)
		}
		return nil
	}
	expose := func(n *node) {
		if c.LoadBalancer == nil {
			if n.Ports == nil {
				n.Ports = ports{}
			}
			n.Ports[apiPort] = []binding{c.KubeAPI.Binding}
		}
	}
	servers := 0
	if c.InitNode != nil {
		k.log.info("Creating initializing server node")
		c.InitNode.Args = append(c.InitNode.Args, "--cluster-init")
		if c.InitNode.RuntimeLabels == nil {
			c.InitNode.RuntimeLabels = map[string]string{}
		}
		c.InitNode.RuntimeLabels[labelInit] = "true"
		expose(c.InitNode)
		if err := setup(c.InitNode); err != nil {
			return fmt.Errorf("failed init node setup: %w", err)
		}
		servers++
	}
	for _, n := range c.Nodes {
		if n == c.InitNode || (n.Role != roleServer && n.Role != roleAgent) {
			continue
		}
		if n.Role == roleServer {
			if servers == 0 {
				expose(n)
			}
			k.pause()
			servers++
		}
		if err := setup(n); err != nil {
			return fmt.Errorf("failed setup of server/agent node %s: %w", n.Name, err)
		}
	}
	if servers == 2 {
		k.log.warn("You're creating 2 server nodes: Please consider creating at least 3 to achieve etcd quorum & fault tolerance")
	}
	if c.LoadBalancer == nil {
		return nil
	}
	lb := c.LoadBalancer.node
	if lb.RuntimeLabels == nil {
		lb.RuntimeLabels = map[string]string{}
	}
	for key, value := range p.labels {
		lb.RuntimeLabels[key] = value
	}
	lb.Networks, lb.Restart = []string{c.Network.Name}, true
	text, err := yaml.Marshal(c.LoadBalancer.Config)
	if err != nil {
		return fmt.Errorf("failed to marshal loadbalancer config: %w", err)
	}
	lb.files = append(lb.files, nodeFile{lbConfigFile, 0o744, text})
	k.log.info("Creating LoadBalancer '%s'", lb.Name)
	if err := k.make(ctx, lb); err != nil {
		return fmt.Errorf("error creating loadbalancer: %v", err)
	}
	return nil
}

// delete removes the nodes by name, the network and the volumes. What cannot be removed is said, and mostly forgiven.
func (k *k3d) delete(ctx context.Context, c *cluster, everyRegistry bool) error {
	k.log.info("Deleting cluster '%s'", c.Name)
	c, err := k.get(ctx, c)
	if err != nil {
		return fmt.Errorf("failed to get cluster: %w", err)
	}
	for _, n := range c.Nodes {
		if n.Role == roleRegistry && !everyRegistry && k.sharedRegistry(ctx, c, n) {
			continue
		}
		if k.faults.leaves("container", n.Name) {
			continue
		}
		if err := k.docker.remove(ctx, n.Name); err != nil {
			k.log.error("docker failed to remove the container '%s': %v", n.Name, err)
		}
	}
	if c.Network.Name != "" && !c.Network.External {
		k.log.info("Deleting cluster network '%s'", c.Network.Name)
		k.deleteNetwork(ctx, c.Network.Name)
	}
	k.log.info("Deleting %d attached volumes...", len(c.Volumes))
	for _, volume := range c.Volumes {
		if k.faults.leaves("volume", volume) {
			continue
		}
		if err := k.docker.call(ctx, "DELETE", "/volumes/"+volume, url.Values{"force": {"1"}}, nil, nil); err != nil {
			k.log.warn("Failed to delete volume '%s' of cluster '%s': docker failed to delete volume '%s': %v -> Try to delete it manually", c.ImageVolume, c.Name, volume, err)
		}
	}
	return nil
}

func (k *k3d) deleteNetwork(ctx context.Context, name string) {
	if k.faults.leaves("network", name) {
		return
	}
	err := k.docker.call(ctx, "DELETE", "/networks/"+name, nil, nil, nil)
	if err == nil {
		return
	}
	if !strings.HasSuffix(err.Error(), "active endpoints") {
		k.log.warn("Failed to delete cluster network '%s': 'docker failed to remove network '%s': %v'", name, name, err)
		return
	}
	nodes, err := k.nodes(ctx, nil)
	if err != nil {
		k.log.warn("Failed to check cluster network for connected nodes: %+v", err)
	}
	var there, registries []*node
	for _, n := range nodes {
		for _, net := range n.Networks {
			if net == name {
				there = append(there, n)
				if n.Role == roleRegistry {
					registries = append(registries, n)
				}
			}
		}
	}
	switch {
	case len(there) == 0:
		k.log.warn("Failed to delete cluster network '%s' because it's still in use: is there another cluster using it?", name)
	case len(registries) == len(there):
		for _, n := range registries {
			if err := k.disconnect(ctx, n.Name, name); err != nil {
				k.log.warn("Failed to disconnect registry %s from network %s", n.Name, name)
			} else if err := k.docker.call(ctx, "DELETE", "/networks/"+name, nil, nil, nil); err != nil {
				k.log.warn("Failed to delete cluster network, even after disconnecting registry node(s): %+v", err)
			}
		}
	}
}

func (k *k3d) disconnect(ctx context.Context, container, network string) error {
	return k.docker.call(ctx, "POST", "/networks/"+network+"/disconnect", nil, map[string]any{"Container": container, "Force": true}, nil)
}

// validate checks what k3d checks before it asks the daemon anything.
func (k *k3d) validate(ctx context.Context, p *plan) error {
	name := p.cluster.Name
	if !hostname.MatchString(name) {
		return fmt.Errorf("provided cluster name '%s' does not match requirements: Invalid cluster name. name %s is not a valid hostname as per RFC 1123", name, name)
	}
	if len(name) > 32 {
		return fmt.Errorf("provided cluster name '%s' does not match requirements: Cluster name must be <= 32 characters, but has %d", name, len(name))
	}
	if p.timeout < 0 {
		return fmt.Errorf("timeout may not be negative (is '%s')", p.timeout)
	}
	for _, n := range p.cluster.Nodes {
		for i, volume := range n.Volumes {
			volume, err := k.mount(ctx, p.cluster, volume)
			if err != nil {
				return fmt.Errorf("failed to validate volume mount '%s': %w", volume, err)
			}
			n.Volumes[i] = volume
		}
	}
	return nil
}

var shortcuts = map[string]string{
	"k3s-storage":          "/var/lib/rancher/k3s/storage",
	"k3s-manifests":        "/var/lib/rancher/k3s/server/manifests",
	"k3s-manifests-custom": "/var/lib/rancher/k3s/server/manifests/custom",
	"k3s-containerd":       "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
	"k3s-containerd-tmpl":  "/var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl",
	"k3s-registry-config":  registriesFile,
}

// mount checks one mount. A named volume that begins like a cluster is made here and is the cluster's from then on: it goes with it.
func (k *k3d) mount(ctx context.Context, c *cluster, volume string) (string, error) {
	parts := strings.Split(volume, ":")
	if len(parts) > 3 {
		return volume, fmt.Errorf("invalid volume mount '%s': maximal 2 ':' allowed", volume)
	}
	source, destination := parts[0], parts[0]
	if len(parts) > 1 {
		destination = parts[1]
	}
	if known, ok := shortcuts[destination]; ok {
		volume, destination = strings.Replace(volume, destination, known, 1), known
	}
	if strings.ContainsAny(source, "/\\") {
		if _, err := os.Stat(source); err != nil {
			k.log.warn("failed to stat file/directory '%s' volume mount '%s': please make sure it exists", source, volume)
		}
	} else if source != "" {
		var seen struct{ Name string }
		switch err := k.docker.call(ctx, "GET", "/volumes/"+source, nil, nil, &seen); {
		case err == nil:
		case !notFound(err):
			k.log.warn("failed to get named volume: %v", err)
		case strings.HasPrefix(source, "k3d-"):
			labels := map[string]string{"app": "k3d", labelVersion: version, labelCluster: c.Name}
			if err := k.docker.call(ctx, "POST", "/volumes/create", nil, map[string]any{"Name": source, "Labels": labels}, nil); err != nil {
				return volume, fmt.Errorf("failed to create named volume '%s': %v", source, err)
			}
			c.Volumes = append(c.Volumes, source)
			k.log.info("Created named volume '%s'", source)
		default:
			k.log.info("No named volume '%s' found. The runtime will create it automatically.", source)
		}
	}
	if !strings.HasPrefix(destination, "/") {
		return volume, fmt.Errorf("volume mount destination doesn't appear to be an absolute path: '%s' in '%s'", destination, volume)
	}
	return volume, nil
}
