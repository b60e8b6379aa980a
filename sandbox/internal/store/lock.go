package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrHeld says that a living supervisor holds the lock.
var ErrHeld = errors.New("the sandbox lives: its lock is held")

// NewLock makes a folder's lock and takes it. Whoever lists sandboxes may hold it for an instant, to see if it is free.
func NewLock(dir string) (*os.File, error) {
	for try := 0; ; try++ {
		lock, err := lockFile(dir, os.O_RDWR|os.O_CREATE)
		if !errors.Is(err, ErrHeld) || try == 20 {
			return lock, err
		}
		time.Sleep(25 * time.Millisecond)
	}
}

// TakeLock takes the lock of a folder that has one, without waiting. It is released by the end of the process at the latest.
func TakeLock(dir string) (*os.File, error) { return lockFile(dir, os.O_RDWR) }

func lockFile(dir string, flags int) (*os.File, error) {
	path := filepath.Join(dir, LockFile)
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrHeld
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}
