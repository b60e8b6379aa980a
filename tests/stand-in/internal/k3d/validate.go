package k3d

import (
	"context"
	"fmt"
	"os"
	"strings"
)

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
