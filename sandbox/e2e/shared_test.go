package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// The images of the shared sandbox.
const images = `[
 {"name":"docker.io/library/nginx:1.27","architectures":["amd64","arm64"]},
 {"name":"busybox","architectures":["amd64","arm64"]},
 {"name":"pi-only:1","architectures":["arm64"]},
 {"name":"named:1","architectures":["amd64","arm64"],"user":"nonroot:nonroot"},
 {"name":"numbered:1","architectures":["amd64","arm64"],"user":"1000"},
 {"name":"loaded:1","architectures":["amd64"],"preloaded":true},
 {"name":"unloaded:1","architectures":["amd64"]}
]`

var sharedOne struct {
	once sync.Once
	r    *running
	err  error
}

// shared is one sandbox for all tests that only put objects into it: two nodes, a list of images, a host with a folder
// and a file.
func shared(t testing.TB) *running {
	t.Helper()
	sharedOne.once.Do(func() {
		dir, err := os.MkdirTemp("", "sandbox-e2e-shared")
		if err != nil {
			sharedOne.err = err
			return
		}
		host := filepath.Join(dir, "host")
		for _, d := range []string{"data/there", "srv/disk"} {
			if err := os.MkdirAll(filepath.Join(host, d), 0o755); err != nil {
				sharedOne.err = err
				return
			}
		}
		_ = os.WriteFile(filepath.Join(host, "data/file"), nil, 0o644)
		// A link that would lead out of the root: it must lead nowhere.
		_ = os.Symlink("/etc", filepath.Join(host, "data/etc"))
		list := filepath.Join(dir, "images.json")
		_ = os.WriteFile(list, []byte(images), 0o600)
		sharedOne.r, sharedOne.err = tryUp([]string{
			"--dir", filepath.Join(dir, "sb"), "--host-root", host, "--images", list,
			"--node", "name=server,arch=amd64,cpu=6,memory=12Gi", "--node", "name=pi,arch=arm64,cpu=4,memory=8Gi,label.disk=usb,taint=dedicated=media:NoSchedule",
			"--domain", "home.arpa", "--service-cidr", "10.99.0.0/16",
		})
	})
	if sharedOne.err != nil {
		t.Fatal(sharedOne.err)
	}
	return sharedOne.r
}

// endShared is called when all tests are done.
func endShared() {
	if r := sharedOne.r; r != nil {
		_ = r.stdin.Close()
		select {
		case <-r.done:
		case <-time.After(20 * time.Second):
			_ = r.cmd.Process.Kill()
		}
		_ = os.RemoveAll(filepath.Dir(r.Dir))
	}
}

// namespace makes a namespace for one test and waits until pods are let in.
func namespace(t testing.TB, c kubernetes.Interface, labels map[string]string) string {
	t.Helper()
	ns, err := c.CoreV1().Namespaces().Create(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "t-", Labels: labels}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, func() string {
		if _, err := c.CoreV1().ServiceAccounts(ns.Name).Get(context.Background(), "default", metav1.GetOptions{}); err != nil {
			return err.Error()
		}
		return ""
	})
	return ns.Name
}

// pod makes a pod of one container and lets the test change it first.
func pod(t testing.TB, c kubernetes.Interface, ns, name, image string, change func(*corev1.Pod)) {
	t.Helper()
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       corev1.PodSpec{NodeSelector: map[string]string{corev1.LabelHostname: "server"}, Containers: []corev1.Container{{Name: "c", Image: image}}},
	}
	if change != nil {
		change(p)
	}
	if _, err := c.CoreV1().Pods(ns).Create(context.Background(), p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// mounted gives the pod's container a volume at /v.
func mounted(source corev1.VolumeSource) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: source}}
		p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "v", MountPath: "/v"}}
	}
}

// state is a pod's phase, its containers' reasons and messages, and its events, in one text to look for words in.
func state(c kubernetes.Interface, ns, name string) string {
	p, err := c.CoreV1().Pods(ns).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		return err.Error()
	}
	text := []string{"phase=" + string(p.Status.Phase)}
	for _, cond := range p.Status.Conditions {
		if cond.Status != corev1.ConditionTrue {
			text = append(text, "not "+string(cond.Type)+": "+cond.Message)
		}
	}
	for _, s := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
		switch {
		case s.State.Waiting != nil:
			text = append(text, s.Name+" waiting="+s.State.Waiting.Reason, s.State.Waiting.Message)
		case s.State.Terminated != nil:
			text = append(text, s.Name+" terminated="+s.State.Terminated.Reason, "exit="+itoa(int(s.State.Terminated.ExitCode)))
		case s.State.Running != nil && s.Ready:
			text = append(text, s.Name+" ready")
		}
	}
	events, err := c.CoreV1().Events(ns).List(context.Background(), metav1.ListOptions{FieldSelector: "involvedObject.name=" + name})
	if err != nil {
		return err.Error()
	}
	for _, e := range events.Items {
		text = append(text, "event "+e.Reason+": "+e.Message)
	}
	return strings.Join(text, "\n")
}

// becomes waits until a pod's state has all the words.
func becomes(t testing.TB, c kubernetes.Interface, ns, name string, words ...string) {
	t.Helper()
	eventually(t, 25*time.Second, func() string {
		have := state(c, ns, name)
		for _, w := range words {
			if !strings.Contains(have, w) {
				return "pod " + name + " lacks " + w + ":\n" + have
			}
		}
		return ""
	})
}
