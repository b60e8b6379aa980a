package k3d

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strconv"
	"strings"
)

var errNoNodes = errors.New("No nodes found for given cluster")

var roles = map[string]string{"server": roleServer, "agent": roleAgent, "loadbalancer": roleLoadBalancer, "registry": roleRegistry}

// nodeOf reads a container as a node. A running one without an address is an error, and that one error takes the listing of
// every cluster with it.
func (k *k3d) nodeOf(all details) (*node, error) {
	labels := map[string]string{}
	for key, value := range all.Config.Labels {
		if strings.HasPrefix(key, "k3d") {
			labels[key] = value
		}
	}
	settings := all.NetworkSettings
	if settings == nil {
		settings = &networkSettings{}
	}
	k.faults.blank(plain(all.Name), settings)
	own, others := []string{}, []string{}
	for name := range settings.Networks {
		if strings.HasPrefix(name, "k3d-"+labels[labelCluster]) {
			own = append(own, name)
		} else {
			others = append(others, name)
		}
	}
	sort.Strings(own)
	sort.Strings(others)
	n := &node{
		Name: plain(all.Name), Role: roles[labels[labelRole]], Image: all.Image, Volumes: all.HostConfig.Binds,
		Env: all.Config.Env, Cmd: all.Config.Cmd, Ports: all.HostConfig.PortBindings,
		Restart: all.HostConfig.RestartPolicy.Name == "unless-stopped" || all.HostConfig.RestartPolicy.Name == "always",
		Created: all.Created, RuntimeLabels: labels, Networks: append(own, others...),
		State: nodeState{Running: all.State.Running, Status: all.State.Status},
	}
	n.ServerOpts.KubeAPI = &kubeAPI{Host: labels[labelAPIHost], Binding: binding{HostIP: labels[labelAPIHostIP], HostPort: labels[labelAPIPort]}}
	if labels[labelInit] == "true" {
		n.ServerOpts.IsInit = slices.ContainsFunc(all.Args, func(arg string) bool { return strings.Contains(arg, "--cluster-init") })
	}
	if at, ok := settings.Networks[labels[labelNetwork]]; ok && labels[labelNetwork] != "host" {
		if address, err := netip.ParseAddr(at.IPAddress); err == nil {
			n.IP = nodeIP{IP: address.String(), Static: labels[labelStaticIP] != ""}
		} else if n.State.Running && n.State.Status != "restarting" {
			return nil, fmt.Errorf("failed to parse IP '%s' for container '%s': %s\nStatus: %v\n%+v", at.IPAddress, all.Name, err, n.State.Status, settings)
		}
	}
	return n, nil
}

// nodes are those that carry the labels, the newest first.
func (k *k3d) nodes(ctx context.Context, labels map[string]string) ([]*node, error) {
	wanted := map[string]string{"app": "k3d"}
	for key, value := range labels {
		wanted[key] = value
	}
	list, err := k.docker.containers(ctx, wanted, "")
	if err != nil {
		if labels == nil {
			labels = map[string]string{"app": "k3d"}
		}
		return nil, fmt.Errorf("docker failed to get containers with labels '%v': failed to list containers: %w", labels, err)
	}
	var nodes []*node
	for _, one := range list {
		all, err := k.docker.inspect(ctx, one.ID)
		if err != nil {
			k.log.warn("Failed to get details for container %s", one.Names[0])
			nodes = append(nodes, &node{Name: plain(one.Names[0]), RuntimeLabels: one.Labels, Role: roles[one.Labels[labelRole]]})
			continue
		}
		n, err := k.nodeOf(all)
		if err != nil {
			return nil, fmt.Errorf("failed to translate container'%s' details to k3d node spec: %w", all.Name, err)
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

// container finds a node's container by name, with or without k3d's prefix.
func (k *k3d) container(ctx context.Context, name string) (found, error) {
	list, err := k.docker.containers(ctx, nil, "^/?(k3d-)?"+name+"$")
	switch {
	case err != nil:
		return found{}, fmt.Errorf("Failed to list containers: %+v", err)
	case len(list) > 1:
		return found{}, fmt.Errorf("Failed to get a single container for name '%s'. Found: %d", name, len(list))
	case len(list) == 0:
		return found{}, fmt.Errorf("Didn't find container for node '%s'", name)
	}
	return list[0], nil
}

// node finds one node by name.
func (k *k3d) node(ctx context.Context, name string) (*node, error) {
	one, err := k.container(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("failed to get container for node '%s': %w", name, err)
	}
	all, err := k.docker.inspect(ctx, one.ID)
	if err != nil {
		return nil, fmt.Errorf("failed to get details for container '%s': failed to get details for container '%s': %w", one.ID, one.ID, err)
	}
	if all.Config.Labels["app"] != "k3d" {
		return nil, fmt.Errorf("failed to translate container '%s' details to node spec: container not managed by k3d", all.Name)
	}
	n, err := k.nodeOf(all)
	if err != nil {
		return nil, fmt.Errorf("failed to translate container '%s' details to node spec: %w", all.Name, err)
	}
	return n, nil
}

// get reads a cluster. An error of the daemon is said and then taken for "no nodes", which is how k3d comes to lie.
func (k *k3d) get(ctx context.Context, c *cluster) (*cluster, error) {
	nodes, err := k.nodes(ctx, map[string]string{labelCluster: c.Name})
	if err != nil {
		k.log.error("Failed to get nodes for cluster '%s': %v", c.Name, err)
	}
	if len(nodes) == 0 {
		return nil, errNoNodes
	}
	for _, n := range nodes {
		if at := slices.IndexFunc(c.Nodes, func(known *node) bool { return known.Name == n.Name }); at >= 0 {
			c.Nodes[at] = n
		} else {
			c.Nodes = append(c.Nodes, n)
		}
	}
	if c.LoadBalancer == nil {
		for _, n := range c.Nodes {
			if n.Role == roleLoadBalancer {
				c.LoadBalancer = &loadbalancer{node: n}
			}
		}
		if c.LoadBalancer != nil {
			config, err := k.lbConfig(ctx, c.LoadBalancer.node.Name)
			if err != nil {
				k.log.error("error getting loadbalancer config from %s: %v", c.LoadBalancer.node.Name, err)
			}
			c.LoadBalancer.Config = &config
		}
	}
	var list struct{ Volumes []struct{ Name string } }
	if err := k.docker.call(ctx, "GET", "/volumes", filters(map[string][]string{"label": {"app=k3d", labelCluster + "=" + c.Name}}), nil, &list); err != nil {
		return nil, fmt.Errorf("docker failed to list volumes: %w", err)
	}
	for _, volume := range list.Volumes {
		if !slices.Contains(c.Volumes, volume.Name) {
			c.Volumes = append(c.Volumes, volume.Name)
		}
	}
	c.fill()
	return c, nil
}

// fill takes what the labels of the nodes say of their cluster.
func (c *cluster) fill() {
	known := false
	for _, n := range c.Nodes {
		if c.Network.Name == "" {
			c.Network.Name = n.RuntimeLabels[labelNetwork]
		}
		if text, ok := n.RuntimeLabels[labelNetworkExternal]; ok && !c.Network.External && !known {
			if external, err := strconv.ParseBool(text); err == nil {
				c.Network.External, known = external, true
			}
		}
		if c.ImageVolume == "" {
			c.ImageVolume = n.RuntimeLabels[labelImageVolume]
		}
		if c.Token == "" {
			c.Token = n.RuntimeLabels[labelToken]
		}
	}
}

// clusters are all of them, in the order of their newest nodes.
func (k *k3d) clusters(ctx context.Context) ([]*cluster, error) {
	nodes, err := k.nodes(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("runtime failed to list nodes: %w", err)
	}
	var all []*cluster
	for _, n := range nodes {
		if n.Role != roleServer && n.Role != roleAgent && n.Role != roleLoadBalancer {
			continue
		}
		name := n.RuntimeLabels[labelCluster]
		at := slices.IndexFunc(all, func(c *cluster) bool { return c.Name == name })
		if at < 0 {
			all = append(all, &cluster{Name: name})
			at = len(all) - 1
		}
		all[at].Nodes = append(all[at].Nodes, n)
	}
	for _, c := range all {
		c.fill()
	}
	return all, nil
}
