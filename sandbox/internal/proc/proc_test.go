package proc

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func sleeping(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

// lives asks the process itself; one that was killed and not waited for counts as gone.
func lives(pid int) bool {
	_, err := StartOf(pid)
	return err == nil
}

func TestOnlyMarkedProcessesAreFoundAndEnded(t *testing.T) {
	mark := NewMark()
	ours, other := sleeping(t, MarkEnv+"="+mark), sleeping(t, MarkEnv+"="+mark+"0")
	go func() { _ = ours.Wait() }()
	if found := WithMark(mark); len(found) != 1 || found[0].Pid != ours.Process.Pid {
		t.Fatalf("%v", found)
	}
	if err := EndAll(mark, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if lives(ours.Process.Pid) || !lives(other.Process.Pid) {
		t.Error("the wrong process was ended")
	}
}

func TestAPidThatWasUsedAgainGetsNoSignal(t *testing.T) {
	mark := NewMark()
	cmd := sleeping(t, MarkEnv+"="+mark)
	start, err := StartOf(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"another start": func() error {
			return Found{Pid: cmd.Process.Pid, Start: start + 1}.Signal(mark, syscall.SIGKILL)
		},
		"another mark": func() error {
			return Found{Pid: cmd.Process.Pid, Start: start}.Signal(NewMark(), syscall.SIGKILL)
		},
	} {
		if err := f(); err != nil || !lives(cmd.Process.Pid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheEndOfALogIsShown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if got := Tail(path, 2); !strings.Contains(got[0], "cannot be read") {
		t.Errorf("%v", got)
	}
	if err := os.WriteFile(path, []byte("a\nb\n"+strings.Repeat("x", 1000)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Tail(path, 2); len(got) != 2 || got[0] != "b" || len(got[1]) > 420 {
		t.Errorf("%v", got)
	}
}
