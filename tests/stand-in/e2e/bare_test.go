package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestABareHostHasItsOwnNameDiskAndNetworks(t *testing.T) {
	dir := t.TempDir()
	m := boot(t, dir, "--bare", "--name", "other", "--address", "198.51.100.7/24", "--also", "edge")
	if out := m.must("hostname; cat /etc/hostname; command -v k3s || echo none"); out != "other\nother\nnone" {
		t.Errorf("%q", out)
	}
	if _, status := m.try("exit 7"); status != 7 {
		t.Errorf("exit status %d", status)
	}
	m.must("echo kept > /srv/file; echo x > /etc/rancher/x; test ! -w /proc/sys/vm/overcommit_memory")
	if raw, err := os.ReadFile(filepath.Join(dir, "fs", "srv", "file")); err != nil || string(raw) != "kept\n" {
		t.Errorf("%q, %v", raw, err)
	}
	m.must("busybox httpd -p 198.51.100.7:8080 -h /srv")
	edge := exec.Command(program(t, "host"), "enter", "--dir", dir, "--net", "edge", "--", "busybox", "wget", "-qO-", "http://198.51.100.7:8080/file")
	if out, err := edge.CombinedOutput(); err != nil || string(out) != "kept\n" {
		t.Errorf("from the network beside it: %q, %v", out, err)
	}
	if conn, err := net.DialTimeout("tcp", "198.51.100.7:8080", 300*time.Millisecond); err == nil {
		conn.Close()
		t.Error("the machine itself reaches the host")
	}
	second := exec.Command(program(t, "host"), "run", "--dir", dir)
	if out, err := second.CombinedOutput(); err == nil || !strings.Contains(string(out), "a host runs on it already") {
		t.Errorf("a second host on the same disk: %s", out)
	}
}

func TestWhatWasEnteredEndsWithWhoEntered(t *testing.T) {
	m := boot(t, t.TempDir(), "--bare")
	cmd := exec.Command(program(t, "host"), "enter", "--dir", m.dir, "--", "sleep", "8641")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m.until("it runs", "pgrep -xf 'sleep 8641'")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	m.until("it ended", "! pgrep -xf 'sleep 8641'")
}

func TestWhatNobodyAnswersIsRefusedAtOnce(t *testing.T) {
	m := boot(t, t.TempDir(), "--bare")
	began := time.Now()
	if out, status := m.try("busybox nslookup registry-1.docker.io; busybox wget -qO- http://203.0.113.9/"); status == 0 {
		t.Error(out)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("after %s", took)
	}
}
