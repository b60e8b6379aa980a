package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"blackstart/sandbox/internal/brings"
	"blackstart/sandbox/internal/cri"
	"blackstart/sandbox/internal/proc"
	"blackstart/sandbox/internal/spec"
	"blackstart/sandbox/internal/store"
	"blackstart/sandbox/internal/unseal"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-base/version"
)

// Reasons why a sandbox ends that are no failure.
var (
	errWaited   = errors.New("it did not become usable in time")
	errDeadline = errors.New("its deadline came")
)

// tries is how often ports are chosen anew after another program took one.
const tries = 5

// Run is a sandbox's whole life. It hands over the line when the sandbox is usable and returns when nothing is left.
// What comes through kept gives it a deadline from then on.
func Run(u *spec.Up, mark string, life context.Context, kept <-chan time.Duration, usable func(*store.Line) error) error {
	began := time.Now()
	if u.ImagesFile != "" {
		// Found now, not by every node's process later.
		if _, err := cri.ReadList(u.ImagesFile); err != nil {
			return err
		}
	}
	if err := makeDir(u.Dir); err != nil {
		return err
	}
	lock, err := store.NewLock(u.Dir)
	if err != nil {
		return fmt.Errorf("%s: %w", u.Dir, err)
	}
	defer func() { _ = lock.Close() }()
	s := &sandbox{u: u, mark: mark, l: layout{u.Dir}, began: began, lock: lock}
	if err := s.record(); err != nil {
		return errors.Join(err, store.Remove(u.Dir))
	}
	if err := os.Chdir(u.Dir); err != nil {
		return errors.Join(err, store.Remove(u.Dir))
	}
	if u.Deadline > 0 {
		var cancel context.CancelFunc
		life, cancel = context.WithTimeoutCause(life, u.Deadline, errDeadline)
		defer cancel()
	}
	return s.live(life, kept, usable)
}

type sandbox struct {
	u        *spec.Up
	mark     string
	l        layout
	began    time.Time
	lock     *os.File
	deadline *time.Time
}

// record writes into the lock file who holds it, so that `down` finds a sandbox that is still starting.
func (s *sandbox) record() error {
	start, err := proc.StartOf(os.Getpid())
	if err != nil {
		return err
	}
	if s.u.Deadline > 0 && s.deadline == nil {
		d := s.began.Add(s.u.Deadline).UTC().Truncate(time.Second)
		s.deadline = &d
	}
	r := store.Record{Name: s.u.Name, Pid: os.Getpid(), Start: start, Mark: s.mark, Keep: s.u.Keep, Deadline: s.deadline, Labels: s.u.Labels}
	raw, err := marshal(r)
	if err != nil {
		return err
	}
	if err := s.lock.Truncate(0); err != nil {
		return err
	}
	_, err = s.lock.WriteAt(raw, 0)
	return err
}

func (s *sandbox) live(life context.Context, kept <-chan time.Duration, usable func(*store.Line) error) error {
	c, err := s.up(life)
	if err != nil {
		if removed := store.Remove(s.u.Dir); removed != nil {
			return errors.Join(err, removed)
		}
		if life.Err() != nil {
			return fmt.Errorf("sandbox %s was ended before it was usable: %w", s.u.Name, context.Cause(life))
		}
		return fmt.Errorf("sandbox %s did not come up: %w", s.u.Name, err)
	}
	defer c.close()
	line, err := s.line(life, c)
	if err == nil {
		err = store.WriteJSON(s.l.in(store.SandboxFile), line)
	}
	if err == nil {
		err = usable(line)
	}
	if err != nil {
		c.close()
		return errors.Join(fmt.Errorf("sandbox %s: %w", s.u.Name, err), store.Remove(s.u.Dir))
	}
	working, stop := context.WithCancel(life)
	defer stop()
	brings.Start(working, c.config, s.u.Brings, s.u.HostRoot, s.u.StoragePath, s.say)
	if !s.u.NoUnseal {
		go unseal.Run(working, c.config, s.u.KeyNamespaces, s.say)
	}
	for {
		select {
		case span := <-kept:
			s.stays(line, span)
			var cancel context.CancelFunc
			life, cancel = context.WithTimeoutCause(life, span, errDeadline)
			defer cancel()
		case <-life.Done():
			s.say("ends: " + context.Cause(life).Error())
			c.close()
			return store.Remove(s.u.Dir)
		case child := <-c.nursery.Died():
			err := died(child, "it ended")
			if errors.Is(err, errLostPort) {
				err = fmt.Errorf("%s ended by itself: %w", child.Name, err)
			}
			c.close()
			s.say(err.Error())
			s.keepLogs(err)
			return fmt.Errorf("sandbox %s: %w\n  the other components were ended too; logs stay in %s until `blackstart-sandbox reap`", s.u.Name, err, s.l.in(store.LogDir))
		}
	}
}

// stays tells those who look into the folder that it lives on, and for how long.
func (s *sandbox) stays(line *store.Line, span time.Duration) {
	until := time.Now().Add(span).UTC().Truncate(time.Second)
	line.Keep, line.Deadline = true, &until
	s.u.Keep, s.deadline = true, &until
	if err := errors.Join(store.WriteJSON(s.l.in(store.SandboxFile), line), s.record()); err != nil {
		s.say(err.Error())
	}
	s.say("lives on until " + until.Format(time.RFC3339))
}

// up tries with other ports when another program took one between our choice and our use of it.
func (s *sandbox) up(life context.Context) (*cluster, error) {
	waiting, stop := context.WithTimeoutCause(life, s.u.Wait, errWaited)
	defer stop()
	hostRoot := s.u.HostRoot
	if hostRoot == "" {
		hostRoot = s.l.in("host")
	}
	if err := os.MkdirAll(hostRoot, 0o700); err != nil {
		return nil, fmt.Errorf("root of the host's paths: %w", err)
	}
	hostRoot, err := filepath.EvalSymlinks(hostRoot)
	if err != nil {
		return nil, fmt.Errorf("root of the host's paths: %w", err)
	}
	s.u.HostRoot = hostRoot
	for try := 1; ; try++ {
		c := &cluster{l: s.l, u: s.u, mark: s.mark, hostRoot: hostRoot}
		err := c.start(waiting)
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, errLostPort) || try == tries {
			return nil, err
		}
		if err := s.l.clear(); err != nil {
			return nil, err
		}
		s.say(fmt.Sprintf("try %d: %v; trying others", try, err))
	}
}

func (s *sandbox) line(ctx context.Context, c *cluster) (*store.Line, error) {
	system, err := c.client.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	line := &store.Line{
		Schema: store.Schema, Name: s.u.Name, Dir: s.u.Dir, Kubeconfig: s.l.kubeconfig(), Server: c.config.Host,
		Version: version.Get().GitVersion, UID: string(system.UID), Pid: os.Getpid(), HostRoot: s.u.HostRoot,
		Images: "assumed", Deadline: s.deadline, Keep: s.u.Keep, Labels: s.u.Labels,
		ReadySeconds: float64(time.Since(s.began).Milliseconds()) / 1000,
	}
	if s.u.ImagesFile != "" {
		line.Images = "listed"
	}
	for _, n := range s.u.Nodes {
		line.Nodes = append(line.Nodes, store.NodeLine{Name: n.Name, Arch: n.Arch})
	}
	return line, nil
}

// keepLogs leaves of a sandbox that broke what tells why, and takes away keys and data.
func (s *sandbox) keepLogs(why error) {
	_ = os.WriteFile(s.l.in(store.EndedFile), []byte(why.Error()+"\n"), 0o600)
	for _, part := range []string{"etcd", "pki", "config", "nodes", "home", "tmp", "none", "kubeconfig", egressSocket} {
		_ = store.Remove(s.l.in(part))
	}
}

// say writes a line into the supervisor's log.
func (s *sandbox) say(text string) {
	file, err := os.OpenFile(s.l.log("supervisor"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return
	}
	defer func() { _ = file.Close() }()
	_, _ = fmt.Fprintf(file, "%s %s\n", time.Now().UTC().Format(time.RFC3339), text)
}
