package hostroot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNoPathLeavesTheRoot(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	if err := os.MkdirAll(filepath.Join(root, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"data/abs": "/etc", "data/up": "../../..", "data/in": "/data", "data/loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(root, from)); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"/data": "data", "/data/../../..": "", "/../x": "x", "/data/abs/passwd": "etc/passwd", "/data/up/etc": "etc", "/data/in/x": "data/x",
	} {
		if got := Root(root).Resolve(path); got != filepath.Join(root, want) {
			t.Errorf("%s leads to %s", path, got)
		}
	}
	if got := Root(root).Resolve("/data/loop/x"); !strings.HasPrefix(got, root) {
		t.Errorf("a loop leads to %s", got)
	}
}

func TestErrorsNameThePathThatWasWritten(t *testing.T) {
	root := t.TempDir()
	h := NewHostUtil(Root(root), "/own")
	_, err := h.GetFileType("/data/missing")
	if err == nil || err.Error() != `path "/data/missing" does not exist` {
		t.Errorf("%v", err)
	}
}

func TestDeletionKeepsToItsRulesAndItsRoot(t *testing.T) {
	root := t.TempDir()
	inside := filepath.Join(root, "tmp/a")
	if err := os.MkdirAll(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := (&deleter{root: Root(root), path: "/srv/a"}).Delete(); err == nil || !strings.Contains(err.Error(), "only supports /tmp/.+") {
		t.Errorf("%v", err)
	}
	if err := (&deleter{root: Root(root), path: "/tmp/../x/.."}).Delete(); err == nil {
		t.Error("the root itself could be deleted")
	}
	if err := (&deleter{root: Root(root), path: "/tmp/a"}).Delete(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(inside); !os.IsNotExist(err) {
		t.Errorf("%v", err)
	}
}
