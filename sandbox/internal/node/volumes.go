package node

import (
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/volume"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/csi"
	"k8s.io/kubernetes/pkg/volume/downwardapi"
	"k8s.io/kubernetes/pkg/volume/emptydir"
	"k8s.io/kubernetes/pkg/volume/hostpath"
	"k8s.io/kubernetes/pkg/volume/image"
	"k8s.io/kubernetes/pkg/volume/local"
	"k8s.io/kubernetes/pkg/volume/projected"
	"k8s.io/kubernetes/pkg/volume/secret"

	"blackstart/sandbox/internal/hostroot"
)

// volumePlugins is upstream's list with what acts on the machine taken out or held back.
func volumePlugins(hostRoot string) []volume.VolumePlugin {
	var all []volume.VolumePlugin
	add := func(wrap func(volume.VolumePlugin) volume.VolumePlugin, plugins []volume.VolumePlugin) {
		for _, p := range plugins {
			all = append(all, wrap(p))
		}
	}
	rooted := func(p volume.VolumePlugin) volume.VolumePlugin { return hostroot.Kubelet(p, hostRoot) }
	asIs := func(p volume.VolumePlugin) volume.VolumePlugin { return p }
	add(rooted, hostpath.ProbeVolumePlugins(volume.VolumeConfig{}))
	add(unowned, emptydir.ProbeVolumePlugins())
	add(unowned, local.ProbeVolumePlugins())
	add(blind, secret.ProbeVolumePlugins())
	add(blind, projected.ProbeVolumePlugins())
	add(unowned, configmap.ProbeVolumePlugins())
	add(unowned, downwardapi.ProbeVolumePlugins())
	add(asIs, csi.ProbeVolumePlugins())
	add(asIs, image.ProbeVolumePlugins())
	return append(all, remotePlugins()...)
}

// unowned hides the user and the group that a volume shall belong to: an ordinary user cannot give files away, and
// no process of the pod runs that would have to read them. It also hides block volumes, which need loop devices.
func unowned(p volume.VolumePlugin) volume.VolumePlugin { return unownedPlugin{VolumePlugin: p} }

type unownedPlugin struct{ volume.VolumePlugin }

func (p unownedPlugin) NewMounter(spec *volume.Spec, pod *corev1.Pod) (volume.Mounter, error) {
	m, err := p.VolumePlugin.NewMounter(spec, pod)
	if err != nil {
		return nil, err
	}
	return unownedMounter{m}, nil
}

type unownedMounter struct{ volume.Mounter }

func (m unownedMounter) SetUp(args volume.MounterArgs) error {
	args.FsUser, args.FsGroup = nil, nil
	return m.Mounter.SetUp(args)
}

func (m unownedMounter) SetUpAt(dir string, args volume.MounterArgs) error {
	args.FsUser, args.FsGroup = nil, nil
	return m.Mounter.SetUpAt(dir, args)
}

// blind runs upstream's plugin with every secret value emptied on the way: names, keys and optional are judged as
// ever, and no value reaches a file. On a real node these volumes are memory; here they are folders on a disk.
func blind(p volume.VolumePlugin) volume.VolumePlugin {
	return blindPlugin{unownedPlugin{VolumePlugin: p}}
}

type blindPlugin struct{ unownedPlugin }

func (p blindPlugin) Init(host volume.VolumeHost) error {
	kubelet, ok := host.(volume.KubeletVolumeHost)
	if !ok {
		return p.VolumePlugin.Init(host)
	}
	return p.VolumePlugin.Init(blindHost{VolumeHost: host, KubeletVolumeHost: kubelet})
}

type blindHost struct {
	volume.VolumeHost
	volume.KubeletVolumeHost
}

func (h blindHost) GetSecretFunc() func(namespace, name string) (*corev1.Secret, error) {
	get := h.VolumeHost.GetSecretFunc()
	return func(namespace, name string) (*corev1.Secret, error) {
		s, err := get(namespace, name)
		if err != nil {
			return nil, err
		}
		emptied := &corev1.Secret{ObjectMeta: s.ObjectMeta, Type: s.Type, Data: map[string][]byte{}}
		for key := range s.Data {
			emptied.Data[key] = nil
		}
		return emptied, nil
	}
}

func (h blindHost) GetServiceAccountTokenFunc() func(namespace, name string, tr *authenticationv1.TokenRequest) (*authenticationv1.TokenRequest, error) {
	get := h.VolumeHost.GetServiceAccountTokenFunc()
	return func(namespace, name string, tr *authenticationv1.TokenRequest) (*authenticationv1.TokenRequest, error) {
		got, err := get(namespace, name, tr)
		if err != nil {
			return nil, err
		}
		emptied := got.DeepCopy()
		emptied.Status.Token = ""
		return emptied, nil
	}
}
