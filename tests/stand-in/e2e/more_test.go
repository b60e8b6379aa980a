package e2e

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const tunnels = `[{"account": "acc", "id": "11111111-2222-4333-8444-555555555555", "secret": "c2VjcmV0IG9mIGEgdHVubmVs",
 "ingress": [{"hostname": "home.example.org", "service": "http://web.default.svc.cluster.local:8080"}, {"service": "http_status:404"}]}]`

const corefile = `. {
 hosts {
  192.0.2.1 region1.v2.argotunnel.com region2.v2.argotunnel.com home.example.org git.example.org
 }
}
`

const web = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{port: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: c, image: "busybox:1.36", imagePullPolicy: IfNotPresent, command: [sh, -c, "mkdir /w && hostname > /w/index.html && exec httpd -f -p 8080 -h /w"]}
---
apiVersion: v1
kind: Pod
metadata: {name: git, namespace: default}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {runAsNonRoot: true, runAsUser: 65532, fsGroup: 65532}
  containers:
  - {name: c, image: "docker.io/blackstart/gitserver:stand-in", args: [--root, /srv/git, --listen, ":8080"], readinessProbe: {tcpSocket: {port: 8080}}}
---
apiVersion: v1
kind: Pod
metadata: {name: registry, namespace: default}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: c, image: "docker.io/library/registry:3", readinessProbe: {httpGet: {path: /v2/, port: 5000}}}
---
apiVersion: v1
kind: Pod
metadata: {name: redis, namespace: default}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {runAsNonRoot: true, runAsUser: 999}
  containers:
  - {name: c, image: "public.ecr.aws/docker/library/redis:7.2.11-alpine", imagePullPolicy: Always, args: ["--save", "", "--requirepass", "word"],
     readinessProbe: {exec: {command: [sh, -c, "redis-cli -a word ping | grep PONG"]}}}
`

const mirrors = "mirrors:\n  public.ecr.aws:\n    endpoint: [\"http://192.0.2.1:5000\"]\n"

const registry = `version: 0.1
log: {accesslog: {disabled: true}, level: error}
storage: {filesystem: {rootdirectory: FOLDER}}
http: {addr: "192.0.2.1:5000"}
`

// outside starts one of the stand-in's programs in the network beside the host, and waits for its line.
func (m *machine) outside(words ...string) {
	m.t.Helper()
	out := m.start(words...)
	if _, err := out.Read(make([]byte, 4096)); err != nil {
		m.t.Fatalf("%s: %v", words[0], err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
}

func (m *machine) start(words ...string) io.Reader {
	m.t.Helper()
	line := append([]string{"enter", "--dir", m.dir, "--net", "edge", "--", program(m.t, words[0])}, words[1:]...)
	cmd := exec.Command(program(m.t, "host"), line...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return out
}

// fromOutside asks as the world does.
func (m *machine) fromOutside(words ...string) string {
	m.t.Helper()
	cmd := exec.Command(program(m.t, "host"), append([]string{"enter", "--dir", m.dir, "--net", "edge", "--", "curl", "-sS", "-m", "10"}, words...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s: %v: %s", words, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestTheExamplesTunnelAndSealedSecretsRunOnAHostAndTheWorldReachesAPod(t *testing.T) {
	stand := filepath.Dir(filepath.Dir(program(t, "edge")))
	images := []string{"--also", "edge"}
	for _, name := range []string{"sealed-secrets", "registry", "gitserver", "cloudflared", "redis"} {
		if _, err := os.Stat(filepath.Join(stand, "more", name+".tar")); err != nil {
			t.Skipf("not run: %v", err)
		}
		images = append(images, "--image", name)
	}
	repository, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	kubeseal := os.Getenv("BLACKSTART_KUBESEAL")
	if kubeseal == "" {
		kubeseal = filepath.Join(repository, "target/judges/kubeseal")
	}
	own := t.TempDir()
	of := map[string]string{"tunnels.json": tunnels, "Corefile": corefile, "web.yaml": web, "registry.yaml": strings.Replace(registry, "FOLDER", own+"/blobs", 1)}
	for name, text := range of {
		if err := os.WriteFile(filepath.Join(own, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := boot(t, t.TempDir(), images...)
	m.outside("edge", "--tunnels", own+"/tunnels.json", "--listen", "192.0.2.1:80", "--tls", "192.0.2.1:443", "--authority", own+"/ca.pem",
		"--connectors", "192.0.2.1:7844", "--control", "192.0.2.1:8082")
	m.outside("coredns", "-conf", own+"/Corefile")
	m.start("registry", "serve", own+"/registry.yaml")
	m.write("/etc/rancher/k3s/registries.yaml", mirrors)
	m.install("")
	start := time.Now()
	m.must("systemctl start k3s")
	m.until("node", nodeReady)
	m.until("images", "crictl images | grep -q sealed-secrets")
	t.Logf("node ready and all images loaded after %s", time.Since(start).Round(100*time.Millisecond))
	m.until("dns", dnsReady)
	kubernetes := filepath.Join(repository, "plans/kubernetes")
	apply := "kubectl apply --server-side -f "
	// What is to be pulled always comes from the registry outside, by the name of another one.
	m.must("k3s ctr images push --plain-http 192.0.2.1:5000/docker/library/redis:7.2.11-alpine public.ecr.aws/docker/library/redis:7.2.11-alpine")
	m.must(apply + kubernetes + "/cluster/namespaces.yaml && " + apply + own + "/web.yaml")

	// The tunnel has no token yet: its pods wait, and nobody outside gets through.
	m.must(apply + kubernetes + "/networking/cloudflared.yaml && " + apply + kubernetes + "/sealed-secrets/definition.yaml")
	m.until("the definition", "kubectl wait --for=condition=Established crd --all --timeout=1s")
	start = time.Now()
	m.must(apply + kubernetes + "/sealed-secrets/controller.yaml")
	m.until("the controller", "kubectl -n kube-system rollout status deploy/sealed-secrets-controller --timeout=1s")
	t.Logf("sealed-secrets is ready after %s", time.Since(start).Round(100*time.Millisecond))
	if got := m.fromOutside("-H", "Host: home.example.org", "http://192.0.2.1/"); got != "error code: 1033" {
		t.Fatal(got)
	}
	token := m.fromOutside("http://192.0.2.1:8082/tunnels/11111111-2222-4333-8444-555555555555/token")
	start = time.Now()
	m.must("kubectl -n networking create secret generic tunnel-token --dry-run=client -o yaml --from-literal=token=" + token + " | KUBECONFIG=/etc/rancher/k3s/k3s.yaml " +
		kubeseal + " --controller-namespace kube-system --controller-name sealed-secrets-controller -o yaml > " + own + "/sealed.yaml && " + apply + own + "/sealed.yaml")
	m.until("unsealed", "kubectl -n networking get secret tunnel-token")
	t.Logf("sealed and unsealed in %s", time.Since(start).Round(100*time.Millisecond))
	m.until("connectors", "kubectl -n networking rollout status deploy/cloudflared --timeout=1s")
	t.Logf("two connectors are ready after %s more", time.Since(start).Round(100*time.Millisecond))
	m.until("pods", "kubectl wait --for=condition=Ready pod --all -n default --timeout=1s")

	// Through the public name and TLS, over both connectors, to the pod.
	for range 8 {
		if got := m.fromOutside("--cacert", own+"/ca.pem", "--resolve", "home.example.org:443:192.0.2.1", "https://home.example.org/"); got != "web" {
			t.Fatal(got)
		}
	}
	var seen []struct {
		Connections int `json:"connections"`
	}
	if err := json.Unmarshal([]byte(m.fromOutside("http://192.0.2.1:8082/connectors")), &seen); err != nil || len(seen) != 2 || seen[0].Connections != 4 {
		t.Fatal(seen, err)
	}
	if got := m.must("wget -qO- $(kubectl -n networking get pods -o jsonpath='{.items[0].status.podIP}'):2000/ready"); !strings.Contains(got, `"readyConnections":4`) {
		t.Fatal(got)
	}
	// Without its origin the tunnel stays up and says 502.
	m.must("kubectl delete pod web --now")
	if got := m.fromOutside("-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: home.example.org", "http://192.0.2.1/"); got != "502" {
		t.Fatal(got)
	}
	// A container whose user is a name, where a number is wanted: the kubelet cannot tell. With a group left it would not come so far.
	m.must("kubectl -n networking patch deploy cloudflared -p '{\"spec\":{\"template\":{\"spec\":{\"securityContext\":{\"runAsUser\":null,\"runAsGroup\":null}}}}}'")
	m.until("the kubelet's words", "kubectl -n networking get events | grep -q 'image has non-numeric user (nonroot), cannot verify user is non-root'")
}
