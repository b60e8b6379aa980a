package localpath

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/ptr"

	"blackstart/sandbox/internal/hostroot"
	"blackstart/sandbox/internal/spec"
)

func claim(change func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
	c := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data", Namespace: "apps", UID: "u-1", Annotations: map[string]string{annProvisioner: Provisioner, annSelectedNode: "a"}},
		Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: ptr.To("local-path"), AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}},
	}
	change(c)
	return c
}

func class() *storagev1.StorageClass {
	return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "local-path", Annotations: map[string]string{annDefaultType: "local"}},
		Provisioner: Provisioner, VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer), ReclaimPolicy: ptr.To(corev1.PersistentVolumeReclaimDelete)}
}

var host = &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{corev1.LabelHostname: "rack"}}}

const path = "/var/lib/rancher/k3s/storage/pvc-u-1_apps_data"

func TestAVolumeLiesOnItsNodeAndGoesWithItsClaim(t *testing.T) {
	v, err := plan(claim(func(*corev1.PersistentVolumeClaim) {}), class(), host, spec.StoragePath)
	if err != nil {
		t.Fatal(err)
	}
	term := v.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0]
	if v.Name != "pvc-u-1" || v.Spec.Local.Path != path || term.Values[0] != "rack" || v.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete || v.Spec.ClaimRef.UID != "u-1" {
		t.Errorf("%+v", v)
	}
	v, err = plan(claim(func(c *corev1.PersistentVolumeClaim) { c.Annotations[annType] = "hostPath" }), class(), host, spec.StoragePath)
	if err != nil || v.Spec.HostPath == nil || v.Spec.HostPath.Path != path {
		t.Errorf("%v %+v", err, v)
	}
}

func TestWhatTheRealOneRefusesIsRefusedInItsWords(t *testing.T) {
	elsewhere := class()
	elsewhere.Parameters = map[string]string{"nodePath": "/srv"}
	for words, of := range map[string]struct {
		claim *corev1.PersistentVolumeClaim
		class *storagev1.StorageClass
		node  *corev1.Node
	}{
		"claim.Spec.Selector is not supported": {claim(func(c *corev1.PersistentVolumeClaim) { c.Spec.Selector = &metav1.LabelSelector{} }), class(), host},
		"only supports ReadWriteOnce": {claim(func(c *corev1.PersistentVolumeClaim) {
			c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
		}), class(), host},
		"does not support block volume":              {claim(func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeMode = ptr.To(corev1.PersistentVolumeBlock) }), class(), host},
		"no node was specified":                      {claim(func(*corev1.PersistentVolumeClaim) {}), class(), nil},
		"config doesn't contain path /srv on node a": {claim(func(*corev1.PersistentVolumeClaim) {}), elsewhere, host},
		`"disk" is not a recognised volume type`:     {claim(func(c *corev1.PersistentVolumeClaim) { c.Annotations[annType] = "disk" }), class(), host},
	} {
		if _, err := plan(of.claim, of.class, of.node, spec.StoragePath); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", words, err)
		}
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("not within ten seconds: %s", what)
}

func TestTheFolderComesWithTheVolumeAndGoesWithIt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	waiting := claim(func(c *corev1.PersistentVolumeClaim) {
		c.Name, c.UID = "waiting", "u-2"
		delete(c.Annotations, annSelectedNode)
	})
	foreign := claim(func(c *corev1.PersistentVolumeClaim) {
		c.Name, c.UID = "foreign", "u-3"
		c.Annotations[annProvisioner] = "nfs.csi.k8s.io"
	})
	client := fake.NewClientset(host, claim(func(*corev1.PersistentVolumeClaim) {}), waiting, foreign)
	for range 2 {
		if err := Make(ctx, client); err != nil {
			t.Fatal(err)
		}
	}
	root := t.TempDir()
	go Run(ctx, client, hostroot.Root(root), spec.StoragePath, func(text string) { t.Log(text) })
	volumes := client.CoreV1().PersistentVolumes()
	eventually(t, "the volume is there", func() bool {
		_, err := volumes.Get(ctx, "pvc-u-1", metav1.GetOptions{})
		return err == nil
	})
	if _, err := os.Stat(filepath.Join(root, path)); err != nil {
		t.Error(err)
	}
	list, err := volumes.List(ctx, metav1.ListOptions{})
	if err != nil || len(list.Items) != 1 {
		t.Fatalf("%v: %v", err, list)
	}

	// One that only says that it is ours, and lies elsewhere, is left alone.
	strange := list.Items[0].DeepCopy()
	strange.Name, strange.Spec.Local.Path, strange.Status.Phase = "strange", "/srv/mine", corev1.VolumeReleased
	if err := os.MkdirAll(filepath.Join(root, "srv/mine"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := volumes.Create(ctx, strange, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	released := list.Items[0].DeepCopy()
	released.Status.Phase = corev1.VolumeReleased
	if err := client.CoreV1().PersistentVolumeClaims("apps").Delete(ctx, "data", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := volumes.UpdateStatus(ctx, released, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "volume and folder are gone", func() bool {
		_, volume := volumes.Get(ctx, "pvc-u-1", metav1.GetOptions{})
		_, folder := os.Stat(filepath.Join(root, path))
		return volume != nil && os.IsNotExist(folder)
	})
	if _, err := os.Stat(filepath.Join(root, "srv/mine")); err != nil {
		t.Error(err)
	}
}
