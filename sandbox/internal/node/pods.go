package node

import (
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"
)

// podFeed brings the pods of this node from the API server to the kubelet, as upstream's source does, and keeps
// them for the container runtime, which must know what a container interface does not say: which containers end.
type podFeed struct {
	mu   sync.Mutex
	pods map[types.UID]*corev1.Pod
}

// Pod gives a pod by its UID, nil when it is not known.
func (f *podFeed) Pod(uid string) *corev1.Pod {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pods[types.UID(uid)]
}

func (f *podFeed) run(client clientset.Interface, node string, updates chan<- interface{}) {
	ofNode := fields.OneTermEqualSelector("spec.nodeName", node)
	source := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "pods", corev1.NamespaceAll, ofNode)
	send := func(objs []interface{}) {
		known := make(map[types.UID]*corev1.Pod, len(objs))
		var pods []*corev1.Pod
		for _, o := range objs {
			if pod, ok := o.(*corev1.Pod); ok {
				pod = forHollow(pod)
				known[pod.UID] = pod
				pods = append(pods, pod)
			}
		}
		f.mu.Lock()
		f.pods = known
		f.mu.Unlock()
		updates <- kubetypes.PodUpdate{Pods: pods, Op: kubetypes.SET, Source: kubetypes.ApiserverSource}
	}
	reflector := cache.NewReflector(source, &corev1.Pod{}, cache.NewUndeltaStore(send, cache.MetaNamespaceKeyFunc), 0)
	go reflector.Run(wait.NeverStop)
}

// forHollow is the pod as this kubelet sees it. Left out is what the kubelet would do to, or ask of, the real machine:
// calls to a pod's address by lifecycle hooks and probes, AppArmor and user namespaces of the kernel. The pod in the API stays as it is.
func forHollow(in *corev1.Pod) *corev1.Pod {
	pod := in.DeepCopy()
	pod.Spec.HostUsers = nil
	if pod.Spec.SecurityContext != nil {
		pod.Spec.SecurityContext.AppArmorProfile = nil
	}
	for name := range pod.Annotations {
		if len(name) > len(corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix) &&
			name[:len(corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix)] == corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix {
			delete(pod.Annotations, name)
		}
	}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if list[i].SecurityContext != nil {
				list[i].SecurityContext.AppArmorProfile = nil
			}
			// Nobody probes, so nobody would ever report that it started.
			list[i].StartupProbe = nil
			if l := list[i].Lifecycle; l != nil {
				quiet(l.PostStart)
				quiet(l.PreStop)
			}
		}
	}
	return pod
}

// quiet turns a hook that would make a connection into one that only reaches the runtime, which lets it succeed.
func quiet(h *corev1.LifecycleHandler) {
	if h == nil || (h.HTTPGet == nil && h.TCPSocket == nil) {
		return
	}
	h.HTTPGet, h.TCPSocket = nil, nil
	h.Exec = &corev1.ExecAction{Command: []string{"true"}}
}
