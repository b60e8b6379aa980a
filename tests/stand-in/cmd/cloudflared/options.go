package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"blackstart/stand-in/internal/tunnel"
)

type options struct {
	token, tokenFile, metrics string
	edge                      []string
	retries                   int
	grace                     time.Duration
}

// variables are the flags by the variables that stand for them; the first place that says something wins: flag, variable, file.
var variables = map[string]string{
	"token": "TUNNEL_TOKEN", "token-file": "TUNNEL_TOKEN_FILE", "metrics": "TUNNEL_METRICS", "edge": "TUNNEL_EDGE",
	"retries": "TUNNEL_RETRIES", "grace-period": "TUNNEL_GRACE_PERIOD", "config": "TUNNEL_CONFIG",
	"protocol": "TUNNEL_TRANSPORT_PROTOCOL", "loglevel": "TUNNEL_LOGLEVEL", "url": "TUNNEL_URL", "region": "TUNNEL_REGION",
	"edge-ip-version": "TUNNEL_EDGE_IP_VERSION", "logfile": "TUNNEL_LOGFILE", "transport-loglevel": "TUNNEL_TRANSPORT_LOGLEVEL",
	"tag": "TUNNEL_TAG", "credentials-file": "TUNNEL_CRED_FILE", "origincert": "TUNNEL_ORIGIN_CERT",
}

// switches are the flags without a value.
var switches = []string{"no-autoupdate", "post-quantum", "hello-world", "no-tls-verify"}

func parse(args []string, env func(string) string) (*options, error) {
	given, words := map[string]string{}, []string{}
	for i := 0; i < len(args); i++ {
		name, ok := strings.CutPrefix(args[i], "--")
		if !ok {
			words = append(words, args[i])
			continue
		}
		name, value, has := strings.Cut(name, "=")
		if slices.Contains(switches, name) {
			continue
		}
		if _, known := variables[name]; !known {
			return nil, fmt.Errorf("Incorrect Usage: flag provided but not defined: -%s", name)
		}
		if !has {
			if i++; i == len(args) {
				return nil, fmt.Errorf("Incorrect Usage: flag needs an argument: -%s", name)
			}
			value = args[i]
		}
		given[name] = value
	}
	if len(words) < 2 || words[0] != "tunnel" || words[1] != "run" {
		return nil, usage{fmt.Errorf("the stand-in knows `cloudflared tunnel run` and no other command")}
	}
	for name, variable := range variables {
		if _, ok := given[name]; !ok && env(variable) != "" {
			given[name] = env(variable)
		}
	}
	if file := given["config"]; file != "" {
		if err := fromFile(file, given); err != nil {
			return nil, err
		}
	}
	o := &options{token: given["token"], tokenFile: given["token-file"], metrics: given["metrics"], retries: 5, grace: 30 * time.Second}
	if text := given["edge"]; text != "" {
		o.edge = strings.Split(text, ",")
	}
	var err error
	if text := given["retries"]; text != "" {
		if o.retries, err = strconv.Atoi(text); err != nil {
			return nil, fmt.Errorf("Incorrect Usage: invalid value %q for flag -retries: parse error", text)
		}
	}
	if text := given["grace-period"]; text != "" {
		if o.grace, err = time.ParseDuration(text); err != nil {
			return nil, fmt.Errorf("Incorrect Usage: invalid value %q for flag -grace-period: parse error", text)
		}
	}
	return o, nil
}

func fromFile(file string, given map[string]string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("Cannot determine default configuration path. open %s: %w", file, err)
	}
	var said map[string]any
	if err := yaml.Unmarshal(text, &said); err != nil {
		return fmt.Errorf("error parsing YAML in config file at %s: %w", file, err)
	}
	for name, value := range said {
		if _, ok := given[name]; !ok {
			given[name] = fmt.Sprint(value)
		}
	}
	return nil
}

func (o *options) readToken() (tunnel.Token, error) {
	text := o.token
	if text == "" && o.tokenFile != "" {
		read, err := os.ReadFile(o.tokenFile)
		if err != nil {
			return tunnel.Token{}, usage{fmt.Errorf("Failed to read token file: %w", err)}
		}
		text = string(read)
	}
	if text == "" {
		return tunnel.Token{}, usage{fmt.Errorf(`"cloudflared tunnel run" requires the ID or name of the tunnel to run as the last command line argument or in the configuration file.`)}
	}
	token, ok := tunnel.ParseToken(text)
	if !ok {
		return tunnel.Token{}, usage{fmt.Errorf("Provided Tunnel token is not valid.")}
	}
	return token, nil
}

// edges are where to dial: what is given, else what the edge's names lead to.
func (o *options) edges(log *tunnel.Log) ([]string, error) {
	if len(o.edge) > 0 {
		return o.edge, nil
	}
	var all []string
	var last error
	for _, region := range tunnel.Regions {
		ips, err := net.LookupHost(region)
		if err != nil {
			last = err
			continue
		}
		for _, ip := range ips {
			all = append(all, net.JoinHostPort(ip, tunnel.Port))
		}
	}
	if len(all) == 0 {
		log.Error("edge discovery: error looking up Cloudflare edge IPs: the DNS query failed", "error", last, "event", 0)
		return nil, fmt.Errorf("Could not lookup srv records on _v2-origintunneld._tcp.argotunnel.com: %w", last)
	}
	return all, nil
}
