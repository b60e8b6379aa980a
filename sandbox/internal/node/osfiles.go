package node

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/kubernetes/pkg/kubelet"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
)

// ownFiles is the kubelet's view of files. The kubelet has one folder that no setting moves, /var/log/containers,
// with a link for every container's log: here it lies in the sandbox like all the rest.
type ownFiles struct {
	kubecontainer.RealOS
	links string
}

var _ kubecontainer.OSInterface = ownFiles{}

func (o ownFiles) moved(path string) string {
	if rest, ok := strings.CutPrefix(path, kubelet.DefaultContainerLogsDir); ok {
		return filepath.Join(o.links, rest)
	}
	return path
}

func (o ownFiles) MkdirAll(path string, perm os.FileMode) error {
	return o.RealOS.MkdirAll(o.moved(path), perm)
}
func (o ownFiles) Symlink(old, new string) error              { return o.RealOS.Symlink(old, o.moved(new)) }
func (o ownFiles) Stat(path string) (os.FileInfo, error)      { return o.RealOS.Stat(o.moved(path)) }
func (o ownFiles) Remove(path string) error                   { return o.RealOS.Remove(o.moved(path)) }
func (o ownFiles) RemoveAll(path string) error                { return o.RealOS.RemoveAll(o.moved(path)) }
func (o ownFiles) Create(path string) (*os.File, error)       { return o.RealOS.Create(o.moved(path)) }
func (o ownFiles) Glob(pattern string) ([]string, error)      { return o.RealOS.Glob(o.moved(pattern)) }
func (o ownFiles) Open(path string) (*os.File, error)         { return o.RealOS.Open(o.moved(path)) }
func (o ownFiles) Chmod(path string, m os.FileMode) error     { return o.RealOS.Chmod(o.moved(path), m) }
func (o ownFiles) Rename(old, new string) error               { return o.RealOS.Rename(o.moved(old), o.moved(new)) }
func (o ownFiles) ReadDir(path string) ([]os.DirEntry, error) { return o.RealOS.ReadDir(o.moved(path)) }
func (o ownFiles) OpenFile(path string, flag int, perm os.FileMode) (*os.File, error) {
	return o.RealOS.OpenFile(o.moved(path), flag, perm)
}
func (o ownFiles) Chtimes(path string, atime, mtime time.Time) error {
	return o.RealOS.Chtimes(o.moved(path), atime, mtime)
}
