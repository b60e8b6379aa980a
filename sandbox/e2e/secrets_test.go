package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// encryptionKey reads the key where it is: in the API server's memory file.
func encryptionKey(t *testing.T, r *running) string {
	t.Helper()
	for _, p := range marked(r.mark) {
		pid, words, _ := strings.Cut(p, " ")
		if !strings.Contains(words, "component kube-apiserver") {
			continue
		}
		raw, err := os.ReadFile("/proc/" + pid + "/fd/4")
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`"secret":"([^"]+)"`).FindSubmatch(raw); m != nil {
			return string(m[1])
		}
	}
	t.Fatal("no API server with a key in its memory file")
	return ""
}

func TestNoSecretAndNoKeyIsInAnyFile(t *testing.T) {
	r := shared(t)
	c := r.client(t)
	ns := namespace(t, c, nil)
	const value = "correct-horse-battery-staple-4711"
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s"}, StringData: map[string]string{"password": value}}
	if _, err := c.CoreV1().Secrets(ns).Create(context.Background(), s, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	// Used in every way in which a pod can use it.
	pod(t, c, ns, "uses", good, func(p *corev1.Pod) {
		ref := corev1.LocalObjectReference{Name: "s"}
		p.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: ref}}}
		p.Spec.Volumes = []corev1.Volume{
			{Name: "a", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "s"}}},
			{Name: "b", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{Secret: &corev1.SecretProjection{LocalObjectReference: ref}}}}}},
		}
		p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "a", MountPath: "/a"}, {Name: "b", MountPath: "/b", SubPath: "password"}}
	})
	becomes(t, c, ns, "uses", "c ready")
	if got, err := c.CoreV1().Secrets(ns).Get(context.Background(), "s", metav1.GetOptions{}); err != nil || string(got.Data["password"]) != value {
		t.Fatalf("the API does not give it back: %v", err)
	}
	time.Sleep(time.Second) // for whoever writes late
	key := encryptionKey(t, r)
	rawKey, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(rawKey) != 32 {
		t.Fatalf("the key is no key: %v", err)
	}
	hidden := map[string][]byte{
		"the value": []byte(value), "the value in base64": []byte(base64.StdEncoding.EncodeToString([]byte(value))),
		"the key": rawKey, "the key in base64": []byte(key),
	}
	// What is not a secret is found by the same search: it looks where it should.
	marker := []byte("sandbox-e2e-visible-4711")
	if _, err := c.CoreV1().ConfigMaps(ns).Create(context.Background(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "m"}, Data: map[string]string{"a": string(marker)}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	seen := false
	err = filepath.WalkDir(r.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		seen = seen || bytes.Contains(raw, marker)
		for what, text := range hidden {
			if bytes.Contains(raw, text) {
				t.Errorf("%s is in %s", what, path)
			}
		}
		return nil
	})
	if err != nil || !seen {
		t.Errorf("the search found not even what is there (%v)", err)
	}
	for _, p := range marked(r.mark) {
		for what, text := range hidden {
			if bytes.Contains([]byte(p), text) {
				t.Errorf("%s is in a command line", what)
			}
		}
	}
}
