package store

import (
	"fmt"
	"os"
	"syscall"
)

// CheckPrivate holds a folder to this user alone. In a shared place such as /tmp somebody else may have made it first.
func CheckPrivate(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to user %d, not to you; choose another place with --base or --dir", dir, s.Uid)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(dir, 0o700); err != nil {
			return fmt.Errorf("%s can be entered by others: %w", dir, err)
		}
	}
	return nil
}
