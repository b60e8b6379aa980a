package k3d

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"

	"sigs.k8s.io/yaml"
)

// choose reads the clusters that are named, or all of them, or the default one.
func (k *k3d) choose(ctx context.Context, names []string, all bool) []*cluster {
	if all {
		found, err := k.clusters(ctx)
		if err != nil {
			k.log.fatal("%v", err)
		}
		return found
	}
	var chosen []*cluster
	for _, name := range names {
		c, err := k.get(ctx, &cluster{Name: name})
		if err != nil {
			k.log.fatal("%v", err)
		}
		chosen = append(chosen, c)
	}
	return chosen
}

func named(words []string) []string {
	if len(words) == 0 {
		return []string{defaultCluster}
	}
	return words
}

func (k *k3d) listCommand(f *flags) {
	clusters := k.choose(context.Background(), f.words, len(f.words) == 0)
	sort.SliceStable(clusters, func(i, j int) bool { return clusters[i].Name < clusters[j].Name })
	type entry struct {
		cluster
		ServersRunning  int  `json:"serversRunning"`
		ServersCount    int  `json:"serversCount"`
		AgentsRunning   int  `json:"agentsRunning"`
		AgentsCount     int  `json:"agentsCount"`
		HasLoadBalancer bool `json:"hasLoadbalancer,omitempty"`
	}
	entries := []entry{}
	header := []string{"NAME", "SERVERS", "AGENTS", "LOADBALANCER"}
	token := f.is("token", false)
	if token {
		header = append(header, "TOKEN")
	}
	rows := [][]string{}
	for _, c := range clusters {
		e := entry{cluster: *c, HasLoadBalancer: c.hasLoadBalancer()}
		e.ServersRunning, e.ServersCount = c.count(roleServer)
		e.AgentsRunning, e.AgentsCount = c.count(roleAgent)
		row := []string{c.Name, fmt.Sprintf("%d/%d", e.ServersRunning, e.ServersCount), fmt.Sprintf("%d/%d", e.AgentsRunning, e.AgentsCount), strconv.FormatBool(e.HasLoadBalancer)}
		if token {
			row = append(row, c.Token)
		} else {
			e.Token = ""
		}
		rows, entries = append(rows, row), append(entries, e)
	}
	show(f, entries, header, rows)
}

func (k *k3d) nodesCommand(f *flags) {
	k.printNodes(f, func(*node) bool { return true })
}

func (k *k3d) printNodes(f *flags, wanted func(*node) bool) {
	ctx := context.Background()
	var found []*node
	if len(f.words) == 0 {
		all, err := k.nodes(ctx, nil)
		if err != nil {
			// A list of nodes says "failed", a list of clusters "docker failed": k3d's own words differ too.
			k.log.fatal("failed to list nodes: %v", err)
		}
		found = all
	}
	for _, name := range f.words {
		n, err := k.node(ctx, name)
		if err != nil {
			k.log.fatal("failed to get node '%s': %v", name, err)
		}
		found = append(found, n)
	}
	chosen := []*node{}
	for _, n := range found {
		if wanted(n) {
			chosen = append(chosen, n)
		}
	}
	sort.SliceStable(chosen, func(i, j int) bool { return chosen[i].Name < chosen[j].Name })
	rows := [][]string{}
	for _, n := range chosen {
		rows = append(rows, []string{n.Name, n.Role, n.RuntimeLabels[labelCluster], n.State.Status})
	}
	show(f, chosen, []string{"NAME", "ROLE", "CLUSTER", "STATUS"}, rows)
}

// show writes a list as JSON, as YAML or as a table.
func show(f *flags, all any, header []string, rows [][]string) {
	switch strings.ToLower(f.text("output", "")) {
	case "json":
		if text, err := json.Marshal(all); err == nil {
			fmt.Println(string(text))
		}
	case "yaml":
		if text, err := yaml.Marshal(all); err == nil {
			fmt.Println(string(text))
		}
	default:
		table := tabwriter.NewWriter(os.Stdout, 6, 4, 3, ' ', 0)
		if !f.is("no-headers", false) {
			fmt.Fprintln(table, strings.Join(header, "\t"))
		}
		for _, row := range rows {
			fmt.Fprintln(table, strings.Join(row, "\t"))
		}
		_ = table.Flush()
	}
}
