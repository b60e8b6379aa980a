package k3d

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// flags are the options and the other words of a command line, read as k3d's own library reads them: anywhere, `--name value`,
// `--name=value`, `-n value`, `-nvalue`; after `--` nothing is an option.
type flags struct {
	values map[string][]string
	words  []string
}

type option struct {
	name, short string
	toggle      bool
}

// everywhere are the options that each command takes.
var everywhere = []option{{"verbose", "", true}, {"trace", "", true}, {"timestamps", "", true}, {"help", "h", true}}

func parse(arguments []string, known []option) (*flags, error) {
	f := &flags{values: map[string][]string{}}
	known = append(append([]option{}, everywhere...), known...)
	for i := 0; i < len(arguments); i++ {
		word := arguments[i]
		if word == "--" {
			f.words = append(f.words, arguments[i+1:]...)
			break
		}
		if len(word) < 2 || word[0] != '-' {
			f.words = append(f.words, word)
			continue
		}
		name, value, joined := strings.Cut(strings.TrimPrefix(word, "--"), "=")
		short := !strings.HasPrefix(word, "--")
		if short {
			name, value, joined = word[1:2], strings.TrimPrefix(word[2:], "="), len(word) > 2
		}
		var is *option
		for j := range known {
			if short && known[j].short == name || !short && known[j].name == name {
				is = &known[j]
			}
		}
		switch {
		case is == nil && short:
			return nil, fmt.Errorf("unknown shorthand flag: '%s' in %s", name, word)
		case is == nil:
			return nil, fmt.Errorf("unknown flag: --%s", name)
		case is.toggle && !joined:
			value = "true"
		case is.toggle:
			if _, err := strconv.ParseBool(value); err != nil {
				return nil, fmt.Errorf("invalid argument %q for \"--%s\" flag: strconv.ParseBool: parsing %q: invalid syntax", value, is.name, value)
			}
		case !joined:
			if i++; i == len(arguments) {
				return nil, fmt.Errorf("flag needs an argument: --%s", is.name)
			}
			value = arguments[i]
		}
		f.values[is.name] = append(f.values[is.name], value)
	}
	return f, nil
}

func (f *flags) has(name string) bool      { return len(f.values[name]) > 0 }
func (f *flags) list(name string) []string { return f.values[name] }

func (f *flags) text(name, otherwise string) string {
	if all := f.values[name]; len(all) > 0 {
		return all[len(all)-1]
	}
	return otherwise
}

func (f *flags) is(name string, otherwise bool) bool {
	if !f.has(name) {
		return otherwise
	}
	value, _ := strconv.ParseBool(f.text(name, ""))
	return value
}

// Main runs one call and does not return where it fails.
func Main(arguments []string) {
	k := &k3d{log: newLogger(), docker: newDocker(), faults: &faults{}}
	name, rest, run := k.command(arguments)
	if run.do == nil {
		usage()
		if len(name) > 0 {
			k.log.fatal("unknown command %q for \"k3d\"", strings.Join(name, " "))
		}
		return
	}
	f, err := parse(rest, run.options)
	if err != nil {
		fmt.Fprintf(os.Stderr, "Error: %v\n", err)
		usage()
		k.log.fatal("%v", err)
	}
	if f.is("help", false) {
		usage()
		return
	}
	if f.is("trace", false) {
		k.log.level = traceLevel
	} else if f.is("verbose", false) {
		k.log.level = debugLevel
	}
	if k.faults, err = newFaults(strings.Join(name, " "), f.words); err != nil {
		fmt.Fprintf(os.Stderr, "stand-in k3d: %v\n", err)
		os.Exit(70)
	}
	if err := k.faults.at(k, "begin"); err != nil {
		k.log.fatal("%v", err)
	}
	run.do(k, f)
	if err := k.faults.at(k, "end"); err != nil {
		k.log.fatal("%v", err)
	}
	os.Exit(k.code)
}

func usage() {
	fmt.Fprintln(os.Stderr, About+`
usage: k3d cluster create|delete|list|get|start|stop, node list, kubeconfig get|write|merge, image import,
       registry create|list|delete, version [list], runtime-info`)
}
