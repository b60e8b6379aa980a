package e2e

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/utils/ptr"
)

const plainWords = "containers do not run in a sandbox"

func TestLogsAndExecSayThatNothingRuns(t *testing.T) {
	r := shared(t)
	c := r.client(t)
	ns := namespace(t, c, nil)
	pod(t, c, ns, "p", good, func(p *corev1.Pod) {
		p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true)}
	})
	becomes(t, c, ns, "p", "c ready")
	logs, err := c.CoreV1().Pods(ns).GetLogs("p", &corev1.PodLogOptions{}).DoRaw(context.Background())
	if err != nil || !contains(string(logs), plainWords) {
		t.Errorf("logs: %q %v", logs, err)
	}
	if !contains(string(logs), "runAsNonRoot") || !contains(string(logs), "not exercised") {
		t.Errorf("logs do not say that runAsNonRoot was not exercised: %q", logs)
	}
	req := c.CoreV1().RESTClient().Post().Resource("pods").Namespace(ns).Name("p").SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Command: []string{"id"}, Stdout: true}, scheme.ParameterCodec)
	exec, err := remotecommand.NewSPDYExecutor(r.rest(t), http.MethodPost, req.URL())
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.StreamWithContext(context.Background(), remotecommand.StreamOptions{Stdout: &lockedBuffer{}}); err == nil || !contains(err.Error(), plainWords) {
		t.Errorf("exec: %v", err)
	}
}

func TestPodsHaveAddressesOfTheirOwnAndServicesFindThem(t *testing.T) {
	c := shared(t).client(t)
	ns := namespace(t, c, nil)
	for _, name := range []string{"a", "b", "host"} {
		pod(t, c, ns, name, good, func(p *corev1.Pod) { p.Labels = map[string]string{"app": "x"}; p.Spec.HostNetwork = name == "host" })
	}
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "s"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "x"}, Ports: []corev1.ServicePort{{Port: 80}}}}
	if _, err := c.CoreV1().Services(ns).Create(context.Background(), service, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 15*time.Second, func() string {
		slices, err := c.DiscoveryV1().EndpointSlices(ns).List(context.Background(), metav1.ListOptions{})
		if err != nil {
			return err.Error()
		}
		seen := map[string]bool{}
		for _, s := range slices.Items {
			for _, e := range s.Endpoints {
				if e.Conditions.Ready != nil && *e.Conditions.Ready {
					seen[e.Addresses[0]] = true
				}
			}
		}
		if len(seen) != 3 {
			return "not three addresses"
		}
		return ""
	})
}

func TestNoPacketLeavesForAPodOrAWebhook(t *testing.T) {
	r := shared(t)
	c := r.client(t)
	ns := namespace(t, c, nil)
	pod(t, c, ns, "p", good, nil)
	becomes(t, c, ns, "p", "c ready")
	web, err := rest.HTTPClientFor(r.rest(t))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	response, err := web.Get(r.Server + "/api/v1/namespaces/" + ns + "/pods/p:80/proxy/")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || response.StatusCode != http.StatusServiceUnavailable || !contains(string(body), plainWords) || time.Since(began) > 3*time.Second {
		t.Errorf("proxy to a pod after %s: %s %s %v", time.Since(began), response.Status, body, err)
	}
	// 192.0.2.0/24 is kept for documentation: a packet to it would time out, not be refused.
	name := ns + ".example.com"
	hook := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: ns}, Webhooks: []admissionv1.ValidatingWebhook{{
		Name: name, SideEffects: ptr.To(admissionv1.SideEffectClassNone), AdmissionReviewVersions: []string{"v1"}, FailurePolicy: ptr.To(admissionv1.Fail),
		ClientConfig:      admissionv1.WebhookClientConfig{URL: ptr.To("https://192.0.2.1/hook")},
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: ns}},
		Rules:             []admissionv1.RuleWithOperations{{Operations: []admissionv1.OperationType{admissionv1.Create}, Rule: admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}}}},
	}}}
	if _, err := c.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(context.Background(), hook, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = c.AdmissionregistrationV1().ValidatingWebhookConfigurations().Delete(context.Background(), ns, metav1.DeleteOptions{})
	}()
	eventually(t, 15*time.Second, func() string {
		began := time.Now()
		_, err := c.CoreV1().ConfigMaps(ns).Create(context.Background(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "x-"}}, metav1.CreateOptions{})
		if err == nil {
			return "the webhook is not asked yet"
		}
		if !contains(err.Error(), "failed calling webhook") || !contains(err.Error(), plainWords) || time.Since(began) > 3*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		return ""
	})
}
