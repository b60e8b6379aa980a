package k3d

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

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

// deleteCommand takes a cluster that cannot be read for one that is not there, as k3d does, and ends well.
func (k *k3d) deleteCommand(f *flags) {
	ctx := context.Background()
	var all []*cluster
	names := f.words
	if f.is("all", false) {
		k.log.info("Deleting all clusters...")
		var err error
		if all, err = k.clusters(ctx); err != nil {
			k.log.fatal("%v", err)
		}
		names = nil
	} else if len(names) == 0 {
		names = []string{defaultCluster}
		if file := f.text("config", ""); file != "" {
			c := defaults()
			k.read(file, &c)
			if c.Metadata.Name != "" {
				names = []string{c.Metadata.Name}
			}
		}
	}
	for _, name := range names {
		c, err := k.get(ctx, &cluster{Name: name})
		if errors.Is(err, errNoNodes) {
			k.log.info("No nodes found for cluster '%s', nothing to delete.", name)
			continue
		}
		if err != nil {
			k.log.fatal("%v", err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		k.log.info("No clusters found")
	}
	for _, c := range all {
		if err := k.delete(ctx, c, false); err != nil {
			k.log.fatal("%v", err)
		}
		k.log.info("Removing cluster details from default kubeconfig...")
		if err := k.forget(c); err != nil {
			k.log.warn("Failed to remove cluster details from default kubeconfig")
			k.log.warn("%v", err)
		}
		k.log.info("Removing standalone kubeconfig file (if there is one)...")
		if at, err := folder(); err != nil {
			k.log.warn("Failed to delete kubeconfig file: %+v", err)
		} else if file := filepath.Join(at, "kubeconfig-"+c.Name+".yaml"); os.Remove(file) != nil {
			if _, err := os.Stat(file); err == nil {
				k.log.warn("Failed to delete kubeconfig file '%s'", file)
			}
		}
		k.log.info("Successfully deleted cluster %s!", c.Name)
	}
}
