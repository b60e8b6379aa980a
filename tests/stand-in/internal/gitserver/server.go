// Package gitserver serves bare repositories over HTTP by git's own backend, counts who asked for what, and can be out of order.
package gitserver

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Backend is where Debian has it.
const Backend = "/usr/lib/git-core/git-http-backend"

// Counts are what has been asked for since the start, or since they were last reset.
type Counts struct {
	Requests int            `json:"requests"`
	Reads    int            `json:"reads"`
	Pushes   int            `json:"pushes"`
	Refused  int            `json:"refused"`
	ByPath   map[string]int `json:"byPath"`
}

// Server is one git server.
type Server struct {
	root     string
	accounts map[string]string
	closed   bool

	mu       sync.Mutex
	counts   Counts
	mode     string
	released chan struct{}
	address  string
	listener net.Listener
}

// New makes one over a folder of repositories; the file of accounts may be missing.
func New(root, accounts string, closed bool) (*Server, error) {
	absolute, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	s := &Server{root: absolute, accounts: map[string]string{}, closed: closed, mode: "up", released: make(chan struct{})}
	s.counts.ByPath = map[string]int{}
	if accounts == "" {
		return s, nil
	}
	text, err := os.ReadFile(accounts)
	if err != nil {
		return nil, err
	}
	for n, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		name, password, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("%s: line %d is not NAME:PASSWORD", accounts, n+1)
		}
		s.accounts[name] = password
	}
	return s, nil
}

// Listen begins to answer, and gives the address.
func (s *Server) Listen(address string) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener, s.address = listener, listener.Addr().String()
	go s.serve(listener)
	return s.address, nil
}

func (s *Server) serve(listener net.Listener) { _ = (&http.Server{Handler: s}).Serve(listener) }

// Be makes it up, down (nobody listens), hanging (it takes questions and answers none), or a status that is all it says.
func (s *Server) Be(mode string) error {
	if status, err := strconv.Atoi(mode); mode != "up" && mode != "down" && mode != "hang" && (err != nil || status < 400 || status > 599) {
		return fmt.Errorf("%q is none of up, down, hang and a status from 400 to 599", mode)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mode == mode {
		return nil
	}
	close(s.released)
	s.released = make(chan struct{})
	if mode == "down" && s.listener != nil {
		s.listener.Close()
		s.listener = nil
	}
	if mode != "down" && s.listener == nil && s.address != "" {
		listener, err := net.Listen("tcp", s.address)
		if err != nil {
			return err
		}
		s.listener = listener
		go s.serve(listener)
	}
	s.mode = mode
	return nil
}

// A repository's path and what is asked of it: nothing else leads anywhere.
var asked = regexp.MustCompile(`^/((?:[A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack|HEAD|objects/.*)$`)

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A connection that was open when it went down is no way in.
	mode, released := s.count(r)
	switch mode {
	case "up":
	case "down":
		drop(w)
		return
	case "hang":
		select {
		case <-released:
		case <-r.Context().Done():
		}
		drop(w)
		return
	default:
		status, _ := strconv.Atoi(mode)
		http.Error(w, "the stand-in was told to say so", status)
		return
	}
	found := asked.FindStringSubmatch(r.URL.Path)
	if found == nil {
		http.NotFound(w, r)
		return
	}
	pushes := pushes(r)
	user, ok := s.account(r)
	if !ok && (pushes || s.closed) {
		s.add(func(c *Counts) { c.Refused++ })
		w.Header().Set("WWW-Authenticate", `Basic realm="git (stand-in)"`)
		http.Error(w, "an account is wanted", http.StatusUnauthorized)
		return
	}
	repository := filepath.Join(s.root, found[1]+".git")
	if _, err := os.Stat(repository); err != nil {
		if !pushes {
			http.Error(w, "Repository not found.", http.StatusNotFound)
			return
		}
		if err := Make(repository); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	if strings.HasSuffix(found[2], "-pack") {
		s.add(func(c *Counts) {
			if pushes {
				c.Pushes++
			} else {
				c.Reads++
			}
		})
	}
	s.backend(w, r, "/"+found[1]+".git/"+found[2], user)
}

// pushes is true for both questions of a push: for what is there, and to take what is new.
func pushes(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/git-receive-pack") || r.URL.Query().Get("service") == "git-receive-pack"
}

func (s *Server) account(r *http.Request) (string, bool) {
	name, given, ok := r.BasicAuth()
	password, known := s.accounts[name]
	return name, ok && known && subtle.ConstantTimeCompare([]byte(password), []byte(given)) == 1
}

// backend asks git; its interface takes no body of unknown length, so a long one is read first.
func (s *Server) backend(w http.ResponseWriter, r *http.Request, path, user string) {
	if r.ContentLength < 0 {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	}
	again := r.Clone(r.Context())
	again.URL.Path = path
	(&cgi.Handler{
		Path: Backend,
		Root: "/",
		Dir:  s.root,
		Env: []string{
			"GIT_PROJECT_ROOT=" + s.root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=" + user, "HOME=/nonexistent",
			"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*", "GIT_CONFIG_KEY_1=http.receivepack", "GIT_CONFIG_VALUE_1=true",
		},
		Stderr: os.Stderr,
	}).ServeHTTP(w, again)
}

// Make makes an empty bare repository whose branch is main.
func Make(folder string) error {
	out, err := exec.Command("git", "init", "--quiet", "--bare", "--initial-branch=main", folder).CombinedOutput()
	if err != nil {
		return fmt.Errorf("git init %s: %w: %s", folder, err, out)
	}
	return nil
}

func drop(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if connection, _, err := h.Hijack(); err == nil {
			connection.Close()
		}
	}
}

func (s *Server) add(f func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.counts)
}

func (s *Server) count(r *http.Request) (string, chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Requests++
	s.counts.ByPath[r.URL.Path]++
	return s.mode, s.released
}
