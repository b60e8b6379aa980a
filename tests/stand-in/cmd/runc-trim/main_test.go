package main

import "testing"

func TestOnlyWhatCannotBeGrantedIsTakenOut(t *testing.T) {
	for before, after := range map[string]string{
		`{"bounding":["CAP_CHOWN","CAP_SYS_RESOURCE","CAP_KILL"]}`: `{"bounding":["CAP_CHOWN","CAP_KILL"]}`,
		`{"bounding":["CAP_SYS_RESOURCE","CAP_KILL"]}`:             `{"bounding":["CAP_KILL"]}`,
		`{"bounding":["CAP_SYS_RESOURCE"]}`:                        `{"bounding":[]}`,
		`{"oomScoreAdj":-998,"x":-998}`:                            `{"oomScoreAdj":0,"x":-998}`,
		`{"oomScoreAdj":998}`:                                      `{"oomScoreAdj":998}`,
	} {
		if got := string(trim([]byte(before))); got != after {
			t.Errorf("%s became %s, not %s", before, got, after)
		}
	}
}

func TestTheFileThatRuncReadsIsFound(t *testing.T) {
	for _, c := range []struct {
		args []string
		file string
	}{
		{[]string{"--root", "/run/exec", "--log", "create", "create", "--bundle", "/b", "--pid-file", "/p", "id"}, "/b/config.json"},
		{[]string{"run", "-b=/b", "id"}, "/b/config.json"},
		{[]string{"exec", "--process", "/p.json", "--detach", "id"}, "/p.json"},
		{[]string{"delete", "id"}, ""},
	} {
		if got := file(c.args); got != c.file {
			t.Errorf("%v reads %q, not %q", c.args, got, c.file)
		}
	}
}
