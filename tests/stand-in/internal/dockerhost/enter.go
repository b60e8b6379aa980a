package dockerhost

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Enter runs a program in the host and returns its exit code. Outside, with everything else as in the host, it gets the network
// of the machine next door, which the host reaches through its eth0.
func Enter(dir string, outside bool, argv []string) (int, error) {
	host, err := Read(dir)
	if err != nil {
		return 1, err
	}
	folder, err := os.Getwd()
	if err != nil {
		return 1, err
	}
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	// Namespaces belong to a thread, and so does what it starts.
	runtime.LockOSThread()
	spaces := map[string]*os.File{}
	for _, name := range []string{"mnt", "net", "uts", "ipc", "pid"} {
		if spaces[name], err = os.Open(fmt.Sprintf("/proc/%d/ns/%s", host.Pid, name)); err != nil {
			return 1, err
		}
	}
	// A thread may change its mounts only when it shares its folder with no other.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return 1, err
	}
	for _, name := range []string{"mnt", "net", "uts", "ipc", "pid"} {
		if err := unix.Setns(int(spaces[name].Fd()), 0); err != nil {
			return 1, fmt.Errorf("the %s namespace of process %d cannot be entered: %w", name, host.Pid, err)
		}
	}
	if outside {
		space, err := os.Open(outsideNet)
		if err != nil {
			return 1, err
		}
		if err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNET); err != nil {
			return 1, err
		}
	}
	program, err := exec.LookPath(argv[0])
	if err != nil {
		return 127, err
	}
	alive, lives, err := os.Pipe()
	if err != nil {
		return 1, err
	}
	child, err := os.StartProcess(self, append([]string{self, "held", program}, argv...), &os.ProcAttr{
		Dir:   folder,
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr, alive},
	})
	if err != nil {
		return 126, err
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	go func() {
		for s := range signals {
			_ = child.Signal(s)
		}
	}()
	// A wait on this thread, which must not end before the child: the child dies with it.
	state, err := child.Wait()
	lives.Close()
	if err != nil {
		return 1, err
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	if code := state.ExitCode(); code >= 0 {
		return code, nil
	}
	return 1, errors.New("the program's end could not be read")
}

// Held becomes the program, after it has bound its life to that of the process outside. That process has no number in here, so
// whether it lives is told by the pipe at descriptor 3.
func Held(program string, argv []string) error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	state := []unix.PollFd{{Fd: 3, Events: unix.POLLIN}}
	if n, err := unix.Poll(state, 0); err != nil || n != 0 {
		return errors.New("the program outside has ended")
	}
	syscall.CloseOnExec(3)
	return syscall.Exec(program, argv, os.Environ())
}
