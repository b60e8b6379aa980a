// Package say writes lines in the form in which k3s logs: k3d and others search them for words.
package say

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

var lock sync.Mutex

func line(level, text string) {
	lock.Lock()
	defer lock.Unlock()
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%s\n", time.Now().UTC().Format(time.RFC3339), level, strconv.Quote(text))
}

// Info says what happened.
func Info(format string, a ...any) { line("info", fmt.Sprintf(format, a...)) }

// Warn says what may matter.
func Warn(format string, a ...any) { line("warning", fmt.Sprintf(format, a...)) }

// Error says what went wrong while the program goes on.
func Error(format string, a ...any) { line("error", fmt.Sprintf(format, a...)) }

// Fatal is the line with which k3s ends; the caller exits.
func Fatal(format string, a ...any) { line("fatal", fmt.Sprintf(format, a...)) }
