package token

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheSecretOfALongTokenIsThatOfTheShortOne(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	long, err := Format("se:cret", ca)
	if err != nil || len(long) != len("K10")+64+len("::server:se:cret") {
		t.Fatalf("got %q, %v", long, err)
	}
	if Secret(long+"\n") != "se:cret" || Secret("se:cret") != "se:cret" {
		t.Fatalf("got %q", Secret(long))
	}
}
