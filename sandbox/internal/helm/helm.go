// Package helm stands for k3s's own kinds and those of its Helm controller: HelmChart and HelmChartConfig are taken and kept.
// No chart is ever unpacked here, and what one would bring is not there.
package helm

import "blackstart/sandbox/internal/kinds"

// Controller are the kinds that come with the Helm controller of k3s.
var Controller = []kinds.Kind{
	{Group: "helm.cattle.io", Plural: "helmcharts", Kind: "HelmChart", Versions: []string{"v1"}},
	{Group: "helm.cattle.io", Plural: "helmchartconfigs", Kind: "HelmChartConfig", Versions: []string{"v1"}},
}

// Own are the kinds that each k3s has, whatever it is told to leave out.
var Own = []kinds.Kind{
	{Group: "k3s.cattle.io", Plural: "addons", Kind: "Addon", Versions: []string{"v1"}},
	{Group: "k3s.cattle.io", Plural: "etcdsnapshotfiles", Kind: "ETCDSnapshotFile", Versions: []string{"v1"}, Cluster: true},
}
