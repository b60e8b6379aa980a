package k3d

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// k3d is one call of the program.
type k3d struct {
	log    *logger
	docker *docker
	faults *faults
	tools  sync.Mutex
	code   int // what the program ends with
}

// pause waits as k3d does before it makes a server. Tests that have seen it often enough may leave it out.
func (k *k3d) pause() {
	if os.Getenv("STAND_IN_K3D_HASTE") == "" {
		time.Sleep(time.Second)
	}
}

// within limits a step, if a limit is set: k3d gives every one of its steps the whole of it.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit > 0 {
		return context.WithTimeout(ctx, limit)
	}
	return context.WithCancel(ctx)
}

// make creates a node's container, and fetches its image first if the daemon has none.
func (k *k3d) make(ctx context.Context, n *node) error {
	if n.RuntimeLabels == nil {
		n.RuntimeLabels = map[string]string{}
	}
	n.RuntimeLabels["app"], n.RuntimeLabels[labelVersion] = "k3d", version
	if n.Role != "" {
		n.RuntimeLabels[labelRole] = n.Role
	}
	for _, key := range sorted(n.K3sNodeLabels) {
		n.Args = append(n.Args, "--node-label", key+"="+n.K3sNodeLabels[key])
	}
	n.Env = append(n.Env, "K3S_KUBECONFIG_OUTPUT="+kubeconfigFile)
	switch n.Role {
	case roleAgent:
		n.Cmd = []string{"agent"}
	case roleServer:
		n.Cmd = []string{"server"}
		n.RuntimeLabels[labelAPIHostIP] = n.ServerOpts.KubeAPI.Binding.HostIP
		n.RuntimeLabels[labelAPIHost] = n.ServerOpts.KubeAPI.Host
		n.RuntimeLabels[labelAPIPort] = n.ServerOpts.KubeAPI.Binding.HostPort
		n.Args = append(n.Args, "--tls-san", n.ServerOpts.KubeAPI.Host)
		if lb := n.RuntimeLabels[labelLoadBalancer]; lb != "" {
			n.Args = append(n.Args, "--tls-san", lb)
		}
	}
	mode := "bridge"
	endpoints := map[string]any{}
	for _, name := range n.Networks {
		settings := map[string]any{}
		if n.IP.Static {
			settings["IPAMConfig"] = map[string]string{"IPv4Address": n.IP.IP}
		}
		endpoints[name] = settings
	}
	if len(n.Networks) > 0 {
		var seen struct{ Driver string }
		if err := k.docker.call(ctx, "GET", "/networks/"+n.Networks[0], nil, nil, &seen); err != nil {
			k.log.warn("Failed to get network information: %v", err)
		} else if seen.Driver == "host" {
			mode = "host"
		}
	}
	exposed := map[string]any{}
	for port := range n.Ports {
		exposed[port] = struct{}{}
	}
	restart := map[string]any{}
	if n.Restart {
		restart["Name"] = "unless-stopped"
	}
	body := map[string]any{
		"Hostname": n.Name, "Image": n.Image, "Cmd": append(append([]string{}, n.Cmd...), n.Args...), "Env": n.Env,
		"Labels": n.RuntimeLabels, "ExposedPorts": exposed,
		"HostConfig": map[string]any{
			"Init": true, "ExtraHosts": n.ExtraHosts, "NetworkMode": mode, "RestartPolicy": restart, "Privileged": true,
			"UsernsMode": "host", "Tmpfs": map[string]string{"/run": "", "/var/run": ""}, "Binds": n.Volumes, "PortBindings": n.Ports,
		},
		"NetworkingConfig": map[string]any{"EndpointsConfig": endpoints},
	}
	for fetched := false; ; fetched = true {
		err := k.docker.call(ctx, "POST", "/containers/create", url.Values{"name": {n.Name}}, body, nil)
		if err == nil {
			return nil
		}
		if fetched || !notFound(err) || !strings.Contains(err.Error(), "No such image") {
			return fmt.Errorf("runtime failed to create node '%s': failed to create container for node '%s': docker failed to create container '%s': %w", n.Name, n.Name, n.Name, err)
		}
		if err := k.fetch(ctx, n.Image); err != nil {
			return fmt.Errorf("runtime failed to create node '%s': failed to create container for node '%s': docker failed to pull image '%s': %w", n.Name, n.Name, n.Image, err)
		}
	}
}

// fetch pulls an image. The two helpers of k3d are not pulled: this program is in them.
func (k *k3d) fetch(ctx context.Context, image string) error {
	if image == toolsImage || image == proxyImage {
		return k.loadHelpers(ctx)
	}
	name, tag := image, "latest"
	if at := strings.LastIndexByte(image, ':'); at > strings.LastIndexByte(image, '/') {
		name, tag = image[:at], image[at+1:]
	}
	answer, err := k.docker.open(ctx, "POST", "/images/create", url.Values{"fromImage": {name}, "tag": {tag}}, "", nil)
	if err != nil {
		return fmt.Errorf("docker failed to pull the image '%s': %w", image, err)
	}
	defer answer.Close()
	k.log.info("Pulling image '%s'", image)
	_, err = io.Copy(io.Discard, answer)
	return err
}

// start starts a node's container and waits for the line in its log that says it is ready.
func (k *k3d) start(ctx context.Context, n *node, ready string) error {
	if n.State.Running {
		k.log.info("Node %s is already running", n.Name)
		return nil
	}
	for _, file := range n.files {
		if err := k.write(ctx, n.Name, file); err != nil {
			k.log.error("Node %s: Failed executing preStartAction 'WriteFileAction': %s: %+v", n.Name, file.name, err)
		}
	}
	one, err := k.container(ctx, n.Name)
	if err != nil {
		return fmt.Errorf("runtime failed to start node '%s': failed to get container for node '%s': %w", n.Name, n.Name, err)
	}
	k.log.info("Starting node '%s'", n.Name)
	if err := k.docker.call(ctx, "POST", "/containers/"+one.ID+"/start", nil, nil, nil); err != nil {
		return fmt.Errorf("runtime failed to start node '%s': docker failed to start container for node '%s': %w", n.Name, n.Name, err)
	}
	all, err := k.docker.inspect(ctx, one.ID)
	if err != nil {
		return fmt.Errorf("runtime failed to start node '%s': Failed to inspect container %s for node %s: %+v", n.Name, n.Name, one.ID, err)
	}
	n.Created, n.State.Running, n.State.Started = all.Created, all.State.Running, all.State.StartedAt
	if ready == "" {
		return nil
	}
	if err := k.wait(ctx, n, ready); err != nil {
		return fmt.Errorf("Node %s failed to get ready: %+v", n.Name, err)
	}
	return nil
}

func (k *k3d) write(ctx context.Context, name string, file nodeFile) error {
	one, err := k.container(ctx, name)
	if err != nil {
		return err
	}
	if err := k.docker.put(ctx, one.ID, file.name, file.mode, file.text); err != nil {
		return fmt.Errorf("failed to copy to container '%s': %w", one.ID, err)
	}
	return nil
}

// wait reads a node's log from its start on until a line holds the words, small or large.
func (k *k3d) wait(ctx context.Context, n *node, words string) error {
	words = strings.ToLower(words)
	since := time.Now()
	if started, err := time.Parse(time.RFC3339Nano, n.State.Started); err == nil {
		since = started.Truncate(time.Second)
	}
	failed := fmt.Errorf("error waiting for log line `%s` from node '%s': stopped returning log lines", words, n.Name)
	const tries = 10
	for i := range tries {
		one, err := k.container(ctx, n.Name)
		if err != nil {
			return fmt.Errorf("Failed waiting for log message '%s' from node '%s': failed to get container for node '%s': %w", words, n.Name, n.Name, err)
		}
		stream, err := k.docker.open(ctx, "GET", "/containers/"+one.ID+"/logs", url.Values{
			"stdout": {"1"}, "stderr": {"1"}, "follow": {"1"}, "since": {strconv.FormatInt(since.Unix(), 10)},
		}, "", nil)
		if err != nil {
			return fmt.Errorf("Failed waiting for log message '%s' from node '%s': docker failed to get logs from node '%s' (container '%s'): %w", words, n.Name, n.Name, one.ID, err)
		}
		last, seen, err := find(&frames{from: stream}, words)
		stream.Close()
		if seen {
			return nil
		}
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			failed = fmt.Errorf("%v: %w", failed, err)
		}
		if !strings.Contains(last, "level=fatal") {
			break
		}
		k.log.warn("warning: encountered fatal log from node %s (retrying %d/%d): %s", n.Name, i, tries, last)
		time.Sleep(500 * time.Millisecond)
	}
	one, err := k.container(ctx, n.Name)
	if err != nil {
		return failed
	}
	all, err := k.docker.inspect(ctx, one.ID)
	if err != nil {
		return failed
	}
	return fmt.Errorf("%v: node %s is running=%v in status=%s", failed, n.Name, all.State.Running, all.State.Status)
}

// find reads lines until one holds the words; it returns the last line it read.
func find(from io.Reader, words string) (last string, seen bool, err error) {
	var line []byte
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		for _, b := range buffer[:n] {
			if b != '\n' {
				line = append(line, b)
				continue
			}
			last = strings.TrimSuffix(string(line), "\r")
			line = line[:0]
			if strings.Contains(strings.ToLower(last), words) {
				return last, true, nil
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return last, false, nil
		}
		if err != nil {
			return last, false, err
		}
	}
}

// ensureTools starts the tools node of a cluster unless it is there.
func (k *k3d) ensureTools(ctx context.Context, c *cluster) (*node, error) {
	k.tools.Lock()
	defer k.tools.Unlock()
	name := "k3d-" + c.Name + "-tools"
	if n, err := k.node(ctx, name); err == nil {
		if !n.State.Running {
			k.log.info("Starting existing tools node %s...", n.Name)
			if err := k.start(ctx, n, ""); err != nil {
				return nil, fmt.Errorf("error starting existing tools node %s: %v", n.Name, err)
			}
		}
		return n, nil
	}
	if c.Network.Name == "" || c.ImageVolume == "" {
		if _, err := k.get(ctx, c); err != nil {
			return nil, fmt.Errorf("failed to retrieve cluster: %w", err)
		}
		if c.Network.Name == "" {
			return nil, fmt.Errorf("failed to get network for cluster '%s'", c.Name)
		}
		if c.ImageVolume == "" {
			return nil, fmt.Errorf("Failed to find image volume for cluster '%s'", c.Name)
		}
	}
	k.log.info("Starting new tools node...")
	n := &node{
		Name: name, Image: k.helper("K3D_IMAGE_TOOLS", "Tools", toolsImage), Networks: []string{c.Network.Name}, Args: []string{"noop"},
		Volumes:       []string{c.ImageVolume + ":" + imageMount, k.docker.socket() + ":" + k.docker.socket()},
		ExtraHosts:    []string{"host.k3d.internal:host-gateway"},
		RuntimeLabels: map[string]string{labelCluster: c.Name, labelRole: "noRole"},
	}
	err := k.make(ctx, n)
	if err != nil {
		err = fmt.Errorf("failed to create node '%s': %w", name, err)
	} else if err = k.start(ctx, n, ""); err != nil {
		err = fmt.Errorf("failed to start node '%s': %w", name, err)
	}
	if err != nil {
		k.log.error("Failed to run tools container for cluster '%s'", c.Name)
		return n, fmt.Errorf("failed to run k3d-tools node for cluster '%s': %w", c.Name, err)
	}
	return n, nil
}

// helper is the image of one of k3d's helpers.
func (k *k3d) helper(variable, what, image string) string {
	if own := os.Getenv(variable); own != "" {
		k.log.info("%s image set from env var $%s: %s", what, variable, own)
		return own
	}
	return image
}

// environment asks what a start needs to know: here the gateway of the cluster's network.
func (k *k3d) environment(ctx context.Context, c *cluster) (string, error) {
	if _, err := k.info(ctx); err != nil {
		return "", err
	}
	k.log.info("Using the k3d-tools node to gather environment information")
	tools, err := k.ensureTools(ctx, c)
	if err != nil {
		return "", err
	}
	if err := k.docker.remove(ctx, tools.Name); err != nil {
		k.log.error("docker failed to remove the container '%s': %v", tools.Name, err)
	}
	if c.Network.Name == "host" {
		return "", nil
	}
	var seen struct {
		Name string
		IPAM struct{ Config []struct{ Gateway string } }
	}
	if err := k.docker.call(ctx, "GET", "/networks/"+c.Network.Name, nil, nil, &seen); err != nil {
		return "", fmt.Errorf("failed to get host IP: runtime failed to get host IP: failed to get bridge network with name '%s': %w", c.Network.Name, err)
	}
	if len(seen.IPAM.Config) == 0 {
		return "", fmt.Errorf("failed to get host IP: runtime failed to get host IP: Failed to get IPAM Config for network %s", seen.Name)
	}
	k.log.info("HostIP: using network gateway %s address", seen.IPAM.Config[0].Gateway)
	return seen.IPAM.Config[0].Gateway, nil
}

type runtimeInfo struct {
	ServerVersion, OperatingSystem, OSType, Architecture, CgroupVersion, CgroupDriver, Name string

	DriverStatus [][]string
}

func (k *k3d) info(ctx context.Context) (runtimeInfo, error) {
	var all runtimeInfo
	if err := k.docker.call(ctx, "GET", "/info", nil, nil, &all); err != nil {
		return all, fmt.Errorf("docker failed to provide info output: %w", err)
	}
	return all, nil
}
