package k3d

import (
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"blackstart/stand-in/internal/k3d/registries"
)

// plan is what `cluster create` will make.
type plan struct {
	cluster *cluster
	labels  map[string]string // of every node
	files   []nodeFile        // in every server and agent
	aliases []hostAlias
	timeout time.Duration

	noImageVolume, noRollback       bool
	updateKubeconfig, switchContext bool

	registry       *registries.Registry
	registriesUsed []*registryRef
	registryMade   *registryRef
}

var exposure = regexp.MustCompile(`^(?:([^:]+):)?(\d{1,5}|random)$`)

// expose reads [HOST:]PORT; a name is looked up, and `random` finds a free port.
func (k *k3d) expose(text string) (*kubeAPI, error) {
	match := exposure.FindStringSubmatch(text)
	if match == nil {
		return nil, fmt.Errorf("Failed to parse Port Exposure specification '%s': Format must be [(HostIP|HostName):]HostPort", text)
	}
	api := &kubeAPI{Host: match[1], Binding: binding{HostIP: match[1], HostPort: match[2]}}
	if match[1] == "" {
		api.Binding.HostIP = "0.0.0.0"
	} else if net.ParseIP(match[1]) == nil {
		addresses, err := net.LookupHost(match[1])
		if err != nil {
			return nil, fmt.Errorf("failed to lookup host '%s' specified for Port Exposure: %+v", match[1], err)
		}
		for _, address := range addresses {
			if !strings.Contains(address, ":") {
				api.Binding.HostIP = address
			}
		}
	}
	if match[2] == "random" {
		api.Binding.HostPort = k.freePort()
	}
	return api, nil
}

func (k *k3d) freePort() string {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		k.log.warn("Failed to get random free port: %+v", err)
		k.log.warn("Falling back to internal port %s (may be blocked though)...", apiPort)
		return apiPort
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// planOf turns a configuration into nodes.
func (k *k3d) planOf(c config) (*plan, error) {
	name := c.Metadata.Name
	if c.Network == "host" {
		k.log.info("[SimpleConfig] Hostnetwork selected - disabling injection of docker host into the cluster, server load balancer and setting the api port to the k3s default")
		c.Options.K3d.DisableLoadbalancer = true
		c.KubeAPI.HostPort = apiPort
	}
	p := &plan{
		labels: map[string]string{"app": "k3d"}, aliases: c.HostAliases, timeout: time.Duration(c.Options.K3d.Timeout),
		noImageVolume: c.Options.K3d.DisableImageVolume, noRollback: c.Options.K3d.DisableRollback,
		updateKubeconfig: c.Options.Kubeconfig.UpdateDefaultKubeconfig, switchContext: c.Options.Kubeconfig.SwitchCurrentContext,
	}
	made := &cluster{Name: name, Token: c.Token, Network: network{Name: c.Network, External: c.Network != ""}}
	p.cluster = made
	if c.Network == "" {
		made.Network.Name = "k3d-" + name
	}
	if c.Subnet != "" && c.Subnet != "auto" {
		made.Network.IPAM = ipam{Prefix: c.Subnet, Managed: true}
	}
	if c.KubeAPI.HostIP == "" {
		c.KubeAPI.HostIP = "0.0.0.0"
	}
	if c.KubeAPI.Host == "" {
		c.KubeAPI.Host = c.KubeAPI.HostIP
	}
	made.KubeAPI = &kubeAPI{Port: apiPort, Host: c.KubeAPI.Host, Binding: binding{HostIP: c.KubeAPI.HostIP, HostPort: c.KubeAPI.HostPort}}
	if !c.Options.K3d.DisableLoadbalancer {
		image := k.helper("K3D_IMAGE_LOADBALANCER", "Loadbalancer", proxyImage)
		image = k.helper("K3D_IMAGE_LOADBALANCER", "Loadbalancer", image) // k3d asks, and says so, twice
		made.LoadBalancer = &loadbalancer{
			node: &node{
				Name: "k3d-" + name + "-serverlb", Role: roleLoadBalancer, Image: image, Restart: true,
				Ports: ports{apiPort: []binding{made.KubeAPI.Binding}},
			},
			Config: &lbConfig{Ports: map[string][]string{}},
		}
		made.LoadBalancer.Config.Settings.WorkerConnections = 1024
		made.Nodes = append(made.Nodes, made.LoadBalancer.node)
	}
	for i := range c.Servers {
		n := &node{Name: fmt.Sprintf("k3d-%s-server-%d", name, i), Role: roleServer, Image: c.Image}
		if i == 0 && c.Servers > 1 {
			n.ServerOpts.IsInit = true
			made.InitNode = n
		}
		made.Nodes = append(made.Nodes, n)
		if made.LoadBalancer != nil {
			key := apiPort + ".tcp"
			made.LoadBalancer.Config.Ports[key] = append(made.LoadBalancer.Config.Ports[key], n.Name)
		}
	}
	for i := range c.Agents {
		made.Nodes = append(made.Nodes, &node{Name: fmt.Sprintf("k3d-%s-agent-%d", name, i), Role: roleAgent, Image: c.Image})
	}
	if err := k.spread(c, made); err != nil {
		return nil, err
	}
	return p, k.planRegistries(c, p)
}

// spread gives every node what its filters say: mounts, ports, labels, variables, arguments.
func (k *k3d) spread(c config, made *cluster) error {
	nodes := made.Nodes
	for _, item := range c.Volumes {
		chosen, err := k.filter(nodes, item.NodeFilters)
		if err != nil {
			return fmt.Errorf("failed to filter nodes for volume mapping '%s': %w", item.Volume, err)
		}
		for _, n := range chosen {
			n.Volumes = append(n.Volumes, item.Volume)
		}
	}
	if err := k.place(made, nodes, c.Ports); err != nil {
		return fmt.Errorf("failed to transform ports: %w", err)
	}
	each := func(value string, filters []string, lacks, what string, give func(*node)) error {
		if len(filters) == 0 && len(nodes) > 1 {
			return fmt.Errorf("%s '%s' lacks a node filter, but there's more than one node", lacks, value)
		}
		chosen, err := k.filter(nodes, filters)
		if err != nil {
			return fmt.Errorf("failed to filter nodes for %s '%s': %w", what, value, err)
		}
		for _, n := range chosen {
			give(n)
		}
		return nil
	}
	for _, item := range c.Options.K3s.NodeLabels {
		key, value, _ := strings.Cut(item.Label, "=")
		if err := each(item.Label, item.NodeFilters, "k3s node label mapping", "k3s node label mapping", func(n *node) {
			if n.K3sNodeLabels == nil {
				n.K3sNodeLabels = map[string]string{}
			}
			n.K3sNodeLabels[key] = value
		}); err != nil {
			return err
		}
	}
	for _, item := range c.Options.Runtime.Labels {
		key, value, _ := strings.Cut(item.Label, "=")
		if strings.HasPrefix(key, "k3s.") || strings.HasPrefix(key, "k3d.") || key == "app" {
			k.log.fatal("runtime label \"%s\" is reserved for internal usage", key)
		}
		if err := each(item.Label, item.NodeFilters, "RuntimeLabelmapping", "runtime label mapping", func(n *node) {
			if n.RuntimeLabels == nil {
				n.RuntimeLabels = map[string]string{}
			}
			n.RuntimeLabels[key] = value
		}); err != nil {
			return err
		}
	}
	for _, item := range c.Env {
		if err := each(item.EnvVar, item.NodeFilters, "EnvVarMapping", "environment variable config", func(n *node) { n.Env = append(n.Env, item.EnvVar) }); err != nil {
			return err
		}
	}
	for _, item := range c.Options.K3s.ExtraArgs {
		if err := each(item.Arg, item.NodeFilters, "K3sExtraArg", "k3s extra args config", func(n *node) { n.Args = append(n.Args, item.Arg) }); err != nil {
			return err
		}
	}
	return nil
}

// planRegistries reads what stands in for a registries.yaml: a path, or the text itself when it has more than one line.
func (k *k3d) planRegistries(c config, p *plan) error {
	if made := c.Registries.Create; made != nil && (made.Name != "" || made.Host != "" || made.HostPort != "" || made.Image != "") {
		host, port := made.Host, made.HostPort
		if host == "" {
			host = "0.0.0.0"
		}
		if port == "" {
			port = "random"
		}
		at, err := k.expose(host + ":" + port)
		if err != nil {
			return fmt.Errorf("failed to get port for registry: %w", err)
		}
		p.registryMade = &registryRef{host: made.Name, image: made.Image, cluster: p.cluster.Name, at: at, volumes: made.Volumes,
			remote: made.Proxy.RemoteURL, user: made.Proxy.Username, password: made.Proxy.Password}
		if p.registryMade.host == "" {
			p.registryMade.host = "k3d-" + p.cluster.Name + "-registry"
		}
		if p.registryMade.image == "" {
			p.registryMade.image = registryImage
		}
	}
	for _, used := range c.Registries.Use {
		match := registryName.FindStringSubmatch(used)
		if match == nil {
			return fmt.Errorf("failed to parse use-registry string  '%s': Failed to parse registry reference %s: Must be [proto://]host[:port]", used, used)
		}
		p.registriesUsed = append(p.registriesUsed, &registryRef{host: match[1]})
	}
	if c.Registries.Config == "" {
		return nil
	}
	var err error
	if strings.Contains(c.Registries.Config, "\n") {
		if p.registry, err = registries.Read([]byte(c.Registries.Config)); err != nil {
			return fmt.Errorf("failed to read embedded registries config: %w", err)
		}
		return nil
	}
	content, err := os.ReadFile(c.Registries.Config)
	if err != nil {
		var wrong *os.PathError
		if errors.As(err, &wrong) && wrong.Op == "open" {
			return fmt.Errorf("failed to open registry config file at %s: %w", c.Registries.Config, err)
		}
		return fmt.Errorf("failed to read registry config file at %s: %w", c.Registries.Config, err)
	}
	if p.registry, err = registries.Read(content); err != nil {
		return fmt.Errorf("failed to read registry configuration: %w", err)
	}
	return nil
}
