package units

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Request is what systemctl asks.
type Request struct {
	Word       string   `json:"word"`
	Units      []string `json:"units"`
	Properties []string `json:"properties"`
	NoBlock    bool     `json:"no_block"`
	Now        bool     `json:"now"`
	Value      bool     `json:"value"`
	Quiet      bool     `json:"quiet"`
}

// Answer is what systemctl prints, and with what it ends.
type Answer struct {
	Out    string `json:"out"`
	Err    string `json:"err"`
	Status int    `json:"status"`
}

// Manager minds the units of a host. It is in the host's first process, so that orphans come to it.
type Manager struct {
	folder, logs, socket string
	lock                 sync.Mutex
	known                map[string]*service
	// waits tells who waits for a child; every other child is an orphan.
	waits map[int]chan syscall.WaitStatus
	dead  map[int]syscall.WaitStatus
}

// New makes one; it serves when Run is called.
func New(folder, logs, socket string) (*Manager, error) {
	for _, dir := range []string{folder, logs, filepath.Dir(socket)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	m := &Manager{folder: folder, logs: logs, socket: socket, known: map[string]*service{}, waits: map[int]chan syscall.WaitStatus{}, dead: map[int]syscall.WaitStatus{}}
	_ = os.Remove(socket)
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	go m.reap()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go m.serve(conn)
		}
	}()
	return m, nil
}

// Run is the rest of the first process's life.
func (m *Manager) Run() { select {} }

// reap takes in every child that ends: units' own, and orphans.
func (m *Manager) reap() {
	children := make(chan os.Signal, 64)
	signal.Notify(children, syscall.SIGCHLD)
	for range children {
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
			if err == syscall.EINTR {
				continue
			}
			if pid <= 0 || err != nil {
				break
			}
			m.lock.Lock()
			if w := m.waits[pid]; w != nil {
				w <- status
				delete(m.waits, pid)
			} else {
				// It may have ended before its starter could say that it waits.
				m.dead[pid] = status
				if len(m.dead) > 4096 {
					clear(m.dead)
				}
			}
			m.lock.Unlock()
		}
	}
}

// spawn starts a process and gives where its end will be told. os/exec would wait for it itself.
func (m *Manager) spawn(args, env []string, log *os.File) (int, chan syscall.WaitStatus, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer null.Close()
	m.lock.Lock()
	defer m.lock.Unlock()
	pid, err := syscall.ForkExec(args[0], args, &syscall.ProcAttr{
		Dir: "/", Env: env, Files: []uintptr{null.Fd(), log.Fd(), log.Fd()}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, nil, err
	}
	done := make(chan syscall.WaitStatus, 1)
	m.waits[pid] = done
	return pid, done, nil
}

// StartEnabled is what a boot does.
func (m *Manager) StartEnabled() error {
	links, err := filepath.Glob(filepath.Join(m.folder, "*.target.wants", "*.service"))
	if err != nil {
		return err
	}
	for _, link := range links {
		if s, err := m.get(filepath.Base(link)); err == nil {
			go s.start()
		}
	}
	return nil
}

func fullName(name string) string {
	if strings.Contains(name, ".") {
		return name
	}
	return name + ".service"
}

// get gives the service of a unit's file; the file is read anew at each start, as after a daemon-reload.
func (m *Manager) get(name string) (*service, error) {
	name = fullName(name)
	m.lock.Lock()
	defer m.lock.Unlock()
	if s := m.known[name]; s != nil {
		return s, nil
	}
	if _, err := os.Stat(filepath.Join(m.folder, name)); err != nil {
		return nil, fmt.Errorf("Unit %s could not be found.", name)
	}
	s := &service{m: m, name: name, state: "inactive", sub: "dead", result: "success"}
	m.known[name] = s
	return s, nil
}

func (m *Manager) serve(conn net.Conn) {
	defer conn.Close()
	var r Request
	if err := json.NewDecoder(conn).Decode(&r); err != nil {
		return
	}
	_ = json.NewEncoder(conn).Encode(m.do(&r))
}

// Ask sends a request to a host's manager.
func Ask(socket string, r *Request) (*Answer, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		return nil, err
	}
	a := &Answer{}
	return a, json.NewDecoder(conn).Decode(a)
}
