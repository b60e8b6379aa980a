package k3d

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func quiet() *k3d {
	l := newLogger()
	l.out, l.err = &bytes.Buffer{}, &bytes.Buffer{}
	return &k3d{log: l, docker: newDocker(), faults: &faults{}}
}

func names(nodes []*node) string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.Name)
	}
	return strings.Join(all, " ")
}

func TestFiltersChooseNodes(t *testing.T) {
	nodes := []*node{{Name: "lb", Role: roleLoadBalancer}, {Name: "s0", Role: roleServer}, {Name: "s1", Role: roleServer}, {Name: "a0", Role: roleAgent}}
	for filter, want := range map[string]string{
		"all": "lb s0 s1 a0", "server:0": "s0", "servers:*": "s0 s1", "server:0,1": "s0 s1", "servers:1-": "s1", "agent:0;server:1": "a0 s1",
		"loadbalancer": "lb", "": "lb s0 s1 a0",
	} {
		chosen, err := quiet().filter(nodes, strings.Split(filter, ";"))
		if err != nil || names(chosen) != want {
			t.Errorf("%q chooses %q, not %q: %v", filter, names(chosen), want, err)
		}
	}
	for _, filter := range []string{"server", "server:7", "nobody:0", "server:0:proxy", "servers:1-0"} {
		if chosen, err := quiet().filter(nodes, []string{filter}); err == nil {
			t.Errorf("%q chooses %q", filter, names(chosen))
		}
	}
}

func TestAnAtSignTakesTheFilterOff(t *testing.T) {
	for flag, want := range map[string]string{
		"a=b": "a=b []", "80:80@loadbalancer": "80:80 [loadbalancer]", `u\@h:/x@server:0;agent:*`: "u@h:/x [server:0 agent:*]",
	} {
		value, filters, err := split(flag)
		if got := fmt.Sprintf("%s %v", value, filters); err != nil || got != want {
			t.Errorf("%q is %q, not %q: %v", flag, got, want, err)
		}
	}
	if _, _, err := split("a@b@c"); err == nil {
		t.Error("two filters pass")
	}
}

func TestPortMappingsAreReadAsDockerReadsThem(t *testing.T) {
	for text, want := range map[string]string{
		"80":                       "map[80/tcp:[{ }]]",
		"8080:80":                  "map[80/tcp:[{ 8080}]]",
		"127.0.0.1:53:53/udp":      "map[53/udp:[{127.0.0.1 53}]]",
		"8000-8001:80-81":          "map[80/tcp:[{ 8000}] 81/tcp:[{ 8001}]]",
		"[::1]:8443:443":           "map[443/tcp:[{::1 8443}]]",
		"0.0.0.0:30000:30000/sctp": "map[30000/sctp:[{0.0.0.0 30000}]]",
	} {
		all, err := publish(text)
		if got := fmt.Sprint(all); err != nil || got != want {
			t.Errorf("%q is %s, not %s: %v", text, got, want, err)
		}
	}
	for _, text := range []string{"", "x:80", "80-81:80", "99999:1", "1:2:"} {
		if all, err := publish(text); err == nil {
			t.Errorf("%q is %v", text, all)
		}
	}
}

func TestTheSchemaKnowsItsKeysAndOverlooksThoseBelowRegistries(t *testing.T) {
	for value, want := range map[string]any{
		"[]": map[string]any{"servers": 1.0, "registries": map[string]any{"typo": 1.0}},
		"[(root): Additional property sevrers is not allowed]":                                                  map[string]any{"sevrers": 1.0},
		"[kubeAPI.hostPort: Invalid type. Expected: string, given: integer]":                                    map[string]any{"kubeAPI": map[string]any{"hostPort": 6443.0}},
		"[options.k3d: Additional property x is not allowed]":                                                   map[string]any{"options": map[string]any{"k3d": map[string]any{"x": 1.0}}},
		"[ports.0: Additional property x is not allowed volumes: Invalid type. Expected: array, given: string]": map[string]any{"ports": []any{map[string]any{"x": ""}}, "volumes": ""},
	} {
		if got := fmt.Sprint(check("", want, schema)); got != value {
			t.Errorf("%v gives %s, not %s", want, got, value)
		}
	}
}

func TestNodeHostsAreSetInConfigMapsOnly(t *testing.T) {
	text, err := nodeHosts([]byte("kind: ServiceAccount\ndata: {a: b}\n---\nkind: ConfigMap\ndata: {Corefile: x, NodeHosts: old}\n"), "192.0.2.1 a\n")
	if err != nil || strings.Count(string(text), "NodeHosts") != 1 || !strings.Contains(string(text), "192.0.2.1 a") || strings.Contains(string(text), "old") {
		t.Errorf("%v:\n%s", err, text)
	}
}
