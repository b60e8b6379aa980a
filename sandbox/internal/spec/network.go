package spec

import (
	"fmt"
	"net/netip"
)

// Addresses of nodes and pods come from the range that is kept for measuring network devices (RFC 2544): no home or
// company network uses it, so an address seen in a sandbox is never taken for one of a real machine.
const (
	nodePrefix = "198.18.0."
	podPrefix  = "198.19."
)

// NodeIP is the address that node number i (from 0) shows.
func NodeIP(i int) string { return fmt.Sprintf("%s%d", nodePrefix, i+10) }

// ControlPlaneIP is the address that the API server shows as its own inside the cluster.
func ControlPlaneIP() string { return nodePrefix + "1" }

// PodIPs gives the pods of node number i their range.
func PodIPs(i int) netip.Prefix {
	return netip.MustParsePrefix(fmt.Sprintf("%s%d.0/24", podPrefix, i))
}

// MaxNodes is bounded by one /24 of pod addresses a node and by what a machine can carry.
const MaxNodes = 16

// ServiceIP gives the n-th address of the service range: 1 is the API server's, 10 by habit that of DNS.
func ServiceIP(cidr string, n int) (string, error) {
	p, err := netip.ParsePrefix(cidr)
	if err != nil || !p.Addr().Is4() || p.Bits() > 24 || p.Bits() < 12 {
		return "", fmt.Errorf("--service-cidr %q is not an IPv4 range from /12 to /24; example: 10.43.0.0/16", cidr)
	}
	a := p.Masked().Addr()
	for range n {
		a = a.Next()
	}
	return a.String(), nil
}
