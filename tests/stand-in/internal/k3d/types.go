package k3d

import "strings"

// What k3d prints as JSON, field by field and in its order.

type binding struct {
	HostIP   string `json:"HostIp"`
	HostPort string `json:"HostPort"`
}

type ports map[string][]binding

type kubeAPI struct {
	Port    string
	Binding binding
	Host    string `json:"host,omitempty"`
}

type serverOpts struct {
	IsInit  bool     `json:"isInitializingServer,omitempty"`
	KubeAPI *kubeAPI `json:"kubeAPI"`
}

type nodeState struct {
	Running bool
	Status  string
	Started string
}

type nodeIP struct {
	IP     string
	Static bool
}

type node struct {
	Name          string            `json:"name,omitempty"`
	Role          string            `json:"role,omitempty"`
	Image         string            `json:"image,omitempty"`
	Volumes       []string          `json:"volumes,omitempty"`
	Env           []string          `json:"env,omitempty"`
	Cmd           []string          // its JSON name is its own
	Args          []string          `json:"extraArgs,omitempty"`
	Ports         ports             `json:"portMappings,omitempty"`
	Restart       bool              `json:"restart,omitempty"`
	Created       string            `json:"created,omitempty"`
	RuntimeLabels map[string]string `json:"runtimeLabels,omitempty"`
	K3sNodeLabels map[string]string `json:"k3sNodeLabels,omitempty"`
	Networks      []string
	ExtraHosts    []string
	ServerOpts    serverOpts `json:"serverOpts,omitempty"`
	AgentOpts     struct{}   `json:"agentOpts,omitempty"`
	GPURequest    string
	Memory        string
	State         nodeState
	IP            nodeIP
	K3dEntrypoint bool

	files []nodeFile // what is written into it before it starts
}

type nodeFile struct {
	name string
	mode int64
	text []byte
}

type ipam struct {
	Prefix  string   `json:"ipPrefix"`
	IPsUsed []string `json:"ipsUsed,omitempty"`
	Managed bool
}

type network struct {
	Name     string `json:"name,omitempty"`
	ID       string `json:"id"`
	External bool   `json:"isExternal,omitempty"`
	IPAM     ipam   `json:"ipam"`
	Members  []struct{ Name, IP string }
}

type lbConfig struct {
	Ports    map[string][]string `json:"ports"`
	Settings struct {
		WorkerConnections   int `json:"workerConnections"`
		DefaultProxyTimeout int `json:"defaultProxyTimeout,omitempty"`
	} `json:"settings"`
}

type loadbalancer struct {
	*node            // its fields lie beside the configuration
	Config *lbConfig `json:"config"`
}

type cluster struct {
	Name         string        `json:"name,omitempty"`
	Network      network       `json:"network"`
	Token        string        `json:"clusterToken,omitempty"`
	Nodes        []*node       `json:"nodes,omitempty"`
	InitNode     *node         // null but in a cluster with several servers
	KubeAPI      *kubeAPI      `json:"kubeAPI,omitempty"`
	LoadBalancer *loadbalancer `json:"serverLoadBalancer,omitempty"`
	ImageVolume  string        `json:"imageVolume,omitempty"`
	Volumes      []string      `json:"volumes,omitempty"`
}

func (c *cluster) count(role string) (running, all int) {
	for _, n := range c.Nodes {
		if n.Role == role {
			all++
			if n.State.Running {
				running++
			}
		}
	}
	return running, all
}

func (c *cluster) hasLoadBalancer() bool {
	_, all := c.count(roleLoadBalancer)
	return all > 0
}

const (
	roleServer       = "server"
	roleAgent        = "agent"
	roleLoadBalancer = "loadbalancer"
	roleRegistry     = "registry"

	labelCluster         = "k3d.cluster"
	labelRole            = "k3d.role"
	labelToken           = "k3d.cluster.token"
	labelURL             = "k3d.cluster.url"
	labelNetwork         = "k3d.cluster.network"
	labelNetworkID       = "k3d.cluster.network.id"
	labelNetworkRange    = "k3d.cluster.network.iprange"
	labelNetworkExternal = "k3d.cluster.network.external"
	labelImageVolume     = "k3d.cluster.imageVolume"
	labelHostAliases     = "k3d.cluster.start.hostaliases"
	labelLoadBalancer    = "k3d.server.loadbalancer"
	labelAPIHost         = "k3d.server.api.host"
	labelAPIHostIP       = "k3d.server.api.hostIP"
	labelAPIPort         = "k3d.server.api.port"
	labelInit            = "k3d.server.init"
	labelStaticIP        = "k3d.node.staticIP"
	labelVersion         = "k3d.version"

	imageMount      = "/k3d/images"
	lbConfigFile    = "/etc/confd/values.yaml"
	registriesFile  = "/etc/rancher/k3s/registries.yaml"
	corednsFile     = "/var/lib/rancher/k3s/server/manifests/coredns.yaml"
	kubeconfigFile  = "/output/kubeconfig.yaml"
	registryMapFile = "/tmp/localRegistryHostingCM.yaml"

	apiPort        = "6443"
	version        = "v5-dev"
	k3sVersion     = "v1.35.5-k3s1"
	defaultImage   = "docker.io/rancher/k3s:" + k3sVersion
	toolsImage     = "ghcr.io/k3d-io/k3d-tools:latest"
	proxyImage     = "ghcr.io/k3d-io/k3d-proxy:latest"
	registryImage  = "docker.io/library/registry:2"
	defaultCluster = "k3s-default"
)

// details is what the daemon says of one container. The settings of its network keep the shape of Docker's own types, because
// k3d prints them with the names of the fields in its most famous error.
type details struct {
	ID      string `json:"Id"`
	Name    string
	Created string
	Image   string
	Args    []string
	State   struct {
		Running   bool
		Status    string
		StartedAt string
	}
	Config struct {
		Env    []string
		Cmd    []string
		Labels map[string]string
		Image  string
	}
	HostConfig struct {
		Binds         []string
		PortBindings  ports
		Memory        int64
		RestartPolicy struct{ Name string }
	}
	NetworkSettings *networkSettings
}

type networkSettings struct {
	NetworkSettingsBase
	DefaultNetworkSettings
	Networks map[string]*endpoint
}

type NetworkSettingsBase struct {
	Bridge                 string
	SandboxID              string
	SandboxKey             string
	Ports                  map[string][]portBinding
	HairpinMode            bool
	LinkLocalIPv6Address   string
	LinkLocalIPv6PrefixLen int
	SecondaryIPAddresses   []string
	SecondaryIPv6Addresses []string
}

type portBinding struct{ HostIP, HostPort string }

type DefaultNetworkSettings struct {
	EndpointID          string
	Gateway             string
	GlobalIPv6Address   string
	GlobalIPv6PrefixLen int
	IPAddress           string
	IPPrefixLen         int
	IPv6Gateway         string
	MacAddress          string
}

type endpoint struct {
	IPAddress string
	NetworkID string
}

func plain(name string) string { return strings.TrimPrefix(name, "/") }
