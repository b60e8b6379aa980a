// Package probe is what the tests of this module share: programs built once, and a node image without Kubernetes in it.
package probe

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
)

// NodeImage is the tag of the image that Node writes.
const NodeImage = "example/k3s:v1.34.4"

// Build compiles the programs of these commands into a folder.
func Build(into string, commands ...string) error {
	for _, command := range commands {
		build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(into, command), "blackstart/stand-in/cmd/"+command)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			return err
		}
	}
	return nil
}

// What a node must do for k3d: say its lines, and write its kubeconfig and the manifest of CoreDNS.
const script = `#!/bin/sh
trap 'exit 0' TERM
say() { echo "time=\"now\" level=info msg=\"$1\"" >&2; }
[ -e /crash ] && { echo 'time="now" level=fatal msg="no default route found"' >&2; exit 1; }
say "Starting k3s v1.34.4 (probe)"
if [ "$1" = agent ]; then say "Successfully registered node $(hostname)"; say "listening on [::]:5000"; else
say "Running kube-apiserver"
say "Containerd is now running"
mkdir -p /output /var/lib/rancher/k3s/server/manifests
cat > /output/kubeconfig.yaml <<K
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: QkFTRTY0
    server: https://127.0.0.1:6443
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
preferences: {}
users:
- name: default
  user:
    client-certificate-data: QkFTRTY0
    client-key-data: QkFTRTY0
K
cat > /var/lib/rancher/k3s/server/manifests/coredns.yaml <<K
apiVersion: v1
kind: ServiceAccount
metadata: {name: coredns, namespace: kube-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data:
  Corefile: ".:53 {}"
K
[ -n "$PROBE_MUTE" ] || say "k3s is up and running"
say "Cluster dns configmap has been set successfully"
mkdir -p /www; echo "node $(hostname)" > /www/index.html; httpd -p 6443 -h /www; httpd -p 80 -h /www
fi
while :; do sleep 1 & wait $!; done
`

// Node writes a file that docker load takes: busybox, and a k3s that is a script.
func Node(file string) error {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return err
	}
	shell, err := os.ReadFile(busybox)
	if err != nil {
		return err
	}
	var layer bytes.Buffer
	files := tar.NewWriter(&layer)
	add := func(to *tar.Writer, name string, mode int64, content []byte) {
		_ = to.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content)), Typeflag: tar.TypeReg})
		_, _ = to.Write(content)
	}
	add(files, "bin/busybox", 0o755, shell)
	for _, name := range []string{"sh", "cat", "sleep", "mkdir", "hostname", "echo", "httpd", "wget", "ls", "stat"} {
		_ = files.WriteHeader(&tar.Header{Name: "bin/" + name, Linkname: "busybox", Typeflag: tar.TypeSymlink})
	}
	add(files, "bin/k3s", 0o755, []byte(script))
	add(files, "bin/ctr", 0o755, []byte("#!/bin/sh\ncase \"$*\" in *' -') cat >/ctr.tar;; esac\n"))
	add(files, "bin/kubectl", 0o755, []byte("#!/bin/sh\nexit 0\n"))
	if err := files.Close(); err != nil {
		return err
	}
	sum := sha256.Sum256(layer.Bytes())
	config, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux",
		"config": map[string]any{
			"Entrypoint": []string{"/bin/k3s"}, "Cmd": []string{"agent"},
			"Env": []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "KUBECONFIG=/etc/rancher/k3s/k3s.yaml"},
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
	})
	if err != nil {
		return err
	}
	id := sha256.Sum256(config)
	name := hex.EncodeToString(id[:]) + ".json"
	manifest, err := json.Marshal([]map[string]any{{"Config": name, "RepoTags": []string{NodeImage}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	var whole bytes.Buffer
	to := tar.NewWriter(&whole)
	add(to, name, 0o644, config)
	add(to, "layer.tar", 0o644, layer.Bytes())
	add(to, "manifest.json", 0o644, manifest)
	if err := to.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, whole.Bytes(), 0o644)
}
