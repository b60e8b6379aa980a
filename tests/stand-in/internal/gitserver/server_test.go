package gitserver

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func git(t *testing.T, folder string, words ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.org"}, words...)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "HOME="+folder)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// started gives a server with one account, and the address of it, with and without the account.
func started(t *testing.T, closed bool) (*Server, string, string) {
	t.Helper()
	if _, err := os.Stat(Backend); err != nil {
		t.Skipf("not run: %v", err)
	}
	accounts := filepath.Join(t.TempDir(), "accounts")
	if err := os.WriteFile(accounts, []byte("ada:pass word\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(t.TempDir(), accounts, closed)
	if err != nil {
		t.Fatal(err)
	}
	at, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Be("down") })
	return s, "http://" + at, "http://ada:pass%20word@" + at
}

func work(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "big"), []byte(strings.Repeat("0123456789abcdef", 1<<17)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"init", "-q", "-b", "main"}, {"add", "."}, {"commit", "-qm", "one"}} {
		if out, err := git(t, folder, words...); err != nil {
			t.Fatal(out)
		}
	}
	return folder
}

func TestWhatIsPushedWithAnAccountIsReadWithoutOne(t *testing.T) {
	s, open, account := started(t, false)
	folder := work(t)
	if out, err := git(t, folder, "push", "-q", open+"/home/lab.git", "main"); err == nil {
		t.Fatalf("pushed without an account: %s", out)
	}
	// More than git sends in one piece, so that the length is not known before.
	if out, err := git(t, folder, "-c", "http.postBuffer=1024", "-c", "core.compression=0", "push", "-q", account+"/home/lab.git", "main"); err != nil {
		t.Fatal(out)
	}
	if out, err := git(t, t.TempDir(), "clone", "-q", open+"/home/lab", "x"); err != nil {
		t.Fatal(out)
	}
	if out, err := git(t, t.TempDir(), "ls-remote", open+"/home/other"); err == nil || !strings.Contains(out, "not found") {
		t.Fatal(out)
	}
	c := s.Counts()
	// git asks without the account first, also where the address has one.
	if c.Pushes < 1 || c.Reads < 1 || c.Refused != 2 {
		t.Fatalf("%+v", c)
	}
}

func TestAClosedOneIsReadByAccountsOnly(t *testing.T) {
	_, open, account := started(t, true)
	folder := work(t)
	if out, err := git(t, folder, "push", "-q", account+"/lab", "main"); err != nil {
		t.Fatal(out)
	}
	if out, err := git(t, folder, "ls-remote", open+"/lab"); err == nil {
		t.Fatal(out)
	}
	if out, err := git(t, folder, "ls-remote", strings.Replace(account, "pass%20word", "other", 1)+"/lab"); err == nil {
		t.Fatal(out)
	}
	if out, err := git(t, folder, "ls-remote", account+"/lab"); err != nil {
		t.Fatal(out)
	}
}

func TestItIsDownHangsAndComesBackWhereItWas(t *testing.T) {
	s, open, account := started(t, false)
	folder := work(t)
	if out, err := git(t, folder, "push", "-q", account+"/lab", "main"); err != nil {
		t.Fatal(out)
	}
	ask := func() string {
		client := http.Client{Timeout: 300 * time.Millisecond, Transport: &http.Transport{DisableKeepAlives: true}}
		got, err := client.Get(open + "/lab/info/refs?service=git-upload-pack")
		if err != nil {
			return err.Error()
		}
		defer got.Body.Close()
		return fmt.Sprint(got.StatusCode)
	}
	for _, c := range []struct{ mode, says string }{{"down", "connection refused"}, {"hang", "Client.Timeout"}, {"503", "503"}, {"up", "200"}} {
		if err := s.Be(c.mode); err != nil {
			t.Fatal(err)
		}
		if got := ask(); !strings.Contains(got, c.says) {
			t.Fatalf("%s: %s", c.mode, got)
		}
	}
	if s.Be("gone") == nil || s.Be("200") == nil {
		t.Fatal("taken")
	}
}

func TestNothingButARepositoryIsServed(t *testing.T) {
	_, open, _ := started(t, false)
	for _, path := range []string{"/", "/../etc/passwd", "/a/../../b/info/refs", "/.git/info/refs", "/a//b/info/refs"} {
		got, err := http.Get(open + path)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		if got.StatusCode != http.StatusNotFound {
			t.Fatalf("%s: %d", path, got.StatusCode)
		}
	}
}
