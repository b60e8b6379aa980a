package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestClustersOnARealDaemonLiveAndDieAsTheRealOnesDo(t *testing.T) {
	h := newHost(t)
	h.docker("tag", "ghcr.io/k3d-io/k3d-tools:latest", "example/k3d-tools:1")
	h.docker("tag", "ghcr.io/k3d-io/k3d-proxy:latest", "example/k3d-proxy:1")

	// Two clusters, and the one that is not meant stays as it is to the byte.
	h.like("01-create-nolb")
	h.like("20-create-config-lb")
	h.like("20b-list-two")
	h.like("20c-node-list-two")
	if out, err, code := h.in(nil, "wget", "-qO-", "http://127.0.0.1:28080/"); code != 0 || out != "node k3d-t2-server-0\n" {
		t.Errorf("the published port answers %q %q %d", out, err, code)
	}
	const file = `mirrors:
  docker.io:
    endpoint:
    - http://registry:5000
    rewrite: {}
configs:
  registry:5000:
    auth:
      username: me
      password: secret
      auth: ""
      identity_token: ""
`
	if got := h.docker("exec", "k3d-t1-server-0", "cat", "/etc/rancher/k3s/registries.yaml"); got != file {
		t.Errorf("the node's registries.yaml is\n%s", got)
	}
	if mode := h.docker("exec", "k3d-t1-server-0", "stat", "-c", "%a", "/etc/rancher/k3s/registries.yaml"); mode != "644\n" {
		t.Errorf("its mode is %s", mode)
	}
	h.like("04e-kubeconfig-get", "BASE64", "QkFTRTY0")
	h.like("05-create-exists")
	h.like("03-image-import-tar")
	h.like("03d-image-import-missing")
	h.like("03e-image-import-direct", "example/busybox:1", "example/k3s:v1.34.4")

	other := h.docker("inspect", "k3d-t2-server-0", "k3d-t2-serverlb", "k3d-t2", "k3d-t2-images")
	h.like("19-delete-t1")
	if rest := h.everything("t1"); rest != "" {
		t.Errorf("after the delete there are still %q", rest)
	}
	if now := h.docker("inspect", "k3d-t2-server-0", "k3d-t2-serverlb", "k3d-t2", "k3d-t2-images"); now != other {
		t.Error("the other cluster is not what it was")
	}
	h.like("06-delete-missing")

	// Failures that roll back, by name.
	begin := transcript(t, "22h-image-not-there")
	out, err, code := h.k3d(begin.argv...)
	cut := func(text string) string {
		at := strings.Index(text, "Error response from daemon: Get")
		if at < 0 {
			return text
		}
		return text[:at] + text[at+strings.IndexByte(text[at:], '\n'):]
	}
	begin.err = cut(begin.err)
	begin.holds(t, out, cut(err), code)
	h.docker("run", "-d", "--name", "holder", "-p", "127.0.0.1:26443:80", "example/k3s:v1.34.4", "agent")
	h.like("22i-port-conflict")
	for _, name := range []string{"t5", "t6"} {
		if rest := h.everything(name); rest != "" {
			t.Errorf("after the rollback of %s there are still %q", name, rest)
		}
	}
	_, err, code = h.k3d("cluster", "create", "t8", "--image", "example/k3s:v1.34.4", "--no-lb", "--timeout", "2s", "-e", "PROBE_MUTE=1@server:0")
	if code != 1 || !strings.Contains(err, "error waiting for log line `k3s is up and running` from node 'k3d-t8-server-0'") || !strings.Contains(err, "all changes have been rolled back!") {
		t.Errorf("a server that never says it is up: %d %s", code, err)
	}
	if rest := h.everything("t8"); rest != "" {
		t.Errorf("after the timeout there are still %q", rest)
	}
	_, err, code = h.k3d("cluster", "create", "t8", "--image", "example/k3s:v1.34.4", "--no-lb", "--timeout", "2s", "--no-rollback", "-e", "PROBE_MUTE=1@server:0")
	if code != 1 || !strings.Contains(err, "Cluster creation FAILED, rollback deactivated.") || len(strings.Fields(h.everything("t8"))) < 3 {
		t.Errorf("without a rollback: %d %s", code, err)
	}
	h.good("cluster", "delete", "t8")

	// Several servers and an agent, a registry with a life of its own, mounts, labels, arguments.
	h.good("registry", "create", "reg", "--image", "example/k3s:v1.34.4", "--port", "127.0.0.1:5005", "--no-help")
	mount := t.TempDir()
	h.good("cluster", "create", "big", "--image", "example/k3s:v1.34.4", "--servers", "2", "--agents", "1", "--timeout", "60s",
		"--registry-use", "k3d-reg:5005", "--kubeconfig-update-default=false", "--kubeconfig-switch-context=false", "--api-port", "127.0.0.1:26550",
		"-v", mount+":/data@server:0", "--runtime-label", "blackstart.run=r1@all", "--k3s-arg", "--disable=traefik@server:*", "--k3s-node-label", "zone=a@agent:0", "--token", "t0ken")
	if list := h.good("cluster", "list", "big", "--no-headers", "--token"); strings.Join(strings.Fields(list), " ") != "big 2/2 1/1 true t0ken" {
		t.Errorf("the list says %s", list)
	}
	if text := h.docker("exec", "k3d-big-agent-0", "cat", "/etc/rancher/k3s/registries.yaml"); !strings.Contains(text, "k3d-reg:5005:") || !strings.Contains(text, "- http://k3d-reg:5000") {
		t.Errorf("the agent's registries.yaml is\n%s", text)
	}
	if marked := h.docker("ps", "-q", "--filter", "label=blackstart.run=r1"); len(strings.Fields(marked)) != 4 {
		t.Errorf("%d containers carry the label of the run, not 4", len(strings.Fields(marked)))
	}
	var agents []struct{ Config struct{ Cmd []string } }
	if text := h.docker("inspect", "k3d-big-agent-0"); json.Unmarshal([]byte(text), &agents) != nil || strings.Join(agents[0].Config.Cmd, " ") != "agent --node-label zone=a" {
		t.Errorf("the agent was started so: %v", agents)
	}
	if text := h.docker("inspect", "-f", "{{join .Config.Cmd \" \"}}", "k3d-big-server-0"); !strings.Contains(text, "--cluster-init") || !strings.Contains(text, "--disable=traefik") {
		t.Errorf("the first server was started so: %s", text)
	}
	h.good("cluster", "delete", "big")
	if rest := h.everything("big"); rest != "" {
		t.Errorf("after the delete there are still %q", rest)
	}
	if list := h.good("registry", "list", "--no-headers"); !strings.Contains(list, "k3d-reg") {
		t.Errorf("the registry went with the cluster: %q", list)
	}
	h.good("registry", "delete", "k3d-reg")

	// A delete that says ok and leaves something.
	h.good("cluster", "create", "t1", "--image", "example/k3s:v1.34.4", "--no-lb", "--timeout", "60s")
	faults := filepath.Join(t.TempDir(), "faults")
	if err := os.WriteFile(faults, []byte(`{"call":"cluster delete","do":"leave","what":"network"}`+"\n"+`{"call":"cluster delete","do":"leave","what":"volume"}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := transcript(t, "19-delete-t1")
	out, err, code = h.in([]string{"STAND_IN_K3D_FAULTS=" + faults}, append([]string{filepath.Join(h.bin, "k3d")}, s.argv...)...)
	s.holds(t, out, err, code)
	if rest := h.everything("t1"); len(strings.Fields(rest)) < 2 {
		t.Errorf("the fault left only %q", rest)
	}
	h.docker("network", "rm", "k3d-t1")
	h.docker("volume", "rm", "k3d-t1-images")

	// Stopped and started; then the network is lost.
	h.like("32-cluster-stop", "t1", "t2")
	h.like("32b-list-stopped", "t1", "t2")
	h.like("32d-cluster-start", "t1", "t2")
	h.good("cluster", "stop", "t2")
	h.docker("network", "rm", "k3d-t2")
	h.like("16e-start-after-lost-netdb")
}

func TestTheFoundingFailureIsARealOne(t *testing.T) {
	h := newHost(t)
	h.docker("tag", "ghcr.io/k3d-io/k3d-tools:latest", "example/k3d-tools:1")
	h.docker("tag", "ghcr.io/k3d-io/k3d-proxy:latest", "example/k3d-proxy:1")
	h.like("01-create-nolb")
	before := h.docker("ps", "-q", "--no-trunc")
	begin := time.Now()
	if err := h.word("blank", "k3d-t1-server-0"); err != nil {
		t.Fatal(err)
	}
	t.Logf("the address was blanked within %.2f s", time.Since(begin).Seconds())
	for _, name := range []string{"17a-list-empty-ip", "17c-node-list-empty-ip", "17d-kubeconfig-empty-ip", "17e-create-existing-empty-ip", "17f-create-other-empty-ip", "17g-start-empty-ip", "17h-stop-empty-ip", "17i-delete-empty-ip"} {
		h.like(name)
	}
	if now := h.docker("ps", "-q", "--no-trunc", "--filter", "name=^k3d-t1-server-0$"); now != before {
		t.Errorf("the node that nothing was to be deleted of: %q, before %q", now, before)
	}
	h.docker("restart", "-t", "1", "k3d-t1-server-0")
	if list := h.good("cluster", "list", "--no-headers"); strings.Count(list, "1/1") != 2 {
		t.Errorf("a restart does not heal it: %s", list)
	}

	// The daemon dies and comes back: nodes are down, and a start brings them up.
	if err := h.word("daemon", "kill"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"13a-list-daemon-killed", "13b-create-daemon-down", "13d-delete-daemon-down", "13f-runtime-info-down"} {
		h.like(name)
	}
	if err := h.word("daemon", "start"); err != nil {
		t.Fatal(err)
	}
	if list := h.good("cluster", "list", "--no-headers"); !strings.Contains(list, "t1") {
		t.Errorf("after the daemon's death: %s", list)
	}
	h.docker("start", "k3d-t1-server-0")

	if err := h.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	h.gone("its stdin closed")
	if err := h.run.Wait(); err != nil {
		t.Errorf("the host ended with %v", err)
	}
	h.start()
	h.docker("ps", "-a")
	if err := h.run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	h.gone("its SIGKILL")
	_ = h.run.Wait()
}
