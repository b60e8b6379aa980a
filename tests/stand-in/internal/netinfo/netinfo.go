// Package netinfo finds the address by which this host is known, as k3s does: that of the default route's interface.
package netinfo

import (
	"bufio"
	"errors"
	"net"
	"os"
	"strings"
)

// NodeIP gives it.
func NodeIP() (net.IP, error) {
	f, err := os.Open("/proc/net/route")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 8 || words[1] != "00000000" || words[7] != "00000000" || words[0] == "*" {
			continue
		}
		card, err := net.InterfaceByName(words[0])
		if err != nil {
			return nil, err
		}
		addresses, err := card.Addrs()
		if err != nil {
			return nil, err
		}
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
				return n.IP.To4(), nil
			}
		}
	}
	return nil, errors.New("unable to select an IP from default routes.")
}

// First is the first host address of a network: for services that of the API.
func First(cidr string, offset byte) (net.IP, error) {
	_, n, err := net.ParseCIDR(cidr)
	if err != nil {
		return nil, err
	}
	ip := n.IP.To4()
	if ip == nil {
		return nil, errors.New(cidr + ": only IPv4 networks are served")
	}
	return net.IPv4(ip[0], ip[1], ip[2], ip[3]+offset).To4(), nil
}

// Resolver is the file that pods' DNS shall go by. Where the host's names only loopback, pods could not reach it; then k3s makes one of its own.
func Resolver(given, own string) (string, error) {
	if given != "" {
		return given, nil
	}
	if raw, err := os.ReadFile("/etc/resolv.conf"); err == nil {
		for _, line := range strings.Split(string(raw), "\n") {
			words := strings.Fields(line)
			if len(words) == 2 && words[0] == "nameserver" {
				if ip := net.ParseIP(words[1]); ip != nil && !ip.IsLoopback() {
					return "/etc/resolv.conf", nil
				}
			}
		}
	}
	return own, os.WriteFile(own, []byte("nameserver 8.8.8.8\n"), 0o644)
}
