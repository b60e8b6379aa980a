package rounds

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
)

func TestARoundFollowsEachChangeAndOneThatFailedComesAgain(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	client := fake.NewClientset(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}})
	factory := informers.NewSharedInformerFactory(client, 0)
	nodes := factory.Core().V1().Nodes().Informer()
	factory.Start(ctx.Done())
	var rounds atomic.Int32
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		Run(ctx, "test", []cache.SharedIndexInformer{nodes}, func(string) {}, func(context.Context) error {
			if rounds.Add(1) == 1 {
				return errors.New("not this time")
			}
			return nil
		})
	}()
	reaches := func(count int32) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); rounds.Load() < count; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d rounds, not %d", rounds.Load(), count)
			}
		}
	}
	reaches(2)
	if _, err := client.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "b"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	reaches(3)
	time.Sleep(300 * time.Millisecond)
	if rounds.Load() != 3 {
		t.Errorf("%d rounds without a change", rounds.Load())
	}
	cancel()
	<-ended
}
