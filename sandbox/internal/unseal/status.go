package unseal

import (
	"context"

	ssv1alpha1 "github.com/bitnami/sealed-secrets/pkg/apis/sealedsecrets/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
)

// writeStatus notes down which generation was processed and what came of it. Upstream gives up on a conflict and leaves a
// condition that lies; here it is written again.
func (w *worker) writeStatus(ctx context.Context, sealed *ssv1alpha1.SealedSecret, failed error) error {
	client := w.sealed.BitnamiV1alpha1().SealedSecrets(sealed.Namespace)
	current := sealed
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if current == nil {
			var err error
			if current, err = client.Get(ctx, sealed.Name, metav1.GetOptions{}); err != nil {
				return err
			}
		}
		if current.Status == nil {
			current.Status = &ssv1alpha1.SealedSecretStatus{}
		}
		changed := setSynced(current.Status, failed)
		if !changed && current.Status.ObservedGeneration == sealed.Generation {
			return nil
		}
		current.Status.ObservedGeneration = sealed.Generation
		_, err := client.UpdateStatus(ctx, current, metav1.UpdateOptions{})
		current = nil
		return err
	})
}

// setSynced sets the condition and tells whether it says something else now.
func setSynced(st *ssv1alpha1.SealedSecretStatus, failed error) bool {
	var c *ssv1alpha1.SealedSecretCondition
	for i := range st.Conditions {
		if st.Conditions[i].Type == ssv1alpha1.SealedSecretSynced {
			c = &st.Conditions[i]
		}
	}
	if c == nil {
		st.Conditions = append(st.Conditions, ssv1alpha1.SealedSecretCondition{Type: ssv1alpha1.SealedSecretSynced})
		c = &st.Conditions[len(st.Conditions)-1]
	}
	status, message := corev1.ConditionTrue, ""
	if failed != nil {
		status, message = corev1.ConditionFalse, failed.Error()
	}
	changed := c.Status != status || c.Message != message
	c.LastUpdateTime = metav1.Now()
	if c.Status != status {
		c.LastTransitionTime = c.LastUpdateTime
	}
	c.Status, c.Message = status, message
	return changed
}
