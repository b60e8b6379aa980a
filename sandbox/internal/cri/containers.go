package cri

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// endsAfter is how long a container that ends by itself is seen running: long enough to be seen at all.
const endsAfter = 200 * time.Millisecond

type containerState struct {
	id       string
	pod      string
	config   *api.ContainerConfig
	imageRef string
	logPath  string
	created  int64
	started  int64
	// finished may lie ahead: the container ends by itself then, without anything having to wake up for it.
	finished int64
}

func (c *containerState) state() api.ContainerState {
	switch t := now(); {
	case c.finished != 0 && c.finished <= t:
		return api.ContainerState_CONTAINER_EXITED
	case c.started != 0:
		return api.ContainerState_CONTAINER_RUNNING
	default:
		return api.ContainerState_CONTAINER_CREATED
	}
}

func (c *containerState) stop() {
	if t := now(); c.finished == 0 || c.finished > t {
		c.finished = t
	}
}

// CreateContainer notes a container down.
func (r *Runtime) CreateContainer(_ context.Context, pod string, config *api.ContainerConfig, sandbox *api.PodSandboxConfig) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.pods[pod]; !ok {
		return "", notFound("pod sandbox", pod)
	}
	c := &containerState{id: newID(), pod: pod, config: config, imageRef: config.GetImage().GetImage(), created: now()}
	if config.GetLogPath() != "" {
		c.logPath = filepath.Join(sandbox.GetLogDirectory(), config.GetLogPath())
	}
	r.containers[c.id] = c
	return c.id, nil
}

// StartContainer writes the container's log and settles when it will end, if it ends by itself.
func (r *Runtime) StartContainer(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.containers[id]
	if !ok {
		return notFound("container", id)
	}
	pod := r.pods[c.pod]
	spec := r.pod(pod.config.GetMetadata().GetUid())
	if spec == nil {
		return status.Errorf(codes.Unavailable, "the pod of container %s is not known yet", c.config.GetMetadata().GetName())
	}
	name := c.config.GetMetadata().GetName()
	c.started = now()
	if Ends(spec, name) {
		c.finished = c.started + int64(endsAfter)
	}
	return writeLog(c.logPath, logLines(spec, name, r.images.UserUnknown(c.imageRef), c.finished != 0))
}

// StopContainer ends a container well behaved, as if it had obeyed at once.
func (r *Runtime) StopContainer(_ context.Context, id string, _ int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, ok := r.containers[id]; ok {
		c.stop()
	}
	return nil
}

// RemoveContainer forgets a container.
func (r *Runtime) RemoveContainer(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.containers, id)
	return nil
}

// ListContainers lists containers.
func (r *Runtime) ListContainers(_ context.Context, f *api.ContainerFilter) ([]*api.Container, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*api.Container
	for _, c := range r.containers {
		if (f.GetId() != "" && f.GetId() != c.id) || (f.GetPodSandboxId() != "" && f.GetPodSandboxId() != c.pod) ||
			(f.GetState() != nil && f.GetState().GetState() != c.state()) || !matches(f.GetLabelSelector(), c.config.GetLabels()) {
			continue
		}
		all = append(all, &api.Container{
			Id:           c.id,
			PodSandboxId: c.pod,
			Metadata:     c.config.GetMetadata(),
			Image:        c.config.GetImage(),
			ImageRef:     c.imageRef,
			ImageId:      c.imageRef,
			State:        c.state(),
			CreatedAt:    c.created,
			Labels:       c.config.GetLabels(),
			Annotations:  c.config.GetAnnotations(),
		})
	}
	return all, nil
}

// ContainerStatus describes one container.
func (r *Runtime) ContainerStatus(_ context.Context, id string, _ bool) (*api.ContainerStatusResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.containers[id]
	if !ok {
		return nil, notFound("container", id)
	}
	s := &api.ContainerStatus{
		Id:          c.id,
		Metadata:    c.config.GetMetadata(),
		State:       c.state(),
		CreatedAt:   c.created,
		StartedAt:   c.started,
		Image:       &api.ImageSpec{Image: strings.TrimPrefix(c.imageRef, idPrefix)},
		ImageRef:    c.imageRef,
		ImageId:     c.imageRef,
		Labels:      c.config.GetLabels(),
		Annotations: c.config.GetAnnotations(),
		Mounts:      c.config.GetMounts(),
		LogPath:     c.logPath,
	}
	if s.State == api.ContainerState_CONTAINER_EXITED {
		s.FinishedAt, s.Reason = c.finished, "Completed"
	}
	return &api.ContainerStatusResponse{Status: s}, nil
}

// ExecSync succeeds: it is how the kubelet runs lifecycle hooks.
func (r *Runtime) ExecSync(context.Context, string, []string, time.Duration) ([]byte, []byte, error) {
	return nil, nil, nil
}

// Exec has no process to reach.
func (r *Runtime) Exec(context.Context, *api.ExecRequest) (*api.ExecResponse, error) {
	return nil, status.Error(codes.Unimplemented, NoContainers)
}

// Attach has no process to reach.
func (r *Runtime) Attach(context.Context, *api.AttachRequest) (*api.AttachResponse, error) {
	return nil, status.Error(codes.Unimplemented, NoContainers)
}

// UpdateContainerResources has no group of processes to change.
func (r *Runtime) UpdateContainerResources(context.Context, string, *api.ContainerResources) error {
	return nil
}

// ReopenContainerLog finds the log as it was: nothing more is ever written to it.
func (r *Runtime) ReopenContainerLog(context.Context, string) error { return nil }

// CheckpointContainer has no process to keep.
func (r *Runtime) CheckpointContainer(context.Context, *api.CheckpointContainerRequest) error {
	return status.Error(codes.Unimplemented, NoContainers)
}
