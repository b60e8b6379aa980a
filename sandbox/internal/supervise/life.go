package supervise

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

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
//
// One word may come through the standard input: "keep SECONDS" lets it live on for so long, with or without its parent.
func Attached(ctx context.Context, parent int) (context.Context, <-chan time.Duration) {
	life, end := context.WithCancelCause(Signals(ctx))
	kept := make(chan time.Duration, 1)
	c := make(chan os.Signal, 4)
	signal.Notify(c, syscall.SIGUSR1)
	// The kernel keeps this wish with the calling thread: the caller is locked to the main thread, which never ends.
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGUSR1), 0, 0, 0)
	said := make(chan struct{})
	orphaned := make(chan struct{})
	go func() {
		for os.Getppid() == parent {
			<-c
		}
		close(orphaned)
	}()
	go func() {
		defer close(said)
		span, err := lastWord(os.Stdin)
		switch {
		case span > 0:
			kept <- span
		case errors.Is(err, syscall.EIO):
			// In the background of a terminal nothing can be read; signals remain.
			<-orphaned
			end(asked{"its parent is gone"})
		default:
			end(asked{"end of standard input"})
		}
	}()
	go func() {
		<-orphaned
		select {
		case <-said:
			// What is to become of it was told before.
		case <-time.After(wordGrace):
			end(asked{"its parent is gone"})
		}
	}()
	signal.Ignore(syscall.SIGTTIN, syscall.SIGPIPE)
	return life, kept
}

// wordGrace is how long the input of a parent that died may take to end. Somebody else may hold it open.
const wordGrace = time.Second

// lastWord reads until the input ends. It answers how long to live on, when that was said.
func lastWord(in io.Reader) (time.Duration, error) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		number, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "keep ")
		seconds, err := strconv.ParseUint(number, 10, 31)
		if ok && err == nil && seconds > 0 {
			return time.Duration(seconds) * time.Second, nil
		}
	}
	return 0, lines.Err()
}

func marshal(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	return append(raw, '\n'), err
}
