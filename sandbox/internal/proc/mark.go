// Package proc starts processes that cannot outlive their parent and finds them again.
//
// It knows processes, marks and /proc; it has not heard of Kubernetes.
package proc

import (
	"crypto/rand"
	"encoding/hex"
	"os"
)

// MarkEnv names the environment variable that every process of one sandbox carries. Its value is random, so
// that a process found by it cannot belong to anything else.
const MarkEnv = "BLACKSTART_SANDBOX_MARK"

// StageEnv tells a re-executed binary which part of its own start it is in.
const StageEnv = "BLACKSTART_SANDBOX_STAGE"

// NewMark makes a mark: 128 random bits as hexadecimal digits.
func NewMark() string {
	b := make([]byte, 16)
	// rand.Read of Go 1.24 and later never returns an error: it ends the process instead.
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// Self is the path of the running binary, also when the file was replaced since it started.
func Self() string {
	if path, err := os.Executable(); err == nil {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return "/proc/self/exe"
}
