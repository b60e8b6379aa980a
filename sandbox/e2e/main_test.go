// Package e2e starts the built binary and looks at what it does, from outside: by its one line, by the Kubernetes API,
// by /proc and by the files it leaves.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var binary string

// TestMain takes the binary that BLACKSTART_SANDBOX names, or builds one.
func TestMain(m *testing.M) {
	if binary = os.Getenv("BLACKSTART_SANDBOX"); binary != "" {
		status := m.Run()
		endShared()
		os.Exit(status)
	}
	dir, err := os.MkdirTemp("", "sandbox-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "blackstart-sandbox")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X k8s.io/component-base/version.gitVersion="+kubernetesVersion(), "-o", binary, "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	status := 1
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
	} else {
		status = m.Run()
		endShared()
	}
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// kubernetesVersion is the one that go.mod asks for.
func kubernetesVersion() string {
	raw, err := os.ReadFile("../go.mod")
	if err != nil {
		return "unknown"
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "k8s.io/kubernetes" {
			return f[1]
		}
	}
	return "unknown"
}
