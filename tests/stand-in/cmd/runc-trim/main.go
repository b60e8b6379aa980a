// A runtime wrapper for tests: runc without what this machine's root may not grant.
//
// Where root's bounding set lacks CAP_SYS_RESOURCE, runc can neither give that capability to a privileged container nor lower an
// oom_score_adj. This program takes both out of the OCI files that runc is about to read, then becomes runc.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

var (
	capability = regexp.MustCompile(`,\s*"CAP_SYS_RESOURCE"|"CAP_SYS_RESOURCE"\s*,?`)
	oomScore   = regexp.MustCompile(`"oomScoreAdj":\s*-\d+`)
)

// file names what runc will read for these arguments: the bundle's config.json, or the process of an exec, or nothing.
func file(args []string) string {
	bundle, process, verb := ".", "", ""
	for i := 0; i < len(args); i++ {
		name, value, joined := strings.Cut(args[i], "=")
		take := func() string {
			if joined {
				return value
			}
			if i++; i < len(args) {
				return args[i]
			}
			return ""
		}
		switch name {
		case "--bundle", "-b":
			bundle = take()
		case "--process", "-p":
			process = take()
		case "--root", "--log", "--log-format", "--criu", "--rootless", "--pid-file", "--console-socket", "--cwd", "--user", "-u", "--env", "-e":
			take()
		case "create", "run", "restore", "exec":
			if verb == "" {
				verb = name
			}
		}
	}
	switch verb {
	case "create", "run", "restore":
		return filepath.Join(bundle, "config.json")
	case "exec":
		return process
	}
	return ""
}

// trim takes the capability and a lowered score out of the text of an OCI file.
func trim(text []byte) []byte {
	return oomScore.ReplaceAll(capability.ReplaceAll(text, nil), []byte(`"oomScoreAdj":0`))
}

func main() {
	if name := file(os.Args[1:]); name != "" {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			text, err := os.ReadFile(name)
			if err == nil {
				err = os.WriteFile(name, trim(text), info.Mode().Perm())
			}
			if err != nil {
				fmt.Fprintf(os.Stderr, "runc-trim: %s cannot be trimmed: %v\n", name, err)
				os.Exit(1)
			}
		}
	}
	runc := "/usr/sbin/runc"
	if own := os.Getenv("RUNC_TRIM_RUNC"); own != "" {
		runc = own
	}
	err := syscall.Exec(runc, append([]string{"runc"}, os.Args[1:]...), os.Environ())
	fmt.Fprintf(os.Stderr, "runc-trim: %s does not start: %v\n", runc, err)
	os.Exit(1)
}
