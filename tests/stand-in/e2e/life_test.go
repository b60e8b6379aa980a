package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const writer = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: writer}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: writer
    image: busybox:1.36
    command: [sh, -c, "echo kept > /data/written; exec sleep 8642"]
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`

// One host and one k3s go through everything that a recovery does to them; the steps are in the order of the life.
func TestAHostLivesThroughWhatARecoveryDoes(t *testing.T) {
	dir := t.TempDir()
	began := time.Now()
	m := boot(t, dir)
	t.Logf("host up after %s", time.Since(began).Round(time.Millisecond))
	m.install("cluster-init: true\ntoken: first-secret\nwrite-kubeconfig-mode: \"0644\"\n")

	began = time.Now()
	m.must("systemctl start k3s")
	t.Logf("systemctl start gave back after %s", time.Since(began).Round(time.Millisecond))
	m.until("node Ready", nodeReady)
	t.Logf("node Ready after %s", time.Since(began).Round(time.Millisecond))
	m.until("CoreDNS Ready", dnsReady)
	t.Logf("CoreDNS Ready after %s", time.Since(began).Round(time.Millisecond))
	if out := m.must("systemctl is-active k3s"); out != "active" {
		t.Errorf("is-active: %s", out)
	}

	t.Run("a pod writes to a volume of local-path", func(t *testing.T) {
		m.write("/srv/writer.yaml", writer)
		// The ServiceAccount of a namespace appears a moment after the API.
		m.until("apply", "kubectl apply -f /srv/writer.yaml")
		took := m.until("file", "grep -qx kept /var/lib/rancher/k3s/storage/*/written")
		t.Logf("after %s", took.Round(time.Millisecond))
	})
	t.Run("pods resolve the cluster's names", func(t *testing.T) {
		m.until("running", "kubectl get pod writer | grep -q Running")
		out := m.must("kubectl exec writer -- nslookup kubernetes.default.svc.cluster.local")
		if !strings.Contains(out, "10.43.0.1") {
			t.Error(out)
		}
	})
	t.Run("a stop leaves containers running", func(t *testing.T) {
		began := time.Now()
		m.must("systemctl stop k3s")
		t.Logf("stopped after %s", time.Since(began).Round(time.Millisecond))
		if out, status := m.try("systemctl is-active k3s"); out != "inactive" || status != 3 {
			t.Errorf("is-active: %s, %d", out, status)
		}
		if out := m.must("pgrep -fc 'sleep 864[2]'"); out != "1" {
			t.Errorf("%s processes of the pod", out)
		}
		if out, _ := m.try("pgrep -fa stand-in-[c]omponent; pgrep -xa containerd"); out != "" {
			t.Errorf("of k3s there is left: %s", out)
		}
		m.must("systemctl start k3s")
		m.until("node Ready", nodeReady)
		if out := m.must("kubectl get pod writer -o jsonpath='{.status.containerStatuses[0].restartCount}'"); out != "0" {
			t.Errorf("restarted %s times", out)
		}
	})
	t.Run("a snapshot brings back what was deleted after it", func(t *testing.T) {
		m.must("kubectl create configmap precious --from-literal=a=b")
		m.must("k3s etcd-snapshot save --name before")
		name := m.must("ls /var/lib/rancher/k3s/server/db/snapshots | head -n 1")
		if out := m.must("k3s etcd-snapshot ls"); !strings.Contains(out, name) {
			t.Error(out)
		}
		m.must("kubectl delete configmap precious && systemctl stop k3s")
		began := time.Now()
		out := m.must("k3s server --cluster-reset --cluster-reset-restore-path /var/lib/rancher/k3s/server/db/snapshots/" + name)
		t.Logf("reset took %s", time.Since(began).Round(time.Millisecond))
		if !strings.Contains(out, "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now") {
			t.Error(out)
		}
		m.must("test -e /var/lib/rancher/k3s/server/db/reset-flag && ls -d /var/lib/rancher/k3s/server/db/etcd-old-*")
		if out, status := m.try("k3s server --cluster-reset"); status != 1 || !strings.Contains(out, "cluster-reset was successfully performed, please remove the cluster-reset flag") {
			t.Errorf("%d: %s", status, out)
		}
		m.must("systemctl start k3s")
		m.until("node Ready", nodeReady)
		m.must("kubectl get configmap precious && test ! -e /var/lib/rancher/k3s/server/db/reset-flag")
	})
	t.Run("another token is refused", func(t *testing.T) {
		m.must("systemctl stop k3s")
		out, status := m.try("k3s server --token second-secret")
		if status != 1 || !strings.Contains(out, "bootstrap data already found and encrypted with different token") {
			t.Errorf("%d: %s", status, out)
		}
	})
	t.Run("a registries.yaml that is none ends k3s", func(t *testing.T) {
		m.write("/etc/rancher/k3s/registries.yaml", "mirrors: text\n")
		if out, status := m.try("k3s server"); status != 1 || !strings.Contains(out, "cannot unmarshal string into Go struct field Registry.mirrors") {
			t.Errorf("%d: %s", status, out)
		}
	})
	t.Run("an image comes through a mirror", func(t *testing.T) {
		m.write("/srv/registry.yaml", "version: 0.1\nstorage: {filesystem: {rootdirectory: /srv/registry}}\nhttp: {addr: \"192.0.2.10:5000\"}\nlog: {level: error}\n")
		m.must(fmt.Sprintf("setsid %s serve /srv/registry.yaml >/srv/registry.log 2>&1 </dev/null &", program(t, "registry")))
		m.write("/etc/rancher/k3s/registries.yaml", "mirrors:\n  docker.io:\n    endpoint: [\"http://192.0.2.10:5000\"]\n")
		m.must("systemctl start k3s")
		m.must("grep -q 'http://192.0.2.10:5000' /var/lib/rancher/k3s/agent/etc/containerd/certs.d/docker.io/hosts.toml")
		m.must("ctr images tag docker.io/library/busybox:1.36 192.0.2.10:5000/library/only-here:1")
		m.until("push", "ctr images push --plain-http 192.0.2.10:5000/library/only-here:1")
		m.must("ctr images rm 192.0.2.10:5000/library/only-here:1")
		out := m.must("crictl pull docker.io/library/only-here:1")
		t.Log(out)
		m.must("crictl images | grep -q only-here")
		if out, status := m.try("crictl pull docker.io/library/nowhere:1"); status == 0 {
			t.Error(out)
		}
	})
	t.Run("what killed k3s lets it start again by itself", func(t *testing.T) {
		m.until("node Ready", nodeReady)
		m.must("kill -9 $(systemctl show -p MainPID --value k3s)")
		m.until("again", "test $(systemctl show -p NRestarts --value k3s) = 1 && systemctl is-active k3s && "+nodeReady)
	})
	t.Run("nobody ran the uninstaller", func(t *testing.T) {
		m.must("test ! -e /run/blackstart-uninstall-was-run")
		if _, status := m.try("k3s-uninstall.sh"); status != 1 {
			t.Errorf("%d", status)
		}
		m.must("test -e /run/blackstart-uninstall-was-run")
	})
	t.Run("a SIGKILL leaves nothing", func(t *testing.T) {
		namespace := inNamespace(m.State.PID)
		if countIn(namespace) < 10 {
			t.Fatalf("only %d processes", countIn(namespace))
		}
		if err := m.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for countIn(namespace) > 0 || len(m.groups()) > 0 {
			if time.Since(began) > 3*time.Second {
				t.Fatalf("%d processes and %v are left", countIn(namespace), m.groups())
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Logf("gone after %s", time.Since(began).Round(time.Millisecond))
		mounts, err := os.ReadFile("/proc/self/mountinfo")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(mounts), filepath.Join(dir, "fs")) {
			t.Error("mounts are left")
		}
	})
	t.Run("after a reboot the same cluster is there", func(t *testing.T) {
		again := boot(t, dir)
		began := time.Now()
		again.until("node Ready", nodeReady)
		t.Logf("node Ready %s after the boot", time.Since(began).Round(time.Millisecond))
		again.must("kubectl get configmap precious")
		again.until("the pod runs again", "kubectl get pod writer | grep -q Running && pgrep -f 'sleep 864[2]'")
	})
}
