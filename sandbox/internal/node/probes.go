package node

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/kubernetes/pkg/kubelet/prober"
)

// probes finds every container healthy as soon as it runs, whatever its probes ask: there is nobody to ask.
type probes struct{}

var _ prober.Manager = probes{}

func (probes) AddPod(*corev1.Pod)                   {}
func (probes) RemovePod(*corev1.Pod)                {}
func (probes) StopLivenessAndStartup(*corev1.Pod)   {}
func (probes) CleanupPods(map[types.UID]sets.Empty) {}

// UpdatePodStatus writes what upstream's manager would after each probe succeeded.
func (probes) UpdatePodStatus(pod *corev1.Pod, status *corev1.PodStatus) {
	for i := range status.ContainerStatuses {
		healthy(&status.ContainerStatuses[i])
	}
	sidecar := map[string]bool{}
	for _, c := range pod.Spec.InitContainers {
		sidecar[c.Name] = c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
	}
	for i := range status.InitContainerStatuses {
		s := &status.InitContainerStatuses[i]
		if sidecar[s.Name] {
			healthy(s)
			continue
		}
		// An init container is "ready" when it has done its work.
		s.Ready = s.State.Terminated != nil && s.State.Terminated.ExitCode == 0
	}
}

func healthy(s *corev1.ContainerStatus) {
	running := s.State.Running != nil
	s.Started, s.Ready = &running, running
}
