package dockerhost

import (
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// Sweep waits until the host's first process has let go of the pipe at descriptor 3, then removes the host's cgroups.
func Sweep(cgroup string) {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	pipe := os.NewFile(3, "pipe")
	_, _ = pipe.Read(make([]byte, 1))
	// The kernel ends the processes of a PID namespace after it has closed the files of its first: they may take a moment.
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if sweep(cgroup) {
			return
		}
	}
}

// sweep removes every folder of this name in every hierarchy, and says whether none is left.
func sweep(cgroup string) bool {
	clean := true
	roots, _ := filepath.Glob("/sys/fs/cgroup/*" + cgroup)
	for _, root := range append(roots, "/sys/fs/cgroup"+cgroup) {
		var folders []string
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				folders = append(folders, path)
			}
			return nil
		})
		slices.Reverse(folders)
		for _, folder := range folders {
			if err := syscall.Rmdir(folder); err != nil && err != syscall.ENOENT {
				clean = false
			}
		}
	}
	return clean
}
