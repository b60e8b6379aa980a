// Package host makes a machine of its own out of namespaces: its network, mounts, processes, name and control groups are its
// own, and end with it. Its disk is a folder, which outlives it, as a disk outlives a reboot.
package host

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The first arguments by which the program runs as a part of itself.
const (
	InitWord  = "stand-in-init"
	SweepWord = "stand-in-sweep"
	HoldWord  = "stand-in-hold"
)

type many []string

func (m *many) String() string     { return strings.Join(*m, ",") }
func (m *many) Set(v string) error { *m = append(*m, v); return nil }

// options is what a host shall be; the parts of the program hand it on as JSON.
type options struct {
	Dir       string   `json:"dir"`
	Addresses []string `json:"addresses"`
	Name      string   `json:"name"`
	Also      []string `json:"also"`
	Bare      bool     `json:"bare"`
	Home      string   `json:"home"`
	Images    string   `json:"images"`
	More      []string `json:"more"`
	Cgroup    string   `json:"cgroup"`
	Beside    string   `json:"beside"`
}

// private are the folders that are the host's own disk; everything else is the machine's and is seen as it is there.
var private = []string{
	"/etc/rancher", "/etc/systemd/system", "/etc/cni", "/var/lib/rancher", "/var/lib/kubelet", "/var/lib/cni", "/var/lib/containerd",
	"/var/log", "/usr/local/bin", "/srv", "/run",
}

func parse(args []string) (*options, error) {
	f := flag.NewFlagSet("host run", flag.ContinueOnError)
	o := &options{}
	var addresses, also, more many
	f.StringVar(&o.Dir, "dir", "", "the folder that is its disk")
	f.Var(&addresses, "address", "an address with its network, as 192.0.2.10/24")
	f.StringVar(&o.Name, "name", "standin-0", "its hostname")
	f.Var(&also, "also", "another network beside it, which it reaches through its gateway's address")
	f.StringVar(&o.Beside, "beside", "", "the folder of a host that was run with --also: this one stands in the same network")
	f.BoolVar(&o.Bare, "bare", false, "no k3s is installed")
	f.StringVar(&o.Images, "images", "", "a folder of image archives that every k3s in it finds")
	f.Var(&more, "image", "one more image: an archive, or the name of one of the stand-in's own in more/")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if o.Dir == "" || f.NArg() > 0 {
		return nil, fmt.Errorf("host run: --dir is wanted, and nothing but options")
	}
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	o.Home = filepath.Dir(self)
	if o.Images == "" {
		o.Images = filepath.Join(filepath.Dir(o.Home), "images")
	}
	for _, image := range more {
		if !strings.Contains(image, "/") {
			image = filepath.Join(filepath.Dir(o.Home), "more", image+".tar")
		}
		if image, err = filepath.Abs(image); err != nil {
			return nil, err
		}
		if _, err := os.Stat(image); err != nil {
			return nil, fmt.Errorf("host run: --image: %w", err)
		}
		o.More = append(o.More, image)
	}
	if len(addresses) == 0 {
		addresses = many{"192.0.2.10/24"}
	}
	if len(also) > 1 || len(also) > 0 && o.Beside != "" {
		return nil, fmt.Errorf("host run: one of --also and --beside, and that once")
	}
	o.Addresses, o.Also = addresses, also
	o.Cgroup = fmt.Sprintf("blackstart-host-%d", os.Getpid())
	return o, nil
}

func (o *options) fs(path string) string { return filepath.Join(o.Dir, "fs", path) }

func (o *options) text() string {
	raw, err := json.Marshal(o)
	if err != nil {
		return "{}"
	}
	return string(raw)
}

func fromText(args []string) (*options, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("started by host run only")
	}
	o := &options{}
	return o, json.Unmarshal([]byte(args[0]), o)
}

// state is what `host enter` must know.
type state struct {
	PID     int            `json:"pid"`
	Address string         `json:"address"`
	Dir     string         `json:"dir"`
	Cgroup  string         `json:"cgroup"`
	Nets    map[string]int `json:"nets,omitempty"`
	Gateway string         `json:"gateway,omitempty"`
}

func (o *options) stateFile() string { return filepath.Join(o.Dir, "host.json") }
