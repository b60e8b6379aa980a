package host

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Enter runs a program in a host: it ends with this process, even by SIGKILL, and its signals and its exit status are handed on.
func Enter(args []string) int {
	f := flag.NewFlagSet("host enter", flag.ContinueOnError)
	dir := f.String("dir", "", "the host's folder")
	net := f.String("net", "", "the network beside the host")
	if err := f.Parse(args); err != nil {
		return 2
	}
	if *dir == "" || f.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "host enter: --dir DIR -- CMD… is wanted")
		return 2
	}
	status, err := enter(*dir, *net, f.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "host enter (stand-in):", err)
		return 125
	}
	return status
}

func readState(dir string) (*state, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "host.json"))
	if err != nil {
		return nil, fmt.Errorf("no host is up there: %w", err)
	}
	s := &state{}
	return s, json.Unmarshal(raw, s)
}

// network is the file of a network beside the host.
func (s *state) network(name string) (string, error) {
	inner, known := s.Nets[name]
	if !known {
		return "", fmt.Errorf("no network %s beside it", name)
	}
	// The numbers of its processes are its own: seen through its file system.
	inside := filepath.Join("/proc", strconv.Itoa(s.PID), "root")
	return filepath.Join(inside, "proc", strconv.Itoa(inner), "ns", "net"), nil
}

func besideNetwork(dir string) (*os.File, error) {
	s, err := readState(dir)
	if err != nil {
		return nil, err
	}
	for name := range s.Nets {
		path, err := s.network(name)
		if err != nil {
			return nil, err
		}
		return os.Open(path)
	}
	return nil, fmt.Errorf("%s was run without --also: there is no network to stand in", dir)
}

func enter(dir, net string, command []string) (int, error) {
	s, err := readState(dir)
	if err != nil {
		return 0, err
	}
	proc := fmt.Sprintf("/proc/%d", s.PID)
	network := proc + "/ns/net"
	if net != "" {
		if network, err = s.network(net); err != nil {
			return 0, err
		}
	}
	here, err := os.Getwd()
	if err != nil {
		here = "/"
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return 0, err
	}
	alive, held, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer held.Close()
	runtime.LockOSThread()
	// Only this thread goes into the host; the program is forked from it.
	if err := joinAsThread(s.Cgroup); err != nil {
		return 0, err
	}
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return 0, err
	}
	var spaces []*os.File
	for _, path := range []string{proc + "/ns/cgroup", proc + "/ns/ipc", proc + "/ns/uts", network, proc + "/ns/pid", proc + "/ns/mnt"} {
		f, err := os.Open(path)
		if err != nil {
			return 0, fmt.Errorf("the host is down: %w", err)
		}
		defer f.Close()
		spaces = append(spaces, f)
	}
	for _, f := range spaces {
		if err := unix.Setns(int(f.Fd()), 0); err != nil {
			return 0, fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	if err := unix.Chdir(here); err != nil {
		if err := unix.Chdir("/"); err != nil {
			return 0, err
		}
	}
	env := environment()
	path, err := find(command[0], env)
	if err != nil {
		return 127, nil
	}
	// Go's own parent-death signal looks for the parent's id, which is none in another PID namespace; so a step in between asks for it.
	cmd := &exec.Cmd{
		Path: "/proc/self/fd/3", Args: append([]string{"host", HoldWord, path}, command...), Env: env,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, ExtraFiles: []*os.File{self, alive},
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if w, ok := exit.Sys().(syscall.WaitStatus); ok && w.Signaled() {
			return 128 + int(w.Signal()), nil
		}
		return exit.ExitCode(), nil
	}
	return 0, err
}

// Hold asks to end with its parent, and becomes the program.
func Hold(args []string) int {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return say(err)
	}
	// The parent may have ended before it was asked for: then the other end of the pipe is closed.
	poll := []unix.PollFd{{Fd: 4, Events: unix.POLLIN}}
	if n, err := unix.Poll(poll, 0); err == nil && n > 0 {
		return 137
	}
	unix.CloseOnExec(3)
	unix.CloseOnExec(4)
	err := syscall.Exec(args[0], args[1:], os.Environ())
	say(err)
	return 126
}

// environment is this one's, with the host's own programs first.
func environment() []string {
	path := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	var env []string
	for _, e := range os.Environ() {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			path += ":" + v
			continue
		}
		env = append(env, e)
	}
	return append(env, "PATH="+path)
}

func find(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			for _, dir := range filepath.SplitList(v) {
				path := filepath.Join(dir, name)
				if info, err := os.Stat(path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
					return path, nil
				}
			}
		}
	}
	fmt.Fprintf(os.Stderr, "host enter: %s: not found in the host\n", name)
	return "", os.ErrNotExist
}

// joinAsThread puts only the calling thread into the host's groups, so that what it forks is in them.
func joinAsThread(name string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		if h.kind != "cgroup" {
			continue // the unified hierarchy takes no single threads; its groups count nothing that the host needs
		}
		if err := os.WriteFile(filepath.Join(h.folder(name), "tasks"), []byte(fmt.Sprint(unix.Gettid())), 0o644); err != nil {
			return fmt.Errorf("%s: %w", h.mount, err)
		}
	}
	return nil
}
