// Command systemctl is a stand-in of systemd's, in a stand-in host; under the name journalctl it shows a unit's log. It is not systemd.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"blackstart/stand-in/internal/units"
)

const (
	socket = "/run/stand-in/systemctl.sock"
	logs   = "/var/log/units"
)

func main() {
	if filepath.Base(os.Args[0]) == "journalctl" {
		os.Exit(journal(os.Args[1:]))
	}
	os.Exit(control(os.Args[1:]))
}

// valueOf is the value of an option: behind its =, or the next word.
func valueOf(args []string, at *int, value string, joined bool) string {
	if !joined && *at+1 < len(args) {
		*at++
		return args[*at]
	}
	return value
}

func control(args []string) int {
	r := &units.Request{}
	for i := 0; i < len(args); i++ {
		a := args[i]
		name, value, joined := strings.Cut(a, "=")
		take := func() string { return valueOf(args, &i, value, joined) }
		switch {
		case a == "--version":
			fmt.Println("systemd 252 (a stand-in of blackstart's tests; this is not systemd)")
			return 0
		case name == "-p" || name == "--property":
			r.Properties = append(r.Properties, strings.Split(take(), ",")...)
		case strings.HasPrefix(a, "-p"):
			r.Properties = append(r.Properties, strings.Split(a[2:], ",")...)
		case a == "--no-block":
			r.NoBlock = true
		case a == "--now":
			r.Now = true
		case a == "--value":
			r.Value = true
		case a == "-q" || a == "--quiet":
			r.Quiet = true
		case name == "-n" || name == "--lines" || name == "-t" || name == "--type" || name == "--state":
			take()
		case strings.HasPrefix(a, "-"):
		case r.Word == "":
			r.Word = a
		default:
			r.Units = append(r.Units, a)
		}
	}
	if r.Word == "" {
		r.Word = "list-units"
	}
	answer, err := units.Ask(socket, r)
	if err != nil {
		fmt.Fprintln(os.Stderr, "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus:", err)
		return 1
	}
	fmt.Print(answer.Out)
	if !r.Quiet {
		fmt.Fprint(os.Stderr, answer.Err)
	}
	return answer.Status
}

func journal(args []string) int {
	var names []string
	lines, follow := -1, false
	for i := 0; i < len(args); i++ {
		a := args[i]
		name, value, joined := strings.Cut(a, "=")
		take := func() string { return valueOf(args, &i, value, joined) }
		switch {
		case name == "-u" || name == "--unit" || strings.HasSuffix(name, "u") && strings.HasPrefix(name, "-") && !strings.HasPrefix(name, "--"):
			names = append(names, take())
		case name == "-n" || name == "--lines":
			if n, err := strconv.Atoi(take()); err == nil {
				lines = n
			}
		case a == "-f" || a == "--follow":
			follow = true
		case name == "-o" || name == "--output" || name == "--since" || name == "--until" || name == "-b" && !joined:
			if a != "-b" {
				take()
			}
		}
	}
	if len(names) == 0 {
		names = []string{"k3s"}
	}
	status := 0
	for _, name := range names {
		if !strings.Contains(name, ".") {
			name += ".service"
		}
		f, err := os.Open(filepath.Join(logs, name+".log"))
		if err != nil {
			fmt.Println("-- No entries --")
			continue
		}
		defer f.Close()
		raw, err := io.ReadAll(f)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
			continue
		}
		all := strings.SplitAfter(string(raw), "\n")
		if lines >= 0 && len(all) > lines {
			all = all[len(all)-lines-1:]
		}
		fmt.Print(strings.Join(all, ""))
		for follow {
			if _, err := io.Copy(os.Stdout, f); err != nil {
				return 1
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	return status
}
