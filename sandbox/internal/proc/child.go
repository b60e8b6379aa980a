package proc

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// guardFd is where every child finds the reading end of the guard pipe.
const guardFd = 3

// Child is one running component.
type Child struct {
	Name    string
	LogPath string
	cmd     *exec.Cmd
	done    chan struct{}
	err     error
}

// Nursery starts children, all from one operating system thread.
//
// The kernel's promise "kill the child when its parent dies" is bound to the thread that started it, and Go moves
// goroutines between threads and ends threads as it likes. So a single goroutine, locked to a thread that lives as
// long as the nursery, starts them all. The guard pipe is the second, independent promise: its writing end exists
// in this process only, and a child that reads its end knows that we are gone, however we went.
type Nursery struct {
	start    chan func()
	guardIn  *os.File
	guardOut *os.File
	mu       sync.Mutex
	children []*Child
	died     chan *Child
	closing  bool
}

// NewNursery prepares the thread and the pipe.
func NewNursery() (*Nursery, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("guard pipe: %w", err)
	}
	n := &Nursery{start: make(chan func()), guardIn: in, guardOut: out, died: make(chan *Child, 64)}
	go func() {
		// Never unlocked: the thread must not end before the process does.
		runtime.LockOSThread()
		for f := range n.start {
			f()
		}
		select {}
	}()
	return n, nil
}

// Start runs this same binary as one component. The extra files become descriptors 4 and up.
func (n *Nursery) Start(name, logPath, dir string, env, args []string, extra ...*os.File) (*Child, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(Self(), append([]string{"component", name}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, log, log
	cmd.ExtraFiles = append([]*os.File{n.guardOut}, extra...)
	// A group of its own: Ctrl-C at a terminal goes to the supervisor, which ends the children in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	c := &Child{Name: name, LogPath: logPath, cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	n.start <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start of %s: %w", name, err)
	}
	n.mu.Lock()
	n.children = append(n.children, c)
	n.mu.Unlock()
	go func() {
		c.err = cmd.Wait()
		close(c.done)
		n.mu.Lock()
		closing := n.closing
		n.mu.Unlock()
		if !closing {
			n.died <- c
		}
	}()
	return c, nil
}

// Died tells of children that ended without being asked to.
func (n *Nursery) Died() <-chan *Child { return n.died }

// Close kills all children at once and waits for every one. There is nothing in a sandbox that a gentle end would save.
func (n *Nursery) Close() {
	n.mu.Lock()
	n.closing = true
	children := append([]*Child(nil), n.children...)
	n.mu.Unlock()
	for _, c := range children {
		_ = c.cmd.Process.Kill()
	}
	for _, c := range children {
		<-c.done
	}
}

// Ending says how a dead child ended, in words.
func (c *Child) Ending() string {
	if c.err == nil {
		return "exit status 0"
	}
	return c.err.Error()
}

// Guard is called by a component as its first act: when the supervisor is gone, so is this process.
func Guard() {
	syscall.CloseOnExec(guardFd)
	pipe := os.NewFile(guardFd, "guard")
	go func() {
		_, _ = pipe.Read(make([]byte, 1))
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}()
}
