package dockerhost

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// daemon is the host's dockerd, which tests kill and start again.
type daemon struct {
	options Options
	cgroup  string

	mutex sync.Mutex
	pid   int
	ended chan struct{}
}

const pidFile = "/run/docker.pid"

// start runs dockerd and waits until it answers or has ended.
func (d *daemon) start(more []string) error {
	d.mutex.Lock()
	if d.pid != 0 {
		d.mutex.Unlock()
		return fmt.Errorf("dockerd runs already, as process %d of the host", d.pid)
	}
	dir := d.options.Dir
	log, err := os.OpenFile(filepath.Join(dir, "dockerd.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		d.mutex.Unlock()
		return err
	}
	defer log.Close()
	// A killed daemon leaves its pidfile, and the next one would take a foreign process for itself.
	if err := os.Remove(pidFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		d.mutex.Unlock()
		return err
	}
	program, err := exec.LookPath("dockerd")
	if err != nil {
		d.mutex.Unlock()
		return err
	}
	socket := filepath.Join(dir, socketFile)
	arguments := append([]string{
		"dockerd",
		"--data-root", filepath.Join(dir, "data"),
		"--exec-root", "/var/run/docker",
		"--pidfile", pidFile,
		"-H", "unix:///run/docker.sock",
		"-H", "unix://" + socket,
		"--bip", "172.30.0.1/24",
		"--default-address-pool", "base=172.31.0.0/16,size=24",
		"--cgroup-parent", d.cgroup,
		"--add-runtime", "trim=" + d.options.Runtime,
		"--default-runtime", "trim",
		"--log-level", "warn",
	}, more...)
	process, err := os.StartProcess(program, arguments, &os.ProcAttr{
		Dir:   "/",
		Env:   append(os.Environ(), "HOME=/root"),
		Files: []*os.File{nil, log, log},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		d.mutex.Unlock()
		return err
	}
	d.pid, d.ended = process.Pid, make(chan struct{})
	ended := d.ended
	d.mutex.Unlock()

	timeout := d.options.Timeout
	if timeout <= 0 {
		timeout = time.Minute
	}
	for end := time.Now().Add(timeout); time.Now().Before(end); {
		if answer, err := client(socket).Get("http://docker/_ping"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ended:
			return fmt.Errorf("dockerd ended before it answered: %s", tail(filepath.Join(dir, "dockerd.log")))
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("dockerd did not answer within %s: %s", timeout, tail(filepath.Join(dir, "dockerd.log")))
}

// end sends the signal and waits until dockerd is gone.
func (d *daemon) end(signal syscall.Signal) error {
	d.mutex.Lock()
	pid, ended := d.pid, d.ended
	d.mutex.Unlock()
	if pid == 0 {
		return errors.New("dockerd does not run")
	}
	if err := syscall.Kill(pid, signal); err != nil {
		return err
	}
	select {
	case <-ended:
		return nil
	case <-time.After(time.Minute):
		return fmt.Errorf("dockerd did not end within a minute of %s", signal)
	}
}

// bury takes the exit of every process of the host that has no other parent, and notes when it was the daemon's.
//
// It takes all: the few programs that this process waits for itself are finished before it is called.
func (d *daemon) bury() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.ECHILD {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		if err != nil {
			continue
		}
		d.mutex.Lock()
		if pid == d.pid {
			d.pid = 0
			close(d.ended)
		}
		d.mutex.Unlock()
	}
}

// listen takes words on the control socket: kill, stop, start with more arguments.
func (d *daemon) listen() error {
	listener, err := net.Listen("unix", filepath.Join(d.options.Dir, "control.sock"))
	if err != nil {
		return err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go d.serve(connection)
		}
	}()
	return nil
}

func (d *daemon) serve(connection net.Conn) {
	defer connection.Close()
	var words []string
	if err := json.NewDecoder(bufio.NewReader(connection)).Decode(&words); err != nil || len(words) == 0 {
		return
	}
	var err error
	switch words[0] {
	case "kill":
		err = d.end(syscall.SIGKILL)
	case "stop":
		err = d.end(syscall.SIGTERM)
	case "start":
		err = d.start(append(append([]string{}, d.options.Daemon...), words[1:]...))
	default:
		err = fmt.Errorf("%q is no word for a daemon", words[0])
	}
	answer := ""
	if err != nil {
		answer = err.Error()
	}
	_ = json.NewEncoder(connection).Encode(answer)
}

// Daemon tells the host's first process to kill, stop or start dockerd, and returns when that is done.
func Daemon(dir string, words []string) error {
	host, err := Read(dir)
	if err != nil {
		return err
	}
	connection, err := net.Dial("unix", host.Control)
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := json.NewEncoder(connection).Encode(words); err != nil {
		return err
	}
	var answer string
	if err := json.NewDecoder(connection).Decode(&answer); err != nil {
		return fmt.Errorf("the host did not answer: %w", err)
	}
	if answer != "" {
		return errors.New(answer)
	}
	return nil
}

// tail is the end of a log, for an error.
func tail(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}
