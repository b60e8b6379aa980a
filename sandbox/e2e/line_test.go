package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestTheLineSaysWhatIsThere(t *testing.T) {
	r := shared(t)
	if r.Schema != "blackstart.sandbox/1" || r.Version != kubernetesVersion() || r.Images != "listed" || r.Deadline != nil || r.ReadySeconds == nil || r.Pid != r.cmd.Process.Pid {
		t.Errorf("the line is %s", r.raw)
	}
	if len(r.Nodes) != 2 || r.Nodes[1].Name != "pi" || r.Nodes[1].Arch != "arm64" {
		t.Errorf("nodes are %v", r.Nodes)
	}
	fields := map[string]any{}
	if err := json.Unmarshal(r.raw, &fields); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"schema", "name", "dir", "kubeconfig", "server", "version", "uid", "pid", "nodes", "host_root", "images", "deadline", "ready_seconds"} {
		if _, ok := fields[f]; !ok {
			t.Errorf("the line has no %s", f)
		}
	}
	file, err := os.ReadFile(filepath.Join(r.Dir, "sandbox.json"))
	if err != nil || !bytes.Equal(bytes.TrimSpace(file), bytes.TrimSpace(r.raw)) {
		t.Errorf("sandbox.json differs from the line: %s %v", file, err)
	}
	system, err := r.client(t).CoreV1().Namespaces().Get(context.Background(), "kube-system", metav1.GetOptions{})
	if err != nil || string(system.UID) != r.UID {
		t.Errorf("uid of kube-system is %s, the line says %s (%v)", system.UID, r.UID, err)
	}
}

func TestNodesAreAsAskedFor(t *testing.T) {
	r := shared(t)
	pi, err := r.client(t).CoreV1().Nodes().Get(context.Background(), "pi", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{corev1.LabelHostname: "pi", corev1.LabelArchStable: "arm64", corev1.LabelOSStable: "linux", "disk": "usb"} {
		if pi.Labels[key] != want {
			t.Errorf("label %s is %q, wanted %q", key, pi.Labels[key], want)
		}
	}
	if got := pi.Status.NodeInfo.Architecture; got != "arm64" {
		t.Errorf("nodeInfo says %s", got)
	}
	if cpu, memory := pi.Status.Capacity.Cpu().String(), pi.Status.Capacity.Memory().String(); cpu != "4" || memory != "8Gi" {
		t.Errorf("capacity is %s and %s", cpu, memory)
	}
	if len(pi.Spec.Taints) != 1 || pi.Spec.Taints[0].ToString() != "dedicated=media:NoSchedule" {
		t.Errorf("taints are %v", pi.Spec.Taints)
	}
	for _, c := range pi.Status.Conditions {
		if c.Type != corev1.NodeReady && c.Status != corev1.ConditionFalse {
			t.Errorf("condition %s is %s: %s", c.Type, c.Status, c.Message)
		}
	}
}
