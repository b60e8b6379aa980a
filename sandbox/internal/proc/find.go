package proc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Found is a process as /proc shows it. Pid and Start together name it: a pid alone is used again.
type Found struct {
	Pid   int
	Start uint64
}

// StartOf reads when a process started, in ticks since the machine did.
func StartOf(pid int) (uint64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the command in brackets and may hold spaces and brackets: count from the last one.
	end := bytes.LastIndexByte(raw, ')')
	if end < 0 {
		return 0, fmt.Errorf("/proc/%d/stat: no command in it", pid)
	}
	fields := strings.Fields(string(raw[end+1:]))
	if len(fields) < 20 {
		return 0, fmt.Errorf("/proc/%d/stat: only %d fields after the command", pid, len(fields))
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return 0, os.ErrProcessDone
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

// HasMark tells whether a process was started with this mark in its environment.
func HasMark(pid int, mark string) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil || mark == "" {
		return false
	}
	want := []byte(MarkEnv + "=" + mark)
	for _, v := range bytes.Split(raw, []byte{0}) {
		if bytes.Equal(v, want) {
			return true
		}
	}
	return false
}

// WithMark lists the living processes that carry the mark, this one left out.
func WithMark(mark string) []Found {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	var all []Found
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == os.Getpid() || !HasMark(pid, mark) {
			continue
		}
		start, err := StartOf(pid)
		if err != nil {
			continue
		}
		all = append(all, Found{Pid: pid, Start: start})
	}
	return all
}

// Signal sends a signal to exactly this process: the handle is taken first and the identity compared after, so
// that a pid used again in between gets nothing. A process that is gone is no error.
func (f Found) Signal(mark string, sig syscall.Signal) error {
	p, err := os.FindProcess(f.Pid)
	if err != nil {
		return err
	}
	defer func() { _ = p.Release() }()
	start, err := StartOf(f.Pid)
	if err != nil || start != f.Start || !HasMark(f.Pid, mark) {
		return nil
	}
	if err := p.Signal(sig); err != nil && err != os.ErrProcessDone {
		return fmt.Errorf("process %d: %w", f.Pid, err)
	}
	return nil
}

// EndAll kills everything that carries the mark and waits until it is gone.
func EndAll(mark string, within time.Duration) error {
	deadline := time.Now().Add(within)
	for {
		left := WithMark(mark)
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d processes of the sandbox are still there after %s, the first is %d", len(left), within, left[0].Pid)
		}
		for _, f := range left {
			if err := f.Signal(mark, syscall.SIGKILL); err != nil {
				return err
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}
