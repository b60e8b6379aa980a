package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// line is what this test reads of the JSON line, spelt out anew: the form is a promise to other programs.
type line struct {
	Schema       string   `json:"schema"`
	Name         string   `json:"name"`
	Dir          string   `json:"dir"`
	Kubeconfig   string   `json:"kubeconfig"`
	Server       string   `json:"server"`
	Version      string   `json:"version"`
	UID          string   `json:"uid"`
	Pid          int      `json:"pid"`
	HostRoot     string   `json:"host_root"`
	Images       string   `json:"images"`
	Deadline     *string  `json:"deadline"`
	ReadySeconds *float64 `json:"ready_seconds"`
	Nodes        []struct {
		Name string `json:"name"`
		Arch string `json:"arch"`
	} `json:"nodes"`
}

// running is an attached sandbox.
type running struct {
	line
	raw    []byte
	mark   string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr *lockedBuffer
	// done is closed when the process is gone; err says how it went.
	done chan struct{}
	err  error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}
func (l *lockedBuffer) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

type option func(*exec.Cmd)

func withEnv(env ...string) option { return func(c *exec.Cmd) { c.Env = env } }

// up starts an attached sandbox and waits for its line.
func up(t testing.TB, args []string, options ...option) *running {
	t.Helper()
	r, err := tryUp(args, options...)
	if err != nil {
		t.Fatalf("up %v: %v", args, err)
	}
	t.Cleanup(func() { r.end(t) })
	return r
}

func tryUp(args []string, options ...option) (*running, error) {
	r := &running{cmd: exec.Command(binary, append([]string{"up"}, args...)...), stderr: &lockedBuffer{}, done: make(chan struct{})}
	for _, o := range options {
		o(r.cmd)
	}
	r.cmd.Stderr = r.stderr
	stdin, err := r.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	r.stdin = stdin
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	r.cmd.Stdout = in
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	_ = in.Close()
	go func() { r.err = r.cmd.Wait(); close(r.done) }()
	raw, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		<-r.done
		return nil, errors.Join(errors.New("no line: "+r.stderr.String()), r.err)
	}
	r.raw = raw
	r.mark = markOf(r.cmd.Process.Pid)
	return r, json.Unmarshal(raw, &r.line)
}

// end closes the standard input and waits until the supervisor is gone.
func (r *running) end(t testing.TB) {
	t.Helper()
	_ = r.stdin.Close()
	select {
	case <-r.done:
	case <-time.After(20 * time.Second):
		_ = r.cmd.Process.Kill()
		t.Errorf("sandbox %s did not end within 20 s of the end of its input", r.Name)
	}
}

func (r *running) rest(t testing.TB) *rest.Config {
	t.Helper()
	return restOf(t, r.Kubeconfig)
}

func restOf(t testing.TB, kubeconfig string) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	return config
}

func (r *running) client(t testing.TB) *kubernetes.Clientset {
	t.Helper()
	return kubernetes.NewForConfigOrDie(r.rest(t))
}

// run runs any other command of the binary and gives its output, errors and status.
func run(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return o.String(), e.String(), exit.ExitCode()
	}
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return o.String(), e.String(), 0
}

// eventually asks until the answer is empty; the last answer is what was missing.
func eventually(t testing.TB, within time.Duration, ask func() string) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		missing := ask()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %s", within, missing)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func markOf(pid int) string {
	for _, v := range environ(pid) {
		if mark, ok := strings.CutPrefix(v, "BLACKSTART_SANDBOX_MARK="); ok {
			return mark
		}
	}
	return ""
}

func environ(pid int) []string {
	raw, _ := os.ReadFile(filepath.Join("/proc", itoa(pid), "environ"))
	return strings.Split(string(raw), "\x00")
}

// marked lists the living processes that carry a mark.
func marked(mark string) []string {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	var found []string
	for _, dir := range dirs {
		raw, err := os.ReadFile(dir + "/environ")
		if err == nil && bytes.Contains(raw, []byte("BLACKSTART_SANDBOX_MARK="+mark)) {
			words, _ := os.ReadFile(dir + "/cmdline")
			found = append(found, filepath.Base(dir)+" "+strings.ReplaceAll(string(words), "\x00", " "))
		}
	}
	return found
}

func gone(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, os.ErrNotExist)
}

func kill(t testing.TB, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatalf("kill %d: %v", pid, err)
	}
}

func itoa(n int) string { raw, _ := json.Marshal(n); return string(raw) }
