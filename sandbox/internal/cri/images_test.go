package cri

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func listOf(t *testing.T, text string) (*List, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "images.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadList(path)
}

func TestNamesAreWrittenAsDockerDoes(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("a", 64)
	for name, want := range map[string]string{
		"nginx":                     "docker.io/library/nginx:latest",
		"nginx:1.27":                "docker.io/library/nginx:1.27",
		"grafana/grafana":           "docker.io/grafana/grafana:latest",
		"ghcr.io/a/b:c":             "ghcr.io/a/b:c",
		"localhost:5000/a":          "localhost:5000/a:latest",
		"index.docker.io/library/a": "docker.io/library/a:latest",
		"a:1" + digest:              "docker.io/library/a" + digest,
	} {
		if got, err := Normal(name); err != nil || got != want {
			t.Errorf("%s: %s %v, wanted is %s", name, got, err, want)
		}
	}
	if _, err := Normal("UPPER"); err == nil {
		t.Error("a name that is none is taken")
	}
}

func TestAWrongListIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:             "cannot unmarshal",
		`[{"name":"a"}]`: "has no architectures",
		`[{"name":"A","architectures":["amd64"]}]`: "entry 1",
		`[{"name":"a","architecture":["amd64"]}]`:  "unknown field",
	} {
		if _, err := listOf(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, wanted is %s", text, err, want)
		}
	}
}

func TestTheStoreHasWhatTheListHasForItsArchitecture(t *testing.T) {
	list, err := listOf(t, `[{"name":"both:1","architectures":["amd64","arm64"]},{"name":"arm:1","architectures":["arm64"]},
		{"name":"loaded:1","architectures":["amd64"],"preloaded":true},{"name":"foreign:1","architectures":["arm64"],"preloaded":true}]`)
	if err != nil {
		t.Fatal(err)
	}
	i, ctx := NewImages(list, "amd64"), context.Background()
	there := func(name string) bool {
		got, err := i.ImageStatus(ctx, &api.ImageSpec{Image: name}, false)
		if err != nil {
			t.Fatal(err)
		}
		return got.GetImage() != nil
	}
	if there("both:1") || !there("loaded:1") || there("foreign:1") {
		t.Error("only what is preloaded for this architecture is there before a pull")
	}
	id, err := i.PullImage(ctx, &api.ImageSpec{Image: "both:1"}, nil, nil)
	if err != nil || !there("both:1") || !there(id) {
		t.Errorf("a pulled image is not there: %s %v", id, err)
	}
	for name, want := range map[string]string{"nope:1": "docker.io/library/nope:1: not found", "arm:1": "no match for platform in manifest"} {
		_, err := i.PullImage(ctx, &api.ImageSpec{Image: name}, nil, nil)
		if status.Code(err) != codes.NotFound || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := i.RemoveImage(ctx, &api.ImageSpec{Image: id}); err != nil || there("both:1") {
		t.Errorf("a removed image is there: %v", err)
	}
}

func TestWithoutAListEveryImageIsThere(t *testing.T) {
	i := NewImages(nil, "amd64")
	got, err := i.ImageStatus(context.Background(), &api.ImageSpec{Image: "anything/at:all"}, false)
	if err != nil || got.GetImage().GetId() != "sandbox:docker.io/anything/at:all" || !i.UserUnknown(got.GetImage().GetId()) {
		t.Errorf("%v %v", got, err)
	}
}

func TestAUserIsTakenFromTheListOnly(t *testing.T) {
	for user, want := range map[string]struct {
		uid  int64
		name string
	}{"": {unknownUser, ""}, "0": {0, ""}, "1000:1000": {1000, ""}, "nobody:nogroup": {-1, "nobody"}} {
		image := describe("a", Known{User: user})
		if image.GetUsername() != want.name || (want.name == "" && image.GetUid().GetValue() != want.uid) {
			t.Errorf("%q: %v", user, image)
		}
	}
}
