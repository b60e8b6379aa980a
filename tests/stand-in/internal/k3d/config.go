package k3d

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

type portWith struct {
	Port        string   `json:"port"`
	NodeFilters []string `json:"nodeFilters"`
}

type volumeWith struct {
	Volume      string   `json:"volume"`
	NodeFilters []string `json:"nodeFilters"`
}

type labelWith struct {
	Label       string   `json:"label"`
	NodeFilters []string `json:"nodeFilters"`
}

type envWith struct {
	EnvVar      string   `json:"envVar"`
	NodeFilters []string `json:"nodeFilters"`
}

type argWith struct {
	Arg         string   `json:"arg"`
	NodeFilters []string `json:"nodeFilters"`
}

type registryCreate struct {
	Name     string   `json:"name"`
	Host     string   `json:"host"`
	HostPort string   `json:"hostPort"`
	Image    string   `json:"image"`
	Volumes  []string `json:"volumes"`
	Proxy    struct {
		RemoteURL string `json:"remoteURL"`
		Username  string `json:"username"`
		Password  string `json:"password"`
	} `json:"proxy"`
}

// config is k3d's file of the kind Simple, as far as this program heeds it.
type config struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Servers int `json:"servers"`
	Agents  int `json:"agents"`
	KubeAPI struct {
		Host     string `json:"host"`
		HostIP   string `json:"hostIP"`
		HostPort string `json:"hostPort"`
	} `json:"kubeAPI"`
	Image       string       `json:"image"`
	Network     string       `json:"network"`
	Subnet      string       `json:"subnet"`
	Token       string       `json:"token"`
	Volumes     []volumeWith `json:"volumes"`
	Ports       []portWith   `json:"ports"`
	Env         []envWith    `json:"env"`
	HostAliases []hostAlias  `json:"hostAliases"`
	Registries  struct {
		Use    []string        `json:"use"`
		Create *registryCreate `json:"create"`
		Config string          `json:"config"`
	} `json:"registries"`
	Options struct {
		K3d struct {
			Wait                bool     `json:"wait"`
			Timeout             duration `json:"timeout"`
			DisableLoadbalancer bool     `json:"disableLoadbalancer"`
			DisableImageVolume  bool     `json:"disableImageVolume"`
			DisableRollback     bool     `json:"disableRollback"`
		} `json:"k3d"`
		K3s struct {
			ExtraArgs  []argWith   `json:"extraArgs"`
			NodeLabels []labelWith `json:"nodeLabels"`
		} `json:"k3s"`
		Kubeconfig struct {
			UpdateDefaultKubeconfig bool `json:"updateDefaultKubeconfig"`
			SwitchCurrentContext    bool `json:"switchCurrentContext"`
		} `json:"kubeconfig"`
		Runtime struct {
			Labels []labelWith `json:"labels"`
		} `json:"runtime"`
	} `json:"options"`
}

type duration time.Duration

func (d *duration) UnmarshalJSON(text []byte) error {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	switch value := value.(type) {
	case float64:
		*d = duration(value)
	case string:
		parsed, err := time.ParseDuration(value)
		if err != nil {
			return err
		}
		*d = duration(parsed)
	}
	return nil
}

func defaults() config {
	c := config{Servers: 1, Image: defaultImage}
	c.Options.K3d.Wait = true
	c.Options.Kubeconfig.UpdateDefaultKubeconfig = true
	c.Options.Kubeconfig.SwitchCurrentContext = true
	return c
}

// Parts of the schema: what an object may hold. A list stands for what its items may hold; nil for anything. Below `registries`
// unknown keys pass, which is a slip of k3d's own schema.
type object map[string]any

const (
	text    = "string"
	number  = "number"
	boolean = "boolean"
	array   = "array"
)

var schema = object{
	"apiVersion": text, "kind": text, "metadata": object{"name": text}, "servers": number, "agents": number,
	"kubeAPI": object{"host": text, "hostIP": text, "hostPort": text}, "image": text, "network": text, "subnet": text, "token": text,
	"volumes": []object{{"volume": text, "nodeFilters": array}}, "ports": []object{{"port": text, "nodeFilters": array, "removal": boolean}},
	"files": []object{{"source": text, "destination": text, "description": text, "nodeFilters": array}},
	"env":   []object{{"envVar": text, "nodeFilters": array}}, "registries": nil, "hostAliases": nil,
	"options": object{
		"k3d": object{
			"wait": boolean, "timeout": nil, "disableLoadbalancer": boolean, "disableImageVolume": boolean, "disableRollback": boolean,
			"loadbalancer": object{"configOverrides": array},
		},
		"k3s": object{
			"extraArgs":  []object{{"arg": text, "nodeFilters": array}},
			"nodeLabels": []object{{"label": text, "nodeFilters": array}},
		},
		"kubeconfig": object{"updateDefaultKubeconfig": boolean, "switchCurrentContext": boolean},
		"runtime": object{
			"gpuRequest": text, "serversMemory": text, "agentsMemory": text, "hostPidMode": boolean,
			"labels": []object{{"label": text, "nodeFilters": array}}, "ulimits": []object{{"name": text, "soft": number, "hard": number}},
		},
	},
}

// check holds a value against its part of the schema and says what does not fit.
func check(place string, value, want any) []string {
	at := place
	if at == "" {
		at = "(root)"
	}
	wrong := func(expected string) []string {
		given := "null"
		switch v := value.(type) {
		case string:
			given = "string"
		case bool:
			given = "boolean"
		case float64:
			given = "number"
			if v == float64(int64(v)) {
				given = "integer"
			}
		case []any:
			given = "array"
		case map[string]any:
			given = "object"
		}
		if given == expected || given == "integer" && expected == number {
			return nil
		}
		return []string{fmt.Sprintf("%s: Invalid type. Expected: %s, given: %s", at, expected, given)}
	}
	switch want := want.(type) {
	case string:
		return wrong(want)
	case object:
		fields, ok := value.(map[string]any)
		if !ok {
			return wrong("object")
		}
		var all []string
		for _, key := range sorted(fields) {
			sub, known := want[key]
			if !known {
				all = append(all, fmt.Sprintf("%s: Additional property %s is not allowed", at, key))
				continue
			}
			all = append(all, check(strings.TrimPrefix(place+"."+key, "."), fields[key], sub)...)
		}
		return all
	case []object:
		items, ok := value.([]any)
		if !ok {
			return wrong("array")
		}
		var all []string
		for i, item := range items {
			all = append(all, check(fmt.Sprintf("%s.%d", place, i), item, want[0])...)
		}
		return all
	}
	return nil
}

// read takes a configuration file over what is set already. Variables of the environment are put in first, as k3d does.
func (k *k3d) read(name string, into *config) {
	if _, err := os.Stat(name); err != nil && name != "-" {
		k.log.fatal("Failed to stat config file %s: %+v", name, err)
	}
	file := name
	if name == "-" {
		file = "/dev/stdin"
	}
	content, err := os.ReadFile(file)
	if err != nil {
		k.log.fatal("error reading config file %s: %v", name, err)
	}
	content = []byte(os.ExpandEnv(string(content)))
	var fields map[string]any
	if err := yaml.Unmarshal(content, &fields); err != nil {
		k.log.fatal("Failed to read config file %s: While parsing config: %v", name, strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "))
	}
	version, _ := fields["apiVersion"].(string)
	if version != "k3d.io/v1alpha5" {
		k.log.fatal("Cannot validate config file %s: unsupported apiVersion '%s'", name, version)
	}
	wrong := check("", any(fields), schema)
	if kind, ok := fields["kind"].(string); !ok {
		wrong = append(wrong, "(root): kind is required")
	} else if kind != "Simple" {
		wrong = append(wrong, `kind: kind must be one of the following: "Simple"`)
	}
	if len(wrong) > 0 {
		k.log.fatal("Schema Validation failed for config file %s: - %s", name, strings.Join(wrong, "\n- "))
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		k.log.fatal("failed to parse config file %s: %v", name, err)
	}
	k.log.info("Using config file %s (k3d.io/v1alpha5#simple)", name)
}

func sorted[V any](of map[string]V) []string {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
