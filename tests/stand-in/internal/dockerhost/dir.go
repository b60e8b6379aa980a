// Package dockerhost is a machine with a Docker daemon, made of namespaces: network, mount, PID, UTS and IPC of its own. What runs
// in it hangs on one process, its first, and ends with it. Nothing of the machine around it is changed but the cgroups of its
// containers, which lie under one name and are removed by a sweeper that outlives it by a moment.
package dockerhost

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Host is what a running host says of itself on stdout and in DIR/host.json.
type Host struct {
	Pid     int    `json:"pid"`
	Socket  string `json:"socket"`
	Control string `json:"control"`
	Cgroup  string `json:"cgroup"`
	Started uint64 `json:"started"`
	// Seconds until the daemon answered, and until the images were loaded as well.
	Answered float64 `json:"answered"`
	Loaded   float64 `json:"loaded"`
}

const (
	hostFile   = "host.json"
	socketFile = "docker.sock"
	// Longer paths do not fit into an address of a unix socket.
	longest = 107
)

// prepare makes the folder and says how its host will be named.
func prepare(dir string) (Host, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Host{}, err
	}
	if dir == "/run" || strings.HasPrefix(dir, "/run/") || strings.HasPrefix(dir, "/proc/") || strings.HasPrefix(dir, "/var/run/") {
		return Host{}, fmt.Errorf("%s cannot hold a host: it has a /run and a /proc of its own; choose a folder elsewhere", dir)
	}
	if len(filepath.Join(dir, "control.sock")) > longest {
		return Host{}, fmt.Errorf("%s is too long for the address of a socket (%d bytes at most with /control.sock); choose a shorter one", dir, longest)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Host{}, err
	}
	sum := sha256.Sum256([]byte(dir))
	return Host{
		Socket:  filepath.Join(dir, socketFile),
		Control: filepath.Join(dir, "control.sock"),
		Cgroup:  fmt.Sprintf("/dockerhost-%x", sum[:6]),
	}, nil
}

// Read finds the host that runs on a folder. One that ended is an error, also if its process number is used again.
func Read(dir string) (Host, error) {
	var host Host
	text, err := os.ReadFile(filepath.Join(dir, hostFile))
	if err != nil {
		return host, fmt.Errorf("no host runs on %s: %w", dir, err)
	}
	if err := json.Unmarshal(text, &host); err != nil {
		return host, fmt.Errorf("%s/%s does not describe a host: %w", dir, hostFile, err)
	}
	if started, err := startOf(host.Pid); err != nil || started != host.Started {
		return host, fmt.Errorf("the host on %s has ended", dir)
	}
	return host, nil
}

func (h Host) write(dir string) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, hostFile), append(text, '\n'), 0o644)
}

// startOf is the start time of a process in clock ticks since boot: with the number it names a process for good.
func startOf(pid int) (uint64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	rest := string(text)
	if at := strings.LastIndexByte(rest, ')'); at >= 0 {
		rest = rest[at+1:]
	}
	fields := strings.Fields(rest)
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return 0, fmt.Errorf("process %d has ended", pid)
	}
	var started uint64
	_, err = fmt.Sscan(fields[19], &started)
	return started, err
}
