// Package localpath stands for local-path, the provisioner of k3s: it gives each claim of its classes a folder on the node that
// the scheduler chose, as a volume that only that node reaches, and removes both when the claim is gone. The folder lies below the
// sandbox's root for paths of the host, and no helper pod makes it.
package localpath

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/ptr"

	"blackstart/sandbox/internal/hostroot"
	"blackstart/sandbox/internal/kinds"
	"blackstart/sandbox/internal/rounds"
)

// Provisioner is what a class names to have its volumes from here.
const Provisioner = "rancher.io/local-path"

// Annotations by which the binder and the scheduler say what a claim waits for, and who made a volume.
const (
	annProvisioner  = "volume.kubernetes.io/storage-provisioner"
	annSelectedNode = "volume.kubernetes.io/selected-node"
	annMadeBy       = "pv.kubernetes.io/provisioned-by"
)

// Make makes the class that k3s brings, where it is not there yet.
func Make(ctx context.Context, client kubernetes.Interface) error {
	class := &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: "local-path", Annotations: map[string]string{
			kinds.Note: "local-storage", annDefault: "true", annDefaultType: "local"}},
		Provisioner:       Provisioner,
		VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer),
		ReclaimPolicy:     ptr.To(corev1.PersistentVolumeReclaimDelete),
	}
	if _, err := client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("StorageClass local-path: %w", err)
	}
	return nil
}

// Run makes and removes volumes until the context ends. Base is the folder of a node in which they lie.
func Run(ctx context.Context, client kubernetes.Interface, root hostroot.Root, base string, say func(string)) {
	factory := informers.NewSharedInformerFactory(client, 0)
	claims, volumes := factory.Core().V1().PersistentVolumeClaims(), factory.Core().V1().PersistentVolumes()
	classes, nodes := factory.Storage().V1().StorageClasses(), factory.Core().V1().Nodes()
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&corev1client.EventSinkImpl{Interface: client.CoreV1().Events("")})
	w := &worker{
		client: client, root: root, base: base, told: map[string]bool{},
		claims: claims.Lister(), volumes: volumes.Lister(), classes: classes.Lister(), nodes: nodes.Lister(),
		recorder: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: Provisioner}),
	}
	all := []cache.SharedIndexInformer{claims.Informer(), volumes.Informer(), classes.Informer(), nodes.Informer()}
	factory.Start(ctx.Done())
	rounds.Run(ctx, "local-path", all, say, w.round)
}

type worker struct {
	client   kubernetes.Interface
	root     hostroot.Root
	base     string
	claims   corelisters.PersistentVolumeClaimLister
	volumes  corelisters.PersistentVolumeLister
	classes  storagelisters.StorageClassLister
	nodes    corelisters.NodeLister
	recorder record.EventRecorder
	// told are the refusals that were said, by claim and words: each once, however often the claim is looked at.
	told map[string]bool
}

func (w *worker) round(ctx context.Context) error {
	claims, err := w.claims.List(labels.Everything())
	if err != nil {
		return err
	}
	var wrong []error
	for _, claim := range claims {
		if err := w.serve(ctx, claim); err != nil {
			wrong = append(wrong, fmt.Errorf("%s/%s: %w", claim.Namespace, claim.Name, err))
		}
	}
	volumes, err := w.volumes.List(labels.Everything())
	if err != nil {
		return err
	}
	for _, volume := range volumes {
		if err := w.remove(ctx, volume); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", volume.Name, err))
		}
	}
	return errors.Join(wrong...)
}

// serve makes the volume of a claim that waits for one. The binder says that it does, by its annotation.
func (w *worker) serve(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	if claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil || claim.Annotations[annProvisioner] != Provisioner {
		return nil
	}
	class, err := w.classes.Get(ptr.Deref(claim.Spec.StorageClassName, ""))
	if err != nil || class.Provisioner != Provisioner {
		return nil // its class was taken away or is another now: the binder says so
	}
	node, waits, err := w.chosen(claim, class)
	if err != nil || waits {
		return err
	}
	volume, err := plan(claim, class, node, w.base)
	if err != nil {
		w.refuse(claim, class, err)
		return nil
	}
	if _, err := w.volumes.Get(volume.Name); err == nil {
		return nil // it is there, and the binder binds it
	}
	w.recorder.Eventf(claim, corev1.EventTypeNormal, "Provisioning", "External provisioner is provisioning volume for claim %q", claim.Namespace+"/"+claim.Name)
	folder := w.root.Resolve(pathOf(volume))
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	_, err = w.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	w.recorder.Eventf(claim, corev1.EventTypeNormal, "ProvisioningSucceeded", "Successfully provisioned volume %s", volume.Name)
	return nil
}

// chosen is the node that the scheduler chose, none for a class that does not wait for one.
func (w *worker) chosen(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) (node *corev1.Node, waits bool, err error) {
	name := claim.Annotations[annSelectedNode]
	if name == "" {
		return nil, ptr.Deref(class.VolumeBindingMode, "") == storagev1.VolumeBindingWaitForFirstConsumer, nil
	}
	node, err = w.nodes.Get(name)
	return node, false, err
}

func (w *worker) refuse(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, why error) {
	key := string(claim.UID) + why.Error()
	if !w.told[key] {
		w.told[key] = true
		w.recorder.Eventf(claim, corev1.EventTypeWarning, "ProvisioningFailed", "failed to provision volume with StorageClass %q: %v", class.Name, why)
	}
}

// remove takes away the volume of a claim that is gone, and its folder, where it says Delete.
func (w *worker) remove(ctx context.Context, volume *corev1.PersistentVolume) error {
	released := volume.Status.Phase == corev1.VolumeReleased && volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete
	if !released || volume.Annotations[annMadeBy] != Provisioner || volume.DeletionTimestamp != nil {
		return nil
	}
	path := pathOf(volume)
	// Only what lies in the folder of all volumes is ours to remove.
	if within, err := filepath.Rel(w.base, path); err != nil || !filepath.IsLocal(within) || within == "." {
		if key := string(volume.UID) + path; !w.told[key] {
			w.told[key] = true
			w.recorder.Eventf(volume, corev1.EventTypeWarning, "VolumeFailedDelete", "its path %q does not lie in %s", path, w.base)
		}
		return nil
	}
	if err := os.RemoveAll(w.root.Resolve(path)); err != nil {
		return err
	}
	err := w.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
