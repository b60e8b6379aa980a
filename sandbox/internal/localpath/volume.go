package localpath

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// Annotations of a class: that it is the default, and which sort of volume it makes; a claim may say the latter for itself.
const (
	annDefault     = "storageclass.kubernetes.io/is-default-class"
	annDefaultType = "defaultVolumeType"
	annType        = "volumeType"
)

// plan is the volume that a claim gets on this node, or why it gets none.
func plan(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, node *corev1.Node, base string) (*corev1.PersistentVolume, error) {
	if ptr.Deref(claim.Spec.VolumeMode, corev1.PersistentVolumeFilesystem) == corev1.PersistentVolumeBlock {
		return nil, fmt.Errorf("%s does not support block volume provisioning", Provisioner)
	}
	if claim.Spec.Selector != nil {
		return nil, errors.New("claim.Spec.Selector is not supported")
	}
	for _, mode := range claim.Spec.AccessModes {
		if mode != corev1.ReadWriteOnce && mode != corev1.ReadWriteOncePod {
			return nil, errors.New("NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes")
		}
	}
	if node == nil {
		return nil, errors.New("configuration error, no node was specified")
	}
	if path, ok := class.Parameters["nodePath"]; ok && filepath.Clean(path) != filepath.Clean(base) {
		return nil, fmt.Errorf("config doesn't contain path %v on node %v", path, node.Name)
	}
	name := "pvc-" + string(claim.UID)
	source, err := source(claim, class, filepath.Join(base, strings.Join([]string{name, claim.Namespace, claim.Name}, "_")))
	if err != nil {
		return nil, err
	}
	host, ok := node.Labels[corev1.LabelHostname]
	if !ok {
		host = node.Name
	}
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{annMadeBy: Provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: ptr.Deref(class.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete),
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    ptr.To(corev1.PersistentVolumeFilesystem),
			StorageClassName:              class.Name,
			MountOptions:                  class.MountOptions,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			PersistentVolumeSource:        source,
			ClaimRef: &corev1.ObjectReference{Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: claim.Namespace, Name: claim.Name,
				UID: claim.UID, ResourceVersion: claim.ResourceVersion},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{host}}}}}}},
		},
	}, nil
}

// source is of the sort that the claim asks for, else its class, else a path of the host.
func source(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, path string) (corev1.PersistentVolumeSource, error) {
	sort := claim.Annotations[annType]
	if sort == "" {
		sort = class.Annotations[annDefaultType]
	}
	switch strings.ToLower(sort) {
	case "local":
		return corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path}}, nil
	case "", "hostpath":
		return corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path, Type: ptr.To(corev1.HostPathDirectoryOrCreate)}}, nil
	default:
		return corev1.PersistentVolumeSource{}, fmt.Errorf("%q is not a recognised volume type", sort)
	}
}

// pathOf is where a volume lies on its node.
func pathOf(volume *corev1.PersistentVolume) string {
	switch {
	case volume.Spec.Local != nil:
		return volume.Spec.Local.Path
	case volume.Spec.HostPath != nil:
		return volume.Spec.HostPath.Path
	default:
		return ""
	}
}
