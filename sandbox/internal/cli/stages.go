package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"blackstart/sandbox/internal/proc"
	"blackstart/sandbox/internal/spec"
	"blackstart/sandbox/internal/store"
	"blackstart/sandbox/internal/supervise"
)

// A start has two stages, because a process shows others only the environment it was started with: the first checks the
// words and starts the program again with the sandbox's mark, the second is the supervisor. Attached, the second
// replaces the first and keeps its pid, parent and input. Kept, it is a child in a session of its own.

const (
	attachedStage = "attached"
	keptStage     = "kept"
)

// stage reads who we are: the kind, and the parent as the first stage saw it.
func stage() (kind string, parent int) {
	kind, number, _ := strings.Cut(os.Getenv(proc.StageEnv), ":")
	parent, err := strconv.Atoi(number)
	if err != nil || currentMark() == "" {
		return "", 0
	}
	return kind, parent
}

func currentMark() string {
	if os.Getenv(proc.StageEnv) == "" {
		return ""
	}
	return os.Getenv(proc.MarkEnv)
}

func runUp(u *spec.Up) error {
	switch kind, parent := stage(); {
	case kind == attachedStage:
		life, kept := supervise.Attached(context.Background(), parent)
		return supervise.Run(u, currentMark(), life, kept, printLine)
	case kind == keptStage:
		return runKept(u)
	case u.Keep:
		return startKept()
	default:
		env := withMark(attachedStage, os.Getppid())
		return fmt.Errorf("start again with a mark: %w", syscall.Exec(proc.Self(), os.Args, env))
	}
}

func withMark(kind string, parent int) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, proc.MarkEnv+"=") && !strings.HasPrefix(v, proc.StageEnv+"=") {
			env = append(env, v)
		}
	}
	return append(env, proc.MarkEnv+"="+proc.NewMark(), fmt.Sprintf("%s=%s:%d", proc.StageEnv, kind, parent))
}

func printLine(line *store.Line) error {
	raw, err := json.Marshal(line)
	if err != nil {
		return err
	}
	return stdoutLine(append(raw, '\n'))
}

// answer is what the kept supervisor tells the first stage, once.
type answer struct {
	Line  *store.Line `json:"line,omitempty"`
	Error string      `json:"error,omitempty"`
}

// startKept starts the supervisor in a session of its own, passes its answer on and leaves it alone.
func startKept() error {
	cmd := exec.Command(proc.Self(), os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = withMark(keptStage, os.Getpid())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start of the supervisor: %w", err)
	}
	raw, err := bufio.NewReader(pipe).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the supervisor ended without a word (%v)", cmd.Wait())
	}
	a := &answer{}
	if err := json.Unmarshal(raw, a); err != nil {
		return fmt.Errorf("the supervisor said what nobody understands: %w", err)
	}
	if a.Line == nil {
		_ = cmd.Wait()
		return errors.New(a.Error)
	}
	return printLine(a.Line)
}

// runKept is the supervisor of a kept sandbox. What is told after the answer is told in the sandbox's log.
func runKept(u *spec.Up) error {
	told := false
	tell := func(a answer) error {
		raw, err := json.Marshal(a)
		if err != nil {
			return err
		}
		told = true
		err = stdoutLine(append(raw, '\n'))
		null, opened := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		if opened != nil {
			return errors.Join(err, opened)
		}
		for _, fd := range []int{0, 1, 2} {
			if dup := syscall.Dup3(int(null.Fd()), fd, 0); dup != nil {
				return errors.Join(err, dup)
			}
		}
		return err
	}
	err := supervise.Run(u, currentMark(), supervise.Signals(context.Background()), nil, func(line *store.Line) error {
		return tell(answer{Line: line})
	})
	if err != nil && !told {
		return errors.Join(err, tell(answer{Error: err.Error()}))
	}
	return err
}
