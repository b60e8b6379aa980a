// Package traefik stands for what the chart of k3s's ingress controller leaves in the API: its kinds and those of the
// Gateway API, its IngressClass and its Service, which takes ports 80 and 443 of the nodes. Nothing is routed.
package traefik

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"

	"blackstart/sandbox/internal/kinds"
)

const (
	group   = "traefik.io"
	gateway = "gateway.networking.k8s.io"
	name    = "traefik"
)

// Kinds are those of its definitions' chart.
var Kinds = []kinds.Kind{
	own("ingressroutes", "IngressRoute"),
	own("ingressroutetcps", "IngressRouteTCP"),
	own("ingressrouteudps", "IngressRouteUDP"),
	own("middlewares", "Middleware"),
	own("middlewaretcps", "MiddlewareTCP"),
	own("serverstransports", "ServersTransport"),
	own("serverstransporttcps", "ServersTransportTCP"),
	own("tlsoptions", "TLSOption"),
	own("tlsstores", "TLSStore"),
	own("traefikservices", "TraefikService"),
	{Group: gateway, Plural: "gatewayclasses", Kind: "GatewayClass", Versions: []string{"v1", "v1beta1"}, Short: []string{"gc"}, Cluster: true},
	{Group: gateway, Plural: "gateways", Kind: "Gateway", Versions: []string{"v1", "v1beta1"}, Short: []string{"gtw"}},
	{Group: gateway, Plural: "httproutes", Kind: "HTTPRoute", Versions: []string{"v1", "v1beta1"}},
	{Group: gateway, Plural: "grpcroutes", Kind: "GRPCRoute", Versions: []string{"v1"}},
	{Group: gateway, Plural: "referencegrants", Kind: "ReferenceGrant", Versions: []string{"v1beta1"}, Short: []string{"refgrant"}},
}

func own(plural, kind string) kinds.Kind {
	return kinds.Kind{Group: group, Plural: plural, Kind: kind, Versions: []string{"v1alpha1"}}
}

// Make makes the class and the Service where they are not there yet.
func Make(ctx context.Context, client kubernetes.Interface) error {
	labels := map[string]string{"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name + "-" + metav1.NamespaceSystem}
	class := &networkingv1.IngressClass{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, Annotations: map[string]string{
			kinds.Note: name, networkingv1.AnnotationIsDefaultIngressClass: "true"}},
		Spec: networkingv1.IngressClassSpec{Controller: "traefik.io/ingress-controller"},
	}
	if _, err := client.NetworkingV1().IngressClasses().Create(ctx, class, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("IngressClass %s: %w", name, err)
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceSystem, Labels: labels, Annotations: map[string]string{kinds.Note: name}},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Selector: labels, Ports: []corev1.ServicePort{
			{Name: "web", Port: 80, TargetPort: intstr.FromString("web"), Protocol: corev1.ProtocolTCP},
			{Name: "websecure", Port: 443, TargetPort: intstr.FromString("websecure"), Protocol: corev1.ProtocolTCP},
		}},
	}
	if _, err := client.CoreV1().Services(metav1.NamespaceSystem).Create(ctx, service, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("Service %s/%s: %w", metav1.NamespaceSystem, name, err)
	}
	return nil
}
