package unseal

import (
	"context"
	"fmt"
	"slices"
	"sync"

	ssv1alpha1 "github.com/bitnami/sealed-secrets/pkg/apis/sealedsecrets/v1alpha1"
	ssclient "github.com/bitnami/sealed-secrets/pkg/client/clientset/versioned"
	ssscheme "github.com/bitnami/sealed-secrets/pkg/client/clientset/versioned/scheme"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
)

// workers is how many are opened at a time. Upstream opens one after the other; nobody in a sandbox is there to be spared.
const workers = 8

// retries is upstream's default: after so many failures it is silent until the object changes.
const retries = 5

type worker struct {
	kube     kubernetes.Interface
	sealed   ssclient.Interface
	recorder record.EventRecorder
	keys     *keys
	queue    workqueue.TypedRateLimitingInterface[string]
	store    cache.Indexer
	say      func(string)
}

// work opens what comes until the context ends.
func work(ctx context.Context, config *rest.Config, namespaces []string, say func(string)) error {
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	sealed, err := ssclient.NewForConfig(config)
	if err != nil {
		return err
	}
	if err := ssscheme.AddToScheme(scheme.Scheme); err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&corev1client.EventSinkImpl{Interface: kube.CoreV1().Events("")})
	w := &worker{
		kube: kube, sealed: sealed, keys: newKeys(), say: say,
		recorder: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "sealed-secrets"}),
		queue:    workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]()),
	}
	keySynced, err := w.watchKeys(ctx, namespaces)
	if err != nil {
		return err
	}
	// Keys first, as upstream does: a SealedSecret that was there before its key would fail for no good reason.
	if !cache.WaitForCacheSync(ctx.Done(), keySynced) {
		return ctx.Err()
	}
	go w.watchSealed(ctx)
	go func() { <-ctx.Done(); w.queue.ShutDown() }()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for w.next(ctx) {
			}
		})
	}
	all.Wait()
	return ctx.Err()
}

func (w *worker) watchKeys(ctx context.Context, namespaces []string) (cache.InformerSynced, error) {
	factory := informers.NewSharedInformerFactoryWithOptions(w.kube, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.LabelSelector = keyLabel + "=active"
	}))
	informer := factory.Core().V1().Secrets().Informer()
	put := func(object any) {
		s, ok := object.(*corev1.Secret)
		if !ok || !slices.Contains(namespaces, s.Namespace) {
			return
		}
		if err := w.keys.put(s.Namespace+"/"+s.Name, s); err != nil {
			w.say("unseal: " + err.Error())
			w.recorder.Event(s, corev1.EventTypeWarning, "ErrKeyUnreadable", err.Error())
			return
		}
		w.again()
	}
	registration, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    put,
		UpdateFunc: func(_, now any) { put(now) },
		DeleteFunc: func(object any) {
			if name, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
				w.keys.drop(name)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	// Not "listed" but "handled": a key that is listed and not yet read would be missed.
	return registration.HasSynced, nil
}

// again queues everything anew when a key comes: upstream's controller would be started again for it.
func (w *worker) again() {
	if w.store == nil {
		return
	}
	for _, name := range w.store.ListKeys() {
		w.queue.Add(name)
	}
}

func (w *worker) watchSealed(ctx context.Context) {
	source := cache.NewListWatchFromClient(w.sealed.BitnamiV1alpha1().RESTClient(), "sealedsecrets", corev1.NamespaceAll, fields.Everything())
	add := func(object any) {
		if name, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			w.queue.Add(name)
		}
	}
	informer := cache.NewSharedIndexInformer(source, &ssv1alpha1.SealedSecret{}, 0, cache.Indexers{})
	w.store = informer.GetIndexer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: add,
		// Like upstream: only a change of the spec counts, and a changed annotation does not heal anything.
		UpdateFunc: func(before, now any) {
			a, okA := before.(*ssv1alpha1.SealedSecret)
			b, okB := now.(*ssv1alpha1.SealedSecret)
			if !okA || !okB || !equality.Semantic.DeepEqual(a.Spec, b.Spec) {
				add(now)
			}
		},
	})
	if err != nil {
		w.say("unseal: " + err.Error())
		return
	}
	informer.RunWithContext(ctx)
}

// next takes one SealedSecret off the queue.
func (w *worker) next(ctx context.Context) bool {
	name, quit := w.queue.Get()
	if quit {
		return false
	}
	defer w.queue.Done(name)
	err := w.open(ctx, name)
	switch {
	case err == nil:
		w.queue.Forget(name)
	case !immutable(err) && w.queue.NumRequeues(name) < retries:
		w.queue.AddRateLimited(name)
	default:
		w.queue.Forget(name)
		w.say(fmt.Sprintf("unseal: %s given up: %v", name, err))
	}
	return true
}
