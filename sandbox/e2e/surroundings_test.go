package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asNobody runs the command as an ordinary user when the test itself is root.
func asNobody(c *exec.Cmd) {
	if os.Geteuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
}

// openDir is a folder that any user can enter and write, which t.TempDir is not.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "sandbox-e2e-open")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestItNeedsNoRootNoHomeAndNoPath(t *testing.T) {
	dir := openDir(t)
	copied := filepath.Join(dir, "blackstart-sandbox")
	raw, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, raw, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(copied, 0o755); err != nil {
		t.Fatal(err)
	}
	readOnly := filepath.Join(dir, "home")
	if err := os.Mkdir(readOnly, 0o555); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string][]string{
		"no environment at all": {},
		"a home without rights": {"HOME=" + readOnly, "TMPDIR=" + dir, "HTTPS_PROXY=http://192.0.2.1:9", "ETCD_NAME=wrong", "KUBECONFIG=/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			old := syscall.Umask(0o077)
			defer syscall.Umask(old)
			r := up(t, []string{"--dir", filepath.Join(dir, "sb")}, withEnv(env...), asNobody, func(c *exec.Cmd) { c.Path, c.Dir = copied, "/" })
			if _, err := r.client(t).Discovery().ServerVersion(); err != nil {
				t.Error(err)
			}
			for _, p := range marked(r.mark) {
				if strings.Contains(p, " component ") {
					pid := 0
					for _, d := range strings.Fields(p)[0] {
						pid = pid*10 + int(d-'0')
					}
					for _, v := range environ(pid) {
						if strings.Contains(v, "192.0.2.1") || strings.HasPrefix(v, "ETCD_") || strings.HasPrefix(v, "KUBECONFIG") {
							t.Errorf("%s inherited %s", p, v)
						}
					}
				}
			}
			r.end(t)
			nothingLeft(t, r.mark, r.Dir, 0)
		})
	}
}

func TestItsFolderIsForItsUserAlone(t *testing.T) {
	r := shared(t)
	var open []string
	err := filepath.Walk(r.Dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && path == r.Dir && info.Mode().Perm() != 0o700 {
			open = append(open, path)
		}
		if err == nil && (strings.HasSuffix(path, ".key") || strings.HasSuffix(path, "kubeconfig")) && info.Mode().Perm()&0o077 != 0 {
			open = append(open, path)
		}
		return nil
	})
	if err != nil || len(open) > 0 {
		t.Errorf("others can read %v (%v)", open, err)
	}
}
