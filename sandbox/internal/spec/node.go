// Package spec turns the words of a command line into what a sandbox shall be, or says which word is wrong.
//
// It knows no process and no file system; everything in it is a pure function.
package spec

import (
	"fmt"
	"runtime"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Node is one hollow node as asked for.
type Node struct {
	Name   string            `json:"name"`
	Arch   string            `json:"arch"`
	CPU    string            `json:"cpu"`
	Memory string            `json:"memory"`
	Labels map[string]string `json:"labels"`
	Taints []corev1.Taint    `json:"taints"`
}

// DefaultNode is what a sandbox has when no node is asked for: one of this machine's architecture.
func DefaultNode() Node {
	return Node{Name: "sandbox-0", Arch: runtime.GOARCH, CPU: "8", Memory: "32Gi", Labels: map[string]string{}}
}

// ParseNode reads `name=N,arch=amd64,label.KEY=VALUE,taint=K=V:Effect,cpu=4,memory=8Gi`.
func ParseNode(text string) (Node, error) {
	n := DefaultNode()
	n.Name = ""
	for _, part := range strings.Split(text, ",") {
		key, value, found := strings.Cut(part, "=")
		if !found {
			return n, fmt.Errorf("--node %q: %q is not KEY=VALUE", text, part)
		}
		if err := n.set(key, value); err != nil {
			return n, fmt.Errorf("--node %q: %w", text, err)
		}
	}
	if n.Name == "" {
		return n, fmt.Errorf("--node %q: it has no name; write name=NAME", text)
	}
	return n, nil
}

func (n *Node) set(key, value string) error {
	switch {
	case key == "name":
		if problems := validation.IsDNS1123Subdomain(value); len(problems) > 0 {
			return fmt.Errorf("name %q: %s", value, problems[0])
		}
		// It also becomes a label and the name of a folder.
		if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
			return fmt.Errorf("name %q: %s", value, problems[0])
		}
		n.Name = value
	case key == "arch":
		if value != "amd64" && value != "arm64" {
			return fmt.Errorf("arch %q is not known; use amd64 or arm64", value)
		}
		n.Arch = value
	case key == "cpu", key == "memory":
		q, err := resource.ParseQuantity(value)
		if err != nil || q.Sign() <= 0 {
			return fmt.Errorf("%s %q is not a quantity above zero; examples: cpu=4, memory=8Gi", key, value)
		}
		if key == "cpu" {
			n.CPU = value
		} else {
			n.Memory = value
		}
	case key == "taint":
		t, err := parseTaint(value)
		if err != nil {
			return err
		}
		n.Taints = append(n.Taints, t)
	case strings.HasPrefix(key, "label."):
		name := strings.TrimPrefix(key, "label.")
		if problems := validation.IsQualifiedName(name); len(problems) > 0 {
			return fmt.Errorf("label %q: %s", name, problems[0])
		}
		if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
			return fmt.Errorf("label %s: value %q: %s", name, value, problems[0])
		}
		if name == corev1.LabelArchStable || name == corev1.LabelHostname || name == corev1.LabelOSStable {
			return fmt.Errorf("label %s cannot be given; it follows from name= and arch=", name)
		}
		n.Labels[name] = value
	default:
		return fmt.Errorf("%q is not known; use name, arch, cpu, memory, taint, label.KEY", key)
	}
	return nil
}

func parseTaint(text string) (corev1.Taint, error) {
	left, effect, found := strings.Cut(text, ":")
	key, value, _ := strings.Cut(left, "=")
	t := corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)}
	if !found {
		return t, fmt.Errorf("taint %q has no effect; write KEY=VALUE:NoSchedule", text)
	}
	if problems := validation.IsQualifiedName(key); len(problems) > 0 {
		return t, fmt.Errorf("taint %q: key %q: %s", text, key, problems[0])
	}
	if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
		return t, fmt.Errorf("taint %q: value %q: %s", text, value, problems[0])
	}
	switch t.Effect {
	case corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute:
		return t, nil
	default:
		return t, fmt.Errorf("taint %q: effect %q is not known; use NoSchedule, PreferNoSchedule or NoExecute", text, effect)
	}
}
