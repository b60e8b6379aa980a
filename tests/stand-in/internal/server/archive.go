package server

import (
	"archive/tar"
	"encoding/json"
	"io"
	"os"
)

// imageNames gives the names in a docker archive; none where it is of another form, which is then imported each time.
func imageNames(file string) []string {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	for t := tar.NewReader(f); ; {
		h, err := t.Next()
		if err != nil {
			return nil
		}
		if h.Name != "manifest.json" {
			continue
		}
		raw, err := io.ReadAll(t)
		if err != nil {
			return nil
		}
		var list []struct{ RepoTags []string }
		if json.Unmarshal(raw, &list) != nil {
			return nil
		}
		var names []string
		for _, one := range list {
			names = append(names, one.RepoTags...)
		}
		return names
	}
}
