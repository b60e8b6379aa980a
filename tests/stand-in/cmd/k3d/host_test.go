package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"blackstart/stand-in/internal/probe"
)

// host is a machine with Docker that a test has for itself.
type host struct {
	t      *testing.T
	bin    string
	dir    string
	run    *exec.Cmd
	stdin  io.Closer
	cgroup string
	env    []string
}

// newHost builds the programs and starts a machine, or passes over the test where it cannot be had.
func newHost(t *testing.T) *host {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("not run: a host of namespaces needs root")
	}
	for _, program := range []string{"dockerd", "docker", "busybox", "iptables", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("not run: %v (docker.io, busybox-static, iptables, iproute2)", err)
		}
	}
	h := &host{t: t}
	folder, err := os.MkdirTemp("", "dh")
	if err != nil {
		t.Fatal(err)
	}
	h.bin, h.dir = filepath.Join(folder, "bin"), filepath.Join(folder, "h")
	if err := os.MkdirAll(h.bin, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := probe.Build(h.bin, "k3d", "dockerhost", "runc-trim"); err != nil {
		t.Fatal(err)
	}
	node, helpers := filepath.Join(folder, "node.tar"), filepath.Join(folder, "helpers.tar")
	if err := probe.Node(node); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(filepath.Join(h.bin, "k3d"), "stand-in-image", helpers).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	h.env = append(os.Environ(), "HOME="+folder, "KUBECONFIG="+filepath.Join(folder, "kubeconfig"), "DOCKER_HOST=", "DOCKER_CONFIG="+folder)
	if err := os.WriteFile(filepath.Join(folder, "kubeconfig"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.start("--load", node, "--load", helpers)
	return h
}

func (h *host) start(more ...string) {
	h.t.Helper()
	h.run = exec.Command(filepath.Join(h.bin, "dockerhost"), append([]string{"run", "--dir", h.dir}, more...)...)
	h.run.Stderr = os.Stderr
	stdin, err := h.run.StdinPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	h.stdin = stdin
	out, err := h.run.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.run.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = h.run.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		h.t.Fatalf("the host did not say it is ready: %v", err)
	}
	var said struct {
		Pid              int
		Socket, Cgroup   string
		Answered, Loaded float64
	}
	if err := json.Unmarshal([]byte(line), &said); err != nil || said.Pid == 0 || said.Socket == "" {
		h.t.Fatalf("%v: %s", err, line)
	}
	h.cgroup = said.Cgroup
	h.t.Logf("dockerd answered after %.2f s, images loaded after %.2f s", said.Answered, said.Loaded)
}

// in runs a program in the host.
func (h *host) in(environment []string, argv ...string) (string, string, int) {
	h.t.Helper()
	run := exec.Command(filepath.Join(h.bin, "dockerhost"), append([]string{"enter", "--dir", h.dir, "--"}, argv...)...)
	run.Env = append(h.env, environment...)
	run.Dir = "testdata/files"
	var out, errText bytes.Buffer
	run.Stdout, run.Stderr = &out, &errText
	begin := time.Now()
	err := run.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		h.t.Fatal(err)
	}
	if took := time.Since(begin); took > 300*time.Millisecond {
		h.t.Logf("%5.2f s  %s", took.Seconds(), strings.TrimPrefix(strings.Join(argv, " "), h.bin+"/"))
	}
	return out.String(), errText.String(), run.ProcessState.ExitCode()
}

// docker runs a client's command that must go well.
func (h *host) docker(argv ...string) string {
	h.t.Helper()
	out, err, code := h.in(nil, append([]string{"docker"}, argv...)...)
	if code != 0 {
		h.t.Fatalf("docker %v ended with %d: %s%s", argv, code, out, err)
	}
	return out
}

// k3d runs the stand-in with the helpers' images under the names that the transcripts know.
func (h *host) k3d(argv ...string) (string, string, int) {
	h.t.Helper()
	return h.in([]string{"K3D_IMAGE_TOOLS=example/k3d-tools:1", "K3D_IMAGE_LOADBALANCER=example/k3d-proxy:1"}, append([]string{filepath.Join(h.bin, "k3d")}, argv...)...)
}

// good is a k3d call that must end with 0.
func (h *host) good(argv ...string) string {
	h.t.Helper()
	out, err, code := h.k3d(argv...)
	if code != 0 {
		h.t.Fatalf("k3d %v ended with %d: %s%s", argv, code, out, err)
	}
	return out
}

// like runs the call of a transcript and holds the answer against it. Pairs of words are put in place of one another before.
func (h *host) like(name string, instead ...string) {
	h.t.Helper()
	s := transcript(h.t, name)
	swap := strings.NewReplacer(instead...)
	s.out, s.err = swap.Replace(s.out), swap.Replace(s.err)
	for i := range s.argv {
		s.argv[i] = swap.Replace(s.argv[i])
	}
	out, err, code := h.k3d(s.argv...)
	s.holds(h.t, out, err, code)
}

// everything of a cluster, by label and by name.
func (h *host) everything(cluster string) string {
	h.t.Helper()
	all := ""
	for _, filter := range []string{"label=k3d.cluster=" + cluster, "name=k3d-" + cluster + "-"} {
		all += h.docker("ps", "-aq", "--no-trunc", "--filter", filter)
		all += h.docker("volume", "ls", "-q", "--filter", filter)
	}
	return all + h.docker("network", "ls", "-q", "--filter", "name=^k3d-"+cluster+"$")
}

// gone waits until nothing of the host is left on the machine, three seconds at most.
func (h *host) gone(how string) {
	h.t.Helper()
	begin := time.Now()
	var left []string
	for time.Since(begin) < 3*time.Second {
		if left = h.left(); len(left) == 0 {
			h.t.Logf("nothing was left %.2f s after %s", time.Since(begin).Seconds(), how)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	h.t.Errorf("3 s after %s there are still: %s", how, strings.Join(left, "; "))
}

func (h *host) left() []string {
	var left []string
	processes, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range processes {
		text, _ := os.ReadFile(name)
		if strings.Contains(string(text), h.dir) && !strings.HasPrefix(name, fmt.Sprintf("/proc/%d/", os.Getpid())) {
			left = append(left, name+" "+strings.ReplaceAll(string(text), "\x00", " "))
		}
		if mounts, err := os.ReadFile(strings.TrimSuffix(name, "cmdline") + "mountinfo"); err == nil && strings.Contains(string(mounts), h.dir) {
			left = append(left, name+" has mounts")
		}
	}
	groups, _ := filepath.Glob("/sys/fs/cgroup/*" + h.cgroup)
	left = append(left, groups...)
	links, _ := filepath.Glob("/sys/class/net/*")
	for _, link := range links {
		for _, prefix := range []string{"docker", "br-", "veth"} {
			if strings.HasPrefix(filepath.Base(link), prefix) {
				left = append(left, link)
			}
		}
	}
	return left
}

// word tells the host something about its daemon.
func (h *host) word(verb, what string) error {
	out, err := exec.Command(filepath.Join(h.bin, "dockerhost"), verb, "--dir", h.dir, what).CombinedOutput()
	if err != nil {
		return fmt.Errorf("dockerhost %s %s: %w: %s", verb, what, err, out)
	}
	return nil
}
