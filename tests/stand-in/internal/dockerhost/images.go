package dockerhost

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// load hands files of images to the daemon, but for those it has from an earlier time. It answers with lines of JSON, and with
// 200 also where it fails.
func load(socket string, files []string) error {
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		if has(socket, file) {
			file.Close()
			continue
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		answer, err := client(socket).Post("http://docker/images/load?quiet=1", "application/x-tar", file)
		if err != nil {
			return fmt.Errorf("%s cannot be loaded: %w", name, err)
		}
		said, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || bytes.Contains(said, []byte(`"error"`)) || !bytes.Contains(said, []byte("Loaded image")) {
			return fmt.Errorf("%s cannot be loaded: %s %s", name, answer.Status, bytes.TrimSpace(said))
		}
	}
	return nil
}

// has says whether the daemon knows every image of a file under every name it has there.
func has(socket string, file io.Reader) bool {
	archive := tar.NewReader(file)
	for {
		header, err := archive.Next()
		if err != nil {
			return false
		}
		if header.Name != "manifest.json" {
			continue
		}
		var images []struct {
			Config   string
			RepoTags []string
		}
		if err := json.NewDecoder(archive).Decode(&images); err != nil {
			return false
		}
		for _, image := range images {
			answer, err := client(socket).Get("http://docker/images/sha256:" + strings.TrimSuffix(path.Base(image.Config), ".json") + "/json")
			if err != nil {
				return false
			}
			var known struct{ RepoTags []string }
			err = json.NewDecoder(answer.Body).Decode(&known)
			answer.Body.Close()
			if err != nil || answer.StatusCode != http.StatusOK {
				return false
			}
			for _, tag := range image.RepoTags {
				if !slices.Contains(known.RepoTags, tag) {
					return false
				}
			}
		}
		return len(images) > 0
	}
}

// wipe takes containers, volumes and networks out of a daemon's folder while no daemon runs on it, and leaves the images: the
// layers that belong to containers alone are named in files of their own.
func wipe(data string) error {
	mounts := filepath.Join(data, "image", "overlay2", "layerdb", "mounts")
	entries, err := os.ReadDir(mounts)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		for _, kind := range []string{"mount-id", "init-id"} {
			id, err := os.ReadFile(filepath.Join(mounts, entry.Name(), kind))
			if err != nil || len(id) == 0 {
				continue
			}
			layer := filepath.Join(data, "overlay2", filepath.Base(string(id)))
			if link, err := os.ReadFile(filepath.Join(layer, "link")); err == nil && len(link) > 0 {
				_ = os.Remove(filepath.Join(data, "overlay2", "l", filepath.Base(string(link))))
			}
			if err := os.RemoveAll(layer); err != nil {
				return err
			}
		}
	}
	for _, folder := range []string{mounts, filepath.Join(data, "containers"), filepath.Join(data, "volumes"), filepath.Join(data, "network")} {
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return nil
}
