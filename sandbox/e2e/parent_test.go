package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A parent that dies while somebody else still holds the sandbox's input open: only the parent's death can tell.
func TestTheDeathOfItsParentEndsIt(t *testing.T) {
	tmp := t.TempDir()
	dir, fifo := filepath.Join(tmp, "sb"), filepath.Join(tmp, "in")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	hold, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hold.Close() }()
	// "wait" keeps the shell from becoming the sandbox itself.
	shell := exec.Command("sh", "-c", `"$0" up --dir "$1" <"$2" >"$3" & wait`, binary, dir, fifo, filepath.Join(tmp, "out"))
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	var mark string
	eventually(t, 60*time.Second, func() string {
		raw, _ := os.ReadFile(filepath.Join(dir, "sandbox.json"))
		if len(raw) == 0 {
			return "no sandbox.json yet"
		}
		lock, _ := os.ReadFile(filepath.Join(dir, "lock"))
		_, rest, _ := strings.Cut(string(lock), `"mark":"`)
		mark, _, _ = strings.Cut(rest, `"`)
		return ""
	})
	if err := shell.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = shell.Wait()
	nothingLeft(t, mark, "", 10*time.Second)
	eventually(t, 2*time.Second, func() string {
		if !gone(dir) {
			return "its folder is still there"
		}
		return ""
	})
}
