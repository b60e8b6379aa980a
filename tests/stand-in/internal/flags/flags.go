// Package flags reads k3s's command line and its config.yaml, and refuses and forgives what k3s does: a word that it does not
// know is refused on the command line, and in config.yaml it is warned of and skipped.
package flags

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"blackstart/stand-in/internal/say"
)

type table map[kind][]string

// Set is what was said, each name with its values in order; Rest is what was no flag.
type Set struct {
	values map[string][]string
	Rest   []string
}

type entry struct {
	name string
	kind kind
}

func (t table) index() map[string]entry {
	index := map[string]entry{}
	for kind, names := range t {
		for _, aliases := range names {
			all := strings.Split(aliases, ",")
			for _, alias := range all {
				index[alias] = entry{all[0], kind}
			}
		}
	}
	return index
}

// env is where k3s looks when a flag is not given.
var env = map[string]string{
	"token": "K3S_TOKEN", "token-file": "K3S_TOKEN_FILE", "server": "K3S_URL", "node-name": "K3S_NODE_NAME", "data-dir": "K3S_DATA_DIR",
	"write-kubeconfig": "K3S_KUBECONFIG_OUTPUT", "write-kubeconfig-mode": "K3S_KUBECONFIG_MODE", "cluster-init": "K3S_CLUSTER_INIT",
	"cluster-reset": "K3S_CLUSTER_RESET", "resolv-conf": "K3S_RESOLV_CONF", "datastore-endpoint": "K3S_DATASTORE_ENDPOINT",
	"system-default-registry": "K3S_SYSTEM_DEFAULT_REGISTRY", "lb-server-port": "K3S_LB_SERVER_PORT", "agent-token": "K3S_AGENT_TOKEN",
}

// Unknown is the error for a word of the command line that k3s does not know.
type Unknown struct{ Flag string }

func (u Unknown) Error() string { return "flag provided but not defined: -" + u.Flag }

// Parse reads args after those of the config file, so that the command line wins.
func Parse(t table, args []string) (*Set, error) {
	index := t.index()
	file, given := "/etc/rancher/k3s/config.yaml", false
	if v := os.Getenv("K3S_CONFIG_FILE"); v != "" {
		file, given = v, true
	}
	for i, a := range args {
		name, value, joined := strings.Cut(a, "=")
		if name == "--config" || name == "-c" {
			given = true
			if joined {
				file = value
			} else if i+1 < len(args) {
				file = args[i+1]
			}
		}
	}
	fromFile, err := ReadConfig(file)
	if err != nil && (given || !os.IsNotExist(err)) {
		return nil, err
	}
	s := &Set{values: map[string][]string{}}
	for _, a := range fromFile {
		name, _, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if _, known := index[name]; !known {
			say.Warn("Unknown flag %s found in config.yaml, skipping\n", strings.SplitN(a, "=", 2)[0])
			continue
		}
		if err := s.take(index, []string{a}); err != nil {
			return nil, err
		}
	}
	return s, s.take(index, args)
}

func (s *Set) take(index map[string]entry, args []string) error {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") || a == "-" {
			s.Rest = append(s.Rest, a)
			continue
		}
		name, value, joined := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(a, "-"), "-"), "=")
		e, known := index[name]
		if !known {
			return Unknown{name}
		}
		switch e.kind {
		case yes:
			if !joined {
				value = "true"
			}
			if _, err := strconv.ParseBool(value); err != nil {
				return fmt.Errorf("invalid boolean value %q for -%s: parse error", value, name)
			}
		case text, list:
			if !joined {
				if i+1 >= len(args) {
					return fmt.Errorf("flag needs an argument: -%s", name)
				}
				i++
				value = args[i]
			}
		}
		if e.kind == list {
			for _, v := range split(e.name, value) {
				s.values[e.name] = append(s.values[e.name], v)
			}
		} else {
			s.values[e.name] = []string{value}
		}
	}
	return nil
}

// split: arguments for programs may hold commas; names and networks may be given as one word with commas.
func split(name, value string) []string {
	if strings.HasSuffix(name, "-arg") {
		return []string{value}
	}
	return strings.Split(value, ",")
}

// ReadConfig gives the file's keys, and those of its folder FILE.d, as arguments.
func ReadConfig(file string) ([]string, error) {
	files, _ := filepath.Glob(file + ".d/*.y*ml")
	sort.Strings(files)
	if _, err := os.Stat(file); err == nil {
		files = append([]string{file}, files...)
	} else if len(files) == 0 {
		return nil, err
	}
	values := map[string][]string{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		keys := map[string]any{}
		if err := yaml.Unmarshal(raw, &keys); err != nil {
			return nil, err
		}
		for key, value := range keys {
			words := wordsOf(value)
			if plain, appends := strings.CutSuffix(key, "+"); appends {
				values[plain] = append(values[plain], words...)
			} else {
				values[key] = words
			}
		}
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	var args []string
	for _, name := range names {
		for _, value := range values[name] {
			args = append(args, "--"+name+"="+value)
		}
	}
	return args, nil
}

func wordsOf(value any) []string {
	switch v := value.(type) {
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, wordsOf(one)...)
		}
		return all
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	case nil:
		return []string{""}
	default:
		return []string{fmt.Sprint(v)}
	}
}

// Text is the last value said, or what the environment says, or the fallback.
func (s *Set) Text(name, fallback string) string {
	if all := s.values[name]; len(all) > 0 {
		return all[len(all)-1]
	}
	if v := os.Getenv(env[name]); env[name] != "" && v != "" {
		return v
	}
	return fallback
}

// Yes is whether a switch is on.
func (s *Set) Yes(name string) bool {
	on, err := strconv.ParseBool(s.Text(name, "false"))
	return err == nil && on
}

// List is every value said, without empty ones.
func (s *Set) List(name string) []string {
	var all []string
	for _, v := range s.values[name] {
		if v = strings.TrimSpace(v); v != "" {
			all = append(all, v)
		}
	}
	return all
}
