package node

import (
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/volume"
	utilstrings "k8s.io/utils/strings"
)

// remotePlugins stand for storage that lives on another machine. Upstream's would call iscsiadm, mount or a kernel
// module; these find the volume well described and leave it at that. Whether the server is there is not exercised.
func remotePlugins() []volume.VolumePlugin {
	return []volume.VolumePlugin{
		&remote{name: "kubernetes.io/nfs", has: func(v *corev1.VolumeSource, p *corev1.PersistentVolumeSource) bool {
			return (v != nil && v.NFS != nil) || (p != nil && p.NFS != nil)
		}},
		&remote{name: "kubernetes.io/iscsi", has: func(v *corev1.VolumeSource, p *corev1.PersistentVolumeSource) bool {
			return (v != nil && v.ISCSI != nil) || (p != nil && p.ISCSI != nil)
		}},
		&remote{name: "kubernetes.io/fc", has: func(v *corev1.VolumeSource, p *corev1.PersistentVolumeSource) bool {
			return (v != nil && v.FC != nil) || (p != nil && p.FC != nil)
		}},
	}
}

type remote struct {
	name string
	host volume.VolumeHost
	has  func(*corev1.VolumeSource, *corev1.PersistentVolumeSource) bool
}

func (r *remote) Init(host volume.VolumeHost) error                      { r.host = host; return nil }
func (r *remote) GetPluginName() string                                  { return r.name }
func (r *remote) GetVolumeName(s *volume.Spec) (string, error)           { return s.Name(), nil }
func (r *remote) RequiresRemount(*volume.Spec) bool                      { return false }
func (r *remote) SupportsMountOption() bool                              { return true }
func (r *remote) SupportsSELinuxContextMount(*volume.Spec) (bool, error) { return false, nil }
func (r *remote) GetAccessModes() []corev1.PersistentVolumeAccessMode    { return nil }
func (r *remote) NewMounter(s *volume.Spec, p *corev1.Pod) (volume.Mounter, error) {
	return &remoteMount{remote: r, volume: s.Name(), pod: p.UID, readOnly: s.ReadOnly}, nil
}

func (r *remote) NewUnmounter(name string, pod types.UID) (volume.Unmounter, error) {
	return &remoteMount{remote: r, volume: name, pod: pod}, nil
}

func (r *remote) CanSupport(s *volume.Spec) bool {
	if s.Volume != nil {
		return r.has(&s.Volume.VolumeSource, nil)
	}
	return s.PersistentVolume != nil && r.has(nil, &s.PersistentVolume.Spec.PersistentVolumeSource)
}

func (r *remote) ConstructVolumeSpec(name, _ string) (volume.ReconstructedVolume, error) {
	v := &corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{NFS: &corev1.NFSVolumeSource{Path: name}}}
	return volume.ReconstructedVolume{Spec: volume.NewSpecFromVolume(v)}, nil
}

type remoteMount struct {
	volume.MetricsNil
	remote   *remote
	volume   string
	pod      types.UID
	readOnly bool
}

func (m *remoteMount) GetPath() string {
	return m.remote.host.GetPodVolumeDir(m.pod, utilstrings.EscapeQualifiedName(m.remote.name), m.volume)
}
func (m *remoteMount) GetAttributes() volume.Attributes {
	return volume.Attributes{ReadOnly: m.readOnly}
}
func (m *remoteMount) SetUp(args volume.MounterArgs) error {
	return m.SetUpAt(m.GetPath(), args)
}
func (m *remoteMount) SetUpAt(dir string, _ volume.MounterArgs) error { return os.MkdirAll(dir, 0o750) }
func (m *remoteMount) TearDown() error                                { return m.TearDownAt(m.GetPath()) }
func (m *remoteMount) TearDownAt(dir string) error                    { return os.RemoveAll(dir) }
