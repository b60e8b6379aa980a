package units

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// do answers one call of systemctl in its words and with its exit codes.
func (m *Manager) do(r *Request) *Answer {
	a := &Answer{}
	switch r.Word {
	case "daemon-reload", "daemon-reexec", "reset-failed":
		if r.Word == "reset-failed" {
			m.each(r, a, func(s *service) {
				s.lock.Lock()
				defer s.lock.Unlock()
				if s.state == "failed" {
					s.set("inactive", "dead")
				}
			})
		}
		m.forget()
	case "start", "restart":
		m.each(r, a, func(s *service) {
			if r.Word == "restart" {
				s.stop()
			}
			m.startOne(r, s, a)
		})
		if a.Status == 4 {
			a.Status = 5
		}
	case "stop", "kill":
		m.each(r, a, func(s *service) { s.stop() })
		if a.Status == 4 {
			a.Status = 5
		}
	case "enable", "disable":
		m.wants(r, a)
	case "is-active", "is-failed":
		m.isState(r, a)
	case "is-enabled":
		for _, name := range r.Units {
			state := m.enabled(name)
			a.Out += state + "\n"
			if state != "enabled" {
				a.Status = 1
			}
		}
	case "show":
		for _, name := range r.Units {
			m.show(r, name, a)
		}
	case "status":
		for _, name := range r.Units {
			m.status(name, a)
		}
	case "is-system-running":
		a.Out = "running\n"
	case "list-units", "list-unit-files":
		m.list(a)
	case "cat":
		for _, name := range r.Units {
			raw, err := os.ReadFile(filepath.Join(m.folder, fullName(name)))
			if err != nil {
				a.Err += fmt.Sprintf("No files found for %s.\n", fullName(name))
				a.Status = 1
				continue
			}
			a.Out += "# " + filepath.Join(m.folder, fullName(name)) + "\n" + string(raw)
		}
	default:
		a.Err, a.Status = fmt.Sprintf("Unknown command verb %s. (a stand-in of blackstart's tests)\n", r.Word), 1
	}
	return a
}

func (m *Manager) each(r *Request, a *Answer, do func(*service)) {
	for _, name := range r.Units {
		s, err := m.get(name)
		if err != nil {
			a.Err += fmt.Sprintf("Failed to %s %s: Unit %s not found.\n", r.Word, fullName(name), fullName(name))
			a.Status = 4
			continue
		}
		do(s)
	}
}

func (m *Manager) startOne(r *Request, s *service, a *Answer) {
	if r.NoBlock {
		go func() { _ = s.start() }()
		return
	}
	if err := s.start(); err != nil {
		why := "the control process exited with error code"
		if strings.Contains(err.Error(), "timeout") {
			why = "a timeout was exceeded"
		}
		a.Err += fmt.Sprintf("Job for %s failed because %s.\nSee \"systemctl status %s\" and \"journalctl -xeu %s\" for details.\n", s.name, why, s.name, s.name)
		a.Status = 1
	}
}

// forget lets go of units whose file is gone and that do not run.
func (m *Manager) forget() {
	m.lock.Lock()
	defer m.lock.Unlock()
	for name, s := range m.known {
		s.lock.Lock()
		idle := s.pid == 0 && s.wake == nil
		s.lock.Unlock()
		if _, err := os.Stat(filepath.Join(m.folder, name)); err != nil && idle {
			delete(m.known, name)
		}
	}
}

func (m *Manager) wants(r *Request, a *Answer) {
	for _, name := range r.Units {
		name = fullName(name)
		u, err := read(m.folder, name)
		if err != nil {
			a.Err += fmt.Sprintf("Failed to %s unit: Unit file %s does not exist.\n", r.Word, name)
			a.Status = 1
			continue
		}
		for _, target := range u.wantedBy {
			dir := filepath.Join(m.folder, target+".wants")
			link := filepath.Join(dir, name)
			if r.Word == "disable" {
				if os.Remove(link) == nil {
					a.Err += fmt.Sprintf("Removed %q.\n", link)
				}
				continue
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				a.Err, a.Status = err.Error()+"\n", 1
				return
			}
			if err := os.Symlink(u.path, link); err == nil {
				a.Err += fmt.Sprintf("Created symlink %s → %s.\n", link, u.path)
			} else if !os.IsExist(err) {
				a.Err, a.Status = err.Error()+"\n", 1
				return
			}
		}
		if r.Now {
			if s, err := m.get(name); err == nil {
				if r.Word == "enable" {
					m.startOne(r, s, a)
				} else {
					s.stop()
				}
			}
		}
	}
}

func (m *Manager) enabled(name string) string {
	name = fullName(name)
	if _, err := os.Stat(filepath.Join(m.folder, name)); err != nil {
		return "not-found"
	}
	links, _ := filepath.Glob(filepath.Join(m.folder, "*.wants", name))
	if len(links) > 0 {
		return "enabled"
	}
	return "disabled"
}

func (m *Manager) isState(r *Request, a *Answer) {
	good := false
	for _, name := range r.Units {
		state := "inactive"
		s, err := m.get(name)
		if err == nil {
			s.lock.Lock()
			state = s.state
			s.lock.Unlock()
		}
		a.Out += state + "\n"
		good = good || r.Word == "is-active" && state == "active" || r.Word == "is-failed" && state == "failed"
	}
	if r.Quiet {
		a.Out = ""
	}
	if !good {
		a.Status = 3
		if r.Word == "is-failed" {
			a.Status = 1
		}
	}
}

func (m *Manager) properties(name string) [][2]string {
	s, err := m.get(name)
	if err != nil {
		return [][2]string{{"Id", fullName(name)}, {"LoadState", "not-found"}, {"ActiveState", "inactive"}, {"SubState", "dead"}, {"UnitFileState", ""}, {"MainPID", "0"}, {"NRestarts", "0"}, {"Result", "success"}}
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format("Mon 2006-01-02 15:04:05 MST")
	}
	kind, file := "", filepath.Join(m.folder, s.name)
	if u, err := read(m.folder, s.name); err == nil {
		kind = u.kind
	}
	state := m.enabled(name)
	return [][2]string{
		{"Id", s.name}, {"LoadState", "loaded"}, {"ActiveState", s.state}, {"SubState", s.sub}, {"UnitFileState", state}, {"MainPID", fmt.Sprint(s.pid)},
		{"NRestarts", fmt.Sprint(s.restarts)}, {"Result", s.result}, {"ExecMainStatus", fmt.Sprint(s.status)}, {"ExecMainCode", s.code},
		{"ExecMainStartTimestamp", stamp(s.began)}, {"ExecMainExitTimestamp", stamp(s.ended)}, {"Type", kind}, {"KillMode", s.killMode}, {"FragmentPath", file},
	}
}

func (m *Manager) show(r *Request, name string, a *Answer) {
	all := m.properties(name)
	if len(r.Properties) == 0 {
		for _, p := range all {
			a.Out += p[0] + "=" + p[1] + "\n"
		}
		return
	}
	for _, want := range r.Properties {
		for _, p := range all {
			if p[0] != want {
				continue
			}
			if r.Value {
				a.Out += p[1] + "\n"
			} else {
				a.Out += p[0] + "=" + p[1] + "\n"
			}
		}
	}
}

func (m *Manager) status(name string, a *Answer) {
	p := map[string]string{}
	for _, pair := range m.properties(name) {
		p[pair[0]] = pair[1]
	}
	if p["LoadState"] == "not-found" {
		a.Err += fmt.Sprintf("Unit %s could not be found.\n", fullName(name))
		a.Status = 4
		return
	}
	description := p["Id"]
	if u, err := read(m.folder, p["Id"]); err == nil && u.description != "" {
		description = u.description
	}
	a.Out += fmt.Sprintf("● %s - %s\n     Loaded: loaded (%s; %s)\n     Active: %s (%s)\n   Main PID: %s\n", p["Id"], description, p["FragmentPath"], p["UnitFileState"], p["ActiveState"], p["SubState"], p["MainPID"])
	a.Out += "\n" + m.tail(p["Id"], 10)
	if p["ActiveState"] != "active" {
		a.Status = 3
	}
}

func (m *Manager) tail(name string, lines int) string {
	raw, err := os.ReadFile(filepath.Join(m.logs, fullName(name)+".log"))
	if err != nil {
		return ""
	}
	all := strings.SplitAfter(string(raw), "\n")
	if len(all) > lines {
		all = all[len(all)-lines-1:]
	}
	return strings.Join(all, "")
}

func (m *Manager) list(a *Answer) {
	files, _ := filepath.Glob(filepath.Join(m.folder, "*.service"))
	for _, f := range files {
		p := map[string]string{}
		for _, pair := range m.properties(filepath.Base(f)) {
			p[pair[0]] = pair[1]
		}
		a.Out += fmt.Sprintf("%s %s %s %s\n", p["Id"], p["LoadState"], p["ActiveState"], p["SubState"])
	}
}
