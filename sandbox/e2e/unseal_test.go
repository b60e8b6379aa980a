package e2e

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	ssv1alpha1 "github.com/bitnami/sealed-secrets/pkg/apis/sealedsecrets/v1alpha1"
	ssclient "github.com/bitnami/sealed-secrets/pkg/client/clientset/versioned"
	sscrypto "github.com/bitnami/sealed-secrets/pkg/crypto"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
)

func sealedCRD() *apiextensionsv1.CustomResourceDefinition {
	open := &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: ptr.To(true)}}
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "sealedsecrets.bitnami.com"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: "bitnami.com", Scope: apiextensionsv1.NamespaceScoped,
			Names:    apiextensionsv1.CustomResourceDefinitionNames{Plural: "sealedsecrets", Singular: "sealedsecret", Kind: "SealedSecret", ListKind: "SealedSecretList"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{Name: "v1alpha1", Served: true, Storage: true, Schema: open, Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}}}},
		},
	}
}

func sealingKey(t *testing.T) (*rsa.PrivateKey, map[string][]byte) {
	t.Helper()
	private, cert, err := sscrypto.GeneratePrivateKeyAndCert(2048, time.Hour, "test")
	if err != nil {
		t.Fatal(err)
	}
	return private, map[string][]byte{
		corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}),
		corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}),
	}
}

func seal(t *testing.T, private *rsa.PrivateKey, ns, name, value string) *ssv1alpha1.SealedSecret {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Labels: map[string]string{"kept": "yes"}}, Data: map[string][]byte{"a": []byte(value)}}
	s, err := ssv1alpha1.NewSealedSecret(scheme.Codecs, &private.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealedSecretsAreOpened(t *testing.T) {
	r := up(t, []string{"--base", t.TempDir()})
	c, ctx := r.client(t), context.Background()
	sealed := ssclient.NewForConfigOrDie(r.rest(t)).BitnamiV1alpha1()
	if _, err := apiextensions.NewForConfigOrDie(r.rest(t)).ApiextensionsV1().CustomResourceDefinitions().Create(ctx, sealedCRD(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ns := namespace(t, c, nil)
	private, data := sealingKey(t)
	stranger, strange := sealingKey(t)
	putKey(t, c, "kube-system", "compromised", "compromised", strange)
	putKey(t, c, ns, "elsewhere", "active", strange)
	create := func(s *ssv1alpha1.SealedSecret) {
		eventually(t, 10*time.Second, func() string {
			if _, err := sealed.SealedSecrets(s.Namespace).Create(ctx, s, metav1.CreateOptions{}); err != nil {
				return err.Error()
			}
			return ""
		})
	}
	create(seal(t, private, ns, "early", "value-1"))
	synced(t, sealed.SealedSecrets(ns), "early", corev1.ConditionFalse, "no key could decrypt secret (a)")
	t.Run("a key that comes later opens what waited", func(t *testing.T) {
		putKey(t, c, "kube-system", "key", "active", data)
		synced(t, sealed.SealedSecrets(ns), "early", corev1.ConditionTrue, "")
		s, err := c.CoreV1().Secrets(ns).Get(ctx, "early", metav1.GetOptions{})
		if err != nil || string(s.Data["a"]) != "value-1" || s.Labels["kept"] != "yes" {
			t.Fatalf("secret: %v %v", s.Labels, err)
		}
		owner, err := sealed.SealedSecrets(ns).Get(ctx, "early", metav1.GetOptions{})
		if err != nil || !metav1.IsControlledBy(s, owner) {
			t.Errorf("its owner is not the SealedSecret: %v %v", s.OwnerReferences, err)
		}
	})
	t.Run("a wrong key, a wrong name and a key that does not count open nothing", func(t *testing.T) {
		create(seal(t, stranger, ns, "stranger", "x"))
		renamed := seal(t, private, ns, "before", "x")
		renamed.Name = "after"
		create(renamed)
		for _, name := range []string{"stranger", "after"} {
			synced(t, sealed.SealedSecrets(ns), name, corev1.ConditionFalse, "no key could decrypt secret (a)")
			eventually(t, 5*time.Second, func() string { return hasEvent(c, ns, name, "ErrUnsealFailed", "Failed to unseal: ") })
		}
	})
	t.Run("a Secret that is not its own is left alone", func(t *testing.T) {
		mine := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "mine"}, Data: map[string][]byte{"a": []byte("mine")}}
		if _, err := c.CoreV1().Secrets(ns).Create(ctx, mine, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		create(seal(t, private, ns, "mine", "theirs"))
		synced(t, sealed.SealedSecrets(ns), "mine", corev1.ConditionFalse, `Resource "mine" already exists and is not managed by SealedSecret`)
		if s, err := c.CoreV1().Secrets(ns).Get(ctx, "mine", metav1.GetOptions{}); err != nil || string(s.Data["a"]) != "mine" {
			t.Errorf("it was overwritten (%v)", err)
		}
	})
	t.Run("a changed value is opened again", func(t *testing.T) {
		s, err := sealed.SealedSecrets(ns).Get(ctx, "early", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s.Spec.EncryptedData = seal(t, private, ns, "early", "value-2").Spec.EncryptedData
		if _, err := sealed.SealedSecrets(ns).Update(ctx, s, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, 10*time.Second, func() string {
			if s, err := c.CoreV1().Secrets(ns).Get(ctx, "early", metav1.GetOptions{}); err != nil || string(s.Data["a"]) != "value-2" {
				return "it still has the old value"
			}
			return ""
		})
	})
}

func TestSealedSecretsStayShutWhereNothingShallOpenThem(t *testing.T) {
	r := up(t, []string{"--base", t.TempDir(), "--no-unseal"})
	c, ctx := r.client(t), context.Background()
	sealed := ssclient.NewForConfigOrDie(r.rest(t)).BitnamiV1alpha1()
	if _, err := apiextensions.NewForConfigOrDie(r.rest(t)).ApiextensionsV1().CustomResourceDefinitions().Create(ctx, sealedCRD(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ns := namespace(t, c, nil)
	private, data := sealingKey(t)
	putKey(t, c, "kube-system", "key", "active", data)
	eventually(t, 10*time.Second, func() string {
		if _, err := sealed.SealedSecrets(ns).Create(ctx, seal(t, private, ns, "shut", "x"), metav1.CreateOptions{}); err != nil {
			return err.Error()
		}
		return ""
	})
	// What opens does so within some tenths of a second.
	time.Sleep(3 * time.Second)
	if _, err := c.CoreV1().Secrets(ns).Get(ctx, "shut", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("it was opened: %v", err)
	}
	if s, err := sealed.SealedSecrets(ns).Get(ctx, "shut", metav1.GetOptions{}); err != nil || s.Status != nil {
		t.Errorf("somebody wrote a status: %v %v", s.Status, err)
	}
}

func putKey(t *testing.T, c kubernetes.Interface, ns, name, value string, data map[string][]byte) {
	t.Helper()
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"sealedsecrets.bitnami.com/sealed-secrets-key": value}}, Type: corev1.SecretTypeTLS, Data: data}
	if _, err := c.CoreV1().Secrets(ns).Create(context.Background(), s, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func synced(t *testing.T, get interface {
	Get(context.Context, string, metav1.GetOptions) (*ssv1alpha1.SealedSecret, error)
}, name string, want corev1.ConditionStatus, message string) {
	t.Helper()
	eventually(t, 15*time.Second, func() string {
		s, err := get.Get(context.Background(), name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if s.Status == nil || s.Status.ObservedGeneration != s.Generation {
			return name + " was not processed"
		}
		for _, c := range s.Status.Conditions {
			if c.Type == ssv1alpha1.SealedSecretSynced && c.Status == want && contains(c.Message, message) {
				return ""
			}
		}
		return name + " has not the condition Synced " + string(want)
	})
}

func hasEvent(c kubernetes.Interface, ns, object, reason, message string) string {
	events, err := c.CoreV1().Events(ns).List(context.Background(), metav1.ListOptions{FieldSelector: "involvedObject.name=" + object + ",reason=" + reason})
	if err != nil {
		return err.Error()
	}
	for _, e := range events.Items {
		if contains(e.Message, message) {
			return ""
		}
	}
	return "no event " + reason + " on " + object
}
