package host

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const cgroupRoot = "/sys/fs/cgroup"

// hierarchy is one tree of control groups: where it is mounted, as what, and where in it this process is.
type hierarchy struct{ mount, kind, options, own string }

func hierarchies() ([]hierarchy, error) {
	own := map[string]string{}
	raw, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		if p := strings.SplitN(line, ":", 3); len(p) == 3 {
			own[p[1]] = p[2]
		}
	}
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []hierarchy
	for lines := bufio.NewScanner(f); lines.Scan(); {
		left, right, ok := strings.Cut(lines.Text(), " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !ok || len(l) < 5 || len(r) < 3 || !strings.HasPrefix(l[4], cgroupRoot) {
			continue
		}
		switch r[0] {
		case "cgroup2":
			all = append(all, hierarchy{l[4], r[0], "", own[""]})
		case "cgroup":
			var names []string
			for _, word := range strings.Split(r[2], ",") {
				if word != "rw" && word != "ro" && word != "xattr" {
					names = append(names, word)
				}
			}
			options := strings.Join(names, ",")
			all = append(all, hierarchy{l[4], r[0], options, own[options]})
		}
	}
	return all, nil
}

// folder is a host's group in a hierarchy: below the group in which its maker is, so that limits of that one hold.
func (h hierarchy) folder(name string) string { return filepath.Join(h.mount, h.own, name) }

func makeCgroups(name string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		dir := h.folder(name)
		if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
			return err
		}
		if !strings.Contains(h.options, "cpuset") {
			continue
		}
		// A group without processors or memory takes nobody in.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			raw, err := os.ReadFile(filepath.Join(filepath.Dir(dir), file))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, file), raw, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// joinCgroups puts this process into them.
func joinCgroups(name string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		if err := os.WriteFile(filepath.Join(h.folder(name), "cgroup.procs"), []byte("0"), 0o644); err != nil {
			return fmt.Errorf("%s: %w", h.mount, err)
		}
	}
	return nil
}

// removeCgroups removes them with what is below; true when nothing is left.
func removeCgroups(name string) bool {
	all, err := hierarchies()
	if err != nil {
		return false
	}
	for tries := 0; tries < 40; tries++ {
		left := false
		for _, h := range all {
			var dirs []string
			_ = filepath.WalkDir(h.folder(name), func(path string, e fs.DirEntry, err error) error {
				if err == nil && e.IsDir() {
					dirs = append(dirs, path)
				}
				return nil
			})
			for i := len(dirs) - 1; i >= 0; i-- {
				if err := unix.Rmdir(dirs[i]); err != nil && err != unix.ENOENT {
					left = true
				}
			}
		}
		if !left {
			return true
		}
		time.Sleep(25 * time.Millisecond)
	}
	return false
}

// sweepDead removes the groups of hosts whose maker is no more.
func sweepDead() {
	all, err := hierarchies()
	if err != nil {
		return
	}
	for _, h := range all {
		found, _ := filepath.Glob(h.folder("blackstart-host-*"))
		for _, dir := range found {
			name := filepath.Base(dir)
			pid, err := strconv.Atoi(strings.TrimPrefix(name, "blackstart-host-"))
			if err != nil || pid == os.Getpid() {
				continue
			}
			if unix.Kill(pid, 0) == unix.ESRCH {
				removeCgroups(name)
			}
		}
	}
}

// mountCgroups shows the host its own groups as if they were all there are.
func mountCgroups() error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	pure := len(all) == 1 && all[0].kind == "cgroup2" && all[0].mount == cgroupRoot
	if pure {
		if err := unix.Mount("cgroup2", cgroupRoot, "cgroup2", 0, ""); err != nil {
			return fmt.Errorf("cgroup2: %w", err)
		}
		return evacuate()
	}
	if err := unix.Mount("tmpfs", cgroupRoot, "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	for _, h := range all {
		if err := os.MkdirAll(h.mount, 0o755); err != nil {
			return err
		}
		if err := unix.Mount("cgroup", h.mount, h.kind, 0, h.options); err != nil {
			return fmt.Errorf("%s: %w", h.mount, err)
		}
	}
	return nil
}

// evacuate: in the unified hierarchy a group that hands controllers on may hold no process itself.
func evacuate() error {
	dir := filepath.Join(cgroupRoot, "init.scope")
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0o644); err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join(cgroupRoot, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for _, c := range strings.Fields(string(raw)) {
		if err := os.WriteFile(filepath.Join(cgroupRoot, "cgroup.subtree_control"), []byte("+"+c), 0o644); err != nil {
			return fmt.Errorf("controller %s: %w", c, err)
		}
	}
	return nil
}
