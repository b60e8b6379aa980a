// Package unseal opens SealedSecrets in a sandbox, where no container runs and so no controller does.
//
// The opening itself is upstream's own function, the very code that the controller calls; around it this package does to
// the API what the controller does. It is therefore an independent judge of what was sealed, and a report should say that it was this
// that opened them.
package unseal

import (
	"context"
	"fmt"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const crdName = "sealedsecrets.bitnami.com"

// Namespaces is where a key is looked for when nothing else is said: where the chart and the plain manifests put the controller.
var Namespaces = []string{metav1.NamespaceSystem, "sealed-secrets"}

// Run watches for the CRD and opens SealedSecrets for as long as it is there. Say gets a line for the sandbox's log, never a value.
func Run(ctx context.Context, config *rest.Config, namespaces []string, say func(string)) {
	config = rest.CopyConfig(config)
	config.Timeout = 0 // a watch lasts
	client, err := apiextensions.NewForConfig(config)
	if err != nil {
		say("unseal: " + err.Error())
		return
	}
	r := &runner{ctx: ctx, config: config, namespaces: namespaces, say: say}
	one := cache.NewListWatchFromClient(client.ApiextensionsV1().RESTClient(), "customresourcedefinitions", "", fields.OneTermEqualSelector("metadata.name", crdName))
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: one,
		ObjectType:    &apiextensionsv1.CustomResourceDefinition{},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    r.seen,
			UpdateFunc: func(_, now any) { r.seen(now) },
			DeleteFunc: func(any) { r.end() },
		},
	})
	informer.RunWithContext(ctx)
	r.end()
}

type runner struct {
	ctx        context.Context
	config     *rest.Config
	namespaces []string
	say        func(string)
	stop       context.CancelFunc
	gone       chan struct{}
}

// seen starts the work when the CRD is established; before, its objects cannot be listed.
func (r *runner) seen(object any) {
	crd, ok := object.(*apiextensionsv1.CustomResourceDefinition)
	if !ok || r.stop != nil || !established(crd) {
		return
	}
	ctx, stop := context.WithCancel(r.ctx)
	r.stop, r.gone = stop, make(chan struct{})
	go func(gone chan struct{}) {
		defer close(gone)
		for ctx.Err() == nil {
			err := work(ctx, r.config, r.namespaces, r.say)
			if ctx.Err() != nil {
				return
			}
			r.say(fmt.Sprintf("unseal: %v; again in a second", err))
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}(r.gone)
}

func (r *runner) end() {
	if r.stop != nil {
		r.stop()
		<-r.gone
		r.stop = nil
	}
}

func established(crd *apiextensionsv1.CustomResourceDefinition) bool {
	for _, c := range crd.Status.Conditions {
		if c.Type == apiextensionsv1.Established {
			return c.Status == apiextensionsv1.ConditionTrue
		}
	}
	return false
}
