package servicelb

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func node(name, address string, labels map[string]string, taints ...corev1.Taint) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Spec: corev1.NodeSpec{Taints: taints},
		Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}, {Type: corev1.NodeHostName, Address: name}}}}
}

func service(name string, age int, ports ...int32) *corev1.Service {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "apps", CreationTimestamp: metav1.NewTime(time.Unix(int64(1000-age), 0))},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer}}
	for _, p := range ports {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Port: p, Protocol: corev1.ProtocolTCP})
	}
	return s
}

func onHost(name, on string, port int32) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "apps"}, Spec: corev1.PodSpec{NodeName: on,
		Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{ContainerPort: port, HostPort: port, Protocol: corev1.ProtocolTCP}}}}}}
}

// shown writes what each Service got as one line.
func shown(services []*corev1.Service, nodes []*corev1.Node, pods []*corev1.Pod, ready map[string]bool) string {
	var lines []string
	for _, g := range shareOut(services, nodes, pods, func(*corev1.Service) map[string]bool { return ready }) {
		lines = append(lines, g.service.Name+"="+strings.Join(g.addresses, "+")+g.why)
	}
	return strings.Join(lines, " | ")
}

func is(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

var two = []*corev1.Node{node("b", "198.18.0.11", nil), node("a", "198.18.0.10", nil)}

func TestEachServiceGetsTheAddressesOfAllNodes(t *testing.T) {
	inside := service("inside", 1, 80)
	inside.Spec.Type = corev1.ServiceTypeClusterIP
	other := service("other", 1, 80)
	other.Spec.LoadBalancerClass = ptr.To("metallb.io/metallb")
	is(t, shown([]*corev1.Service{service("web", 1, 8080), inside, other}, two, nil, nil), "web=198.18.0.10+198.18.0.11")
}

func TestAPortIsGivenOnceAndToTheEldest(t *testing.T) {
	is(t, shown([]*corev1.Service{service("late", 1, 9000, 80), service("traefik", 9, 80, 443)}, two, nil, nil),
		"traefik=198.18.0.10+198.18.0.11 | late=: Service apps/traefik has port 80/TCP on node b")
	udp := service("dns", 1, 80)
	udp.Spec.Ports[0].Protocol = corev1.ProtocolUDP
	is(t, shown([]*corev1.Service{udp, service("web", 9, 80)}, two, nil, nil),
		"web=198.18.0.10+198.18.0.11 | dns=198.18.0.10+198.18.0.11")
}

func TestAPodOnTheHostHasItsPortFirst(t *testing.T) {
	done := onHost("done", "b", 80)
	done.Status.Phase = corev1.PodSucceeded
	is(t, shown([]*corev1.Service{service("web", 1, 80)}, two, []*corev1.Pod{onHost("proxy", "a", 80), done}, nil),
		"web=198.18.0.11: Pod apps/proxy has port 80/TCP on node a")
}

func TestTrafficOfTheSameNodeWantsAReadyPodThere(t *testing.T) {
	web := service("web", 9, 80)
	web.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	is(t, shown([]*corev1.Service{web, service("late", 1, 80)}, two, nil, map[string]bool{"b": true}),
		"web=198.18.0.11 | late=: Service apps/web has port 80/TCP on node b")
}

func TestTaintsAndLabelsOfNodesCount(t *testing.T) {
	nodes := []*corev1.Node{
		node("plane", "198.18.0.10", nil, corev1.Taint{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}),
		node("own", "198.18.0.11", nil, corev1.Taint{Key: "dedicated", Value: "db", Effect: corev1.TaintEffectNoSchedule}),
		node("soft", "198.18.0.12", nil, corev1.Taint{Key: "dedicated", Value: "db", Effect: corev1.TaintEffectPreferNoSchedule}),
		node("harsh", "198.18.0.13", nil, corev1.Taint{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoExecute}),
	}
	is(t, shown([]*corev1.Service{service("web", 1, 80)}, nodes, nil, nil), "web=198.18.0.10+198.18.0.12")
	nodes = append(nodes, node("chosen", "198.18.0.14", map[string]string{labelEnable: "true", labelPool: "one"}))
	is(t, shown([]*corev1.Service{service("web", 1, 80)}, nodes, nil, nil), "web=198.18.0.14")
	elsewhere := service("web", 1, 80)
	elsewhere.Labels = map[string]string{labelPool: "two"}
	is(t, shown([]*corev1.Service{elsewhere}, nodes, nil, nil), "web=")
}

func TestTheAddressForOutsideIsTakenWhereThereIsOne(t *testing.T) {
	n := node("a", "198.18.0.10", nil)
	n.Status.Addresses = append(n.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeExternalIP, Address: "203.0.113.7"},
		corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: "fd00::7"})
	web := service("web", 1, 80)
	web.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
	is(t, shown([]*corev1.Service{web}, []*corev1.Node{n}, nil, nil), "web=203.0.113.7")
	web.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv6Protocol}
	is(t, shown([]*corev1.Service{web}, []*corev1.Node{n}, nil, nil), "web=fd00::7")
}
