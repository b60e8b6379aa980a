package k3d

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// kubeconfig is a file of kubectl with its entries by name.
type kubeconfig struct {
	clusters, contexts, users map[string]any
	current                   string
}

var kinds = []struct{ list, item string }{{"clusters", "cluster"}, {"contexts", "context"}, {"users", "user"}}

func (c *kubeconfig) of(kind string) map[string]any {
	switch kind {
	case "clusters":
		return c.clusters
	case "contexts":
		return c.contexts
	}
	return c.users
}

func readKubeconfig(content []byte) (*kubeconfig, error) {
	c := &kubeconfig{map[string]any{}, map[string]any{}, map[string]any{}, ""}
	var fields map[string]any
	if err := yaml.Unmarshal(content, &fields); err != nil {
		return nil, err
	}
	for _, kind := range kinds {
		items, _ := fields[kind.list].([]any)
		for _, item := range items {
			entry, _ := item.(map[string]any)
			if name, ok := entry["name"].(string); ok {
				c.of(kind.list)[name] = entry[kind.item]
			}
		}
	}
	c.current, _ = fields["current-context"].(string)
	return c, nil
}

func (c *kubeconfig) text() ([]byte, error) {
	fields := map[string]any{"apiVersion": "v1", "kind": "Config", "current-context": c.current}
	for _, kind := range kinds {
		items := []any{}
		for _, name := range sorted(c.of(kind.list)) {
			items = append(items, map[string]any{"name": name, kind.item: c.of(kind.list)[name]})
		}
		fields[kind.list] = items
	}
	return yaml.Marshal(fields)
}

// kubeconfigOf takes the file out of a server's container and gives its entries the cluster's name and address.
func (k *k3d) kubeconfigOf(ctx context.Context, c *cluster) (*kubeconfig, error) {
	servers, err := k.nodes(ctx, map[string]string{labelCluster: c.Name, labelRole: roleServer})
	if err != nil {
		return nil, fmt.Errorf("runtime failed to get server nodes for cluster '%s': %w", c.Name, err)
	}
	if len(servers) == 0 {
		return nil, fmt.Errorf("didn't find any server node for cluster '%s'", c.Name)
	}
	server := servers[0]
	content, err := k.docker.get(ctx, server.Name, kubeconfigFile)
	if err != nil {
		return nil, fmt.Errorf("runtime failed to pull kubeconfig from node '%s': docker failed to copy path '%s' from node '%s': %w", server.Name, kubeconfigFile, server.Name, err)
	}
	read, err := readKubeconfig(content)
	if err != nil {
		return nil, fmt.Errorf("failed to parse kubeconfig: %w", err)
	}
	name := "k3d-" + c.Name
	at, ok := read.clusters["default"].(map[string]any)
	if !ok {
		return nil, errors.New("failed to parse kubeconfig: it has no cluster 'default'")
	}
	at["server"] = fmt.Sprintf("https://%s:%s", server.RuntimeLabels[labelAPIHost], server.RuntimeLabels[labelAPIPort])
	return &kubeconfig{
		clusters: map[string]any{name: at},
		users:    map[string]any{"admin@" + name: read.users["default"]},
		contexts: map[string]any{name: map[string]any{"cluster": name, "user": "admin@" + name}},
		current:  name,
	}, nil
}

// defaultKubeconfig is the file that kubectl would use.
func defaultKubeconfig() (string, error) {
	if own := os.Getenv("KUBECONFIG"); own != "" {
		if strings.Contains(own, ":") {
			return "", errors.New("multiple kubeconfigs specified via KUBECONFIG env var: Please reduce to one entry, unset KUBECONFIG or explicitly choose an output")
		}
		return own, nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".kube", "config"), err
}

// mergeDefault puts a cluster's entries into the user's own file.
func (k *k3d) mergeDefault(ctx context.Context, c *cluster, change bool) error {
	made, err := k.kubeconfigOf(ctx, c)
	if err != nil {
		return err
	}
	name, err := defaultKubeconfig()
	if err != nil {
		return fmt.Errorf("failed to get default kubeconfig path: %w", err)
	}
	return merge(made, name, change)
}

func merge(made *kubeconfig, name string, change bool) error {
	content, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		err = os.MkdirAll(filepath.Dir(name), 0o755)
	}
	if err != nil {
		return fmt.Errorf("failed to create output directory '%s': %w", filepath.Dir(name), err)
	}
	whole, err := readKubeconfig(content)
	if err != nil {
		return fmt.Errorf("failed to open output file '%s' or it's not a kubeconfig: %w", name, err)
	}
	for _, kind := range kinds {
		for key, entry := range made.of(kind.list) {
			whole.of(kind.list)[key] = entry
		}
	}
	if change || whole.current == "" {
		whole.current = made.current
	}
	return whole.write(name)
}

func (c *kubeconfig) write(name string) error {
	content, err := c.text()
	if err != nil {
		return err
	}
	beside := name + ".k3d_new"
	if err := os.WriteFile(beside, content, 0o600); err != nil {
		return fmt.Errorf("failed to write merged kubeconfig to temporary file '%s': %w", beside, err)
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	return os.Rename(beside, name)
}

// forget takes a cluster's entries out of the user's own file.
func (k *k3d) forget(c *cluster) error {
	name, err := defaultKubeconfig()
	if err != nil {
		return fmt.Errorf("failed to get default kubeconfig path: %w", err)
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("failed to get default kubeconfig file: %w", err)
	}
	whole, err := readKubeconfig(content)
	if err != nil {
		return fmt.Errorf("failed to get default kubeconfig file: %w", err)
	}
	own := "k3d-" + c.Name
	delete(whole.clusters, own)
	delete(whole.contexts, own)
	delete(whole.users, "admin@"+own)
	if whole.current == own {
		whole.current = ""
		if others := sorted(whole.contexts); len(others) > 0 {
			whole.current = others[0]
		}
	}
	return whole.write(name)
}

// folder is where k3d keeps kubeconfigs of its own; it is made when it is asked for.
func folder() (string, error) {
	at := os.Getenv("XDG_CONFIG_HOME")
	if at == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		at = filepath.Join(home, ".config", "k3d")
	}
	return at, os.MkdirAll(at, 0o755)
}
