// Package cri is a container runtime that runs nothing: it keeps the states that a kubelet asks for.
//
// It knows the container runtime interface and which images are said to exist; the rules of Kubernetes above it are
// the kubelet's own.
package cri

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/distribution/reference"
)

// Known is one image of the list: its name, the architectures it is made for, and what else is known of it.
type Known struct {
	Name          string   `json:"name"`
	Architectures []string `json:"architectures"`
	// User is what the image's configuration says, when the list's author knows it.
	User string `json:"user,omitempty"`
	// Preloaded images are on every node before anything pulls them.
	Preloaded bool `json:"preloaded,omitempty"`
}

// List is the images that exist. A nil *List means that nobody said: every image is assumed.
type List struct{ byName map[string]Known }

// ReadList reads a list and holds it to its form: a misspelt field would otherwise quietly mean "no architecture".
func ReadList(path string) (*List, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("list of images: %w", err)
	}
	defer func() { _ = file.Close() }()
	var known []Known
	d := json.NewDecoder(file)
	d.DisallowUnknownFields()
	if err := d.Decode(&known); err != nil {
		return nil, fmt.Errorf("list of images %s: %w; wanted is [{\"name\":\"nginx:1.27\",\"architectures\":[\"amd64\"]}]", path, err)
	}
	l := &List{byName: map[string]Known{}}
	for i, k := range known {
		name, err := Normal(k.Name)
		if err != nil {
			return nil, fmt.Errorf("list of images %s: entry %d: %w", path, i+1, err)
		}
		if len(k.Architectures) == 0 {
			return nil, fmt.Errorf("list of images %s: entry %d (%s) has no architectures", path, i+1, k.Name)
		}
		l.byName[name] = k
	}
	return l, nil
}

// Normal writes a name as docker and containerd do: nginx becomes docker.io/library/nginx:latest. Of a name with a tag
// and a digest the digest is what counts.
func Normal(name string) (string, error) {
	named, err := reference.ParseDockerRef(name)
	if err != nil {
		return "", fmt.Errorf("image %q: %w", name, err)
	}
	return named.String(), nil
}

// find looks an image up by its normal name.
func (l *List) find(normal string) (Known, bool) {
	k, ok := l.byName[normal]
	return k, ok
}
