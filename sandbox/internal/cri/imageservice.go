package cri

import (
	"context"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	internalapi "k8s.io/cri-api/pkg/apis"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// An image's id has this in front: no digest is invented for an image that nobody looked at.
const idPrefix = "sandbox:"

// Where the image's user is not known, a number above zero: the kubelet then neither refuses `runAsNonRoot` for an image
// that may well comply, nor is told a name that would be its reason to refuse. Container logs say that it was not exercised.
const unknownUser = 65532

// Images is the image store of one node.
type Images struct {
	mu      sync.Mutex
	list    *List
	arch    string
	present map[string]Known
}

var _ internalapi.ImageManagerService = (*Images)(nil)

// NewImages makes the store of a node of this architecture; a nil list assumes every image.
func NewImages(list *List, arch string) *Images {
	i := &Images{list: list, arch: arch, present: map[string]Known{}}
	if list != nil {
		for name, k := range list.byName {
			if k.Preloaded && slices.Contains(k.Architectures, arch) {
				i.present[name] = k
			}
		}
	}
	return i
}

// UserUnknown tells whether nothing is known of the user that an image runs as.
func (i *Images) UserUnknown(ref string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.present[strings.TrimPrefix(ref, idPrefix)].User == ""
}

// ImageStatus tells whether an image is on the node. Nil says that it is not.
func (i *Images) ImageStatus(_ context.Context, image *api.ImageSpec, _ bool) (*api.ImageStatusResponse, error) {
	name, ok := strings.CutPrefix(image.GetImage(), idPrefix)
	if !ok {
		var err error
		if name, err = Normal(image.GetImage()); err != nil {
			return nil, status.Error(codes.InvalidArgument, err.Error())
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	k, ok := i.present[name]
	if !ok && i.list == nil {
		k, ok = Known{Name: name}, true
		i.present[name] = k
	}
	if !ok {
		return &api.ImageStatusResponse{}, nil
	}
	return &api.ImageStatusResponse{Image: describe(name, k)}, nil
}

// PullImage "pulls" what the list has for this node's architecture and refuses the rest in containerd's words.
func (i *Images) PullImage(_ context.Context, image *api.ImageSpec, _ *api.AuthConfig, _ *api.PodSandboxConfig) (string, error) {
	name, err := Normal(image.GetImage())
	if err != nil {
		return "", status.Error(codes.InvalidArgument, err.Error())
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	k := Known{Name: name}
	if i.list != nil {
		var ok bool
		if k, ok = i.list.find(name); !ok {
			return "", status.Errorf(codes.NotFound, "failed to pull and unpack image %q: failed to resolve reference %q: %s: not found", name, name, name)
		}
		if !slices.Contains(k.Architectures, i.arch) {
			return "", status.Errorf(codes.NotFound, "failed to pull and unpack image %q: no match for platform in manifest: not found", name)
		}
	}
	i.present[name] = k
	return idPrefix + name, nil
}

// ListImages lists what is on the node.
func (i *Images) ListImages(_ context.Context, filter *api.ImageFilter) ([]*api.Image, error) {
	if name := filter.GetImage().GetImage(); name != "" {
		got, err := i.ImageStatus(context.Background(), filter.GetImage(), false)
		if err != nil || got.GetImage() == nil {
			return nil, err
		}
		return []*api.Image{got.GetImage()}, nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	names := make([]string, 0, len(i.present))
	for name := range i.present {
		names = append(names, name)
	}
	sort.Strings(names)
	all := make([]*api.Image, 0, len(names))
	for _, name := range names {
		all = append(all, describe(name, i.present[name]))
	}
	return all, nil
}

// RemoveImage takes an image off the node.
func (i *Images) RemoveImage(_ context.Context, image *api.ImageSpec) error {
	name, ok := strings.CutPrefix(image.GetImage(), idPrefix)
	if !ok {
		var err error
		if name, err = Normal(image.GetImage()); err != nil {
			return status.Error(codes.InvalidArgument, err.Error())
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.present, name)
	return nil
}

// ImageFsInfo tells of a disk with room.
func (i *Images) ImageFsInfo(context.Context) (*api.ImageFsInfoResponse, error) {
	fs := []*api.FilesystemUsage{{
		Timestamp:  now(),
		FsId:       &api.FilesystemIdentifier{Mountpoint: "/"},
		UsedBytes:  &api.UInt64Value{Value: 1 << 30},
		InodesUsed: &api.UInt64Value{Value: 1024},
	}}
	return &api.ImageFsInfoResponse{ImageFilesystems: fs, ContainerFilesystems: fs}, nil
}

func describe(name string, k Known) *api.Image {
	image := &api.Image{Id: idPrefix + name, Size: 1, Spec: &api.ImageSpec{Image: name}}
	if strings.Contains(name, "@") {
		image.RepoDigests = []string{name}
	} else {
		image.RepoTags = []string{name}
	}
	// An image's user may be "65532", "65532:65532", "nobody" or "nobody:nogroup"; the part before the colon counts.
	user, _, _ := strings.Cut(k.User, ":")
	if uid, err := strconv.ParseInt(user, 10, 64); err == nil {
		image.Uid = &api.Int64Value{Value: uid}
	} else if user != "" {
		image.Username = user
	} else {
		image.Uid = &api.Int64Value{Value: unknownUser}
	}
	return image
}
