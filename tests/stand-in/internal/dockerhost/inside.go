package dockerhost

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Where the network of the machine next door is kept, within the host's own mounts.
const outsideNet = "/run/netns/outside"

// Inside is the host's first process: it sets up mounts and network, starts the daemon, and buries whatever ends.
func Inside(text string) {
	tell := os.NewFile(3, "tell")
	syscall.CloseOnExec(3)
	syscall.CloseOnExec(4) // the sweeper's pipe: held open by this process and by no other
	times := struct {
		Answered, Loaded time.Time
		Err              string
	}{}
	var options Options
	daemon := &daemon{}
	err := json.Unmarshal([]byte(text), &options)
	if err == nil {
		err = furnish()
	}
	if err == nil {
		daemon.options = options
		daemon.cgroup, err = cgroupOf(options.Dir)
	}
	go daemon.bury()
	if err == nil {
		err = daemon.listen()
	}
	if err == nil {
		err = daemon.start(options.Daemon)
	}
	if err == nil {
		times.Answered = time.Now()
		err = load(filepath.Join(options.Dir, socketFile), options.Load)
		times.Loaded = time.Now()
	}
	if err != nil {
		times.Err = err.Error()
	}
	_ = json.NewEncoder(tell).Encode(times)
	tell.Close()
	select {}
}

func cgroupOf(dir string) (string, error) {
	host, err := prepare(dir)
	return host.Cgroup, err
}

// furnish gives the host its own /proc and /run and a network: eth0 at 203.0.113.10, and behind it a machine of its own at
// 203.0.113.1 that is the rest of the world, so that what leaves the host can be seen leaving.
func furnish() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("the mounts cannot be made private: %w", err)
	}
	for place, kind := range map[string]string{"/proc": "proc", "/run": "tmpfs"} {
		if err := syscall.Mount(kind, place, kind, syscall.MS_NOSUID|syscall.MS_NODEV, ""); err != nil {
			return fmt.Errorf("%s cannot be mounted: %w", place, err)
		}
	}
	if err := os.MkdirAll("/run/lock", 0o755); err != nil {
		return err
	}
	if err := syscall.Sethostname([]byte("dockerhost")); err != nil {
		return err
	}
	for _, line := range []string{
		"ip link set lo up",
		"ip netns add outside",
		"ip link add eth0 type veth peer name eth0 netns outside",
		"ip addr add 203.0.113.10/24 dev eth0",
		"ip link set eth0 up",
		"ip -n outside link set lo up",
		"ip -n outside addr add 203.0.113.1/24 dev eth0",
		"ip -n outside addr add 198.51.100.1/32 dev lo",
		"ip -n outside link set eth0 up",
		"ip route add default via 203.0.113.1",
		// What leaves for anywhere else is told so at once, instead of waiting for an answer.
		"ip -n outside route add unreachable default",
		"ip netns exec outside sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0",
	} {
		words := strings.Fields(line)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", line, err, bytes.TrimSpace(out))
		}
	}
	return resolver("nameserver 203.0.113.1\n")
}

// resolver gives the host a resolv.conf of its own. Next door nobody answers, and says so, unless a test puts a server there.
func resolver(text string) error {
	const own, known = "/run/resolv.conf", "/etc/resolv.conf"
	if err := os.WriteFile(own, []byte(text), 0o644); err != nil {
		return err
	}
	if target, err := os.Readlink(known); err == nil {
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(known), target)
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if strings.HasPrefix(target, "/run/") {
			return os.WriteFile(target, []byte(text), 0o644)
		}
	}
	if err := syscall.Mount(own, known, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("%s cannot be laid over: %w", known, err)
	}
	return nil
}

// client speaks with the daemon on a socket.
func client(socket string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
}

// load hands files of images to the daemon, which answers with lines of JSON and 200 also where it fails.
func load(socket string, files []string) error {
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		answer, err := client(socket).Post("http://docker/images/load?quiet=1", "application/x-tar", file)
		if err != nil {
			return fmt.Errorf("%s cannot be loaded: %w", name, err)
		}
		said, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || bytes.Contains(said, []byte(`"error"`)) || !bytes.Contains(said, []byte("Loaded image")) {
			return fmt.Errorf("%s cannot be loaded: %s %s", name, answer.Status, bytes.TrimSpace(said))
		}
	}
	return nil
}
