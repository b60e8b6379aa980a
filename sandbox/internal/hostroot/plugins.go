package hostroot

import (
	"fmt"
	"os"
	"regexp"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/volume"
)

// Kubelet wraps upstream's hostPath plugin for a node: same checks, same words, paths below the root.
func Kubelet(p volume.VolumePlugin, root string) volume.VolumePlugin {
	return kubeletPlugin{VolumePlugin: p, root: Root(root)}
}

type kubeletPlugin struct {
	volume.VolumePlugin
	root Root
}

func (p kubeletPlugin) NewMounter(spec *volume.Spec, pod *corev1.Pod) (volume.Mounter, error) {
	moved := *spec
	var shown, real string
	switch {
	case spec.Volume != nil && spec.Volume.HostPath != nil:
		v := spec.Volume.DeepCopy()
		shown, real = v.HostPath.Path, p.root.Resolve(v.HostPath.Path)
		v.HostPath.Path = real
		moved.Volume = v
	case spec.PersistentVolume != nil && spec.PersistentVolume.Spec.HostPath != nil:
		v := spec.PersistentVolume.DeepCopy()
		shown, real = v.Spec.HostPath.Path, p.root.Resolve(v.Spec.HostPath.Path)
		v.Spec.HostPath.Path = real
		moved.PersistentVolume = v
	}
	m, err := p.VolumePlugin.NewMounter(&moved, pod)
	if err != nil {
		return nil, err
	}
	return kubeletMounter{Mounter: m, shown: shown, real: real}, nil
}

type kubeletMounter struct {
	volume.Mounter
	shown, real string
}

func (m kubeletMounter) SetUp(args volume.MounterArgs) error {
	return reworded(m.Mounter.SetUp(args), m.real, m.shown)
}

// Controller wraps upstream's hostPath plugin for the volume binder: what it deletes lies below the root.
func Controller(p volume.VolumePlugin, root string) volume.VolumePlugin {
	recyclable, ok := p.(volume.RecyclableVolumePlugin)
	if !ok {
		return p
	}
	return controllerPlugin{RecyclableVolumePlugin: recyclable, root: Root(root)}
}

type controllerPlugin struct {
	volume.RecyclableVolumePlugin
	root Root
}

var _ volume.DeletableVolumePlugin = controllerPlugin{}

func (p controllerPlugin) NewDeleter(_ klog.Logger, spec *volume.Spec) (volume.Deleter, error) {
	if spec.PersistentVolume == nil || spec.PersistentVolume.Spec.HostPath == nil {
		return nil, fmt.Errorf("spec.PersistentVolumeSource.HostPath is nil")
	}
	return &deleter{root: p.root, path: spec.PersistentVolume.Spec.HostPath.Path}, nil
}

// Upstream deletes only what lies below /tmp; elsewhere the volume goes to Failed.
var deletable = regexp.MustCompile("/tmp/.+")

type deleter struct {
	volume.MetricsNil
	root Root
	path string
}

func (d *deleter) GetPath() string { return d.path }

func (d *deleter) Delete() error {
	if !deletable.MatchString(d.path) {
		return fmt.Errorf("host_path deleter only supports /tmp/.+ but received provided %s", d.path)
	}
	real := d.root.Resolve(d.path)
	if real == string(d.root) {
		return fmt.Errorf("host_path deleter: %s is the root itself", d.path)
	}
	return os.RemoveAll(real)
}
