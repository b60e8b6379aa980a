package component

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/pkg/controller/volume/persistentvolume"
	"k8s.io/kubernetes/pkg/volume"
	"k8s.io/kubernetes/pkg/volume/csi"
	"k8s.io/kubernetes/pkg/volume/hostpath"
	"k8s.io/kubernetes/pkg/volume/nfs"

	"blackstart/sandbox/internal/hostroot"
)

// startVolumeBinder runs upstream's volume binder beside the other controllers, with one plugin changed.
//
// Upstream's hostPath plugin obeys the reclaim policy Delete by removing the path, for anything below /tmp/. Here
// that would be a folder of the real machine. So the manager runs without its binder, and the same
// controller is started with a hostPath plugin that deletes below the sandbox's own host root.
func startVolumeBinder(kubeconfig, hostRoot string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("volume binder: %w", err)
	}
	config.QPS, config.Burst = 100, 200
	config.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("volume binder: %w", err)
	}
	recycler := volume.VolumeConfig{
		RecyclerMinimumTimeout:   60,
		RecyclerTimeoutIncrement: 30,
		RecyclerPodTemplate:      volume.NewPersistentVolumeRecyclerPodTemplate(),
	}
	var plugins []volume.VolumePlugin
	for _, p := range hostpath.ProbeVolumePlugins(recycler) {
		plugins = append(plugins, hostroot.Controller(p, hostRoot))
	}
	plugins = append(plugins, nfs.ProbeVolumePlugins(recycler)...)
	plugins = append(plugins, csi.ProbeVolumePlugins()...)
	factory := informers.NewSharedInformerFactory(client, 0)
	ctx := context.Background()
	binder, err := persistentvolume.NewController(ctx, persistentvolume.ControllerParameters{
		KubeClient: client,
		// Upstream waits 15 s between its rounds over everything; less makes a late match show sooner.
		SyncPeriod:                3 * time.Second,
		VolumePlugins:             plugins,
		VolumeInformer:            factory.Core().V1().PersistentVolumes(),
		ClaimInformer:             factory.Core().V1().PersistentVolumeClaims(),
		ClassInformer:             factory.Storage().V1().StorageClasses(),
		PodInformer:               factory.Core().V1().Pods(),
		NodeInformer:              factory.Core().V1().Nodes(),
		EnableDynamicProvisioning: true,
	})
	if err != nil {
		return fmt.Errorf("volume binder: %w", err)
	}
	factory.Start(ctx.Done())
	go binder.Run(ctx)
	return nil
}
