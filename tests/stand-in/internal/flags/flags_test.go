package flags

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func config(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAnUnknownFlagIsRefusedInK3ssWords(t *testing.T) {
	_, err := Parse(Server, []string{"--config", config(t, ""), "--no-such=1"})
	var unknown Unknown
	if !errors.As(err, &unknown) || err.Error() != "flag provided but not defined: -no-such" {
		t.Fatalf("got %v", err)
	}
}

func TestAnUnknownKeyOfTheFileIsSkippedAsK3sDoes(t *testing.T) {
	s, err := Parse(Server, []string{"--config", config(t, "no-such: 1\nnode-name: a\n")})
	if err != nil || s.Text("node-name", "") != "a" {
		t.Fatalf("got %v, %v", s, err)
	}
}

func TestTheCommandLineWinsOverTheFileAndListsAreJoined(t *testing.T) {
	file := config(t, "node-name: a\nhttps-listen-port: 7443\ncluster-init: true\ndisable: [traefik, servicelb]\ntls-san: one.example\n")
	s, err := Parse(Server, []string{"-c", file, "--node-name", "b", "--disable=metrics-server,coredns", "--kubelet-arg=a=b,c"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Text("node-name", "") != "b" || s.Text("https-listen-port", "") != "7443" || !s.Yes("cluster-init") {
		t.Fatalf("got %v", s.values)
	}
	if got := s.List("disable"); !reflect.DeepEqual(got, []string{"traefik", "servicelb", "metrics-server", "coredns"}) {
		t.Fatalf("got %v", got)
	}
	if got := s.List("kubelet-arg"); !reflect.DeepEqual(got, []string{"a=b,c"}) {
		t.Fatalf("got %v", got)
	}
}

func TestAFileThatIsNoYAMLIsAnError(t *testing.T) {
	if _, err := Parse(Server, []string{"--config", config(t, "a: [1\n")}); err == nil {
		t.Fatal("taken")
	}
}
