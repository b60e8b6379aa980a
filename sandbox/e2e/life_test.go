package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func nothingLeft(t *testing.T, mark, dir string, within time.Duration) {
	t.Helper()
	if mark == "" {
		t.Fatal("the sandbox has no mark")
	}
	eventually(t, within, func() string {
		if left := marked(mark); len(left) > 0 {
			return "still there: " + strings.Join(left, "; ")
		}
		return ""
	})
	if dir != "" && !gone(dir) {
		t.Errorf("%s is still there", dir)
	}
}

func TestTheEndOfItsInputLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sb")
	r := up(t, []string{"--dir", dir})
	if n := len(marked(r.mark)); n != 6 {
		t.Errorf("%d processes carry the mark, wanted are supervisor, etcd, API server, controllers, scheduler, node: %v", n, marked(r.mark))
	}
	r.end(t)
	if r.err != nil {
		t.Errorf("it ended with %v: %s", r.err, r.stderr)
	}
	nothingLeft(t, r.mark, dir, 0)
}

func TestSIGTERMLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sb")
	r := up(t, []string{"--dir", dir})
	kill(t, r.Pid, syscall.SIGTERM)
	if <-r.done; r.err != nil {
		t.Errorf("it ended with %v: %s", r.err, r.stderr)
	}
	nothingLeft(t, r.mark, dir, time.Second)
}

func TestSIGKILLOfTheSupervisorLeavesNoProcess(t *testing.T) {
	base := t.TempDir()
	r := up(t, []string{"--base", base, "--name", "shot"})
	kill(t, r.Pid, syscall.SIGKILL)
	<-r.done
	nothingLeft(t, r.mark, "", 3*time.Second)
	out, _, _ := run(t, "list", "--base", base, "--output", "json")
	if !strings.Contains(out, `"state": "dead"`) {
		t.Errorf("its folder is not shown as dead: %s", out)
	}
	if _, stderr, status := run(t, "reap", "--base", base); status != 0 {
		t.Fatalf("reap: %s", stderr)
	}
	if !gone(r.Dir) {
		t.Errorf("%s is still there after reap", r.Dir)
	}
}

func TestADyingComponentEndsTheWhole(t *testing.T) {
	base := t.TempDir()
	r := up(t, []string{"--base", base, "--name", "broken"})
	for _, p := range marked(r.mark) {
		if pid, words, _ := strings.Cut(p, " "); strings.Contains(words, "component kube-scheduler") {
			n := 0
			if err := json.Unmarshal([]byte(pid), &n); err != nil {
				t.Fatal(err)
			}
			kill(t, n, syscall.SIGKILL)
		}
	}
	if <-r.done; r.cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("exit status %d, wanted 1", r.cmd.ProcessState.ExitCode())
	}
	if !strings.Contains(r.stderr.String(), "kube-scheduler ended by itself (signal: killed)") {
		t.Errorf("it does not say what died: %s", r.stderr)
	}
	nothingLeft(t, r.mark, "", time.Second)
	for _, keys := range []string{"pki", "etcd", "kubeconfig"} {
		if !gone(filepath.Join(r.Dir, keys)) {
			t.Errorf("%s stayed", keys)
		}
	}
	if raw, err := os.ReadFile(filepath.Join(r.Dir, "log", "supervisor.log")); err != nil || !strings.Contains(string(raw), "kube-scheduler ended by itself") {
		t.Errorf("its log does not say it: %s %v", raw, err)
	}
}

func TestTwoSandboxesLiveSideBySide(t *testing.T) {
	base := t.TempDir()
	results := make(chan *running, 2)
	for range 2 {
		go func() {
			r, err := tryUp([]string{"--base", base})
			if err != nil {
				t.Error(err)
			}
			results <- r
		}()
	}
	a, b := <-results, <-results
	if a == nil || b == nil {
		t.Fatal("not both came up")
	}
	defer a.end(t)
	if a.UID == b.UID || a.Server == b.Server || a.Dir == b.Dir {
		t.Errorf("they share something: %s %s", a.raw, b.raw)
	}
	b.end(t)
	if _, err := a.client(t).Discovery().ServerVersion(); err != nil {
		t.Errorf("the other's end hurt this one: %v", err)
	}
}

func TestAKeptOneIsListedFoundAndEnded(t *testing.T) {
	base := t.TempDir()
	out, stderr, status := run(t, "up", "--keep", "--base", base, "--name", "kept", "--label", "run=r1")
	if status != 0 {
		t.Fatal(stderr)
	}
	t.Cleanup(func() { run(t, "down", "--all", "--base", base) })
	l := line{}
	if err := json.Unmarshal([]byte(out), &l); err != nil || strings.Count(out, "\n") != 1 {
		t.Fatalf("not one line of JSON: %q %v", out, err)
	}
	if l.Deadline == nil {
		t.Error("a kept sandbox has no deadline")
	}
	path, _, _ := run(t, "kubeconfig", "kept", "--base", base)
	if strings.TrimSpace(path) != l.Kubeconfig {
		t.Errorf("kubeconfig is %q, the line says %q", path, l.Kubeconfig)
	}
	list, _, _ := run(t, "list", "--base", base, "--output", "json")
	for _, want := range []string{`"state": "running"`, `"name": "kept"`, `"run": "r1"`} {
		if !strings.Contains(list, want) {
			t.Errorf("list lacks %s: %s", want, list)
		}
	}
	if _, stderr, status := run(t, "up", "--base", base, "--name", "kept"); status != 1 || !strings.Contains(stderr, "already is a sandbox") {
		t.Errorf("a second one of the name: %d %s", status, stderr)
	}
	mark := markOf(l.Pid)
	if out, stderr, status := run(t, "down", "kept", "--base", base); status != 0 || !strings.Contains(out, "kept ended") {
		t.Fatalf("down: %d %s %s", status, out, stderr)
	}
	nothingLeft(t, mark, l.Dir, 0)
}

func TestAKeptOneEndsAtItsDeadline(t *testing.T) {
	base := t.TempDir()
	out, stderr, status := run(t, "up", "--keep", "--base", base, "--deadline", "12s")
	if status != 0 {
		t.Fatal(stderr)
	}
	l := line{}
	if err := json.Unmarshal([]byte(out), &l); err != nil {
		t.Fatal(err)
	}
	mark := markOf(l.Pid)
	nothingLeft(t, mark, "", 20*time.Second)
	eventually(t, 2*time.Second, func() string {
		if !gone(l.Dir) {
			return "its folder is still there"
		}
		return ""
	})
}

func TestOneThatIsNotUsableInTimeIsEndedWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sb")
	_, err := tryUp([]string{"--dir", dir, "--wait", "1s"})
	if err == nil || !strings.Contains(err.Error(), "did not come up") || !strings.Contains(err.Error(), "what to do") {
		t.Errorf("it says: %v", err)
	}
	if !gone(dir) {
		t.Errorf("%s is still there", dir)
	}
}

func TestWrongWordsEndWithStatus2(t *testing.T) {
	for _, args := range [][]string{
		{}, {"nonsense"}, {"up", "--nonsense"}, {"up", "word"}, {"up", "--node", "arch=amd64"}, {"up", "--node", "name=a,arch=vax"},
		{"up", "--name", "A/b"}, {"up", "--domain", "-"}, {"up", "--service-cidr", "10.0.0.0/33"}, {"up", "--images", "/nowhere"},
		{"up", "--keep", "--deadline", "0s"}, {"list", "--output", "xml"}, {"down", "a", "b"}, {"down", "a", "--all"},
	} {
		if _, stderr, status := run(t, args...); status != 2 || !strings.Contains(stderr, "what to do") {
			t.Errorf("%v: status %d: %s", args, status, stderr)
		}
	}
}

func TestAFolderThatHoldsSomethingIsNotTaken(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "mine")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, status := run(t, "up", "--dir", dir); status != 1 || !strings.Contains(stderr, "is not empty") {
		t.Errorf("status %d: %s", status, stderr)
	}
	if gone(file) {
		t.Error("what was in it is gone")
	}
}
