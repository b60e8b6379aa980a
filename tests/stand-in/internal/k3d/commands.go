// Package k3d is a stand-in of k3d for tests: it drives a real Docker daemon as k3d does, makes what k3d makes in the same order
// under the same names and labels, says what k3d says, and ends with its exit codes, the lying ones too.
package k3d

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"sigs.k8s.io/yaml"
)

// About says what this program is.
const About = "stand-in k3d for tests: it answers as k3d " + version + " does and is not k3d"

type command struct {
	options []option
	do      func(*k3d, *flags)
}

var outputs = []option{{"no-headers", "", true}, {"output", "o", false}}

var commands = map[string]command{
	"cluster create":    {createOptions, (*k3d).createCommand},
	"cluster delete":    {[]option{{"all", "a", true}, {"config", "c", false}}, (*k3d).deleteCommand},
	"cluster list":      {append([]option{{"token", "", true}}, outputs...), (*k3d).listCommand},
	"cluster start":     {[]option{{"all", "a", true}, {"wait", "", true}, {"timeout", "", false}}, (*k3d).startCommand},
	"cluster stop":      {[]option{{"all", "a", true}}, (*k3d).stopCommand},
	"node list":         {outputs, (*k3d).nodesCommand},
	"kubeconfig get":    {[]option{{"all", "a", true}}, (*k3d).kubeconfigCommand},
	"kubeconfig merge":  {mergeOptions, (*k3d).mergeCommand},
	"image import":      {[]option{{"cluster", "c", false}, {"keep-tarball", "k", true}, {"keep-tools", "t", true}, {"mode", "m", false}}, (*k3d).importCommand},
	"registry create":   {registryOptions, (*k3d).registryCommand},
	"registry list":     {outputs, (*k3d).registriesCommand},
	"registry delete":   {[]option{{"all", "a", true}}, (*k3d).dropRegistryCommand},
	"version":           {[]option{{"output", "o", false}}, (*k3d).versionCommand},
	"version list":      {[]option{{"output", "o", false}, {"limit", "l", false}, {"include", "i", false}, {"exclude", "e", false}, {"sort", "s", false}}, (*k3d).versionsCommand},
	"runtime-info":      {nil, (*k3d).infoCommand},
	"stand-in-image":    {nil, (*k3d).imageCommand},
	"stand-in-tools":    {nil, (*k3d).toolsCommand},
	"stand-in-proxy":    {nil, (*k3d).proxyCommand},
	"stand-in-describe": {nil, func(*k3d, *flags) { fmt.Println(About) }},
}

var aliases = map[string]string{
	"get": "list", "ls": "list", "del": "delete", "rm": "delete", "write": "merge", "show": "get", "print": "get", "load": "import", "add": "create", "new": "create",
}

var mergeOptions = []option{
	{"all", "a", true}, {"output", "o", false}, {"kubeconfig-merge-default", "d", true}, {"update", "u", true},
	{"kubeconfig-switch-context", "s", true}, {"overwrite", "", true},
}

var registryOptions = []option{
	{"cluster", "c", false}, {"image", "i", false}, {"port", "p", false}, {"volume", "v", false}, {"default-network", "", false},
	{"proxy-remote-url", "", false}, {"proxy-username", "", false}, {"proxy-password", "", false}, {"no-help", "", true}, {"delete-enabled", "", true},
}

// command finds the command that the first words name.
func (k *k3d) command(arguments []string) ([]string, []string, command) {
	var name, rest []string
	for i, word := range arguments {
		if strings.HasPrefix(word, "-") || len(name) == 2 {
			if word == "--version" && len(name) == 0 {
				return []string{"version"}, nil, commands["version"]
			}
			rest = append(rest, word)
			if len(name) < 2 && (word == "--trace" || word == "--verbose" || word == "--timestamps") {
				continue
			}
			rest = append(rest, arguments[i+1:]...)
			break
		}
		name = append(name, word)
	}
	if len(name) == 2 {
		full := name[1]
		if known, ok := aliases[full]; ok && commands[name[0]+" "+full].do == nil {
			full = known
		}
		if name[0] == "kubeconfig" && full == "list" {
			full = "get"
		}
		if found, ok := commands[name[0]+" "+full]; ok {
			return []string{name[0], full}, rest, found
		}
		if found, ok := commands[name[0]]; ok {
			return name[:1], append([]string{name[1]}, rest...), found
		}
	}
	return name, rest, commands[strings.Join(name, " ")]
}

var createOptions = []option{
	{"config", "c", false}, {"api-port", "", false}, {"env", "e", false}, {"volume", "v", false}, {"port", "p", false},
	{"k3s-node-label", "", false}, {"runtime-label", "", false}, {"registry-create", "", false}, {"host-alias", "", false},
	{"k3s-arg", "", false}, {"servers", "s", false}, {"agents", "a", false}, {"image", "i", false}, {"network", "", false},
	{"subnet", "", false}, {"token", "", false}, {"wait", "", true}, {"timeout", "", false}, {"kubeconfig-update-default", "", true},
	{"kubeconfig-switch-context", "", true}, {"no-lb", "", true}, {"no-rollback", "", true}, {"no-image-volume", "", true},
	{"registry-use", "", false}, {"registry-config", "", false},
}

// createCommand lays the options over the file and makes the cluster.
func (k *k3d) createCommand(f *flags) {
	c := defaults()
	if file := f.text("config", ""); file != "" {
		k.read(file, &c)
	}
	whole := func(name string, into *int) {
		if f.has(name) {
			n, err := strconv.Atoi(f.text(name, ""))
			if err != nil {
				k.log.fatal("invalid argument %q for \"--%s\" flag: strconv.ParseInt: parsing %q: invalid syntax", f.text(name, ""), name, f.text(name, ""))
			}
			*into = n
		}
	}
	whole("servers", &c.Servers)
	whole("agents", &c.Agents)
	c.Image = f.text("image", c.Image)
	c.Network, c.Subnet, c.Token = f.text("network", c.Network), f.text("subnet", c.Subnet), f.text("token", c.Token)
	if f.has("timeout") {
		limit, err := time.ParseDuration(f.text("timeout", ""))
		if err != nil {
			k.log.fatal("invalid argument %q for \"--timeout\" flag: %v", f.text("timeout", ""), err)
		}
		c.Options.K3d.Timeout = duration(limit)
	}
	c.Options.K3d.Wait = f.is("wait", c.Options.K3d.Wait)
	c.Options.K3d.DisableLoadbalancer = f.is("no-lb", c.Options.K3d.DisableLoadbalancer)
	c.Options.K3d.DisableRollback = f.is("no-rollback", c.Options.K3d.DisableRollback)
	c.Options.K3d.DisableImageVolume = f.is("no-image-volume", c.Options.K3d.DisableImageVolume)
	c.Options.Kubeconfig.UpdateDefaultKubeconfig = f.is("kubeconfig-update-default", c.Options.Kubeconfig.UpdateDefaultKubeconfig)
	c.Options.Kubeconfig.SwitchCurrentContext = f.is("kubeconfig-switch-context", c.Options.Kubeconfig.SwitchCurrentContext)
	c.Registries.Use = append(c.Registries.Use, f.list("registry-use")...)
	c.Registries.Config = f.text("registry-config", c.Registries.Config)
	if f.has("api-port") {
		at, err := k.expose(f.text("api-port", ""))
		if err != nil {
			k.log.fatal("Failed to apply CLI overrides: failed to parse API Port spec: %v", err)
		}
		c.KubeAPI.Host, c.KubeAPI.HostIP, c.KubeAPI.HostPort = at.Host, at.Binding.HostIP, at.Binding.HostPort
	}
	if c.KubeAPI.HostPort == "" {
		c.KubeAPI.HostPort = k.freePort()
	}
	each := func(name string, take func(value string, filters []string)) {
		for _, text := range f.list(name) {
			value, filters, err := split(text)
			if err != nil {
				k.log.fatal("%v", err)
			}
			take(value, filters)
		}
	}
	each("volume", func(v string, at []string) {
		if strings.Contains(v, registriesFile) && (c.Registries.Create != nil || c.Registries.Config != "" || len(c.Registries.Use) > 0) {
			k.log.warn("Seems like you're mounting a file at '%s' while also using a referenced registries config or k3d-managed registries: Your mounted file will probably be overwritten!", registriesFile)
		}
		c.Volumes = append(c.Volumes, volumeWith{v, at})
	})
	each("port", func(v string, at []string) { c.Ports = append(c.Ports, portWith{v, at}) })
	each("env", func(v string, at []string) { c.Env = append(c.Env, envWith{v, at}) })
	each("k3s-node-label", func(v string, at []string) {
		c.Options.K3s.NodeLabels = append(c.Options.K3s.NodeLabels, labelWith{v, at})
	})
	each("runtime-label", func(v string, at []string) {
		c.Options.Runtime.Labels = append(c.Options.Runtime.Labels, labelWith{v, at})
	})
	each("k3s-arg", func(v string, at []string) {
		c.Options.K3s.ExtraArgs = append(c.Options.K3s.ExtraArgs, argWith{v, at})
	})
	if made := f.text("registry-create", ""); made != "" {
		name, port, _ := strings.Cut(made, ":")
		if c.Registries.Create == nil {
			c.Registries.Create = &registryCreate{}
		}
		c.Registries.Create.Name = name
		if port != "" {
			at, err := k.expose(port)
			if err != nil {
				k.log.fatal("Failed to apply CLI overrides: failed to registry port spec: %v", err)
			}
			c.Registries.Create.Host, c.Registries.Create.HostPort = at.Host, at.Binding.HostPort
		}
	}
	for _, text := range f.list("host-alias") {
		address, names, ok := strings.Cut(text, ":")
		if !ok {
			k.log.fatal("Failed to apply CLI overrides: invalid format of host-alias %s (exactly one ':' allowed)", text)
		}
		c.HostAliases = append(c.HostAliases, hostAlias{address, strings.Split(names, ",")})
	}
	if len(f.words) > 1 {
		k.log.fatal("accepts between 0 and 1 arg(s), received %d", len(f.words))
	}
	if len(f.words) == 1 {
		c.Metadata.Name = f.words[0]
	}
	if c.Metadata.Name == "" {
		c.Metadata.Name = defaultCluster
	}
	p, err := k.planOf(c)
	if err != nil {
		k.log.fatal("%v", err)
	}
	k.create(context.Background(), p)
}

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

// choose reads the clusters that are named, or all of them, or the default one.
func (k *k3d) choose(ctx context.Context, names []string, all bool) []*cluster {
	if all {
		found, err := k.clusters(ctx)
		if err != nil {
			k.log.fatal("%v", err)
		}
		return found
	}
	var chosen []*cluster
	for _, name := range names {
		c, err := k.get(ctx, &cluster{Name: name})
		if err != nil {
			k.log.fatal("%v", err)
		}
		chosen = append(chosen, c)
	}
	return chosen
}

func named(words []string) []string {
	if len(words) == 0 {
		return []string{defaultCluster}
	}
	return words
}

func (k *k3d) listCommand(f *flags) {
	clusters := k.choose(context.Background(), f.words, len(f.words) == 0)
	sort.SliceStable(clusters, func(i, j int) bool { return clusters[i].Name < clusters[j].Name })
	type entry struct {
		cluster
		ServersRunning  int  `json:"serversRunning"`
		ServersCount    int  `json:"serversCount"`
		AgentsRunning   int  `json:"agentsRunning"`
		AgentsCount     int  `json:"agentsCount"`
		HasLoadBalancer bool `json:"hasLoadbalancer,omitempty"`
	}
	entries := []entry{}
	header := []string{"NAME", "SERVERS", "AGENTS", "LOADBALANCER"}
	token := f.is("token", false)
	if token {
		header = append(header, "TOKEN")
	}
	rows := [][]string{}
	for _, c := range clusters {
		e := entry{cluster: *c, HasLoadBalancer: c.hasLoadBalancer()}
		e.ServersRunning, e.ServersCount = c.count(roleServer)
		e.AgentsRunning, e.AgentsCount = c.count(roleAgent)
		row := []string{c.Name, fmt.Sprintf("%d/%d", e.ServersRunning, e.ServersCount), fmt.Sprintf("%d/%d", e.AgentsRunning, e.AgentsCount), strconv.FormatBool(e.HasLoadBalancer)}
		if token {
			row = append(row, c.Token)
		} else {
			e.Token = ""
		}
		rows, entries = append(rows, row), append(entries, e)
	}
	show(f, entries, header, rows)
}

func (k *k3d) nodesCommand(f *flags) {
	k.printNodes(f, func(*node) bool { return true })
}

func (k *k3d) printNodes(f *flags, wanted func(*node) bool) {
	ctx := context.Background()
	var found []*node
	if len(f.words) == 0 {
		all, err := k.nodes(ctx, nil)
		if err != nil {
			// A list of nodes says "failed", a list of clusters "docker failed": k3d's own words differ too.
			k.log.fatal("failed to list nodes: %v", err)
		}
		found = all
	}
	for _, name := range f.words {
		n, err := k.node(ctx, name)
		if err != nil {
			k.log.fatal("failed to get node '%s': %v", name, err)
		}
		found = append(found, n)
	}
	chosen := []*node{}
	for _, n := range found {
		if wanted(n) {
			chosen = append(chosen, n)
		}
	}
	sort.SliceStable(chosen, func(i, j int) bool { return chosen[i].Name < chosen[j].Name })
	rows := [][]string{}
	for _, n := range chosen {
		rows = append(rows, []string{n.Name, n.Role, n.RuntimeLabels[labelCluster], n.State.Status})
	}
	show(f, chosen, []string{"NAME", "ROLE", "CLUSTER", "STATUS"}, rows)
}

// show writes a list as JSON, as YAML or as a table.
func show(f *flags, all any, header []string, rows [][]string) {
	switch strings.ToLower(f.text("output", "")) {
	case "json":
		if text, err := json.Marshal(all); err == nil {
			fmt.Println(string(text))
		}
	case "yaml":
		if text, err := yaml.Marshal(all); err == nil {
			fmt.Println(string(text))
		}
	default:
		table := tabwriter.NewWriter(os.Stdout, 6, 4, 3, ' ', 0)
		if !f.is("no-headers", false) {
			fmt.Fprintln(table, strings.Join(header, "\t"))
		}
		for _, row := range rows {
			fmt.Fprintln(table, strings.Join(row, "\t"))
		}
		_ = table.Flush()
	}
}
