package cri

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/utils/ptr"
)

func onePod(policy corev1.RestartPolicy) *corev1.Pod {
	return &corev1.Pod{Spec: corev1.PodSpec{
		RestartPolicy:  policy,
		InitContainers: []corev1.Container{{Name: "init"}, {Name: "side", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways)}},
		Containers:     []corev1.Container{{Name: "c"}},
	}}
}

func TestOnlyWhatOthersWaitForEnds(t *testing.T) {
	for _, f := range []struct {
		policy    corev1.RestartPolicy
		container string
		ends      bool
	}{
		{corev1.RestartPolicyAlways, "c", false}, {corev1.RestartPolicyNever, "c", true}, {corev1.RestartPolicyOnFailure, "c", true},
		{corev1.RestartPolicyAlways, "init", true}, {corev1.RestartPolicyAlways, "side", false}, {corev1.RestartPolicyNever, "side", false},
		{corev1.RestartPolicyNever, "debugger", false},
	} {
		if Ends(onePod(f.policy), f.container) != f.ends {
			t.Errorf("%s in a pod with %s: wanted is %v", f.container, f.policy, f.ends)
		}
	}
}

func start(t *testing.T, r *Runtime, dir, name string) (pod, container string) {
	t.Helper()
	ctx := context.Background()
	sandbox := &api.PodSandboxConfig{Metadata: &api.PodSandboxMetadata{Uid: "u"}, LogDirectory: dir, Labels: map[string]string{"pod": name}}
	pod, err := r.RunPodSandbox(ctx, sandbox, "")
	if err != nil {
		t.Fatal(err)
	}
	config := &api.ContainerConfig{Metadata: &api.ContainerMetadata{Name: name}, Image: &api.ImageSpec{Image: "sandbox:a"}, LogPath: name + "/0.log"}
	if container, err = r.CreateContainer(ctx, pod, config, sandbox); err != nil {
		t.Fatal(err)
	}
	if err := r.StartContainer(ctx, container); err != nil {
		t.Fatal(err)
	}
	return pod, container
}

func stateOf(t *testing.T, r *Runtime, container string) *api.ContainerStatus {
	t.Helper()
	s, err := r.ContainerStatus(context.Background(), container, false)
	if err != nil {
		t.Fatal(err)
	}
	return s.GetStatus()
}

func TestAContainerRunsOrEndsAndSaysSoInItsLog(t *testing.T) {
	dir := t.TempDir()
	r := NewRuntime(NewImages(nil, "amd64"), netip.MustParsePrefix("198.19.0.0/24"), func(string) *corev1.Pod { return onePod(corev1.RestartPolicyAlways) })
	_, stays := start(t, r, dir, "c")
	_, ends := start(t, r, dir, "init")
	if stateOf(t, r, ends).State != api.ContainerState_CONTAINER_RUNNING {
		t.Error("one that ends is not seen running first")
	}
	time.Sleep(endsAfter + 20*time.Millisecond)
	if s := stateOf(t, r, ends); s.State != api.ContainerState_CONTAINER_EXITED || s.ExitCode != 0 || s.Reason != "Completed" {
		t.Errorf("one that ends is %v", s)
	}
	if s := stateOf(t, r, stays); s.State != api.ContainerState_CONTAINER_RUNNING {
		t.Errorf("one that stays is %v", s)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "init/0.log"))
	if err != nil || !strings.Contains(string(raw), " stdout F "+NoContainers) || !strings.Contains(string(raw), "Its work was not done") {
		t.Errorf("log: %s %v", raw, err)
	}
	if err := r.StopContainer(context.Background(), stays, 1); err != nil || stateOf(t, r, stays).State != api.ContainerState_CONTAINER_EXITED {
		t.Errorf("a stopped one runs (%v)", err)
	}
}

func TestPodsHaveAddressesOfTheirOwnAndGiveThemBack(t *testing.T) {
	ctx := context.Background()
	// Four addresses hold the network's own, one that stands for the bridge, the broadcast address, and one for a pod.
	r := NewRuntime(NewImages(nil, "amd64"), netip.MustParsePrefix("198.19.0.0/30"), func(string) *corev1.Pod { return onePod(corev1.RestartPolicyAlways) })
	first, err := r.RunPodSandbox(ctx, &api.PodSandboxConfig{}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.RunPodSandbox(ctx, &api.PodSandboxConfig{}, ""); err == nil {
		t.Error("a second pod got an address that is not free")
	}
	host := &api.PodSandboxConfig{Linux: &api.LinuxPodSandboxConfig{SecurityContext: &api.LinuxSandboxSecurityContext{NamespaceOptions: &api.NamespaceOption{Network: api.NamespaceMode_NODE}}}}
	if _, err := r.RunPodSandbox(ctx, host, ""); err != nil {
		t.Errorf("a pod on the host's network needs no address: %v", err)
	}
	if err := r.RemovePodSandbox(ctx, first); err != nil {
		t.Fatal(err)
	}
	again, err := r.RunPodSandbox(ctx, &api.PodSandboxConfig{}, "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.PodSandboxStatus(ctx, again, false)
	if err != nil || s.GetStatus().GetNetwork().GetIp() != "198.19.0.2" {
		t.Errorf("%v %v", s, err)
	}
}

func TestListsAreFiltered(t *testing.T) {
	ctx := context.Background()
	r := NewRuntime(NewImages(nil, "amd64"), netip.MustParsePrefix("198.19.0.0/24"), func(string) *corev1.Pod { return onePod(corev1.RestartPolicyAlways) })
	pod, container := start(t, r, t.TempDir(), "c")
	start(t, r, t.TempDir(), "side")
	if got, _ := r.ListContainers(ctx, &api.ContainerFilter{PodSandboxId: pod}); len(got) != 1 || got[0].Id != container {
		t.Errorf("%v", got)
	}
	if got, _ := r.ListPodSandbox(ctx, &api.PodSandboxFilter{LabelSelector: map[string]string{"pod": "side"}}); len(got) != 1 || got[0].Id == pod {
		t.Errorf("%v", got)
	}
	if got, _ := r.ListPodSandbox(ctx, &api.PodSandboxFilter{State: &api.PodSandboxStateValue{State: api.PodSandboxState_SANDBOX_NOTREADY}}); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
