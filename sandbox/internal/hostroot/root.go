// Package hostroot keeps every path of "the host" inside a folder of the sandbox's own.
//
// Manifests name paths of a node: hostPath volumes, local volumes. In a sandbox they are looked up below one private
// root, so that nothing of the real machine is seen, made or removed, and errors still name the path that was written.
package hostroot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"
	"k8s.io/kubernetes/pkg/volume/util/hostutil"
)

// Root is the folder that stands for "/" of the host.
type Root string

// Resolve gives the real place of a host's path. Links inside the root are followed without leaving it.
func (r Root) Resolve(path string) string {
	real, err := securejoin.SecureJoin(string(r), path)
	if err != nil {
		// A loop of links: the plain place below the root then shows the same error to whoever opens it.
		return filepath.Join(string(r), filepath.Clean("/"+path))
	}
	return real
}

// within tells whether a path lies in dir or is dir.
func within(dir, path string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// reworded takes the private root out of an error's text, so that it reads as on a real host.
func reworded(err error, real, shown string) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.ReplaceAll(err.Error(), real, shown))
}

// HostUtil answers the kubelet's questions about paths: its own folders as they are, all others below the root.
type HostUtil struct {
	hostutil.HostUtils
	Root Root
	Own  string
}

var _ hostutil.HostUtils = HostUtil{}

// NewHostUtil wraps upstream's.
func NewHostUtil(root Root, own string) HostUtil {
	return HostUtil{HostUtils: hostutil.NewHostUtil(), Root: root, Own: own}
}

func (h HostUtil) real(path string) string {
	if within(h.Own, path) || within(string(h.Root), path) {
		return path
	}
	return h.Root.Resolve(path)
}

// GetFileType also serves `type: Directory` of hostPath volumes and the path of local volumes.
func (h HostUtil) GetFileType(path string) (hostutil.FileType, error) {
	real := h.real(path)
	t, err := h.HostUtils.GetFileType(real)
	return t, reworded(err, real, path)
}

// PathExists looks below the root.
func (h HostUtil) PathExists(path string) (bool, error) {
	real := h.real(path)
	ok, err := h.HostUtils.PathExists(real)
	return ok, reworded(err, real, path)
}

// GetOwner looks below the root.
func (h HostUtil) GetOwner(path string) (int64, int64, error) {
	real := h.real(path)
	uid, gid, err := h.HostUtils.GetOwner(real)
	return uid, gid, reworded(err, real, path)
}

// GetMode looks below the root.
func (h HostUtil) GetMode(path string) (os.FileMode, error) {
	real := h.real(path)
	mode, err := h.HostUtils.GetMode(real)
	return mode, reworded(err, real, path)
}

// EvalHostSymlinks gives the path back: links were followed when it was resolved.
func (h HostUtil) EvalHostSymlinks(path string) (string, error) { return path, nil }

// DeviceOpened is false: a sandbox has no devices.
func (h HostUtil) DeviceOpened(string) (bool, error) { return false, nil }

// PathIsDevice is false: a sandbox has no devices.
func (h HostUtil) PathIsDevice(string) (bool, error) { return false, nil }

// MakeRShared would be a mount call. Nothing is mounted here, so nothing needs to be shared.
func (h HostUtil) MakeRShared(string) error { return nil }

// GetSELinuxSupport is false: no container is started that a label could confine.
func (h HostUtil) GetSELinuxSupport(string) (bool, error) { return false, nil }

// GetSELinuxMountContext is empty for the same reason.
func (h HostUtil) GetSELinuxMountContext(string) (string, error) { return "", nil }
