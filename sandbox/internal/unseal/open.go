package unseal

import (
	"context"
	"crypto/rsa"
	"fmt"
	"maps"
	"strings"

	ssv1alpha1 "github.com/bitnami/sealed-secrets/pkg/apis/sealedsecrets/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
)

func newKeys() *keys { return &keys{bySeal: map[string]*rsa.PrivateKey{}} }

// open opens one SealedSecret and writes its status, whatever came of it.
func (w *worker) open(ctx context.Context, name string) error {
	object, exists, err := w.store.GetByKey(name)
	if err != nil || !exists {
		// A SealedSecret that is gone takes its Secret along by the garbage collector.
		return err
	}
	held, ok := object.(*ssv1alpha1.SealedSecret)
	if !ok {
		return fmt.Errorf("%s is no SealedSecret but %T", name, object)
	}
	sealed := held.DeepCopy()
	sealed.APIVersion, sealed.Kind = ssv1alpha1.SchemeGroupVersion.String(), "SealedSecret"
	err = w.write(ctx, sealed, name)
	if status := w.writeStatus(ctx, sealed, err); status != nil {
		w.say(fmt.Sprintf("unseal: status of %s: %v", name, status))
	}
	return err
}

func (w *worker) write(ctx context.Context, sealed *ssv1alpha1.SealedSecret, name string) error {
	private, err := w.keys.all()
	if err != nil {
		return err
	}
	opened, err := sealed.Unseal(scheme.Codecs, private)
	if err != nil {
		w.recorder.Eventf(sealed, corev1.EventTypeWarning, "ErrUnsealFailed", "Failed to unseal: %v", err)
		return err
	}
	secrets := w.kube.CoreV1().Secrets(sealed.Namespace)
	have, err := secrets.Get(ctx, opened.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		have, err = secrets.Create(ctx, opened, metav1.CreateOptions{})
	}
	if err != nil {
		return w.updateFailed(sealed, err, err.Error())
	}
	managed, patched := yes(have, ssv1alpha1.SealedSecretManagedAnnotation), yes(have, ssv1alpha1.SealedSecretPatchAnnotation)
	if !metav1.IsControlledBy(have, sealed) && !managed && !patched {
		text := fmt.Sprintf("Resource %q already exists and is not managed by SealedSecret", have.Name)
		return w.updateFailed(sealed, fmt.Errorf("failed update: %s", text), text)
	}
	want := merged(have, opened, managed, patched)
	if !equality.Semantic.DeepEqual(have, want) {
		if _, err := secrets.Update(ctx, want, metav1.UpdateOptions{}); err != nil {
			text := err.Error()
			if immutable(err) {
				text = fmt.Sprintf("Error updating %s: the target Secret is immutable. Once a Secret is marked as immutable, it is not possible to revert this change nor to mutate the contents of the data field. You can only delete and recreate the Secret.", name)
			}
			return w.updateFailed(sealed, err, text)
		}
	}
	w.recorder.Event(sealed, corev1.EventTypeNormal, "Unsealed", "SealedSecret unsealed successfully")
	return nil
}

func (w *worker) updateFailed(sealed *ssv1alpha1.SealedSecret, err error, text string) error {
	w.recorder.Event(sealed, corev1.EventTypeWarning, "ErrUpdateFailed", text)
	return err
}

// merged is what the Secret shall be: the opened one's content, or with the annotation "patch" both together.
func merged(have, opened *corev1.Secret, managed, patched bool) *corev1.Secret {
	want := have.DeepCopy()
	want.Type = opened.Type
	if !patched {
		want.Data, want.Annotations, want.Labels, want.OwnerReferences = opened.Data, opened.Annotations, opened.Labels, opened.OwnerReferences
		return want
	}
	if want.Data == nil {
		want.Data = map[string][]byte{}
	}
	if want.Labels == nil {
		want.Labels = map[string]string{}
	}
	maps.Copy(want.Data, opened.Data)
	maps.Copy(want.Labels, opened.Labels)
	maps.Copy(want.Annotations, opened.Annotations) // never nil: "patch" is one of them
	if managed {
		want.OwnerReferences = opened.OwnerReferences
	}
	return want
}

func yes(s *corev1.Secret, annotation string) bool { return s.Annotations[annotation] == "true" }

func immutable(err error) bool {
	return strings.HasSuffix(err.Error(), "field is immutable when `immutable` is set")
}
