package e2e

import (
	"strings"
	"testing"
	"time"
)

const onAgent = `
apiVersion: v1
kind: Pod
metadata: {name: far}
spec:
  terminationGracePeriodSeconds: 0
  nodeName: second
  containers:
  - {name: far, image: busybox:1.36, command: [sh, -c, "nslookup kubernetes.default.svc.cluster.local > /out 2>&1; exec sleep 3600"]}
`

func TestAnAgentOnASecondHostJoins(t *testing.T) {
	first := boot(t, t.TempDir(), "--name", "first", "--also", "edge")
	first.install("token: shared\n")
	first.must("systemctl start k3s")
	if out, status := first.try("k3s etcd-snapshot save"); status != 1 || !strings.Contains(out, "etcd datastore is not enabled") {
		t.Errorf("a snapshot of what is no etcd: %d: %s", status, out)
	}
	second := boot(t, t.TempDir(), "--name", "second", "--address", "192.0.2.11/24", "--beside", first.dir)
	second.write("/etc/systemd/system/k3s-agent.service", strings.Replace(unit, "k3s server", "k3s agent", 1))
	if out, status := second.try("timeout 5 k3s agent --server https://192.0.2.10:6443 --token wrong"); status == 0 || !strings.Contains(out, "not authorized") {
		t.Errorf("%d: %s", status, out)
	}
	second.write("/etc/rancher/k3s/config.yaml", "server: https://192.0.2.10:6443\ntoken: "+first.must("cat /var/lib/rancher/k3s/server/node-token")+"\n")
	began := time.Now()
	second.must("systemctl start k3s-agent")
	first.until("both Ready", "test $(kubectl get nodes --no-headers | grep -c ' Ready') = 2")
	t.Logf("second node Ready after %s", time.Since(began).Round(time.Millisecond))
	first.until("CoreDNS", dnsReady)
	first.write("/srv/far.yaml", onAgent)
	first.until("apply", "kubectl apply -f /srv/far.yaml")
	first.until("a pod there resolves names over here", "kubectl exec far -- grep -q 10.43.0.1 /out")
}
