package host

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func say(err error) int {
	fmt.Fprintln(os.Stderr, "host (stand-in):", err)
	return 1
}

// Run is the outside of a host: it holds the process on which everything in it hangs.
func Run(args []string) int {
	o, err := parse(args)
	if err != nil {
		return say(err)
	}
	status, err := o.run()
	if err != nil {
		return say(err)
	}
	return status
}

func (o *options) run() (int, error) {
	if os.Geteuid() != 0 {
		return 1, fmt.Errorf("root is wanted for namespaces")
	}
	if err := os.MkdirAll(o.fs("/"), 0o755); err != nil {
		return 1, err
	}
	// One host at a time on one disk; the lock ends with this process, however it ends.
	lock, err := os.OpenFile(filepath.Join(o.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return 1, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return 1, fmt.Errorf("%s: a host runs on it already", o.Dir)
	}
	sweepDead()
	if err := makeCgroups(o.Cgroup); err != nil {
		removeCgroups(o.Cgroup)
		return 1, err
	}
	if err := o.startSweeper(); err != nil {
		removeCgroups(o.Cgroup)
		return 1, err
	}
	// The parent-death signal goes by the thread that forked.
	runtime.LockOSThread()
	ready, tell, err := os.Pipe()
	if err != nil {
		return 1, err
	}
	init := exec.Command("/proc/self/exe", InitWord, o.text())
	init.Stdout, init.Stderr = os.Stderr, os.Stderr
	init.ExtraFiles = []*os.File{tell}
	init.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
	}
	if err := init.Start(); err != nil {
		return 1, err
	}
	tell.Close()
	ended := make(chan error, 1)
	up := make(chan error, 1)
	var s state
	go func() {
		line, err := bufio.NewReader(ready).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &s)
		}
		up <- err
	}()
	// Wait from a goroutine is fine: only the fork is bound to the thread.
	go func() { ended <- init.Wait() }()
	end := func() {
		_ = init.Process.Kill()
		<-ended
		_ = os.Remove(o.stateFile())
	}
	if err := <-up; err != nil {
		end()
		return 1, fmt.Errorf("it did not come up; its words are above")
	}
	s.PID, s.Dir, s.Cgroup = init.Process.Pid, o.Dir, o.Cgroup
	raw, err := json.Marshal(s)
	if err != nil {
		end()
		return 1, err
	}
	if err := os.WriteFile(o.stateFile(), raw, 0o644); err != nil {
		end()
		return 1, err
	}
	fmt.Println(string(raw))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	closed := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(closed)
	}()
	select {
	case <-stop:
	case <-closed:
	case err := <-ended:
		_ = os.Remove(o.stateFile())
		return 1, fmt.Errorf("its first process ended: %v", err)
	}
	end()
	// What hung on the first process is gone now; the groups are empty a moment later.
	removeCgroups(o.Cgroup)
	return 0, nil
}

// startSweeper starts the one process that outlives a SIGKILL of this one, for as long as it takes to remove empty groups.
func (o *options) startSweeper() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	sweeper := exec.Command("/proc/self/exe", SweepWord, o.text())
	sweeper.Stdin = r
	sweeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := sweeper.Start(); err != nil {
		return err
	}
	r.Close()
	// Held open as long as this process lives; it is not inherited.
	keep = append(keep, w)
	go func() { _ = sweeper.Wait() }()
	return nil
}

var keep []*os.File

// Sweep waits for the end of the process that holds the other end of its input, then removes the host's groups.
func Sweep(args []string) int {
	o, err := fromText(args)
	if err != nil {
		return say(err)
	}
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	_, _ = io.Copy(io.Discard, os.Stdin)
	for start := time.Now(); time.Since(start) < 10*time.Second; time.Sleep(50 * time.Millisecond) {
		if removeCgroups(o.Cgroup) {
			return 0
		}
	}
	return 1
}
