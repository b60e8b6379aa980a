package k3d

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// findImages tells files from images that the daemon has; what is neither is said and left out.
func (k *k3d) findImages(ctx context.Context, wanted []string) (images, files []string, err error) {
	var list []struct{ RepoTags []string }
	if err := k.docker.call(ctx, "GET", "/images/json", nil, nil, &list); err != nil {
		return nil, nil, fmt.Errorf("failed to fetch list of existing images from runtime: docker failed to list images: %w", err)
	}
	known := map[string]bool{}
	for _, one := range list {
		for _, tag := range one.RepoTags {
			known[tag] = true
		}
	}
next:
	for _, image := range wanted {
		if info, err := os.Stat(image); err == nil && !info.IsDir() {
			files = append(files, image)
			continue
		}
		full := image
		if !strings.Contains(image[strings.LastIndexByte(image, '/')+1:], ":") {
			full += ":latest"
		}
		for _, prefix := range []string{"", "docker.io/library/", "docker.io/", "library/"} {
			if short, ok := strings.CutPrefix(full, prefix); ok && known[short] {
				images = append(images, short)
				continue next
			}
		}
		k.log.warn("Image '%s' is not a file and couldn't be found in the container runtime", image)
	}
	return images, files, nil
}

// importDirect streams images into the nodes without a tools node.
func (k *k3d) importDirect(ctx context.Context, c *cluster, images, files []string) error {
	stream := func(names []string, open func() (io.ReadCloser, error)) error {
		for _, n := range c.Nodes {
			if n.Role != roleServer && n.Role != roleAgent {
				continue
			}
			k.log.info("Importing images '%s' into node '%s'...", names, n.Name)
			from, err := open()
			if err != nil {
				return fmt.Errorf("could not open image stream for given images %s: %w", names, err)
			}
			said, code, err := k.docker.exec(ctx, n.Name, []string{"ctr", "image", "import", "--all-platforms", "-"}, from)
			from.Close()
			if err == nil && code != 0 {
				err = fmt.Errorf("Exec process in node '%s' failed with exit code '%d': Logs from failed access process:\n%s", n.Name, code, said)
			}
			if err != nil {
				return fmt.Errorf("could not load image to cluster from stream %s: error loading image to cluster, first error: failed to import images in node '%s': %v", names, n.Name, err)
			}
		}
		return nil
	}
	if len(images) > 0 {
		k.log.info("Loading %d image(s) from runtime into nodes...", len(images))
		if err := stream(images, func() (io.ReadCloser, error) {
			return k.docker.open(ctx, "GET", "/images/get", url.Values{"names": images}, "", nil)
		}); err != nil {
			return err
		}
	}
	if len(files) > 0 {
		k.log.info("Importing images from %d tarball(s)...", len(files))
		for _, file := range files {
			if err := stream([]string{file}, func() (io.ReadCloser, error) { return os.Open(file) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// helperImage is an image with this very program in it, under the names of k3d's two helpers: what each of them does here, the
// entry point says.
func helperImage() ([]byte, error) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	var whole bytes.Buffer
	to := tar.NewWriter(&whole)
	add := func(to *tar.Writer, name string, mode int64, content []byte) error {
		if err := to.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			return err
		}
		_, err := to.Write(content)
		return err
	}
	var layer bytes.Buffer
	files := tar.NewWriter(&layer)
	if err := add(files, "k3d-tools", 0o755, self); err != nil {
		return nil, err
	}
	for _, name := range []string{"bin/rm", "bin/sh"} {
		if err := files.WriteHeader(&tar.Header{Name: name, Linkname: "/k3d-tools", Typeflag: tar.TypeSymlink, Mode: 0o777}); err != nil {
			return nil, err
		}
	}
	if err := files.Close(); err != nil {
		return nil, err
	}
	if err := add(to, "layer.tar", 0o644, layer.Bytes()); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(layer.Bytes())
	manifest := []map[string]any{}
	for _, image := range []struct{ name, command string }{{toolsImage, "stand-in-tools"}, {proxyImage, "stand-in-proxy"}} {
		text, err := json.Marshal(map[string]any{
			"architecture": "amd64", "os": "linux",
			"config": map[string]any{"Entrypoint": []string{"/k3d-tools", image.command}, "Env": []string{"PATH=/bin"}, "WorkingDir": "/"},
			"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
		})
		if err != nil {
			return nil, err
		}
		id := sha256.Sum256(text)
		file := hex.EncodeToString(id[:]) + ".json"
		if err := add(to, file, 0o644, text); err != nil {
			return nil, err
		}
		manifest = append(manifest, map[string]any{"Config": file, "RepoTags": []string{image.name}, "Layers": []string{"layer.tar"}})
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		return nil, err
	}
	if err := add(to, "manifest.json", 0o644, text); err != nil {
		return nil, err
	}
	err = to.Close()
	return whole.Bytes(), err
}

// loadHelpers gives the daemon the images of k3d's helpers.
func (k *k3d) loadHelpers(ctx context.Context) error {
	whole, err := helperImage()
	if err != nil {
		return err
	}
	answer, err := k.docker.open(ctx, http.MethodPost, "/images/load", url.Values{"quiet": {"1"}}, "application/x-tar", bytes.NewReader(whole))
	if err != nil {
		return err
	}
	defer answer.Close()
	said, err := io.ReadAll(answer)
	if err == nil && bytes.Contains(said, []byte(`"error"`)) {
		err = fmt.Errorf("%s", bytes.TrimSpace(said))
	}
	return err
}

// imageCommand writes the helpers' images to a file, for a host that loads them at its start.
func (k *k3d) imageCommand(f *flags) {
	whole, err := helperImage()
	if err == nil && len(f.words) == 1 {
		err = os.WriteFile(f.words[0], whole, 0o644)
	} else if err == nil {
		err = fmt.Errorf("usage: k3d stand-in-image FILE")
	}
	if err != nil {
		k.log.fatal("%v", err)
	}
}
