package k3d

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

func (k *k3d) startCommand(f *flags) {
	ctx := context.Background()
	limit, err := time.ParseDuration(f.text("timeout", "0s"))
	if err != nil {
		k.log.fatal("invalid argument %q for \"--timeout\" flag: %v", f.text("timeout", ""), err)
	}
	clusters := k.choose(ctx, named(f.words), f.is("all", false))
	if len(clusters) == 0 {
		k.log.info("No clusters found")
	}
	for _, c := range clusters {
		gateway, err := k.environment(ctx, c)
		if err != nil {
			k.log.fatal("failed to gather info about cluster environment: %v", err)
		}
		o := startOptions{limit: limit, gateway: gateway}
		for _, n := range c.Nodes {
			if text := n.RuntimeLabels[labelHostAliases]; text != "" && len(o.aliases) == 0 {
				if err := json.Unmarshal([]byte(text), &o.aliases); err != nil {
					k.log.fatal("failed to get cluster start opts from cluster labels: error unmarshalling hostaliases JSON from node %s label: %v", n.Name, err)
				}
			}
		}
		if err := k.startCluster(ctx, c, o); err != nil {
			k.log.fatal("%v", err)
		}
		k.log.info("Started cluster '%s'", c.Name)
	}
}

func (k *k3d) stopCommand(f *flags) {
	ctx := context.Background()
	clusters := k.choose(ctx, named(f.words), f.is("all", false))
	if len(clusters) == 0 {
		k.log.info("No clusters found")
	}
	for _, c := range clusters {
		k.log.info("Stopping cluster '%s'", c.Name)
		failed := 0
		for _, n := range c.Nodes {
			if err := k.docker.call(ctx, "POST", "/containers/"+n.Name+"/stop", nil, nil, nil); err != nil {
				k.log.warn("Failed to stop node '%s': Try to stop it manually", n.Name)
				failed++
			}
		}
		if failed > 0 {
			k.log.fatal("Failed to stop %d nodes: Try to stop them manually", failed)
		}
		k.log.info("Stopped cluster '%s'", c.Name)
	}
}

func (k *k3d) kubeconfigCommand(f *flags) {
	ctx := context.Background()
	all := f.is("all", false)
	if all == (len(f.words) > 0) {
		fmt.Fprintln(os.Stderr, "Error: need to specify one or more cluster names *or* set `--all` flag")
		k.log.fatal("need to specify one or more cluster names *or* set `--all` flag")
	}
	for _, c := range k.choose(ctx, f.words, all) {
		fmt.Println("---")
		made, err := k.kubeconfigOf(ctx, c)
		if err == nil {
			var text []byte
			if text, err = made.text(); err == nil {
				fmt.Print(string(text))
			}
		}
		if err != nil {
			k.log.error("%v", err)
			k.code = 1
		}
	}
}

func (k *k3d) mergeCommand(f *flags) {
	ctx := context.Background()
	clusters := k.choose(ctx, named(f.words), f.is("all", false))
	at, err := folder()
	if err != nil {
		k.log.error("%v", err)
		k.log.fatal("Failed to save kubeconfig to local directory")
	}
	var written []string
	for _, c := range clusters {
		output := f.text("output", "")
		made, err := k.kubeconfigOf(ctx, c)
		switch {
		case err != nil:
		case output == "-":
			var text []byte
			if text, err = made.text(); err == nil {
				fmt.Print(string(text))
			}
		default:
			if output == "" && f.is("kubeconfig-merge-default", false) {
				output, err = defaultKubeconfig()
			} else if output == "" {
				output = filepath.Join(at, "kubeconfig-"+c.Name+".yaml")
			}
			if err == nil && f.is("overwrite", false) {
				err = made.write(output)
			} else if err == nil {
				err = merge(made, output, f.is("kubeconfig-switch-context", true))
			}
		}
		if err != nil {
			k.log.error("%v", err)
			k.code = 1
			continue
		}
		written = append(written, output)
	}
	if f.text("output", "") != "-" {
		fmt.Println(strings.Join(written, ":"))
	}
}

func (k *k3d) importCommand(f *flags) {
	ctx := context.Background()
	names := f.list("cluster")
	if len(names) == 0 {
		names = []string{defaultCluster}
	}
	var clusters []*cluster
	for _, name := range names {
		c, err := k.get(ctx, &cluster{Name: name})
		if err != nil {
			k.log.fatal("failed to get cluster %s: %v", name, err)
		}
		clusters = append(clusters, c)
	}
	if len(f.words) == 0 {
		k.log.fatal("No images specified!")
	}
	mode := f.text("mode", "tools-node")
	if mode != "tools-node" && mode != "direct" && mode != "auto" {
		k.log.fatal("Unknown image loading mode '%s'", mode)
	}
	bad := false
	for _, c := range clusters {
		k.log.info("Importing image(s) into cluster '%s'", c.Name)
		if err := k.importInto(ctx, c, f.words, mode, f.is("keep-tarball", false), f.is("keep-tools", false)); err != nil {
			k.log.error("Failed to import image(s) into cluster '%s': %+v", c.Name, err)
			bad = true
		}
	}
	if bad {
		k.log.warn("At least one error occured while trying to import the image(s) into the selected cluster(s)")
		k.code = 1
		return
	}
	k.log.info("Successfully imported %d image(s) into %d cluster(s)", len(f.words), len(clusters))
}

// importInto brings images and files of images into every server and agent of a cluster.
func (k *k3d) importInto(ctx context.Context, c *cluster, wanted []string, mode string, keepTar, keepTools bool) error {
	images, files, err := k.findImages(ctx, wanted)
	if err != nil {
		return fmt.Errorf("failed to find images: %w", err)
	}
	if len(images)+len(files) == 0 {
		return fmt.Errorf("no valid images specified")
	}
	if mode == "direct" {
		if err := k.importDirect(ctx, c, images, files); err != nil {
			return err
		}
		k.log.info("Successfully imported image(s)")
		return nil
	}
	tools, err := k.ensureTools(ctx, c)
	if err != nil {
		return fmt.Errorf("failed to ensure that tools node is running: %w", err)
	}
	stamp := imageMount + "/k3d-" + c.Name + "-images-" + time.Now().Format("20060102150405")
	var archives []string
	if len(images) > 0 {
		k.log.info("Saving %d image(s) from runtime...", len(images))
		archive := stamp + ".tar"
		if said, code, err := k.docker.exec(ctx, tools.Name, append([]string{"./k3d-tools", "save-image", "-d", archive}, images...), nil); err != nil || code != 0 {
			if err == nil {
				err = fmt.Errorf("Exec process in node '%s' failed with exit code '%d': Logs from failed access process:\n%s", tools.Name, code, said)
			}
			return fmt.Errorf("failed to save image(s) in tools container for cluster '%s': %w", c.Name, err)
		}
		archives = append(archives, archive)
	}
	if len(files) > 0 {
		k.log.info("Saving %d tarball(s) to shared image volume...", len(files))
		for _, file := range files {
			archive := stamp + "-file-" + path.Base(file)
			content, err := os.ReadFile(file)
			if err == nil {
				err = k.docker.put(ctx, tools.Name, archive, 0o644, content)
			}
			if err != nil {
				k.log.error("failed to copy image tar '%s' to tools node! Error below:\n%+v", file, err)
				continue
			}
			archives = append(archives, archive)
		}
	}
	k.log.info("Importing images into nodes...")
	for _, archive := range archives {
		_ = together(c.Nodes, func(n *node) error {
			if n.Role != roleServer && n.Role != roleAgent {
				return nil
			}
			k.log.info("Importing images from tarball '%s' into node '%s'...", archive, n.Name)
			if said, code, err := k.docker.exec(ctx, n.Name, []string{"ctr", "image", "import", "--all-platforms", archive}, nil); err != nil || code != 0 {
				if err == nil {
					err = fmt.Errorf("Exec process in node '%s' failed with exit code '%d': Logs from failed access process:\n%s", n.Name, code, said)
				}
				k.log.error("failed to import images in node '%s': %v", n.Name, err)
			}
			return nil
		})
	}
	if !keepTar && len(archives) > 0 {
		k.log.info("Removing the tarball(s) from image volume...")
		if _, code, err := k.docker.exec(ctx, tools.Name, []string{"rm", "-f", strings.Join(archives, " ")}, nil); err != nil || code != 0 {
			k.log.error("failed to delete one or more tarballs from '%+v': %v", archives, err)
		}
	}
	if !keepTools {
		k.log.info("Removing k3d-tools node...")
		if err := k.docker.remove(ctx, tools.Name); err != nil {
			k.log.error("failed to delete tools node '%s' (try to delete it manually): %v", tools.Name, err)
		}
	}
	k.log.info("Successfully imported image(s)")
	return nil
}

func (k *k3d) registryCommand(f *flags) {
	ctx := context.Background()
	at, err := k.expose(f.text("port", "random"))
	if err != nil {
		k.log.error("Failed to parse registry port")
		k.log.fatal("%v", err)
	}
	r := &registryRef{
		host: "k3d-registry", image: f.text("image", registryImage), at: at, network: f.text("default-network", "bridge"), volumes: f.list("volume"),
		remote: f.text("proxy-remote-url", ""), user: f.text("proxy-username", ""), password: f.text("proxy-password", ""),
		deletes: f.is("delete-enabled", false),
	}
	if len(f.words) > 0 {
		r.host = "k3d-" + f.words[0]
	}
	n, err := k.makeRegistry(ctx, r)
	if err != nil {
		k.log.fatal("failed to create registry: %v", err)
	}
	if err := k.start(ctx, n, readyRegistry); err != nil {
		k.log.fatal("failed to start registry: %v", err)
	}
	k.log.info("Successfully created registry '%s'", r.host)
	if !f.is("no-help", false) {
		fmt.Printf("# You can now use the registry like this (example):\nk3d cluster create --registry-use %s:%s\n", r.host, at.Binding.HostPort)
	}
}

func (k *k3d) registriesCommand(f *flags) {
	k.printNodes(f, func(n *node) bool { return n.Role == roleRegistry })
}

func (k *k3d) dropRegistryCommand(f *flags) {
	ctx := context.Background()
	if len(f.words) == 0 && !f.is("all", false) {
		k.log.fatal("Expecting at least one registry name if `--all` is not set")
	}
	var all []*node
	if f.is("all", false) {
		found, err := k.nodes(ctx, nil)
		if err != nil {
			k.log.fatal("failed to list nodes: %v", err)
		}
		all = found
	}
	for _, name := range f.words {
		n, err := k.node(ctx, name)
		if err != nil {
			k.log.fatal("failed to get node '%s': %v", name, err)
		}
		all = append(all, n)
	}
	dropped := 0
	for _, n := range all {
		if n.Role != roleRegistry {
			continue
		}
		dropped++
		if err := k.docker.remove(ctx, n.Name); err != nil {
			k.log.error("docker failed to remove the container '%s': %v", n.Name, err)
		}
	}
	if dropped == 0 {
		k.log.info("No registries found")
	}
}

func (k *k3d) versionCommand(f *flags) {
	if f.text("output", "") == "json" {
		fmt.Printf("{\"k3d\":%q,\"k3s\":%q}\n", version, k3sVersion)
		return
	}
	fmt.Printf("k3d version %s\nk3s version %s (default)\n", version, k3sVersion)
}

// versionsCommand knows one version of each: it asks no registry.
func (k *k3d) versionsCommand(f *flags) {
	if len(f.words) != 1 {
		k.log.fatal("accepts 1 arg(s), received %d", len(f.words))
	}
	images := map[string]string{"k3s": defaultImage, "k3d-proxy": proxyImage, "k3d-tools": toolsImage, "k3d": "ghcr.io/k3d-io/k3d:latest"}
	image, ok := images[f.words[0]]
	if !ok {
		k.log.fatal("Unknown target '%s'", f.words[0])
	}
	if f.text("output", "raw") == "raw" {
		image = image[strings.LastIndexByte(image, ':')+1:]
	}
	fmt.Println(image)
}

func (k *k3d) infoCommand(*flags) {
	all, err := k.info(context.Background())
	if err != nil {
		k.log.fatal("%v", err)
	}
	filesystem := "UNKNOWN"
	for _, pair := range all.DriverStatus {
		if len(pair) == 2 && pair[0] == "Backing Filesystem" {
			filesystem = pair[1]
		}
	}
	text, err := yaml.Marshal(map[string]string{
		"arch": all.Architecture, "cgroupdriver": all.CgroupDriver, "cgroupversion": all.CgroupVersion, "endpoint": k.docker.socket(),
		"filesystem": filesystem, "infoname": all.Name, "name": "docker", "os": all.OperatingSystem, "ostype": all.OSType, "version": all.ServerVersion,
	})
	if err != nil {
		k.log.fatal("%v", err)
	}
	fmt.Print(string(text))
}
