package k3d

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	hostname   = regexp.MustCompile(`^(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9])\.)*([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9\-]*[A-Za-z0-9])$`)
	nodeFilter = regexp.MustCompile(`^(server|servers|agent|agents|loadbalancer|all)(?::(\d+(?:,\d+)*|\d*-\d*|\*))?(?::([a-zA-Z]+))?$`)
)

// split takes the filter off a flag: VALUE@FILTER;FILTER. A backslash keeps an @ from being one.
func split(flag string) (string, []string, error) {
	var parts []string
	begin := 0
	for i := 0; i < len(flag); i++ {
		if flag[i] == '@' && (i == 0 || flag[i-1] != '\\') {
			parts = append(parts, flag[begin:i])
			begin = i + 1
		}
	}
	parts = append(parts, flag[begin:])
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], `\@`, "@")
	}
	switch {
	case len(parts) == 1:
		return parts[0], nil, nil
	case len(parts) > 2:
		return "", nil, fmt.Errorf("invalid flag '%s': only one unescaped '@' allowed for node filter(s) (Escape literal '@' with '\\')", flag)
	}
	return parts[0], strings.Split(parts[1], ";"), nil
}

// filter chooses nodes: server:0, agents:*, agent:0-2, loadbalancer, all. None at all means every node.
func (k *k3d) filter(nodes []*node, filters []string) ([]*node, error) {
	if len(filters) == 0 || filters[0] == "" {
		k.log.warn("No node filter specified")
		return nodes, nil
	}
	groups := map[string][]*node{}
	for _, n := range nodes {
		groups[n.Role] = append(groups[n.Role], n)
	}
	var chosen []*node
	seen := map[*node]bool{}
	for _, text := range filters {
		match := nodeFilter.FindStringSubmatch(text)
		if match == nil {
			return nil, fmt.Errorf("Failed to parse node filters: invalid format or empty subset in '%s'", text)
		}
		if match[3] != "" {
			return nil, fmt.Errorf("error filtering with '%s': no suffix allowed in simple filter", text)
		}
		role := strings.TrimSuffix(match[1], "s")
		if role == "all" {
			return nodes, nil
		}
		group := groups[role]
		if role == roleLoadBalancer {
			if len(group) == 0 {
				return nil, fmt.Errorf("Node filter '%s' targets a node that does not exist (disabled?)", text)
			}
			return append(chosen, group...), nil
		}
		indices, err := subset(match[2], len(group), text)
		if err != nil {
			return nil, err
		}
		for _, i := range indices {
			if !seen[group[i]] {
				seen[group[i]] = true
				chosen = append(chosen, group[i])
			}
		}
	}
	return chosen, nil
}

func subset(text string, n int, filter string) ([]int, error) {
	if text == "" {
		return nil, fmt.Errorf("Failed to parse node specifiers: unknown subset in '%s'", filter)
	}
	if text == "*" {
		text = "-"
		if n == 0 {
			return nil, nil
		}
	}
	var all []int
	if from, to, ok := strings.Cut(text, "-"); ok {
		start, end := 0, n-1
		if from != "" {
			start, _ = strconv.Atoi(from)
		}
		if to != "" {
			end, _ = strconv.Atoi(to)
		}
		if start >= n {
			return nil, fmt.Errorf("Invalid subset range: start < 0 or > number of available nodes in '%s'", filter)
		}
		if end < start || end >= n {
			return nil, fmt.Errorf("Invalid subset range: end < start or > number of available nodes in '%s'", filter)
		}
		for i := start; i <= end; i++ {
			all = append(all, i)
		}
		return all, nil
	}
	for _, one := range strings.Split(text, ",") {
		i, err := strconv.Atoi(one)
		if err != nil {
			return nil, fmt.Errorf("Failed to convert subset number to integer in '%s'", filter)
		}
		if i >= n {
			return nil, fmt.Errorf("Index out of range: index '%d' < 0 or > number of available nodes in filter '%s'", i, filter)
		}
		all = append(all, i)
	}
	return all, nil
}

// publish reads a port mapping, [[ADDRESS:]PORT:]PORT[/PROTOCOL], each port also as a range.
func publish(text string) (map[string][]binding, error) {
	body, protocol, ok := strings.Cut(text, "/")
	if !ok {
		protocol = "tcp"
	}
	address, host, inside := "", "", body
	if at := strings.LastIndexByte(body, ':'); at >= 0 {
		host, inside = body[:at], body[at+1:]
		if at := strings.LastIndexByte(host, ':'); at >= 0 {
			address, host = strings.Trim(host[:at], "[]"), host[at+1:]
		}
	}
	from, to, err := portRange(inside)
	if err != nil {
		return nil, fmt.Errorf("error parsing port spec '%s': Invalid containerPort: %s", text, inside)
	}
	first, last := 0, 0
	if host != "" {
		if first, last, err = portRange(host); err != nil {
			return nil, fmt.Errorf("error parsing port spec '%s': Invalid hostPort: %s", text, host)
		}
		if last-first != to-from {
			return nil, fmt.Errorf("error parsing port spec '%s': Invalid ranges specified for container and host Ports: %s and %s", text, inside, host)
		}
	}
	all := map[string][]binding{}
	for i := 0; from+i <= to; i++ {
		at := binding{HostIP: address}
		if host != "" {
			at.HostPort = strconv.Itoa(first + i)
		}
		all[fmt.Sprintf("%d/%s", from+i, strings.ToLower(protocol))] = []binding{at}
	}
	return all, nil
}

func portRange(text string) (int, int, error) {
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		to = from
	}
	first, err := strconv.ParseUint(from, 10, 16)
	if err != nil {
		return 0, 0, err
	}
	last, err := strconv.ParseUint(to, 10, 16)
	if err != nil || last < first {
		return 0, 0, fmt.Errorf("no range of ports: %q", text)
	}
	return int(first), int(last), nil
}

// place lays the port mappings of a plan on the load balancer or straight on a node.
func (k *k3d) place(c *cluster, nodes []*node, mappings []portWith) error {
	for _, mapping := range mappings {
		wanted := mapping.NodeFilters
		for _, text := range wanted {
			if strings.HasPrefix(text, "loadbalancer") {
				k.log.info("portmapping '%s' targets the loadbalancer: defaulting to [servers:*:proxy agents:*:proxy]", mapping.Port)
				wanted = []string{"servers:*:proxy", "agents:*:proxy"}
				break
			}
		}
		if len(wanted) == 0 || wanted[0] == "" {
			if len(nodes) > 1 {
				k.log.info("portmapping '%s' lacks a nodefilter, but there's more than one node: defaulting to [servers:*:proxy agents:*:proxy]", mapping.Port)
			}
			wanted = []string{"servers:*:proxy", "agents:*:proxy"}
		}
		all, err := publish(mapping.Port)
		if err != nil {
			return err
		}
		targets := map[string][]*node{}
		for _, text := range wanted {
			match := nodeFilter.FindStringSubmatch(text)
			if match == nil {
				return fmt.Errorf("Failed to parse node filters (with suffix): invalid format or empty subset in '%s'", text)
			}
			suffix := match[3]
			switch suffix {
			case "":
				suffix = "proxy"
			case "proxy", "direct":
				text = strings.TrimSuffix(text, ":"+suffix)
			default:
				return fmt.Errorf("error filtering nodes: unallowed suffix '%s' in nodefilter '%s'", suffix, text)
			}
			chosen, err := k.filter(nodes, []string{text})
			if err != nil {
				return fmt.Errorf("failed to filter nodes by filter '%s': %w", text, err)
			}
			targets[suffix] = append(targets[suffix], chosen...)
		}
		if direct := targets["direct"]; len(direct) > 1 {
			return fmt.Errorf("error: cannot apply a direct port-mapping (%s) to more than one node", mapping.Port)
		}
		for _, port := range sorted(all) {
			for _, n := range targets["direct"] {
				n.publish(port, all[port])
			}
			if len(targets["proxy"]) == 0 {
				continue
			}
			if c.LoadBalancer == nil {
				return fmt.Errorf("port-mapping of type 'proxy' specified, but loadbalancer is disabled")
			}
			c.LoadBalancer.node.publish(port, all[port])
			key := strings.Replace(port, "/", ".", 1)
			for _, n := range targets["proxy"] {
				if n.Role == roleLoadBalancer {
					return fmt.Errorf("error modifying loadbalancer port config : cannot add a port config referencing the loadbalancer itself (loop)")
				}
				c.LoadBalancer.Config.Ports[key] = append(c.LoadBalancer.Config.Ports[key], n.Name)
			}
		}
	}
	return nil
}

func (n *node) publish(port string, at []binding) {
	if n.Ports == nil {
		n.Ports = ports{}
	}
	n.Ports[port] = append(n.Ports[port], at...)
}
