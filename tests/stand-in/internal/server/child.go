package server

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ComponentWord is the first argument by which the program runs one of upstream's instead of k3s.
const ComponentWord = "stand-in-component"

// child is one of the programs that k3s holds in itself and the stand-in beside itself. It ends with its parent.
type child struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error
}

// starter forks from one thread that never ends: the kernel's parent-death signal goes by the thread.
type starter struct {
	work chan func()
	once sync.Once
}

func (s *starter) do(f func()) {
	s.once.Do(func() {
		s.work = make(chan func())
		go func() {
			runtime.LockOSThread()
			for f := range s.work {
				f()
			}
		}()
	})
	done := make(chan struct{})
	s.work <- func() { f(); close(done) }
	<-done
}

var forks starter

// start starts one of upstream's programs out of this very binary.
func start(logs, name string, args ...string) (*child, error) {
	return program(logs, name, "/proc/self/exe", append([]string{ComponentWord, name}, args...)...)
}

func program(logs, name, path string, args ...string) (*child, error) {
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, err
	}
	c := &child{name: name, log: filepath.Join(logs, name+".log"), done: make(chan struct{})}
	out, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	c.cmd = exec.Command(path, args...)
	c.cmd.Stdout, c.cmd.Stderr = out, out
	// etcd too would tell the service manager that it is up, and the manager would take it for k3s.
	c.cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "NOTIFY_SOCKET=") })
	// A group of its own: a signal from a terminal shall reach k3s alone.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	forks.do(func() { err = c.cmd.Start() })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

// ended is nil as long as it runs.
func (c *child) ended() error {
	select {
	case <-c.done:
		return fmt.Errorf("%s exited: %v: %s", c.name, c.err, c.lastLine())
	default:
		return nil
	}
}

func (c *child) lastLine() string {
	raw, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	return strings.TrimSpace(string(lines[len(lines)-1]))
}

// stop asks, waits, and insists.
func stop(patience time.Duration, all ...*child) {
	late := time.After(patience)
	for _, c := range all {
		if c != nil {
			_ = c.cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	for _, c := range all {
		if c == nil {
			continue
		}
		select {
		case <-c.done:
		case <-late:
			for _, rest := range all {
				if rest != nil {
					_ = rest.cmd.Process.Kill()
				}
			}
			<-c.done
		}
	}
}

// until polls; what is waited for is other programs of this machine, so the polls are short.
func until(patience time.Duration, what string, watched *child, ready func() error) error {
	start := time.Now()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		if watched != nil {
			if dead := watched.ended(); dead != nil {
				return dead
			}
		}
		if time.Since(start) > patience {
			return fmt.Errorf("%s: not after %s: %w", what, patience, err)
		}
		time.Sleep(25 * time.Millisecond)
	}
}
