package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

// bound makes a volume and a claim that belong together.
func bound(t *testing.T, c kubernetes.Interface, ns, name string, source corev1.PersistentVolumeSource, policy corev1.PersistentVolumeReclaimPolicy) {
	t.Helper()
	size := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	pv := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: ns + "-" + name}, Spec: corev1.PersistentVolumeSpec{
		Capacity: size, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, PersistentVolumeSource: source, PersistentVolumeReclaimPolicy: policy,
		ClaimRef: &corev1.ObjectReference{Namespace: ns, Name: name},
		NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{"server"}}}}}}},
	}}
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: pv.Spec.AccessModes, StorageClassName: ptr.To(""), Resources: corev1.VolumeResourceRequirements{Requests: size}, VolumeName: pv.Name}}
	if _, err := c.CoreV1().PersistentVolumes().Create(context.Background(), pv, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CoreV1().PersistentVolumeClaims(ns).Create(context.Background(), claim, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func claimed(name string) func(*corev1.Pod) {
	return mounted(corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name}})
}

func TestLocalVolumesAreLookedUpOnTheirNode(t *testing.T) {
	c := shared(t).client(t)
	ns := namespace(t, c, nil)
	bound(t, c, ns, "there", corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/srv/disk"}}, corev1.PersistentVolumeReclaimRetain)
	bound(t, c, ns, "missing", corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/srv/nothing"}}, corev1.PersistentVolumeReclaimRetain)
	pod(t, c, ns, "good", good, claimed("there"))
	pod(t, c, ns, "bad", good, claimed("missing"))
	pod(t, c, ns, "elsewhere", good, func(p *corev1.Pod) {
		claimed("there")(p)
		p.Spec.NodeSelector = map[string]string{corev1.LabelHostname: "pi"}
		p.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	})
	becomes(t, c, ns, "good", "phase=Running")
	becomes(t, c, ns, "bad", "event FailedMount", `path "/srv/nothing" does not exist`)
	// The condition, not the event: of a pod that fails again the scheduler's event keeps the first message.
	becomes(t, c, ns, "elsewhere", "not PodScheduled:", "didn't match PersistentVolume's node affinity")
}

// The controller that obeys the policy Delete would, unchanged, remove a folder of the real machine.
func TestDeletedHostPathVolumesDeleteOnlyBelowTheRoot(t *testing.T) {
	r := shared(t)
	c := r.client(t)
	ns := namespace(t, c, nil)
	real, err := os.MkdirTemp("/tmp", "sandbox-e2e-real")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(real) }()
	inside := filepath.Join(r.HostRoot, real)
	if err := os.MkdirAll(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	bound(t, c, ns, "gone", corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: real}}, corev1.PersistentVolumeReclaimDelete)
	eventually(t, 15*time.Second, func() string {
		claim, err := c.CoreV1().PersistentVolumeClaims(ns).Get(context.Background(), "gone", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if claim.Status.Phase != corev1.ClaimBound {
			return "the claim is " + string(claim.Status.Phase)
		}
		return ""
	})
	if err := c.CoreV1().PersistentVolumeClaims(ns).Delete(context.Background(), "gone", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, func() string {
		if _, err := c.CoreV1().PersistentVolumes().Get(context.Background(), ns+"-gone", metav1.GetOptions{}); err == nil {
			return "the volume is still there"
		}
		return ""
	})
	if !gone(inside) {
		t.Errorf("%s is still there", inside)
	}
	if gone(real) {
		t.Fatalf("%s of the real machine is gone", real)
	}
}
