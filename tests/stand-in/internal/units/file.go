// Package units is the part of a service manager that k3s's unit needs: start, stop, restart again, and telling how it is.
package units

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// unit is a file in /etc/systemd/system, as far as it is understood.
type unit struct {
	name         string
	path         string
	description  string
	pre, command [][]string
	env          []string
	kind         string
	killMode     string
	restart      string
	restartSec   time.Duration
	startLimit   time.Duration
	stopLimit    time.Duration
	wantedBy     []string
}

// read understands Exec lines, the environment, and when to start again; other keys are taken without effect.
func read(folder, name string) (*unit, error) {
	path := filepath.Join(folder, name)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	u := &unit{name: name, path: path, kind: "simple", killMode: "control-group", restart: "no", restartSec: 100 * time.Millisecond, startLimit: 90 * time.Second, stopLimit: 90 * time.Second}
	var joined string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if more, ok := strings.CutSuffix(line, "\\"); ok {
			joined += more + " "
			continue
		}
		line, joined = strings.TrimSpace(joined+line), ""
		key, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		if err := u.set(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, key, err)
		}
	}
	if len(u.command) == 0 {
		return nil, fmt.Errorf("%s: Service has no ExecStart= setting. Refusing.", name)
	}
	return u, nil
}

func (u *unit) set(key, value string) (err error) {
	switch key {
	case "Description":
		u.description = value
	case "Type":
		u.kind = value
	case "KillMode":
		u.killMode = value
	case "Restart":
		u.restart = value
	case "RestartSec":
		u.restartSec, err = span(value)
	case "TimeoutStartSec":
		u.startLimit, err = span(value)
	case "TimeoutStopSec":
		u.stopLimit, err = span(value)
	case "WantedBy":
		u.wantedBy = append(u.wantedBy, strings.Fields(value)...)
	case "ExecStart", "ExecStartPre":
		list := &u.command
		if key == "ExecStartPre" {
			list = &u.pre
		}
		if value == "" {
			*list = nil
			return nil
		}
		words, err := split(value)
		if err != nil {
			return err
		}
		*list = append(*list, words)
	case "Environment":
		words, err := split(value)
		if err != nil {
			return err
		}
		u.env = append(u.env, words...)
	case "EnvironmentFile":
		u.env = append(u.env, "@"+value)
	}
	return err
}

// environment reads the files at the time of the start.
func (u *unit) environment() ([]string, error) {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	for _, e := range u.env {
		file, isFile := strings.CutPrefix(e, "@")
		if !isFile {
			env = append(env, e)
			continue
		}
		file, optional := strings.CutPrefix(file, "-")
		raw, err := os.ReadFile(file)
		if os.IsNotExist(err) && optional {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, line := range strings.Split(string(raw), "\n") {
			line = strings.TrimSpace(line)
			key, value, ok := strings.Cut(line, "=")
			if ok && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, ";") {
				env = append(env, strings.TrimSpace(key)+"="+strings.Trim(strings.TrimSpace(value), `"'`))
			}
		}
	}
	return env, nil
}

func span(text string) (time.Duration, error) {
	if text == "infinity" || text == "0" {
		return 0, nil
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Duration(seconds * float64(time.Second)), nil
	}
	return time.ParseDuration(strings.NewReplacer(" ", "", "min", "m", "sec", "s").Replace(text))
}

// split goes by blanks outside of quotes.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	open := false
	for _, c := range text {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, open = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if open {
				words = append(words, word.String())
				word.Reset()
				open = false
			}
		default:
			word.WriteRune(c)
			open = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote is not closed")
	}
	if open {
		words = append(words, word.String())
	}
	return words, nil
}
