package cri

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// Containers that do not run use nothing; a number would be invented. So there are no measurements here.

// GetContainerEvents is not served: the kubelet then looks by itself, each second.
func (r *Runtime) GetContainerEvents(context.Context, chan *api.ContainerEventResponse, func(api.RuntimeService_GetContainerEventsClient)) error {
	return status.Error(codes.Unimplemented, "no events")
}

// ContainerStats is not measured.
func (r *Runtime) ContainerStats(context.Context, string) (*api.ContainerStats, error) {
	return nil, status.Error(codes.Unimplemented, NoContainers)
}

// ListContainerStats is empty.
func (r *Runtime) ListContainerStats(context.Context, *api.ContainerStatsFilter) ([]*api.ContainerStats, error) {
	return nil, nil
}

// PodSandboxStats is not measured.
func (r *Runtime) PodSandboxStats(context.Context, string) (*api.PodSandboxStats, error) {
	return nil, status.Error(codes.Unimplemented, NoContainers)
}

// ListPodSandboxStats is empty.
func (r *Runtime) ListPodSandboxStats(context.Context, *api.PodSandboxStatsFilter) ([]*api.PodSandboxStats, error) {
	return nil, nil
}

// ListMetricDescriptors is empty.
func (r *Runtime) ListMetricDescriptors(context.Context) ([]*api.MetricDescriptor, error) {
	return nil, nil
}

// ListPodSandboxMetrics is empty.
func (r *Runtime) ListPodSandboxMetrics(context.Context) ([]*api.PodSandboxMetrics, error) {
	return nil, nil
}
