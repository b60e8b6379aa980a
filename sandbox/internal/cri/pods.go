package cri

import (
	"context"
	"maps"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"
)

type podState struct {
	id      string
	config  *api.PodSandboxConfig
	handler string
	ip      string
	created int64
	ready   bool
}

func (p *podState) state() api.PodSandboxState {
	if p.ready {
		return api.PodSandboxState_SANDBOX_READY
	}
	return api.PodSandboxState_SANDBOX_NOTREADY
}

func (p *podState) hostNetwork() bool {
	return p.config.GetLinux().GetSecurityContext().GetNamespaceOptions().GetNetwork() == api.NamespaceMode_NODE
}

// RunPodSandbox gives a pod its address.
func (r *Runtime) RunPodSandbox(_ context.Context, config *api.PodSandboxConfig, handler string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &podState{id: newID(), config: config, handler: handler, created: now(), ready: true}
	if !p.hostNetwork() {
		ip, err := r.free.take()
		if err != nil {
			return "", err
		}
		p.ip = ip
	}
	r.pods[p.id] = p
	return p.id, nil
}

// StopPodSandbox ends the pod's containers and gives its address back.
func (r *Runtime) StopPodSandbox(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.pods[id]
	if !ok {
		return nil
	}
	for _, c := range r.containers {
		if c.pod == id {
			c.stop()
		}
	}
	if p.ready {
		p.ready = false
		r.free.give(p.ip)
	}
	return nil
}

// RemovePodSandbox forgets a pod and its containers.
func (r *Runtime) RemovePodSandbox(ctx context.Context, id string) error {
	if err := r.StopPodSandbox(ctx, id); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pods, id)
	maps.DeleteFunc(r.containers, func(_ string, c *containerState) bool { return c.pod == id })
	return nil
}

// PodSandboxStatus describes one pod.
func (r *Runtime) PodSandboxStatus(_ context.Context, id string, _ bool) (*api.PodSandboxStatusResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.pods[id]
	if !ok {
		return nil, notFound("pod sandbox", id)
	}
	return &api.PodSandboxStatusResponse{Status: &api.PodSandboxStatus{
		Id:             p.id,
		Metadata:       p.config.GetMetadata(),
		State:          p.state(),
		CreatedAt:      p.created,
		Network:        &api.PodSandboxNetworkStatus{Ip: p.ip},
		Linux:          &api.LinuxPodSandboxStatus{Namespaces: &api.Namespace{Options: p.config.GetLinux().GetSecurityContext().GetNamespaceOptions()}},
		Labels:         p.config.GetLabels(),
		Annotations:    p.config.GetAnnotations(),
		RuntimeHandler: p.handler,
	}}, nil
}

// ListPodSandbox lists pods.
func (r *Runtime) ListPodSandbox(_ context.Context, f *api.PodSandboxFilter) ([]*api.PodSandbox, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*api.PodSandbox
	for _, p := range r.pods {
		if (f.GetId() != "" && f.GetId() != p.id) || (f.GetState() != nil && f.GetState().GetState() != p.state()) || !matches(f.GetLabelSelector(), p.config.GetLabels()) {
			continue
		}
		all = append(all, &api.PodSandbox{
			Id:             p.id,
			Metadata:       p.config.GetMetadata(),
			State:          p.state(),
			CreatedAt:      p.created,
			Labels:         p.config.GetLabels(),
			Annotations:    p.config.GetAnnotations(),
			RuntimeHandler: p.handler,
		})
	}
	return all, nil
}

// PortForward has nothing to connect to.
func (r *Runtime) PortForward(context.Context, *api.PortForwardRequest) (*api.PortForwardResponse, error) {
	return nil, status.Error(codes.Unimplemented, NoContainers)
}

// UpdatePodSandboxResources has no group of processes to change.
func (r *Runtime) UpdatePodSandboxResources(context.Context, *api.UpdatePodSandboxResourcesRequest) (*api.UpdatePodSandboxResourcesResponse, error) {
	return &api.UpdatePodSandboxResourcesResponse{}, nil
}

func matches(want, have map[string]string) bool {
	for k, v := range want {
		if have[k] != v {
			return false
		}
	}
	return true
}
