package k3d

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"sigs.k8s.io/yaml"

	"blackstart/stand-in/internal/k3d/registries"
)

var registryName = regexp.MustCompile(`^(?:https?://)?([a-zA-Z\-.0-9]+)(?::\d{1,5})?(?::\d{1,5})?$`)

// registryRef is a registry that k3d runs: one to be made, or one that a cluster uses.
type registryRef struct {
	host, image, cluster, network string
	at                            *kubeAPI
	inside                        string // its port in the container
	volumes                       []string
	remote, user, password        string
	deletes                       bool
}

const registryPort = "5000/tcp"

// makeRegistry creates a registry's container; the caller starts it.
func (k *k3d) makeRegistry(ctx context.Context, r *registryRef) (*node, error) {
	n := &node{
		Name: r.host, Image: r.image, Role: roleRegistry, Restart: true, Volumes: r.volumes,
		Ports: ports{registryPort: []binding{r.at.Binding}},
		RuntimeLabels: map[string]string{
			labelCluster: r.cluster, labelRole: roleRegistry, "k3d.registry.host": r.at.Host, "k3d.registry.hostIP": r.at.Binding.HostIP,
			"k3s.registry.port.external": r.at.Binding.HostPort, "k3s.registry.port.internal": "5000",
		},
	}
	if r.network != "" {
		n.Networks = []string{r.network}
	}
	if r.remote != "" {
		n.Env = append(n.Env, "REGISTRY_PROXY_REMOTEURL="+r.remote)
		if r.user != "" {
			n.Env = append(n.Env, "REGISTRY_PROXY_USERNAME="+r.user)
		}
		if r.password != "" {
			n.Env = append(n.Env, "REGISTRY_PROXY_PASSWORD="+r.password)
		}
	}
	if r.deletes {
		n.Env = append(n.Env, "REGISTRY_STORAGE_DELETE_ENABLED=true")
	}
	if _, err := k.node(ctx, r.host); err == nil {
		return nil, errors.New("A registry node with that name already exists")
	}
	k.log.info("Creating node '%s'", n.Name)
	if err := k.make(ctx, n); err != nil {
		return nil, fmt.Errorf("failed to create registry node '%s': %w", n.Name, err)
	}
	k.log.info("Successfully created registry '%s'", n.Name)
	return n, nil
}

// prepareRegistries makes and connects registries, and decides on the file that the nodes get.
func (k *k3d) prepareRegistries(ctx context.Context, p *plan) error {
	for _, used := range p.registriesUsed {
		n, err := k.node(ctx, used.host)
		if err != nil {
			return fmt.Errorf("Failed to find registry node '%s': %+v", used.host, err)
		}
		if len(n.Ports) != 1 {
			return fmt.Errorf("failed to translate node to registry spec: Failed to parse registry spec from node %s: 0 or multiple ports defined, where one is expected", n.Name)
		}
		used.host, used.at = n.Name, &kubeAPI{}
		for port, bindings := range n.Ports {
			used.inside = port
			for _, one := range bindings {
				used.at.Binding = one
			}
		}
	}
	if made := p.registryMade; made != nil {
		if slices.ContainsFunc(p.registriesUsed, func(r *registryRef) bool { return r.host == made.host }) {
			k.log.info("Skipping registry creation: registry '%s' already referenced in use list", made.host)
		} else {
			n, err := k.makeRegistry(ctx, made)
			if err != nil {
				return fmt.Errorf("Failed to create registry: %+v", err)
			}
			made.inside = registryPort
			p.cluster.Nodes = append(p.cluster.Nodes, n)
			p.registriesUsed = append(p.registriesUsed, made)
		}
	}
	var whole *registries.Registry
	if len(p.registriesUsed) > 0 {
		whole = &registries.Registry{Mirrors: map[string]registries.Mirror{}}
		for _, used := range p.registriesUsed {
			n, err := k.node(ctx, used.host)
			if err != nil {
				return fmt.Errorf("Failed to find registry node '%s': %+v", used.host, err)
			}
			if err := k.connect(ctx, n, p.cluster.Network.Name); err != nil {
				k.log.warn("Failed to connect to network '%s': Connection failed", p.cluster.Network.Name)
				k.log.warn("%v", err)
				return fmt.Errorf("Failed to connect registry node '%s' to cluster network: Failed to connect to one or more networks", n.Name)
			}
			inside := used.host + ":" + number0(used.inside)
			mirror := registries.Mirror{Endpoints: []string{"http://" + inside}, Rewrites: map[string]string{}}
			whole.Mirrors[used.host+":"+used.at.Binding.HostPort] = mirror
			whole.Mirrors[inside] = mirror
			if used.remote != "" {
				whole.Mirrors[used.remote] = registries.Mirror{Endpoints: []string{"http://" + inside}}
			}
		}
		text, err := hosting(p.registriesUsed[0])
		if err != nil {
			return fmt.Errorf("Failed to generate LocalRegistryHosting configmap: %+v", err)
		}
		p.files = append(p.files, nodeFile{registryMapFile, 0o644, text})
	}
	if p.registry != nil {
		if whole == nil {
			whole = p.registry
		} else {
			whole.Merge(p.registry)
		}
	}
	if whole == nil {
		return nil
	}
	text, err := whole.Text()
	if err != nil {
		return fmt.Errorf("Failed to marshal registry configuration: %+v", err)
	}
	p.files = append(p.files, nodeFile{registriesFile, 0o644, text})
	return nil
}

// connect puts a container on a network it is not on yet.
func (k *k3d) connect(ctx context.Context, n *node, network string) error {
	if slices.Contains(n.Networks, network) {
		k.log.info("Container '%s' is already connected to '%s'", n.Name, network)
		return nil
	}
	return k.docker.call(ctx, "POST", "/networks/"+network+"/connect", nil, map[string]any{"Container": n.Name}, nil)
}

// hosting is the ConfigMap that tells tools where the cluster's registry is.
func hosting(r *registryRef) ([]byte, error) {
	host := r.at.Host
	if host == "" {
		host = r.at.Binding.HostIP
	}
	if host == "0.0.0.0" {
		host = "localhost"
	}
	inside := r.host + ":" + number0(r.inside)
	data, err := yaml.Marshal(map[string]string{
		"host": host + ":" + r.at.Binding.HostPort, "hostFromContainerRuntime": inside, "hostFromClusterNetwork": inside,
		"help": "https://k3d.io/stable/usage/registries/#using-a-local-registry",
	})
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]string{"name": "local-registry-hosting", "namespace": "kube-public"},
		"data": map[string]string{"localRegistryHosting.v1": string(data)},
	})
}

func (k *k3d) announceRegistries(ctx context.Context, c *cluster) {
	for _, n := range c.Nodes {
		if n.Role != roleServer && n.Role != roleAgent {
			continue
		}
		if _, code, err := k.docker.exec(ctx, n.Name, []string{"sh", "-c", "kubectl apply -f " + registryMapFile}, nil); err == nil && code == 0 {
			return
		}
	}
	k.log.warn("Failed to create LocalRegistryHosting ConfigMap")
}

// sharedRegistry says whether a cluster's registry hangs on another network as well; then it is only taken off this one.
func (k *k3d) sharedRegistry(ctx context.Context, c *cluster, n *node) bool {
	for _, name := range n.Networks {
		if name == c.Network.Name || name == "bridge" || name == "host" {
			continue
		}
		k.log.info("Registry %s is also connected to other (non-default) networks (%+v), not deleting it...", n.Name, n.Networks)
		if err := k.disconnect(ctx, n.Name, c.Network.Name); err != nil {
			k.log.warn("Failed to disconnect registry %s from cluster network %s", n.Name, c.Network.Name)
		}
		return true
	}
	return false
}

func number0(port string) string {
	for i, c := range port {
		if c == '/' {
			return port[:i]
		}
	}
	return port
}
