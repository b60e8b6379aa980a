package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// asked is a wish to end: an end of input, a signal, the end of the parent.
type asked struct{ how string }

func (a asked) Error() string { return a.how }

// Signals gives a life that SIGTERM, SIGINT or SIGHUP ends.
func Signals(ctx context.Context) context.Context {
	life, end := context.WithCancelCause(ctx)
	c := make(chan os.Signal, 4)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() { end(asked{"signal: " + (<-c).String()}) }()
	return life
}

// Attached gives a life that also ends with its standard input and with its parent.
//
// The kernel tells of a parent's death by a signal, but it means the thread that started us: a program that starts us
// from a pool of threads and lives on sends it too. So the signal only makes us look whether the parent is still there.
func Attached(ctx context.Context, parent int) context.Context {
	life, end := context.WithCancelCause(Signals(ctx))
	c := make(chan os.Signal, 4)
	signal.Notify(c, syscall.SIGUSR1)
	// The kernel keeps this wish with the calling thread: the caller is locked to the main thread, which never ends.
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGUSR1), 0, 0, 0)
	go func() {
		for {
			if os.Getppid() != parent {
				end(asked{"its parent is gone"})
				return
			}
			<-c
		}
	}()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		if errors.Is(err, syscall.EIO) {
			// In the background of a terminal nothing can be read; signals remain.
			return
		}
		end(asked{"end of standard input"})
	}()
	signal.Ignore(syscall.SIGTTIN, syscall.SIGPIPE)
	return life
}

func marshal(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	return append(raw, '\n'), err
}
