package host

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"blackstart/stand-in/internal/paths"
	"blackstart/stand-in/internal/units"
)

// Files that the first process is given: where to tell that the host is up, and the network of the host beside which it stands.
const (
	readyFd  = 3
	besideFd = 4
)

// second is the mark of the second half of Init: after it has joined its groups it starts anew, with them as its root.
const second = "BLACKSTART_STAND_IN_SECOND"

// Init is the host's first process: it makes the host, then minds its units, and takes in orphans.
func Init(args []string) int {
	runtime.LockOSThread()
	o, err := fromText(args)
	if err != nil {
		return say(err)
	}
	if os.Getenv(second) == "" {
		if err := joinCgroups(o.Cgroup); err != nil {
			return say(err)
		}
		if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
			return say(fmt.Errorf("control groups: %w", err))
		}
		return say(syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), second+"=1")))
	}
	os.Unsetenv(second)
	s, err := o.make()
	if err != nil {
		return say(err)
	}
	manager, err := units.New("/etc/systemd/system", "/var/log/units", "/run/stand-in/systemctl.sock")
	if err != nil {
		return say(err)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return say(err)
	}
	tell := os.NewFile(readyFd, "ready")
	if err := manager.StartEnabled(); err != nil {
		return say(err)
	}
	if _, err := tell.Write(append(raw, '\n')); err != nil {
		return say(err)
	}
	tell.Close()
	manager.Run()
	return 0
}

func (o *options) make() (*state, error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return nil, err
	}
	// Volumes that the kubelet mounts shall appear in containers: within the host mounts are shared, and no further.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return nil, err
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return nil, err
	}
	if err := o.kernel(); err != nil {
		return nil, err
	}
	if err := unix.Sethostname([]byte(o.Name)); err != nil {
		return nil, err
	}
	s, err := o.network()
	if err != nil {
		return nil, err
	}
	if err := o.files(); err != nil {
		return nil, err
	}
	return s, mountCgroups()
}

// kernel: switches of the machine's kernel are shown, and not to be turned from in here; those of the host's own network are.
func (o *options) kernel() error {
	if err := unix.Mount("/proc/sys", "/proc/sys", "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if err := unix.Mount("/proc/sys/net", "/proc/sys/net", "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if err := unix.Mount("", "/proc/sys", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		return err
	}
	for file, value := range map[string]string{"ipv4/ip_forward": "1", "bridge/bridge-nf-call-iptables": "1"} {
		if err := os.WriteFile("/proc/sys/net/"+file, []byte(value), 0o644); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

func (o *options) files() error {
	// The programs of the stand-in, before /usr/local/bin is another folder.
	programs := map[string]string{}
	for _, name := range []string{"k3s", "systemctl"} {
		programs[name] = filepath.Join(o.Home, name)
	}
	run := o.fs("/run")
	if err := emptyRun(run); err != nil {
		return err
	}
	// Folders that the machine lacks are made in layers of the host, never on the machine's disk.
	for _, path := range []string{"/etc", "/var/lib"} {
		if err := o.layer(path); err != nil {
			return err
		}
	}
	for _, path := range private {
		if err := os.MkdirAll(o.fs(path), 0o755); err != nil {
			return err
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	}
	for _, dir := range []string{"/run/stand-in/images", "/run/systemd/system", "/run/lock"} {
		if err := os.MkdirAll(o.fs(dir), 0o755); err != nil {
			return err
		}
	}
	bin := o.fs("/usr/local/bin")
	for name, from := range programs {
		if name == "k3s" && o.Bare {
			continue
		}
		to := filepath.Join(bin, name)
		if _, err := os.Stat(to); err == nil && name == "k3s" {
			continue // as it was left on this disk
		}
		if err := copyProgram(from, to); err != nil {
			return err
		}
	}
	links := map[string]string{"journalctl": "systemctl"}
	if !o.Bare {
		for _, name := range []string{"kubectl", "crictl", "ctr"} {
			links[name] = "k3s"
		}
		for _, name := range []string{"k3s-uninstall.sh", "k3s-killall.sh"} {
			if err := os.WriteFile(filepath.Join(bin, name), marker, 0o755); err != nil {
				return err
			}
		}
	}
	for link, target := range links {
		if err := os.Symlink(target, filepath.Join(bin, link)); err != nil && !os.IsExist(err) {
			return err
		}
	}
	if _, err := os.Stat(o.Images); err == nil {
		// Bound before /run is another folder: the images may lie anywhere.
		if err := unix.Mount(o.Images, o.fs("/run/stand-in/images"), "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	for _, image := range o.More {
		if err := bindFile(image, o.fs(filepath.Join(paths.MoreImages, filepath.Base(image)))); err != nil {
			return err
		}
	}
	single := map[string]string{
		"/etc/hostname":    o.Name + "\n",
		"/etc/hosts":       "127.0.0.1 localhost\n::1 localhost\n" + strings.Split(o.Addresses[0], "/")[0] + " " + o.Name + "\n",
		"/etc/resolv.conf": "nameserver " + gateway(o.Addresses[0]) + "\n",
	}
	for path, text := range single {
		if err := os.MkdirAll(filepath.Dir(o.fs(path)), 0o755); err != nil {
			return err
		}
		if _, err := os.Stat(o.fs(path)); err != nil {
			if err := os.WriteFile(o.fs(path), []byte(text), 0o644); err != nil {
				return err
			}
		}
		if err := unix.Mount(o.fs(path), path, "", unix.MS_BIND, ""); err != nil && err != unix.ENOENT {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if _, err := os.Stat("/usr/bin/systemctl"); err == nil {
		for _, name := range []string{"systemctl", "journalctl"} {
			if err := unix.Mount(filepath.Join(bin, "systemctl"), "/usr/bin/"+name, "", unix.MS_BIND, ""); err != nil && err != unix.ENOENT {
				return err
			}
		}
	}
	for _, path := range private {
		if err := unix.Mount(o.fs(path), path, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// bindFile makes a file seen at another place, which is made for it.
func bindFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(to, nil, 0o644); err != nil {
		return err
	}
	if err := unix.Mount(from, to, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}

// layer lets the host write into a folder of the machine without the machine seeing it.
func (o *options) layer(path string) error {
	upper, work := filepath.Join(o.Dir, "over", path, "upper"), filepath.Join(o.Dir, "over", path, "work")
	for _, dir := range []string{upper, work} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount("overlay", path, "overlay", 0, "lowerdir="+path+",upperdir="+upper+",workdir="+work); err != nil {
		return fmt.Errorf("a layer over %s in %s: %w", path, o.Dir, err)
	}
	return nil
}

// marker is the stand-in of k3s's scripts: whoever runs one is seen.
//
//go:embed uninstall.sh
var marker []byte

// emptyRun does what a reboot does to /run; only the mark of the scripts stays, for the test that looks for it.
func emptyRun(run string) error {
	all, err := os.ReadDir(run)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range all {
		if e.Name() == "blackstart-uninstall-was-run" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(run, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := out.ReadFrom(in); err != nil {
		return err
	}
	return os.Rename(to+".new", to)
}

// gateway is the first address of a network.
func gateway(address string) string {
	_, n, err := net.ParseCIDR(address)
	if err != nil || n.IP.To4() == nil {
		return "192.0.2.1"
	}
	ip := n.IP.To4()
	return net.IPv4(ip[0], ip[1], ip[2], ip[3]+1).String()
}

func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// network: a card whose other end lies in the network beside the host, or, without one, in the host itself and carries nothing.
func (o *options) network() (*state, error) {
	s := &state{Address: strings.Split(o.Addresses[0], "/")[0], Gateway: gateway(o.Addresses[0]), Nets: map[string]int{}}
	steps := [][]string{
		{"link", "set", "lo", "up"},
		{"link", "add", "eth0", "type", "veth", "peer", "name", "eth0p"},
	}
	for _, a := range o.Addresses {
		steps = append(steps, []string{"addr", "add", a, "dev", "eth0"})
	}
	steps = append(steps, []string{"link", "set", "eth0", "up"}, []string{"link", "set", "eth0p", "up"}, []string{"route", "add", "default", "via", s.Gateway, "metric", "100"})
	if len(o.Also) == 0 && o.Beside == "" {
		// Nobody is out there. That shall be said at once, not after seconds of asking: by the gateway, and for all behind it.
		steps = append(steps, []string{"addr", "add", s.Gateway + "/32", "dev", "lo"}, []string{"route", "add", "unreachable", "default", "metric", "50"})
	}
	for _, step := range steps {
		if err := ip(step...); err != nil {
			return nil, err
		}
	}
	bits := o.Addresses[0][strings.Index(o.Addresses[0], "/"):]
	for _, name := range o.Also {
		// A process that does nothing holds the other network; a bridge in it takes the cards of hosts beside this one too.
		holder := exec.Command("sleep", "infinity")
		holder.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Cloneflags: syscall.CLONE_NEWNET}
		if err := holder.Start(); err != nil {
			return nil, err
		}
		s.Nets[name] = holder.Process.Pid
		other, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", holder.Process.Pid))
		if err != nil {
			return nil, err
		}
		defer other.Close()
		if err := plug(other, "eth0p", [][]string{
			{"link", "set", "lo", "up"}, {"link", "add", "br0", "type", "bridge"}, {"addr", "add", s.Gateway + bits, "dev", "br0"},
			{"link", "set", "br0", "up"}, {"route", "add", "default", "via", s.Address},
		}); err != nil {
			return nil, fmt.Errorf("network %s: %w", name, err)
		}
	}
	if o.Beside != "" {
		other := os.NewFile(besideFd, "beside")
		defer other.Close()
		if err := plug(other, "eth0p", nil); err != nil {
			return nil, fmt.Errorf("the network of %s: %w", o.Beside, err)
		}
	}
	return s, nil
}

// plug moves a card into another network, and there onto its bridge, which may have to be made first.
func plug(network *os.File, card string, before [][]string) error {
	// A name of its own, so that cards of several hosts stand side by side.
	name := fmt.Sprintf("p%d", time.Now().UnixNano()%1_000_000_000)
	steps := [][]string{{"ip", "link", "set", card, "down"}, {"ip", "link", "set", card, "name", name}, {"ip", "link", "set", name, "netns", "/proc/self/fd/3"}}
	for _, step := range append(before, []string{"link", "set", name, "master", "br0"}, []string{"link", "set", name, "up"}) {
		steps = append(steps, append([]string{"nsenter", "--net=/proc/self/fd/3", "ip"}, step...))
	}
	for _, step := range steps {
		cmd := exec.Command(step[0], step[1:]...)
		cmd.ExtraFiles = []*os.File{network}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(step, " "), err, bytes.TrimSpace(out))
		}
	}
	return nil
}
