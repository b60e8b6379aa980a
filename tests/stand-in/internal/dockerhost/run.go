package dockerhost

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// Options are what `dockerhost run` is told.
type Options struct {
	Dir     string
	Load    []string // files of images to load before the host is said to be ready
	Runtime string   // the wrapper of runc; beside this program if empty
	Daemon  []string // more arguments of dockerd
	Timeout time.Duration
}

// Run makes a host, prints one line about it when its daemon answers, and stays until stdin closes or a signal comes.
//
// The host's first process dies with the thread that made it, so the caller must have locked that thread: a SIGKILL of this
// process is then the end of everything in it.
func Run(options Options) error {
	begin := time.Now()
	host, err := prepare(options.Dir)
	if err != nil {
		return err
	}
	if options.Dir, err = filepath.Abs(options.Dir); err != nil {
		return err
	}
	if other, err := Read(options.Dir); err == nil {
		return fmt.Errorf("a host runs on %s already, as process %d", options.Dir, other.Pid)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if options.Runtime == "" {
		options.Runtime = filepath.Join(filepath.Dir(self), "runc-trim")
	}
	for _, needed := range append([]string{options.Runtime}, options.Load...) {
		if _, err := os.Stat(needed); err != nil {
			return err
		}
	}
	for _, program := range []string{"dockerd", "containerd", "docker-proxy", "iptables", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%w (Debian has it in docker.io, containerd, iptables and iproute2)", err)
		}
	}
	sweep(host.Cgroup) // what an earlier host on this folder left, should its sweeper have been killed too
	for _, old := range []string{host.Socket, host.Control, filepath.Join(options.Dir, hostFile)} {
		if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}

	// The pipe that the sweeper waits on: only the host's first process keeps the other end.
	ended, lives, err := os.Pipe()
	if err != nil {
		return err
	}
	sweeper := exec.Command(self, "sweep", host.Cgroup)
	sweeper.ExtraFiles = []*os.File{ended}
	sweeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := sweeper.Start(); err != nil {
		return err
	}
	ready, tell, err := os.Pipe()
	if err != nil {
		return err
	}
	arguments, err := json.Marshal(options)
	if err != nil {
		return err
	}
	first := exec.Command(self, "inside", string(arguments))
	first.Stderr = os.Stderr
	first.ExtraFiles = []*os.File{tell, lives}
	first.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
		Setsid:     true,
	}
	if err := first.Start(); err != nil {
		lives.Close()
		return fmt.Errorf("no namespaces can be made here: %w", err)
	}
	tell.Close()
	lives.Close()
	ended.Close()

	host.Pid = first.Process.Pid
	if host.Started, err = startOf(host.Pid); err != nil {
		return err
	}
	if err := host.write(options.Dir); err != nil {
		return err
	}
	stop := make(chan os.Signal, 3)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop <- syscall.SIGHUP
	}()
	gone := make(chan error, 1)
	go func() { gone <- first.Wait() }()
	said := make(chan error, 1)
	go func() {
		var times struct {
			Answered, Loaded time.Time
			Err              string
		}
		if err := json.NewDecoder(ready).Decode(&times); err != nil {
			said <- errors.New("the host ended before its daemon answered")
			return
		}
		if times.Err != "" {
			said <- errors.New(times.Err)
			return
		}
		host.Answered, host.Loaded = times.Answered.Sub(begin).Seconds(), times.Loaded.Sub(begin).Seconds()
		said <- nil
	}()
	end := func(cause error) error {
		_ = first.Process.Kill()
		<-gone
		_ = sweeper.Wait()
		_ = os.Remove(filepath.Join(options.Dir, hostFile))
		return cause
	}
	select {
	case err := <-said:
		if err != nil {
			return end(err)
		}
	case <-stop:
		return end(errors.New("ended before the daemon answered"))
	}
	if err := host.write(options.Dir); err != nil {
		return end(err)
	}
	line, err := json.Marshal(host)
	if err != nil {
		return end(err)
	}
	if _, err := fmt.Printf("%s\n", line); err != nil {
		return end(err)
	}
	select {
	case <-stop:
		return end(nil)
	case err := <-gone:
		gone <- err
		return end(fmt.Errorf("the host's first process ended: %v", err))
	}
}
