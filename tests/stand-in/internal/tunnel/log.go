package tunnel

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Log writes lines as the real connector's console log has them.
type Log struct {
	mu sync.Mutex
	W  io.Writer
}

func (l *Log) say(level, message string, fields ...any) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", time.Now().UTC().Format("2006-01-02T15:04:05Z"), level, message)
	for i := 0; i+1 < len(fields); i += 2 {
		value := fmt.Sprint(fields[i+1])
		if strings.ContainsAny(value, " \"=") || value == "" {
			value = strconv.Quote(value)
		}
		fmt.Fprintf(&b, " %v=%s", fields[i], value)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.W, b.String())
}

// Info is a line of what goes as it should.
func (l *Log) Info(message string, fields ...any) { l.say("INF", message, fields...) }

// Error is a line of what does not.
func (l *Log) Error(message string, fields ...any) { l.say("ERR", message, fields...) }
