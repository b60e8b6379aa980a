package server

import (
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"blackstart/stand-in/internal/say"
)

//go:embed manifests/*.yaml
var packaged embed.FS

// deployer applies what lies in server/manifests, and again what changes there.
type deployer struct {
	o       *Options
	client  dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
	applied map[string][32]byte
	said    map[string]string
	dns     bool
}

func newDeployer(o *Options, config *rest.Config) (*deployer, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	d, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return &deployer{
		o: o, client: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(d)),
		applied: map[string][32]byte{}, said: map[string]string{},
	}, nil
}

// layDown writes the packaged manifests anew at each start, as k3s does; a disabled one is taken away with what it made.
func (d *deployer) layDown(ctx context.Context) error {
	folder := d.o.Data.Server("manifests")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"coredns", "local-storage"} {
		raw, err := packaged.ReadFile("manifests/" + name + ".yaml")
		if err != nil {
			return err
		}
		text := strings.NewReplacer("%{CLUSTER_DNS}%", d.o.DNS, "%{CLUSTER_DOMAIN}%", d.o.Domain, "%{DEFAULT_LOCAL_STORAGE_PATH}%", d.o.StoragePath).Replace(string(raw))
		file := filepath.Join(folder, name+".yaml")
		if !d.o.Disabled[name] {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				return err
			}
			continue
		}
		if _, err := os.Stat(file); err != nil {
			continue
		}
		if err := d.each([]byte(text), func(r dynamic.ResourceInterface, u *unstructured.Unstructured) error {
			err := r.Delete(ctx, u.GetName(), metav1.DeleteOptions{})
			if apierrors.IsNotFound(err) {
				return nil
			}
			return err
		}); err != nil {
			return err
		}
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return nil
}

// run polls the folder: a second is what k3s takes too, and nothing is missed when files are moved in.
func (d *deployer) run(ctx context.Context) {
	for {
		d.once(ctx)
		if !sleep(ctx, time.Second) {
			return
		}
	}
}

func (d *deployer) once(ctx context.Context) {
	folder := d.o.Data.Server("manifests")
	err := filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		ext := filepath.Ext(path)
		if ext != ".yaml" && ext != ".yml" && ext != ".json" {
			return nil
		}
		if _, err := os.Stat(path + ".skip"); err == nil {
			return nil
		}
		if d.o.Disabled[strings.TrimSuffix(filepath.Base(path), ext)] {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(raw)
		if d.applied[path] == sum {
			return nil
		}
		if err := d.each(raw, func(r dynamic.ResourceInterface, u *unstructured.Unstructured) error {
			_, err := r.Apply(ctx, u.GetName(), u, metav1.ApplyOptions{FieldManager: "deploy@" + d.o.Node, Force: true})
			return err
		}); err != nil {
			if d.said[path] != err.Error() {
				d.said[path] = err.Error()
				say.Error("Failed to process config: failed to process %s: %v", path, err)
			}
			d.mapper.Reset()
			return nil
		}
		d.applied[path] = sum
		say.Info("Applied manifest at %q", path)
		if filepath.Base(path) == "coredns.yaml" && !d.dns {
			d.dns = true
			say.Info("Cluster dns configmap has been set successfully")
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		say.Error("Failed to read %s: %v", folder, err)
	}
}

// each goes through the documents; what cannot be done is told after all of them were tried.
func (d *deployer) each(raw []byte, do func(dynamic.ResourceInterface, *unstructured.Unstructured) error) error {
	var problems []error
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(string(raw)), 4096)
	for {
		u := &unstructured.Unstructured{}
		if err := decoder.Decode(u); err != nil {
			if errors.Is(err, io.EOF) {
				return errors.Join(problems...)
			}
			return errors.Join(append(problems, err)...)
		}
		if len(u.Object) == 0 {
			continue
		}
		items := []unstructured.Unstructured{*u}
		if u.IsList() {
			list, err := u.ToList()
			if err != nil {
				return err
			}
			items = list.Items
		}
		for i := range items {
			one := &items[i]
			kind := one.GroupVersionKind()
			mapping, err := d.mapper.RESTMapping(kind.GroupKind(), kind.Version)
			if err != nil {
				problems = append(problems, err)
				continue
			}
			var r dynamic.ResourceInterface = d.client.Resource(mapping.Resource)
			if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
				if one.GetNamespace() == "" {
					one.SetNamespace("default")
				}
				r = d.client.Resource(mapping.Resource).Namespace(one.GetNamespace())
			}
			if err := do(r, one); err != nil {
				problems = append(problems, fmt.Errorf("%s %s/%s: %w", kind.Kind, one.GetNamespace(), one.GetName(), err))
			}
		}
	}
}
