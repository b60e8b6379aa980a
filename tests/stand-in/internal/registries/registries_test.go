package registries

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func read(t *testing.T, text string) (*Registry, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "registries.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Read(file)
}

func TestMirrorsTrustAndLoginReachContainerd(t *testing.T) {
	r, err := read(t, `
mirrors:
  docker.io:
    endpoint: ["http://192.0.2.10:5000", "https://mirror.example/v2/proxy"]
    rewrite: {"^library/(.*)": "kept/$1"}
configs:
  mirror.example:
    auth: {username: a, password: b}
    tls: {ca_file: /ca.pem, insecure_skip_verify: true}
`)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "certs.d")
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "docker.io", "hosts.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`server = "https://registry-1.docker.io"`, `[host."http://192.0.2.10:5000"]`, `override_path = true`, `ca = ["/ca.pem"]`, `skip_verify = true`, `"^library/(.*)" = "kept/$1"`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s is missing in\n%s", want, raw)
		}
	}
	if !strings.Contains(r.Login(), `configs."mirror.example".auth]`) || !strings.Contains(r.Login(), `password = "b"`) {
		t.Errorf("login: %s", r.Login())
	}
}

func TestWhatIsNoYAMLOrOfAWrongTypeIsAnErrorAndAnUnknownKeyIsNone(t *testing.T) {
	if _, err := read(t, "mirrors: [a\n"); err == nil || !strings.Contains(err.Error(), "error converting YAML to JSON") {
		t.Errorf("got %v", err)
	}
	if _, err := read(t, "mirrors: text\n"); err == nil || !strings.Contains(err.Error(), "cannot unmarshal string into Go struct field Registry.mirrors") {
		t.Errorf("got %v", err)
	}
	if _, err := read(t, "mirors: {}\n"); err != nil {
		t.Errorf("got %v", err)
	}
}
