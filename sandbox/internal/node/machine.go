package node

import (
	"context"

	cadvisorapi "github.com/google/cadvisor/info/v1"
	cadvisorv2 "github.com/google/cadvisor/info/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/kubernetes/pkg/kubelet/cadvisor"
	"k8s.io/kubernetes/pkg/kubelet/cm"
)

// diskBytes is the disk that a node shows. It is never full: the real machine's pressure is none of a sandbox's.
const diskBytes = 512 << 30

// machine tells the kubelet what the node has: what was asked for, not what this computer is.
type machine struct {
	name   string
	cores  int
	memory uint64
}

var _ cadvisor.Interface = machine{}

func (m machine) Start() error { return nil }

func (m machine) MachineInfo() (*cadvisorapi.MachineInfo, error) {
	return &cadvisorapi.MachineInfo{
		NumCores:       m.cores,
		MemoryCapacity: m.memory,
		MachineID:      "sandbox-" + m.name,
		SystemUUID:     "sandbox-" + m.name,
		BootID:         "sandbox-" + m.name,
	}, nil
}

func (m machine) VersionInfo() (*cadvisorapi.VersionInfo, error) {
	return &cadvisorapi.VersionInfo{KernelVersion: "none", ContainerOsVersion: "blackstart sandbox (no container runs here)"}, nil
}

func (m machine) disk() (cadvisorv2.FsInfo, error) {
	inodes := uint64(1 << 24)
	return cadvisorv2.FsInfo{Device: "sandbox", Mountpoint: "/", Capacity: diskBytes, Available: diskBytes - 1<<30, Usage: 1 << 30, Inodes: &inodes, InodesFree: &inodes}, nil
}

func (m machine) ImagesFsInfo(context.Context) (cadvisorv2.FsInfo, error)    { return m.disk() }
func (m machine) RootFsInfo() (cadvisorv2.FsInfo, error)                     { return m.disk() }
func (m machine) ContainerFsInfo(context.Context) (cadvisorv2.FsInfo, error) { return m.disk() }
func (m machine) GetDirFsInfo(string) (cadvisorv2.FsInfo, error)             { return m.disk() }

func (m machine) ContainerInfoV2(string, cadvisorv2.RequestOptions) (map[string]cadvisorv2.ContainerInfo, error) {
	return map[string]cadvisorv2.ContainerInfo{}, nil
}

func (m machine) GetRequestedContainersInfo(string, cadvisorv2.RequestOptions) (map[string]*cadvisorapi.ContainerInfo, error) {
	return map[string]*cadvisorapi.ContainerInfo{}, nil
}

// resources is upstream's manager that manages nothing, with a disk for pods to ask a share of.
type resources struct{ cm.ContainerManager }

func (r resources) GetCapacity(bool) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceEphemeralStorage: *resource.NewQuantity(diskBytes, resource.BinarySI)}
}
