package traefik

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestTheClassIsTheDefaultAndTheServiceHasBothPorts(t *testing.T) {
	client := fake.NewClientset()
	for range 2 {
		if err := Make(context.Background(), client); err != nil {
			t.Fatal(err)
		}
	}
	class, err := client.NetworkingV1().IngressClasses().Get(context.Background(), "traefik", metav1.GetOptions{})
	if err != nil || class.Annotations["ingressclass.kubernetes.io/is-default-class"] != "true" {
		t.Errorf("%v %v", err, class)
	}
	service, err := client.CoreV1().Services("kube-system").Get(context.Background(), "traefik", metav1.GetOptions{})
	if err != nil || len(service.Spec.Ports) != 2 || service.Spec.Type != "LoadBalancer" {
		t.Errorf("%v %v", err, service)
	}
}
