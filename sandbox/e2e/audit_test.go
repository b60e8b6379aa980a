package e2e

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWhatIsAskedIsWrittenDownButNoSecret(t *testing.T) {
	r := up(t, []string{"--base", t.TempDir(), "--audit"})
	c, ctx := r.client(t), context.Background()
	ns := namespace(t, c, nil)
	seen := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "seen"}, Data: map[string]string{"a": "word-of-a-configmap"}}
	if _, err := c.CoreV1().ConfigMaps(ns).Create(ctx, seen, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	shut := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "shut"}, StringData: map[string]string{"a": "word-of-a-secret"}}
	if _, err := c.CoreV1().Secrets(ns).Create(ctx, shut, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(r.line.Dir, "audit.log"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(log)
	if !strings.Contains(text, "word-of-a-configmap") || !strings.Contains(text, `"resource":"secrets"`) {
		t.Errorf("it does not say what was asked: %d bytes", len(text))
	}
	if strings.Contains(text, "word-of-a-secret") || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte("word-of-a-secret"))) {
		t.Error("it has the value of a Secret")
	}
}
