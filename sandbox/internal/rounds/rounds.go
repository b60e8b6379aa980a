// Package rounds runs a part of a sandbox that looks at objects and acts on them: once after each change that is seen, one
// round at a time, and again a second after a round that failed.
package rounds

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/tools/cache"
)

const (
	// calm is waited before a round, so that many changes at once are one.
	calm = 50 * time.Millisecond
	// again is waited after a round that failed.
	again = time.Second
	// longest is how long a round may take.
	longest = 30 * time.Second
)

// Run goes on until the context ends. The informers are those of a factory that is started already.
func Run(ctx context.Context, name string, informers []cache.SharedIndexInformer, say func(string), round func(context.Context) error) {
	changed := make(chan struct{}, 1)
	wake := func() {
		select {
		case changed <- struct{}{}:
		default: // one is due already
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { wake() }, UpdateFunc: func(_, _ any) { wake() }, DeleteFunc: func(any) { wake() }}
	for _, informer := range informers {
		registration, err := informer.AddEventHandler(handler)
		if err != nil {
			say(fmt.Sprintf("%s: %v", name, err))
			return
		}
		if !cache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
			return
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		if !pause(ctx, calm) {
			return
		}
		bounded, cancel := context.WithTimeout(ctx, longest)
		err := round(bounded)
		cancel()
		if err != nil && ctx.Err() == nil {
			say(fmt.Sprintf("%s: %v; again in a second", name, err))
			if !pause(ctx, again) {
				return
			}
			wake()
		}
	}
}

func pause(ctx context.Context, span time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(span):
		return true
	}
}
