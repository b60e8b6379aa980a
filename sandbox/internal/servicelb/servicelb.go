// Package servicelb stands for ServiceLB, k3s's load balancer: a Service of type LoadBalancer gets the addresses of the nodes
// whose ports it can have. The real one holds these ports with pods of its own, one on each node; here they are counted, and
// nothing listens.
package servicelb

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"blackstart/sandbox/internal/rounds"
)

// Run gives addresses until the context ends.
func Run(ctx context.Context, client kubernetes.Interface, say func(string)) {
	factory := informers.NewSharedInformerFactory(client, 0)
	services, nodes, pods := factory.Core().V1().Services(), factory.Core().V1().Nodes(), factory.Core().V1().Pods()
	slices := factory.Discovery().V1().EndpointSlices()
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&corev1client.EventSinkImpl{Interface: client.CoreV1().Events("")})
	w := &worker{
		client: client, services: services.Lister(), nodes: nodes.Lister(), pods: pods.Lister(), slices: slices.Lister(),
		recorder: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "service-lb-controller"}),
		told:     map[string]bool{},
	}
	all := []cache.SharedIndexInformer{services.Informer(), nodes.Informer(), pods.Informer(), slices.Informer()}
	factory.Start(ctx.Done())
	rounds.Run(ctx, "servicelb", all, say, w.round)
}

type worker struct {
	client   kubernetes.Interface
	services corelisters.ServiceLister
	nodes    corelisters.NodeLister
	pods     corelisters.PodLister
	slices   discoverylisters.EndpointSliceLister
	recorder record.EventRecorder
	// told are the Services of which was said that no node can take them, by uid and words.
	told map[string]bool
}

func (w *worker) round(ctx context.Context) error {
	services, err := w.services.List(labels.Everything())
	if err != nil {
		return err
	}
	nodes, err := w.nodes.List(labels.Everything())
	if err != nil {
		return err
	}
	pods, err := w.pods.List(labels.Everything())
	if err != nil {
		return err
	}
	var wrong []error
	for _, given := range shareOut(services, nodes, pods, w.ready) {
		if err := w.write(ctx, given); err != nil {
			wrong = append(wrong, fmt.Errorf("%s/%s: %w", given.service.Namespace, given.service.Name, err))
		}
	}
	return errors.Join(wrong...)
}

// ready are the nodes on which a pod of the Service is ready.
func (w *worker) ready(service *corev1.Service) map[string]bool {
	nodes := map[string]bool{}
	slices, err := w.slices.EndpointSlices(service.Namespace).List(labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: service.Name}))
	if err != nil {
		return nodes
	}
	for _, slice := range slices {
		for _, end := range slice.Endpoints {
			if end.NodeName != nil && end.Conditions.Ready != nil && *end.Conditions.Ready {
				nodes[*end.NodeName] = true
			}
		}
	}
	return nodes
}

func (w *worker) write(ctx context.Context, given given) error {
	if len(given.addresses) == 0 {
		if key := string(given.service.UID) + given.why; !w.told[key] {
			w.told[key] = true
			w.recorder.Eventf(given.service, corev1.EventTypeWarning, "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer%s", given.why)
		}
	}
	if same(given.service.Status.LoadBalancer.Ingress, given.addresses) {
		return nil
	}
	changed := given.service.DeepCopy()
	changed.Status.LoadBalancer.Ingress = nil
	for _, address := range given.addresses {
		changed.Status.LoadBalancer.Ingress = append(changed.Status.LoadBalancer.Ingress, corev1.LoadBalancerIngress{IP: address})
	}
	_, err := w.client.CoreV1().Services(changed.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil // it has changed, which begins a round of its own
	}
	return err
}

func same(have []corev1.LoadBalancerIngress, want []string) bool {
	if len(have) != len(want) {
		return false
	}
	for i := range have {
		if have[i].IP != want[i] {
			return false
		}
	}
	return true
}
