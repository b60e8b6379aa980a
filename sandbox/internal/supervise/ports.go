package supervise

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
)

// freePorts finds n loopback ports that nobody listens on.
//
// They are taken below the range from which the kernel gives ports to outgoing connections: a port found free there
// stays free but for another sandbox that chose the same one. That is seldom, noticed, and answered by another try.
func freePorts(n int) ([]int, error) {
	low, high := 10000, ephemeralStart()
	if high-low < 2000 {
		low, high = 20000, 60000
	}
	var ports []int
	seen := map[int]bool{}
	for range 2000 {
		p := low + rand.IntN(high-low)
		if seen[p] || !free(p) {
			continue
		}
		seen[p] = true
		if ports = append(ports, p); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("no %d free ports on 127.0.0.1 from %d to %d", n, low, high)
}

func free(port int) bool {
	l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

func ephemeralStart() int {
	start := 32768
	if raw, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		_, _ = fmt.Sscan(string(raw), &start)
	}
	return start
}

// lostPort recognises in a dead component's last words that somebody else had its port.
func lostPort(lines []string) bool {
	for _, l := range lines {
		if strings.Contains(l, "address already in use") {
			return true
		}
	}
	return false
}
