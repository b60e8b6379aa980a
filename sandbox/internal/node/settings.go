package node

import (
	"time"

	"k8s.io/kubernetes/cmd/kubelet/app/options"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
)

// settings is upstream's default configuration with what a hollow node needs otherwise. Times that a manifest's author
// could notice, such as the back-off of a pull or of a restart, stay upstream's.
func settings(c *Config) (*kubeletconfig.KubeletConfiguration, error) {
	s, err := options.NewKubeletConfiguration()
	if err != nil {
		return nil, err
	}
	s.Address = "127.0.0.1"
	s.Port = int32(c.Port)
	s.ReadOnlyPort = 0
	s.HealthzPort = 0
	s.StaticPodPath = ""
	s.Authentication.Anonymous.Enabled = false
	s.Authentication.X509.ClientCAFile = c.ClientCA
	s.Authentication.Webhook.Enabled = true
	s.Authorization.Mode = kubeletconfig.KubeletAuthorizationModeWebhook
	s.ClusterDNS = []string{c.ClusterDNS}
	s.ClusterDomain = c.Domain
	// Not the resolver of this machine: a pod's settings must not depend on where the sandbox runs.
	s.ResolverConfig = ""
	// The log of this machine is not the node's.
	s.EnableSystemLogHandler = false
	s.EnableProfilingHandler = false
	// As root this would write rules into the machine's firewall.
	s.MakeIPTablesUtilChains = false
	s.CgroupsPerQOS = false
	s.EnforceNodeAllocatable = nil
	s.FailCgroupV1 = false
	s.EvictionHard = nil
	s.ImageGCHighThresholdPercent = 100
	s.ImageMaximumGCAge.Duration = 0
	// A pull takes no time and harms no registry.
	s.RegistryPullQPS, s.RegistryBurst = 0, 0
	s.SerializeImagePulls = false
	s.EventRecordQPS = 0
	// A negative period means that nobody measures the volumes.
	s.VolumeStatsAggPeriod.Duration = -1
	s.NodeStatusUpdateFrequency.Duration = 5 * time.Second
	s.SyncFrequency.Duration = 10 * time.Second
	s.ContainerLogMonitorInterval.Duration = time.Hour
	return s, nil
}
