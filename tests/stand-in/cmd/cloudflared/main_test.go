package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"blackstart/stand-in/internal/tunnel"
)

func none(string) string { return "" }

func TestFlagsComeBeforeVariablesAndBothBeforeTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("metrics: 0.0.0.0:2000\nno-autoupdate: true\nretries: 3\nprotocol: http2\ngrace-period: 20s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) string {
		return map[string]string{"TUNNEL_RETRIES": "4", "TUNNEL_EDGE": "a:1,b:2"}[name]
	}
	o, err := parse([]string{"tunnel", "--no-autoupdate", "--config", file, "run", "--token-file=/t"}, env)
	if err != nil || o.metrics != "0.0.0.0:2000" || o.retries != 4 || o.grace.Seconds() != 20 || o.tokenFile != "/t" || len(o.edge) != 2 {
		t.Fatalf("%+v %v", o, err)
	}
	if o, err = parse([]string{"tunnel", "--config", file, "--retries", "5", "run"}, env); err != nil || o.retries != 5 {
		t.Fatalf("%+v %v", o, err)
	}
}

func TestMistakesAreToldInTheRealOnesWords(t *testing.T) {
	for words, want := range map[string]string{
		"tunnel run --nonsense":            "Incorrect Usage: flag provided but not defined: -nonsense",
		"tunnel run --token":               "Incorrect Usage: flag needs an argument: -token",
		"tunnel run":                       "requires the ID or name of the tunnel",
		"tunnel run --token x":             "Provided Tunnel token is not valid.",
		"tunnel run --token-file /not/any": "Failed to read token file: open /not/any: no such file or directory",
		"service install x":                "no other command",
	} {
		o, err := parse(strings.Fields(words), none)
		if err == nil {
			_, err = o.readToken()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", words, err)
		}
		if called := (usage{}); errors.As(err, &called) == strings.HasPrefix(want, "Incorrect") {
			t.Errorf("%s: %v", words, err)
		}
	}
}

func TestTheTokenComesFromAVariableOrAFile(t *testing.T) {
	text := tunnel.Token{Account: "a", Tunnel: "t", Secret: []byte("s")}.String()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, env := range []map[string]string{{"TUNNEL_TOKEN": text}, {"TUNNEL_TOKEN_FILE": file}} {
		o, err := parse([]string{"tunnel", "run"}, func(name string) string { return env[name] })
		if err != nil {
			t.Fatal(err)
		}
		if token, err := o.readToken(); err != nil || token.Tunnel != "t" {
			t.Fatal(token, err)
		}
	}
}
