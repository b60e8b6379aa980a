// Package e2e runs the built stand-ins as a test of blackstart would: a host, its k3s, its containers, its disk.
package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// machine is a host that runs.
type machine struct {
	t     *testing.T
	dir   string
	cmd   *exec.Cmd
	stdin io.Closer
	State struct {
		PID     int    `json:"pid"`
		Address string `json:"address"`
		Cgroup  string `json:"cgroup"`
	}
}

// program gives one of the built programs; without them, or not as root, the tests are not run, and say so.
func program(t *testing.T, name string) string {
	t.Helper()
	folder := os.Getenv("BLACKSTART_STAND_IN")
	if folder == "" {
		folder, _ = filepath.Abs("../../../target/stand-in")
	}
	path := filepath.Join(folder, "bin", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("not run: %s is not there (scripts/build-stand-in)", path)
	}
	if os.Geteuid() != 0 {
		t.Skip("not run: root is wanted")
	}
	return path
}

func boot(t *testing.T, dir string, args ...string) *machine {
	t.Helper()
	m := &machine{t: t, dir: dir}
	m.cmd = exec.Command(program(t, "host"), append([]string{"run", "--dir", dir}, args...)...)
	m.cmd.Stderr = os.Stderr
	stdin, err := m.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	m.stdin = stdin
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.shutDown)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the host did not come up: %v", err)
	}
	if err := json.Unmarshal(line, &m.State); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return m
}

func (m *machine) shutDown() {
	m.stdin.Close()
	_ = m.cmd.Wait()
}

// try runs words of a shell in the host.
func (m *machine) try(script string) (string, int) {
	cmd := exec.Command(program(m.t, "host"), "enter", "--dir", m.dir, "--", "sh", "-c", script)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	timer := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		m.t.Fatal(err)
	}
	return strings.TrimSpace(out.String()), cmd.ProcessState.ExitCode()
}

func (m *machine) must(script string) string {
	m.t.Helper()
	out, status := m.try(script)
	if status != 0 {
		m.t.Fatalf("%s\nended with %d: %s", script, status, out)
	}
	return out
}

// until waits for a script to succeed, and gives how long it took.
func (m *machine) until(what, script string) time.Duration {
	m.t.Helper()
	start := time.Now()
	for {
		out, status := m.try(script)
		if status == 0 {
			return time.Since(start)
		}
		if time.Since(start) > 90*time.Second {
			logs, _ := m.try("journalctl -u k3s -n 30; kubectl get pods -A -o wide; kubectl get events -A | tail -20; tail -n 5 /var/lib/rancher/k3s/agent/log/*.log")
			m.t.Fatalf("%s: not within 90 s: %s\n%s", what, out, logs)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (m *machine) write(path, text string) {
	m.t.Helper()
	file := filepath.Join(m.dir, "fs", path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

const unit = `[Unit]
Description=Lightweight Kubernetes
[Install]
WantedBy=multi-user.target
[Service]
Type=notify
EnvironmentFile=-/etc/systemd/system/k3s.service.env
KillMode=process
Delegate=yes
LimitNOFILE=1048576
TimeoutStartSec=0
Restart=always
RestartSec=1s
ExecStart=/usr/local/bin/k3s server
`

const (
	nodeReady = `kubectl get nodes --no-headers 2>&1 | grep -q ' Ready'`
	dnsReady  = `kubectl -n kube-system get deploy coredns -o jsonpath='{.status.readyReplicas}' 2>&1 | grep -qx 1`
)

func (m *machine) install(config string) {
	m.write("/etc/systemd/system/k3s.service", unit)
	m.write("/etc/rancher/k3s/config.yaml", config)
	m.must("systemctl daemon-reload && systemctl enable k3s")
}

// groups are the host's control groups that are left.
func (m *machine) groups() []string {
	var all []string
	for _, pattern := range []string{"/sys/fs/cgroup/%s", "/sys/fs/cgroup/*/%s", "/sys/fs/cgroup/*/*/%s", "/sys/fs/cgroup/*/*/*/%s"} {
		found, _ := filepath.Glob(fmt.Sprintf(pattern, m.State.Cgroup))
		all = append(all, found...)
	}
	return all
}

// processes that name the host's folder, or are in a PID namespace of it.
func inNamespace(pid int) string {
	link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	if err != nil {
		return ""
	}
	return link
}

func countIn(namespace string) int {
	n := 0
	all, _ := filepath.Glob("/proc/[0-9]*/ns/pid")
	for _, link := range all {
		if at, err := os.Readlink(link); err == nil && at == namespace {
			n++
		}
	}
	return n
}
