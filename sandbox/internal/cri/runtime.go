package cri

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/netip"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	corev1 "k8s.io/api/core/v1"
	internalapi "k8s.io/cri-api/pkg/apis"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// NoContainers is what everyone is told who wants something of a running container.
const NoContainers = "containers do not run in a sandbox: blackstart started Kubernetes, but no process behind this container"

// Runtime keeps pods and containers as the kubelet asked for them.
type Runtime struct {
	mu         sync.Mutex
	images     *Images
	pod        func(uid string) *corev1.Pod
	free       *addresses
	pods       map[string]*podState
	containers map[string]*containerState
}

var _ internalapi.RuntimeService = (*Runtime)(nil)

// NewRuntime makes the runtime of one node. The function tells it of a pod what the interface leaves out.
func NewRuntime(images *Images, ips netip.Prefix, pod func(uid string) *corev1.Pod) *Runtime {
	return &Runtime{images: images, pod: pod, free: newAddresses(ips), pods: map[string]*podState{}, containers: map[string]*containerState{}}
}

// newID makes an id that looks like a real one: 64 hexadecimal digits.
func newID() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never returns an error
	return hex.EncodeToString(b)
}

func now() int64 { return time.Now().UnixNano() }

func notFound(what, id string) error {
	return status.Errorf(codes.NotFound, "%s %q: not found", what, id)
}

// Version names the runtime, so that `kubectl get nodes -o wide` shows what it is.
func (r *Runtime) Version(context.Context, string) (*api.VersionResponse, error) {
	return &api.VersionResponse{Version: "0.1.0", RuntimeName: "blackstart-sandbox", RuntimeVersion: "1.0.0", RuntimeApiVersion: "v1"}, nil
}

// Status is always ready: there is nothing that could fail.
func (r *Runtime) Status(context.Context, bool) (*api.StatusResponse, error) {
	return &api.StatusResponse{
		Status: &api.RuntimeStatus{Conditions: []*api.RuntimeCondition{
			{Type: api.RuntimeReady, Status: true},
			{Type: api.NetworkReady, Status: true},
		}},
		RuntimeHandlers: []*api.RuntimeHandler{{Name: ""}},
	}, nil
}

// UpdateRuntimeConfig has nothing to update.
func (r *Runtime) UpdateRuntimeConfig(context.Context, *api.RuntimeConfig) error { return nil }

// RuntimeConfig names a cgroup driver, because one must be named.
func (r *Runtime) RuntimeConfig(context.Context) (*api.RuntimeConfigResponse, error) {
	return &api.RuntimeConfigResponse{Linux: &api.LinuxRuntimeConfiguration{CgroupDriver: api.CgroupDriver_CGROUPFS}}, nil
}

// addresses hands out the addresses of a range, each to one pod at a time.
type addresses struct {
	prefix netip.Prefix
	next   netip.Addr
	used   map[netip.Addr]bool
}

func newAddresses(prefix netip.Prefix) *addresses {
	return &addresses{prefix: prefix.Masked(), next: prefix.Masked().Addr().Next().Next(), used: map[netip.Addr]bool{}}
}

func (a *addresses) take() (string, error) {
	first := a.prefix.Addr().Next().Next()
	for range 1 << (32 - a.prefix.Bits()) {
		candidate := a.next
		a.next = a.next.Next()
		// The last address of a range is its broadcast address.
		if !a.prefix.Contains(a.next) {
			a.next = first
			continue
		}
		if !a.used[candidate] {
			a.used[candidate] = true
			return candidate.String(), nil
		}
	}
	return "", status.Errorf(codes.ResourceExhausted, "no free address in %s", a.prefix)
}

func (a *addresses) give(ip string) {
	if addr, err := netip.ParseAddr(ip); err == nil {
		delete(a.used, addr)
	}
}
