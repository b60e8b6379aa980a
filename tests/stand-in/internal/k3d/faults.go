package k3d

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// fault is one line of the file that $STAND_IN_K3D_FAULTS names.
type fault struct {
	Call string `json:"call"` // "cluster create", "node list", ...; "*" is any
	Nth  int    `json:"nth"`  // only the nth such call; 0 is each
	Name string `json:"name"` // only for this cluster, container, network or volume; empty is any
	At   string `json:"at"`   // begin, after-network, after-volume, after-containers, after-server, end; empty is begin
	Do   string `json:"do"`   // one of the deeds below

	Stdout string `json:"stdout"`
	Stderr string `json:"stderr"`
	Code   int    `json:"code"`
	What   string `json:"what"` // of leave: container, network, volume
}

const (
	doExit    = "exit"              // print, and end with the code
	doHang    = "hang"              // stay for good
	doSay     = "say"               // print, and go on
	doFail    = "fail"              // let the step fail with stderr as its error: what follows is k3d's own rollback
	doGone    = "daemon-gone"       // from here on the daemon does not answer
	doBlank   = "no-address"        // the container called name looks as if it had lost its address
	doLeave   = "leave"             // a delete passes over what it should remove, and says nothing
	doPretend = "rolled-back-alive" // say that all was rolled back, and leave all of it running
)

// faults are those that hold for this call.
type faults struct{ all []fault }

// newFaults writes the call down and reads what shall go wrong with it. The calls are counted in the file beside the faults.
func newFaults(call string, names []string) (*faults, error) {
	if log := os.Getenv("STAND_IN_K3D_CALLS"); log != "" {
		line, err := json.Marshal(map[string]any{"call": call, "argv": os.Args[1:], "time": time.Now().UTC().Format(time.RFC3339Nano), "pid": os.Getpid()})
		if err != nil {
			return nil, err
		}
		if _, err := count(log, string(line), ""); err != nil {
			return nil, err
		}
	}
	f := &faults{}
	file := os.Getenv("STAND_IN_K3D_FAULTS")
	if file == "" {
		return f, nil
	}
	nth, err := count(file+".seen", call, call)
	if err != nil {
		return nil, err
	}
	content, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	defer content.Close()
	for lines := bufio.NewScanner(content); lines.Scan(); {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		var one fault
		strict := json.NewDecoder(strings.NewReader(lines.Text()))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&one); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", file, err, lines.Text())
		}
		if one.At == "" {
			one.At = "begin"
		}
		mine := (one.Call == "*" || one.Call == call) && (one.Nth == 0 || one.Nth == nth)
		if mine && one.Do != doBlank && one.Do != doLeave && one.Name != "" {
			mine = false
			for _, name := range names {
				mine = mine || name == one.Name
			}
		}
		if mine {
			f.all = append(f.all, one)
		}
	}
	return f, nil
}

// count appends a line to a file that several processes write, and says how many equal one line of it now.
func count(file, line, like string) (int, error) {
	to, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return 0, err
	}
	defer to.Close()
	if err := syscall.Flock(int(to.Fd()), syscall.LOCK_EX); err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintln(to, line); err != nil {
		return 0, err
	}
	if _, err := to.Seek(0, 0); err != nil {
		return 0, err
	}
	n := 0
	for lines := bufio.NewScanner(to); lines.Scan(); {
		if lines.Text() == like {
			n++
		}
	}
	return n, nil
}

// at lets happen what shall happen at this point of the call.
func (f *faults) at(k *k3d, point string) error {
	for _, one := range f.all {
		if one.At != point {
			continue
		}
		switch one.Do {
		case doExit, doSay:
			fmt.Fprint(os.Stdout, one.Stdout)
			fmt.Fprint(os.Stderr, one.Stderr)
			if one.Do == doExit {
				os.Exit(one.Code)
			}
		case doHang:
			for {
				time.Sleep(time.Hour)
			}
		case doFail:
			return errors.New(one.Stderr)
		case doGone:
			k.docker.gone = true
		case doPretend:
			why := one.Stderr
			if why == "" {
				why = "Failed Cluster Start: Failed to start server: context deadline exceeded"
			}
			k.log.error("%s", why)
			k.log.error("Failed to create cluster >>> Rolling Back")
			k.log.fatal("Cluster creation FAILED, all changes have been rolled back!")
		case doBlank, doLeave:
		default:
			return fmt.Errorf("%q is no deed of a fault", one.Do)
		}
	}
	return nil
}

// blank takes the address of a container out of what the daemon said, where a fault wants it so.
func (f *faults) blank(container string, settings *networkSettings) {
	for _, one := range f.all {
		if one.Do != doBlank || one.Name != container {
			continue
		}
		for _, at := range settings.Networks {
			at.IPAddress = ""
		}
		settings.DefaultNetworkSettings = DefaultNetworkSettings{}
	}
}

// leaves says whether a delete shall pass over something.
func (f *faults) leaves(what, name string) bool {
	for _, one := range f.all {
		if one.Do == doLeave && one.What == what && (one.Name == "" || one.Name == name) {
			return true
		}
	}
	return false
}
