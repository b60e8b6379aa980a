package servicelb

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Labels of nodes: once one of them carries the first, only those with "true" take part; a Service can ask for a pool of them.
const (
	labelEnable = "svccontroller.k3s.cattle.io/enablelb"
	labelPool   = "svccontroller.k3s.cattle.io/lbpool"
)

// given is what a Service gets.
type given struct {
	service   *corev1.Service
	addresses []string
	// why no node gives it an address, as more words of an event.
	why string
}

type port struct {
	number   int32
	protocol corev1.Protocol
}

// shareOut gives the ports of the nodes to the Services, the eldest first. Ready tells where pods of a Service are, which counts
// for one that wants the traffic of the same node only.
func shareOut(services []*corev1.Service, nodes []*corev1.Node, pods []*corev1.Pod, ready func(*corev1.Service) map[string]bool) []given {
	taken := map[string]map[port]string{}
	for _, node := range nodes {
		taken[node.Name] = map[port]string{}
	}
	for _, pod := range pods {
		holds(pod, taken[pod.Spec.NodeName])
	}
	nodes = slices.Clone(nodes)
	slices.SortFunc(nodes, func(a, b *corev1.Node) int { return cmp.Compare(a.Name, b.Name) })
	asking := slices.DeleteFunc(slices.Clone(services), func(s *corev1.Service) bool {
		return s.Spec.Type != corev1.ServiceTypeLoadBalancer || s.Spec.LoadBalancerClass != nil || s.DeletionTimestamp != nil
	})
	slices.SortFunc(asking, func(a, b *corev1.Service) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	var all []given
	for _, service := range asking {
		one := given{service: service}
		var local map[string]bool
		if service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal {
			local = ready(service)
		}
		for _, node := range nodes {
			if !takesPart(node, nodes, service) {
				continue
			}
			if holder := clash(service, taken[node.Name]); holder != "" {
				one.why = fmt.Sprintf(": %s on node %s", holder, node.Name)
				continue
			}
			// The port is held on a node without a pod of the Service, too.
			for _, p := range service.Spec.Ports {
				taken[node.Name][port{p.Port, p.Protocol}] = fmt.Sprintf("Service %s/%s", service.Namespace, service.Name)
			}
			if local == nil || local[node.Name] {
				one.addresses = append(one.addresses, addresses(node, service)...)
			}
		}
		slices.SortFunc(one.addresses, func(a, b string) int { return cmp.Compare(a, b) })
		all = append(all, one)
	}
	return all
}

// holds notes the ports that a pod has of its node.
func holds(pod *corev1.Pod, taken map[port]string) {
	if taken == nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return
	}
	for _, container := range pod.Spec.Containers {
		for _, p := range container.Ports {
			if p.HostPort != 0 {
				taken[port{p.HostPort, p.Protocol}] = fmt.Sprintf("Pod %s/%s", pod.Namespace, pod.Name)
			}
		}
	}
}

func clash(service *corev1.Service, taken map[port]string) string {
	for _, p := range service.Spec.Ports {
		if holder, ok := taken[port{p.Port, p.Protocol}]; ok {
			return fmt.Sprintf("%s has port %d/%s", holder, p.Port, p.Protocol)
		}
	}
	return ""
}

// tolerated are the taints with which the load balancer's pods live.
var tolerated = []string{"node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane", "CriticalAddonsOnly",
	corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeUnschedulable, corev1.TaintNodeDiskPressure,
	corev1.TaintNodeMemoryPressure, corev1.TaintNodePIDPressure}

func takesPart(node *corev1.Node, all []*corev1.Node, service *corev1.Service) bool {
	for _, taint := range node.Spec.Taints {
		known := slices.Contains(tolerated, taint.Key)
		// What the control plane's taints forbid beyond scheduling is not tolerated.
		if taint.Effect == corev1.TaintEffectNoExecute && (taint.Key == tolerated[0] || taint.Key == tolerated[1]) {
			known = false
		}
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && !known {
			return false
		}
	}
	if !slices.ContainsFunc(all, func(n *corev1.Node) bool { _, ok := n.Labels[labelEnable]; return ok }) {
		return true
	}
	pool := service.Labels[labelPool]
	return node.Labels[labelEnable] == "true" && (pool == "" || node.Labels[labelPool] == pool)
}

// addresses are those of a node that the Service can use: the ones that are for outside, where it has any.
func addresses(node *corev1.Node, service *corev1.Service) []string {
	of := func(kind corev1.NodeAddressType) []string {
		var found []string
		for _, address := range node.Status.Addresses {
			if ip, err := netip.ParseAddr(address.Address); address.Type == kind && err == nil && serves(service, ip) {
				found = append(found, address.Address)
			}
		}
		return found
	}
	if outer := of(corev1.NodeExternalIP); len(outer) > 0 {
		return outer
	}
	return of(corev1.NodeInternalIP)
}

func serves(service *corev1.Service, ip netip.Addr) bool {
	family := corev1.IPv4Protocol
	if ip.Is6() {
		family = corev1.IPv6Protocol
	}
	return len(service.Spec.IPFamilies) == 0 || slices.Contains(service.Spec.IPFamilies, family)
}
