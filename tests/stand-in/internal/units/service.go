package units

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// service is one unit's life. Its states and results are systemd's words.
type service struct {
	m    *Manager
	name string

	lock      sync.Mutex
	state     string // inactive, activating, active, deactivating, failed
	sub       string
	result    string
	pid       int
	status    int
	code      string
	restarts  int
	began     time.Time
	ended     time.Time
	stopping  bool
	wake      chan struct{} // closed to end a wait before the next start
	finished  chan struct{} // closed when the main process has ended
	killMode  string
	stopLimit time.Duration
}

func (s *service) set(state, sub string) { s.state, s.sub = state, sub }

func (s *service) log() (*os.File, error) {
	return os.OpenFile(filepath.Join(s.m.logs, s.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
}

// start gives back when the unit is up, or why it is not.
func (s *service) start() error {
	s.lock.Lock()
	if s.state == "active" {
		s.lock.Unlock()
		return nil
	}
	if s.wake != nil {
		close(s.wake)
		s.wake = nil
	}
	s.stopping, s.restarts = false, 0
	s.set("activating", "start")
	s.lock.Unlock()
	return s.once()
}

// once starts the process and waits for it to be up; then it is watched.
func (s *service) once() error {
	u, err := read(s.m.folder, s.name)
	if err != nil {
		s.fail("resources")
		return err
	}
	env, err := u.environment()
	if err != nil {
		s.fail("resources")
		return err
	}
	log, err := s.log()
	if err != nil {
		return err
	}
	defer log.Close()
	for _, pre := range u.pre {
		lenient := strings.HasPrefix(pre[0], "-")
		pre[0] = strings.TrimLeft(pre[0], "-+!@")
		_, done, err := s.m.spawn(pre, env, log)
		if err == nil {
			if w := <-done; w.ExitStatus() != 0 {
				err = fmt.Errorf("%s ended with %d", pre[0], w.ExitStatus())
			}
		}
		if err != nil && !lenient {
			fmt.Fprintf(log, "%s: Control process failed: %v\n", s.name, err)
			s.fail("exit-code")
			s.again(u)
			return err
		}
	}
	up := make(chan struct{}, 1)
	if u.kind == "notify" {
		socket := filepath.Join(filepath.Dir(s.m.socket), s.name+".notify")
		err := listen(socket, up)
		if err != nil {
			return err
		}
		env = append(env, "NOTIFY_SOCKET="+socket)
	} else {
		up <- struct{}{}
	}
	command := u.command[0]
	command[0] = strings.TrimLeft(command[0], "-+!@")
	pid, done, err := s.m.spawn(command, env, log)
	if err != nil {
		fmt.Fprintf(log, "%s: Failed to execute %s: %v\n", s.name, command[0], err)
		s.fail("exit-code")
		s.again(u)
		return err
	}
	finished := make(chan struct{})
	s.lock.Lock()
	s.pid, s.began, s.finished, s.killMode, s.stopLimit = pid, time.Now(), finished, u.killMode, u.stopLimit
	s.lock.Unlock()
	go s.watch(u, done, finished)
	var late <-chan time.Time
	if u.startLimit > 0 {
		late = time.After(u.startLimit)
	}
	select {
	case <-up:
		s.lock.Lock()
		defer s.lock.Unlock()
		if s.pid == pid {
			s.set("active", "running")
			s.result = "success"
			return nil
		}
		return fmt.Errorf("ended at once")
	case <-finished:
		return fmt.Errorf("ended before it was up")
	case <-late:
		_ = syscall.Kill(pid, syscall.SIGTERM)
		<-finished
		s.fail("timeout")
		return fmt.Errorf("a timeout was exceeded")
	}
}

func listen(socket string, up chan struct{}) error {
	_ = os.Remove(socket)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			if strings.Contains(string(buffer[:n]), "READY=1") {
				select {
				case up <- struct{}{}:
				default:
				}
				conn.Close()
				return
			}
		}
	}()
	return nil
}

// watch waits for the main process, and starts it again where the unit says so.
func (s *service) watch(u *unit, done chan syscall.WaitStatus, finished chan struct{}) {
	w := <-done
	s.lock.Lock()
	s.ended = time.Now()
	s.status, s.code = w.ExitStatus(), "exited"
	if w.Signaled() {
		s.status, s.code = int(w.Signal()), "killed"
	}
	clean := !w.Signaled() && w.ExitStatus() == 0 || w.Signaled() && (w.Signal() == syscall.SIGTERM || w.Signal() == syscall.SIGINT || w.Signal() == syscall.SIGHUP)
	pid := s.pid
	s.pid = 0
	switch {
	case s.stopping || clean:
		s.set("inactive", "dead")
		s.result = "success"
	case w.Signaled():
		s.set("failed", "failed")
		s.result = "signal"
	default:
		s.set("failed", "failed")
		s.result = "exit-code"
	}
	stopping := s.stopping
	s.lock.Unlock()
	if log, err := s.log(); err == nil {
		fmt.Fprintf(log, "%s: Main process %d exited, code=%s, status=%d\n", s.name, pid, s.code, s.status)
		log.Close()
	}
	close(finished)
	if !stopping && (u.restart == "always" || u.restart == "on-failure" && !clean) {
		s.again(u)
	}
}

// again waits RestartSec, unless it is told to stop, and starts the unit once more.
func (s *service) again(u *unit) {
	if u.restart != "always" && u.restart != "on-failure" {
		return
	}
	s.lock.Lock()
	if s.stopping {
		s.lock.Unlock()
		return
	}
	wake := make(chan struct{})
	s.wake = wake
	s.set("activating", "auto-restart")
	s.lock.Unlock()
	go func() {
		select {
		case <-wake:
			return
		case <-time.After(u.restartSec):
		}
		s.lock.Lock()
		if s.stopping || s.wake != wake {
			s.lock.Unlock()
			return
		}
		s.wake = nil
		s.restarts++
		s.set("activating", "start")
		s.lock.Unlock()
		_ = s.once()
	}()
}

func (s *service) fail(result string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.set("failed", "failed")
	s.result = result
}

// stop ends the main process, and with KillMode=process nothing else: containers live on.
func (s *service) stop() {
	s.lock.Lock()
	s.stopping = true
	if s.wake != nil {
		close(s.wake)
		s.wake = nil
	}
	pid, finished, mode, limit := s.pid, s.finished, s.killMode, s.stopLimit
	if pid == 0 {
		if s.state != "failed" {
			s.set("inactive", "dead")
		}
		s.lock.Unlock()
		return
	}
	s.set("deactivating", "stop-sigterm")
	s.lock.Unlock()
	_ = syscall.Kill(pid, syscall.SIGTERM)
	var late <-chan time.Time
	if limit > 0 {
		late = time.After(limit)
	}
	select {
	case <-finished:
	case <-late:
		_ = syscall.Kill(pid, syscall.SIGKILL)
		<-finished
	}
	if mode != "process" && mode != "none" {
		// Its session is the nearest thing to a control group that this manager keeps.
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}
