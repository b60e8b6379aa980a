package proc

import (
	"os"
	"strings"
)

// Tail gives the last lines of a log, cut to what a person reads.
func Tail(path string, lines int) []string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return []string{"(its log cannot be read: " + err.Error() + ")"}
	}
	all := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	if len(all) == 1 && all[0] == "" {
		return []string{"(its log is empty)"}
	}
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	for i, l := range all {
		if len(l) > 400 {
			all[i] = l[:400] + "…"
		}
	}
	return all
}
