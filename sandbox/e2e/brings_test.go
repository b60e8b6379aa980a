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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/ptr"
)

func service(t *testing.T, r *running, name string, port int32) func() []string {
	t.Helper()
	services := r.client(t).CoreV1().Services("default")
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer,
		Selector: map[string]string{"app": name}, Ports: []corev1.ServicePort{{Port: port}}}}
	if _, err := services.Create(context.Background(), s, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return func() (found []string) {
		have, err := services.Get(context.Background(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, ingress := range have.Status.LoadBalancer.Ingress {
			found = append(found, ingress.IP)
		}
		return found
	}
}

func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("not within half a minute: %s", what)
}

func TestWhatK3sBringsIsStoodInFor(t *testing.T) {
	host := t.TempDir()
	r := up(t, []string{"--brings", "k3s,helm-controller,local-storage,servicelb,traefik", "--host-root", host, "--node", "name=a", "--node", "name=b"})
	c := r.client(t)
	ctx := context.Background()

	// A claim gets a folder on the node of its pod, and both go with the claim.
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data"}, Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}}}
	claims := c.CoreV1().PersistentVolumeClaims("default")
	made, err := claims.Create(ctx, claim, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if ptr.Deref(made.Spec.StorageClassName, "") != "local-path" {
		t.Errorf("class %v is the default", made.Spec.StorageClassName)
	}
	pod(t, c, "default", "user", good, func(p *corev1.Pod) {
		claimed("data")(p)
		p.Spec.NodeSelector = map[string]string{corev1.LabelHostname: "b"}
	})
	becomes(t, c, "default", "user", "phase=Running")
	name := "pvc-" + string(made.UID)
	volume, err := c.CoreV1().PersistentVolumes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if on := volume.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values[0]; on != "b" {
		t.Errorf("it lies on %s", on)
	}
	folder := filepath.Join(host, "var/lib/rancher/k3s/storage", name+"_default_data")
	if _, err := os.Stat(folder); err != nil {
		t.Error(err)
	}
	if err := c.CoreV1().Pods("default").Delete(ctx, "user", metav1.DeleteOptions{GracePeriodSeconds: ptr.To(int64(0))}); err != nil {
		t.Fatal(err)
	}
	if err := claims.Delete(ctx, "data", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	soon(t, "the folder is gone", func() bool { _, err := os.Stat(folder); return os.IsNotExist(err) })

	// A Service gets the nodes' addresses; ports 80 and 443 are Traefik's.
	free, taken := service(t, r, "free", 8080), service(t, r, "taken", 80)
	soon(t, "two addresses", func() bool { return len(free()) == 2 })
	if have := taken(); len(have) != 0 {
		t.Errorf("port 80 is given twice: %v", have)
	}

	// Kinds are there, and keep what they are given.
	anything, err := dynamic.NewForConfig(r.rest(t))
	if err != nil {
		t.Fatal(err)
	}
	for kind, resource := range map[string]schema.GroupVersionResource{
		"HelmChart":    {Group: "helm.cattle.io", Version: "v1", Resource: "helmcharts"},
		"IngressRoute": {Group: "traefik.io", Version: "v1alpha1", Resource: "ingressroutes"},
		"HTTPRoute":    {Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"},
		"Addon":        {Group: "k3s.cattle.io", Version: "v1", Resource: "addons"},
	} {
		object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": resource.GroupVersion().String(), "kind": kind,
			"metadata": map[string]any{"name": "one"}, "spec": map[string]any{"any": "thing"}}}
		kept, err := anything.Resource(resource).Namespace("default").Create(ctx, object, metav1.CreateOptions{})
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if text, _, _ := unstructured.NestedString(kept.Object, "spec", "any"); text != "thing" {
			t.Errorf("%s keeps %v", kind, kept.Object["spec"])
		}
	}
	t.Logf("usable after %.1f s", *r.ReadySeconds)
}

func TestNothingOfK3sIsThereUnasked(t *testing.T) {
	c := shared(t).client(t)
	classes, err := c.StorageV1().StorageClasses().List(context.Background(), metav1.ListOptions{})
	if err != nil || len(classes.Items) != 0 {
		t.Errorf("%v %v", err, classes)
	}
	ingress, err := c.NetworkingV1().IngressClasses().List(context.Background(), metav1.ListOptions{})
	if err != nil || len(ingress.Items) != 0 {
		t.Errorf("%v %v", err, ingress)
	}
}
