// Package brings puts into a sandbox what k3s would bring by itself: a loop of the sandbox's own against the API for each part
// that acts, and objects for each part that only stands there.
package brings

import (
	"context"
	"slices"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"blackstart/sandbox/internal/helm"
	"blackstart/sandbox/internal/hostroot"
	"blackstart/sandbox/internal/kinds"
	"blackstart/sandbox/internal/localpath"
	"blackstart/sandbox/internal/servicelb"
	"blackstart/sandbox/internal/spec"
	"blackstart/sandbox/internal/traefik"
)

// Make makes the objects of these parts, and says what is still lacking. It may be asked again and again.
func Make(ctx context.Context, config *rest.Config, client kubernetes.Interface, parts []string) error {
	for _, part := range parts {
		if err := one(ctx, config, client, part); err != nil {
			return err
		}
	}
	return nil
}

func one(ctx context.Context, config *rest.Config, client kubernetes.Interface, part string) error {
	switch part {
	case spec.K3s:
		return kinds.Make(ctx, config, part, helm.Own)
	case spec.HelmController:
		return kinds.Make(ctx, config, part, helm.Controller)
	case spec.LocalStorage:
		return localpath.Make(ctx, client)
	case spec.Traefik:
		if err := kinds.Make(ctx, config, part, traefik.Kinds); err != nil {
			return err
		}
		return traefik.Make(ctx, client)
	default:
		return nil
	}
}

// Start begins the loops of these parts; they go on until the context ends. Say gets a line for the sandbox's log.
func Start(ctx context.Context, config *rest.Config, parts []string, root, storage string, say func(string)) {
	config = rest.CopyConfig(config)
	config.Timeout = 0 // a watch lasts
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		say("brings: " + err.Error())
		return
	}
	if slices.Contains(parts, spec.LocalStorage) {
		go localpath.Run(ctx, client, hostroot.Root(root), storage, say)
	}
	if slices.Contains(parts, spec.ServiceLB) {
		go servicelb.Run(ctx, client, say)
	}
}
