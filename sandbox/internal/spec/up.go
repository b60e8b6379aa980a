package spec

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Up is everything that `up` was asked for, checked.
type Up struct {
	Name        string
	Dir         string
	Base        string
	Nodes       []Node
	Domain      string
	ServiceCIDR string
	ImagesFile  string
	HostRoot    string
	Keep        bool
	Deadline    time.Duration
	Wait        time.Duration
	Labels      map[string]string
	// KeyNamespaces is where the keys of SealedSecrets are looked for.
	KeyNamespaces []string
	// NoUnseal leaves SealedSecrets to a controller that somebody runs.
	NoUnseal bool
	// Brings are the parts of k3s that the sandbox stands in for.
	Brings []string
	// StoragePath is the folder of a node in which volumes of local-path lie.
	StoragePath string
	// Audit is whether the API server writes down what it is asked, but for what is in Secrets.
	Audit bool
}

// Check finds what no single flag can see.
func (u *Up) Check() error {
	if len(u.Nodes) == 0 {
		u.Nodes = []Node{DefaultNode()}
	}
	if len(u.Nodes) > MaxNodes {
		return fmt.Errorf("--node: %d nodes are asked for, at most %d can be had", len(u.Nodes), MaxNodes)
	}
	seen := map[string]bool{}
	for _, n := range u.Nodes {
		if seen[n.Name] {
			return fmt.Errorf("--node: the name %q is given twice", n.Name)
		}
		seen[n.Name] = true
	}
	if err := CheckName(u.Name); err != nil {
		return err
	}
	if problems := validation.IsDNS1123Subdomain(u.Domain); len(problems) > 0 {
		return fmt.Errorf("--domain %q: %s", u.Domain, problems[0])
	}
	if _, err := ServiceIP(u.ServiceCIDR, 1); err != nil {
		return err
	}
	if u.StoragePath == "" {
		u.StoragePath = StoragePath
	}
	if err := checkParts(u.Brings, u.StoragePath); err != nil {
		return err
	}
	if u.Deadline < 0 || (u.Keep && u.Deadline == 0) {
		return fmt.Errorf("--deadline %s: a kept sandbox needs an end that lies ahead; example: --deadline 1h", u.Deadline)
	}
	if u.Wait <= 0 {
		return fmt.Errorf("--wait %s: it must be above zero; example: --wait 60s", u.Wait)
	}
	return nil
}

// CheckName holds a sandbox's name to what is also good as the name of a folder.
func CheckName(name string) error {
	if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
		return fmt.Errorf("name %q: %s", name, problems[0])
	}
	return nil
}

// ParseLabels reads KEY=VALUE words that mark a sandbox for whoever lists it later.
func ParseLabels(words []string) (map[string]string, error) {
	labels := map[string]string{}
	for _, w := range words {
		key, value, found := strings.Cut(w, "=")
		if problems := validation.IsQualifiedName(key); !found || len(problems) > 0 {
			return nil, fmt.Errorf("--label %q is not KEY=VALUE with a label's key", w)
		}
		if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
			return nil, fmt.Errorf("--label %q: %s", w, problems[0])
		}
		labels[key] = value
	}
	return labels, nil
}
