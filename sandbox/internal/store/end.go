package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"blackstart/sandbox/internal/proc"
)

// End ends a sandbox and returns when no process of it is left and its folder is gone.
func End(e *Entry) error {
	if e.State != Dead && e.Record != nil {
		f := proc.Found{Pid: e.Record.Pid, Start: e.Record.Start}
		if err := f.Signal(e.Record.Mark, syscall.SIGTERM); err != nil {
			return fmt.Errorf("sandbox %s: %w", e.Name, err)
		}
	}
	deadline := time.Now().Add(15 * time.Second)
	for {
		if !IsSandbox(e.Dir) {
			break // the supervisor cleaned up after itself
		}
		lock, err := TakeLock(e.Dir)
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		if err == nil {
			// Nobody else may take the folder for alive while it is being removed.
			defer func() { _ = lock.Close() }()
			break
		}
		if time.Now().After(deadline) {
			if e.Record == nil {
				return fmt.Errorf("sandbox %s: its lock is held and does not say by whom", e.Name)
			}
			f := proc.Found{Pid: e.Record.Pid, Start: e.Record.Start}
			if err := f.Signal(e.Record.Mark, syscall.SIGKILL); err != nil {
				return fmt.Errorf("sandbox %s: %w", e.Name, err)
			}
			deadline = time.Now().Add(15 * time.Second)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if e.Record != nil {
		if err := proc.EndAll(e.Record.Mark, 15*time.Second); err != nil {
			return fmt.Errorf("sandbox %s: %w", e.Name, err)
		}
	}
	return Remove(e.Dir)
}

// Remove removes a folder, also one in which somebody took the right to write away. A folder that is gone is no error.
func Remove(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
