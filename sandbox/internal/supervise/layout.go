// Package supervise is the life of one sandbox: it makes the folder, starts the components, says when they are usable,
// and sees to it that nothing is left when it ends, however it ends.
package supervise

import (
	"fmt"
	"os"
	"path/filepath"

	"blackstart/sandbox/internal/store"
)

// layout names what lies in a sandbox's folder.
type layout struct{ dir string }

func (l layout) in(parts ...string) string {
	return filepath.Join(append([]string{l.dir}, parts...)...)
}
func (l layout) pki() string                 { return l.in("pki") }
func (l layout) log(component string) string { return l.in(store.LogDir, component+".log") }
func (l layout) kubeconfig() string          { return l.in("kubeconfig") }
func (l layout) node(name string) string     { return l.in("nodes", name) }

// egressSocket is relative: components and supervisor have the folder as their working directory, and the path of a
// socket may have 107 bytes only, which a folder deep in somebody's home can exceed.
const egressSocket = "egress.sock"

// makeDir makes the sandbox's folder. One that is there already must be empty: what is in it would be removed at the end.
func makeDir(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case os.IsNotExist(err):
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("folder of the sandbox: %w", err)
		}
	case err != nil:
		return fmt.Errorf("folder of the sandbox: %w", err)
	case len(entries) > 0 && store.IsSandbox(dir):
		return fmt.Errorf("%s already is a sandbox; end it with `blackstart-sandbox down %s` or choose another --dir or --name", dir, dir)
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty, and a sandbox's folder is removed at its end; choose an empty or a new one", dir)
	}
	if err := store.CheckPrivate(dir); err != nil {
		return err
	}
	return nil
}

// clear takes away what a try that failed left, so that the next begins like the first.
func (l layout) clear() error {
	for _, part := range []string{"etcd", "pki", "nodes", store.LogDir} {
		if err := store.Remove(l.in(part)); err != nil {
			return err
		}
	}
	return l.makeFolders()
}

func (l layout) makeFolders() error {
	for _, d := range []string{store.LogDir, "pki", "etcd", "nodes", "home", "tmp", "none", "config"} {
		if err := os.MkdirAll(l.in(d), 0o700); err != nil {
			return fmt.Errorf("folder of the sandbox: %w", err)
		}
	}
	return nil
}
