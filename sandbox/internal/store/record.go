// Package store knows the folders in which sandboxes live: which are there, which still live, how to end one.
//
// It starts nothing; that is the supervisor's part.
package store

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Names of files in a sandbox's folder.
const (
	LockFile    = "lock"
	SandboxFile = "sandbox.json"
	LogDir      = "log"
	EndedFile   = "ended"
)

// Record is what the lock file says from the first moment on, before there is a cluster to tell about.
type Record struct {
	Name     string            `json:"name"`
	Pid      int               `json:"pid"`
	Start    uint64            `json:"start"`
	Mark     string            `json:"mark"`
	Keep     bool              `json:"keep"`
	Deadline *time.Time        `json:"deadline"`
	Labels   map[string]string `json:"labels"`
}

// NodeLine is one node of the line.
type NodeLine struct {
	Name string `json:"name"`
	Arch string `json:"arch"`
}

// Line is the one line that `up` prints when the sandbox is usable, and the content of sandbox.json.
type Line struct {
	Schema       string            `json:"schema"`
	Name         string            `json:"name"`
	Dir          string            `json:"dir"`
	Kubeconfig   string            `json:"kubeconfig"`
	Server       string            `json:"server"`
	Version      string            `json:"version"`
	UID          string            `json:"uid"`
	Pid          int               `json:"pid"`
	Nodes        []NodeLine        `json:"nodes"`
	HostRoot     string            `json:"host_root"`
	Images       string            `json:"images"`
	Deadline     *time.Time        `json:"deadline"`
	ReadySeconds float64           `json:"ready_seconds"`
	Keep         bool              `json:"keep"`
	Labels       map[string]string `json:"labels"`
}

// Schema names the form of Line.
const Schema = "blackstart.sandbox/1"

// WriteJSON writes a value whole or not at all.
func WriteJSON(path string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	tmp := path + ".new"
	if err := os.WriteFile(tmp, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// readJSON tells "is not there" from "cannot be read": found is false only for the former.
func readJSON(path string, v any) (found bool, err error) {
	raw, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if len(raw) == 0 {
		return false, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return true, fmt.Errorf("%s: %w", path, err)
	}
	return true, nil
}

// DefaultBase is where kept sandboxes live: the user's runtime folder, which a reboot empties, as it ends them.
func DefaultBase() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return filepath.Join(dir, "blackstart-sandbox")
		}
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("blackstart-sandbox-%d", os.Getuid()))
}

// MakeBase makes the base for this user alone, and refuses one that another user could have laid in wait.
func MakeBase(base string) error {
	if err := os.MkdirAll(base, 0o700); err != nil {
		return fmt.Errorf("folder of sandboxes: %w", err)
	}
	return CheckPrivate(base)
}
