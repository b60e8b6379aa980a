package k3d

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// logger writes lines as k3d does: levels in colour also where no terminal is, seconds since the start, the text filled up to 44
// columns and one blank; information on stdout, what is wrong on stderr.
type logger struct {
	out, err io.Writer
	begin    time.Time
	colour   bool
	level    int
	mutex    sync.Mutex
}

const (
	fatalLevel = iota
	errorLevel
	warnLevel
	infoLevel
	debugLevel
	traceLevel
)

var levels = [...]struct {
	name   string
	colour int
}{{"FATA", 31}, {"ERRO", 31}, {"WARN", 33}, {"INFO", 36}, {"DEBU", 37}, {"TRAC", 37}}

func newLogger() *logger {
	l := &logger{out: os.Stdout, err: os.Stderr, begin: time.Now(), colour: true, level: infoLevel}
	if colour, err := strconv.ParseBool(os.Getenv("LOG_COLORS")); err == nil {
		l.colour = colour
	}
	switch strings.ToLower(os.Getenv("LOG_LEVEL")) {
	case "fatal":
		l.level = fatalLevel
	case "error":
		l.level = errorLevel
	case "warn", "warning":
		l.level = warnLevel
	case "debug":
		l.level = debugLevel
	case "trace":
		l.level = traceLevel
	}
	return l
}

func (l *logger) line(level int, format string, values ...any) {
	if level > l.level {
		return
	}
	name := levels[level].name
	if l.colour {
		name = fmt.Sprintf("\x1b[%dm%s\x1b[0m", levels[level].colour, name)
	}
	text := strings.TrimSuffix(fmt.Sprintf(format, values...), "\n")
	to := l.out
	if level <= warnLevel {
		to = l.err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	fmt.Fprintf(to, "%s[%04d] %-44s \n", name, int(time.Since(l.begin)/time.Second), text)
}

func (l *logger) info(format string, values ...any)  { l.line(infoLevel, format, values...) }
func (l *logger) warn(format string, values ...any)  { l.line(warnLevel, format, values...) }
func (l *logger) error(format string, values ...any) { l.line(errorLevel, format, values...) }
func (l *logger) debug(format string, values ...any) { l.line(debugLevel, format, values...) }

// fatal says why and ends the program, as k3d does, wherever it is.
func (l *logger) fatal(format string, values ...any) {
	l.line(fatalLevel, format, values...)
	os.Exit(1)
}
