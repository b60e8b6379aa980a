package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"time"

	noop "go.opentelemetry.io/otel/trace/noop"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clientset "k8s.io/client-go/kubernetes"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"
	kubeletapp "k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/capabilities"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/kubelet"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	"k8s.io/kubernetes/pkg/kubelet/config"
	"k8s.io/kubernetes/pkg/kubelet/server"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"
	kubeletutil "k8s.io/kubernetes/pkg/kubelet/util"
	"k8s.io/kubernetes/pkg/util/oom"
	"k8s.io/kubernetes/pkg/volume/util/subpath"
	"k8s.io/mount-utils"

	corev1 "k8s.io/api/core/v1"

	"blackstart/sandbox/internal/cri"
	"blackstart/sandbox/internal/hostroot"
	"blackstart/sandbox/internal/spec"
)

// Run is the whole life of a node's process.
func Run(file string) error {
	c, err := readConfig(file)
	if err != nil {
		return err
	}
	clients, err := newClients(c)
	if err != nil {
		return err
	}
	ctx := context.Background()
	// The supervisor makes the Node with its address; before that the kubelet would register one without.
	if err := waitForNode(ctx, clients.kube, c.Spec.Name); err != nil {
		return err
	}
	var images *cri.List
	if c.Images != "" {
		if images, err = cri.ReadList(c.Images); err != nil {
			return err
		}
	}
	store := cri.NewImages(images, c.Spec.Arch)
	feed := &podFeed{}
	deps, err := dependencies(ctx, c, clients, cri.NewRuntime(store, spec.PodIPs(c.Index), feed.Pod), store)
	if err != nil {
		return err
	}
	settings, err := settings(c)
	if err != nil {
		return err
	}
	auth, reload, err := kubeletapp.BuildAuth(types.NodeName(c.Spec.Name), clients.plain, *settings)
	if err != nil {
		return err
	}
	reload(ctx.Done())
	deps.Auth = auth
	k, err := newKubelet(ctx, c, settings, deps)
	if err != nil {
		return err
	}
	k.BirthCry()
	k.StartGarbageCollection()
	feed.run(clients.plain, c.Spec.Name, deps.PodConfig.Channel(ctx, kubetypes.ApiserverSource))
	go k.ListenAndServe(settings, deps.TLSOptions, deps.Auth, deps.TracerProvider)
	k.Run(deps.PodConfig.Updates())
	return fmt.Errorf("the kubelet ended")
}

type clients struct {
	plain     *clientset.Clientset
	kube      clientset.Interface
	heartbeat clientset.Interface
	events    corev1client.EventsGetter
}

func newClients(c *Config) (*clients, error) {
	base, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, err
	}
	base.ContentType = "application/vnd.kubernetes.protobuf"
	base.UserAgent = "kubelet (blackstart sandbox)"
	base.QPS, base.Burst = 100, 200
	plain, err := clientset.NewForConfig(base)
	if err != nil {
		return nil, err
	}
	// The heartbeat is never held back by other traffic and never hangs longer than a lease lasts.
	beat := *base
	beat.QPS, beat.Timeout = -1, 10*time.Second
	heartbeat, err := clientset.NewForConfig(&beat)
	if err != nil {
		return nil, err
	}
	return &clients{
		plain:     plain,
		kube:      archClient{Interface: plain, arch: c.Spec.Arch},
		heartbeat: archClient{Interface: heartbeat, arch: c.Spec.Arch},
		events:    plain.CoreV1(),
	}, nil
}

func waitForNode(ctx context.Context, client clientset.Interface, name string) error {
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		_, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err == nil {
			return nil
		}
		if time.Since(start) > 2*time.Minute {
			return fmt.Errorf("node %s did not appear in the API: %w", name, err)
		}
	}
}

func dependencies(ctx context.Context, c *Config, clients *clients, runtime *cri.Runtime, store *cri.Images) (*kubelet.Dependencies, error) {
	cpu, err := resource.ParseQuantity(c.Spec.CPU)
	if err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	memory, err := resource.ParseQuantity(c.Spec.Memory)
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	recorder := broadcaster.NewRecorder(legacyscheme.Scheme, corev1.EventSource{Component: server.ComponentKubelet, Host: c.Spec.Name})
	broadcaster.StartRecordingToSink(&corev1client.EventSinkImpl{Interface: clients.events.Events("")})
	started := kubeletutil.NewPodStartupLatencyTracker()
	return &kubelet.Dependencies{
		KubeClient:                clients.kube,
		HeartbeatClient:           clients.heartbeat,
		EventClient:               clients.events,
		Recorder:                  recorder,
		PodConfig:                 config.NewPodConfig(config.PodConfigNotificationIncremental, recorder, started),
		ProbeManager:              probes{},
		RemoteRuntimeService:      runtime,
		RemoteImageService:        store,
		CAdvisorInterface:         machine{name: c.Spec.Name, cores: int(cpu.Value()), memory: uint64(memory.Value())},
		ContainerManager:          resources{cm.NewStubContainerManager()},
		OSInterface:               ownFiles{links: filepath.Join(c.Dir, "log-links")},
		VolumePlugins:             volumePlugins(c.HostRoot),
		TLSOptions:                &server.TLSOptions{Config: &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert}, CertFile: c.Cert, KeyFile: c.Key},
		OOMAdjuster:               oom.NewFakeOOMAdjuster(),
		Mounter:                   mount.NewFakeMounter(nil),
		Subpather:                 &subpath.FakeSubpath{},
		HostUtil:                  hostroot.NewHostUtil(hostroot.Root(c.HostRoot), c.Dir),
		PodStartupLatencyTracker:  started,
		NodeStartupLatencyTracker: kubeletutil.NewNodeStartupLatencyTracker(),
		TracerProvider:            noop.NewTracerProvider(),
	}, nil
}

func newKubelet(ctx context.Context, c *Config, s *kubeletconfig.KubeletConfiguration, deps *kubelet.Dependencies) (*kubelet.Kubelet, error) {
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true})
	credentialprovider.SetPreferredDockercfgPath(c.Dir)
	flags := options.NewKubeletFlags()
	labels := map[string]string{
		corev1.LabelArchStable:           c.Spec.Arch,
		"beta." + corev1.LabelArchStable: c.Spec.Arch,
	}
	// "external" is what makes the kubelet keep the addresses that the Node already has. The supervisor is the cloud.
	return kubelet.NewMainKubelet(ctx, s, deps, &flags.ContainerRuntimeOptions, c.Spec.Name, types.NodeName(c.Spec.Name), nil,
		"", "external", filepath.Join(c.Dir, "certs"), filepath.Join(c.Dir, "kubelet"), filepath.Join(c.Dir, "pod-logs"),
		"", "", true, nil, nil, "", false, false,
		metav1.Duration{Duration: time.Minute}, 1, -1, labels, 50, false)
}
