package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// State is how a sandbox's folder stands.
type State string

// A folder whose lock is held starts or runs; one whose lock nobody holds is dead, however it came to that.
const (
	Starting State = "starting"
	Running  State = "running"
	Dead     State = "dead"
)

// Entry is one sandbox as its folder shows it.
type Entry struct {
	Dir    string  `json:"dir"`
	Name   string  `json:"name"`
	State  State   `json:"state"`
	Ended  string  `json:"ended,omitempty"`
	Record *Record `json:"-"`
	Line   *Line   `json:"sandbox"`
}

// IsSandbox tells whether a folder is one of ours: only such a folder is ever removed.
func IsSandbox(dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, LockFile))
	return err == nil && info.Mode().IsRegular()
}

// Read looks at one sandbox's folder.
func Read(dir string) (*Entry, error) {
	if !IsSandbox(dir) {
		return nil, fmt.Errorf("%s is not a sandbox: it has no file %q", dir, LockFile)
	}
	e := &Entry{Dir: dir, Name: filepath.Base(dir), State: Dead}
	record := &Record{}
	if found, err := readJSON(filepath.Join(dir, LockFile), record); err != nil {
		return nil, err
	} else if found {
		e.Record, e.Name = record, record.Name
	}
	line := &Line{}
	if found, err := readJSON(filepath.Join(dir, SandboxFile), line); err != nil {
		return nil, err
	} else if found {
		e.Line = line
	}
	if raw, err := os.ReadFile(filepath.Join(dir, EndedFile)); err == nil {
		e.Ended = strings.TrimSpace(string(raw))
	}
	lock, err := TakeLock(dir)
	switch {
	case errors.Is(err, ErrHeld) && e.Line != nil:
		e.State = Running
	case errors.Is(err, ErrHeld):
		e.State = Starting
	case err != nil:
		return nil, err
	default:
		_ = lock.Close()
	}
	return e, nil
}

// List reads every sandbox below a base. A base that is not there holds none.
func List(base string) ([]*Entry, error) {
	dirs, err := os.ReadDir(base)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("folder of sandboxes: %w", err)
	}
	var all []*Entry
	for _, d := range dirs {
		dir := filepath.Join(base, d.Name())
		if !d.IsDir() || !IsSandbox(dir) {
			continue
		}
		e, err := Read(dir)
		if errors.Is(err, os.ErrNotExist) {
			continue // it ended while we looked
		}
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all, nil
}

// Find takes a name below the base, or a folder.
func Find(base, nameOrDir string) (*Entry, error) {
	if strings.ContainsRune(nameOrDir, filepath.Separator) {
		return Read(nameOrDir)
	}
	dir := filepath.Join(base, nameOrDir)
	if !IsSandbox(dir) {
		return nil, fmt.Errorf("no sandbox %q in %s; `blackstart-sandbox list` shows which there are", nameOrDir, base)
	}
	return Read(dir)
}
