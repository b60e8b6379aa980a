package e2e

import (
	"context"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const good = "nginx:1.27"

func TestWhatAKubeletRefusesIsRefused(t *testing.T) {
	r := shared(t)
	c := r.client(t)
	ns := namespace(t, c, nil)
	ctx := context.Background()
	if _, err := c.CoreV1().Secrets(ns).Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "some"}, StringData: map[string]string{"a": "b"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	host := func(path string, kind corev1.HostPathType) func(*corev1.Pod) {
		return mounted(corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path, Type: &kind}})
	}
	onPi := func(p *corev1.Pod) {
		p.Spec.NodeSelector = map[string]string{corev1.LabelHostname: "pi"}
		p.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	}
	for _, f := range []struct {
		name, image string
		change      func(*corev1.Pod)
		want        []string
	}{
		{"plain", good, nil, []string{"phase=Running", "c ready", "event Scheduled", "event Started: Started container c"}},
		{"no-secret-env", good, func(p *corev1.Pod) {
			p.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "A", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "nope"}, Key: "a"}}}}
		}, []string{"c waiting=CreateContainerConfigError", `secret "nope" not found`, "event Failed"}},
		{"no-secret-volume", good, mounted(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "nope"}}),
			[]string{"c waiting=ContainerCreating", `event FailedMount: MountVolume.SetUp failed for volume "v" : secret "nope" not found`}},
		{"no-key-volume", good, mounted(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "some", Items: []corev1.KeyToPath{{Key: "b", Path: "b"}}}}),
			[]string{"event FailedMount", "references non-existent secret key: b"}},
		{"no-secret-projected", good, mounted(corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "nope"}}}}}}),
			[]string{"event FailedMount", `secret "nope" not found`}},
		{"no-configmap", good, mounted(corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "nope"}}}),
			[]string{"event FailedMount", `configmap "nope" not found`}},
		{"secret-volume", good, func(p *corev1.Pod) {
			mounted(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "some"}})(p)
			p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: ptr.To[int64](1000), FSGroup: ptr.To[int64](1000)}
		}, []string{"phase=Running", "c ready"}},
		{"no-image", "nowhere.example/nope:1", nil, []string{"event Failed: Failed to pull image", "nowhere.example/nope:1: not found", "ErrImagePull", "event BackOff"}},
		{"wrong-arch", "pi-only:1", nil, []string{"event Failed: Failed to pull image", "no match for platform in manifest"}},
		{"right-arch", "pi-only:1", onPi, []string{"phase=Running", "c ready"}},
		{"never", "unloaded:1", func(p *corev1.Pod) { p.Spec.Containers[0].ImagePullPolicy = corev1.PullNever }, []string{"c waiting=ErrImageNeverPull"}},
		{"loaded", "loaded:1", func(p *corev1.Pod) { p.Spec.Containers[0].ImagePullPolicy = corev1.PullNever }, []string{"phase=Running"}},
		{"bad-name", "UPPER", nil, []string{"c waiting=InvalidImageName"}},
		{"no-folder", good, host("/data/missing", corev1.HostPathDirectory), []string{"event FailedMount", "hostPath type check failed: /data/missing is not a directory"}},
		{"folder", good, host("/data/there", corev1.HostPathDirectory), []string{"phase=Running"}},
		{"no-file", good, host("/data/there", corev1.HostPathFile), []string{"hostPath type check failed: /data/there is not a file"}},
		{"file", good, host("/data/file", corev1.HostPathFile), []string{"phase=Running"}},
		{"no-socket", good, host("/data/file", corev1.HostPathSocket), []string{"hostPath type check failed: /data/file is not a socket"}},
		{"made-folder", good, host("/data/made/here", corev1.HostPathDirectoryOrCreate), []string{"phase=Running"}},
		{"out-of-root", good, host("/data/etc/passwd", corev1.HostPathFile), []string{"hostPath type check failed: /data/etc/passwd is not a file"}},
		{"root-by-image", "named:1", func(p *corev1.Pod) {
			p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true)}
		}, []string{"c waiting=CreateContainerConfigError", "image has non-numeric user (nonroot)"}},
		{"user-by-image", "numbered:1", func(p *corev1.Pod) {
			p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true)}
		}, []string{"phase=Running"}},
		{"no-node", good, func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{"no": "such"} }, []string{"phase=Pending", "event FailedScheduling", "node affinity/selector"}},
		{"once", good, func(p *corev1.Pod) { p.Spec.RestartPolicy = corev1.RestartPolicyNever }, []string{"phase=Succeeded", "c terminated=Completed", "exit=0"}},
		{"init", good, func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{
				{Name: "first", Image: "busybox"},
				{Name: "side", Image: "busybox", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways), StartupProbe: probe(corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}})},
			}
		}, []string{"phase=Running", "first terminated=Completed", "side ready", "c ready"}},
		{"probed", good, func(p *corev1.Pod) {
			p.Spec.Containers[0].ReadinessProbe = probe(corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 9}})
			p.Spec.Containers[0].LivenessProbe = probe(corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstrOf(9)}})
			p.Spec.Containers[0].StartupProbe = probe(corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Port: intstrOf(9)}})
			p.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{PostStart: &corev1.LifecycleHandler{HTTPGet: &corev1.HTTPGetAction{Port: intstrOf(9)}}}
		}, []string{"phase=Running", "c ready"}},
		{"nfs", good, mounted(corev1.VolumeSource{NFS: &corev1.NFSVolumeSource{Server: "nas.invalid", Path: "/x"}}), []string{"phase=Running"}},
		{"kernel", good, func(p *corev1.Pod) {
			p.Spec.HostUsers = ptr.To(false)
			p.Spec.SecurityContext = &corev1.PodSecurityContext{AppArmorProfile: &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeRuntimeDefault}}
		}, []string{"phase=Running"}},
	} {
		pod(t, c, ns, f.name, f.image, f.change)
		t.Run(f.name, func(t *testing.T) { t.Parallel(); becomes(t, c, ns, f.name, f.want...) })
	}
}

func TestAJobCompletes(t *testing.T) {
	c := shared(t).client(t)
	ns := namespace(t, c, nil)
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "job"}, Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{
		Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyOnFailure, NodeSelector: map[string]string{corev1.LabelArchStable: "amd64"}, Containers: []corev1.Container{{Name: "c", Image: "busybox"}}}}}}
	if _, err := c.BatchV1().Jobs(ns).Create(context.Background(), job, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, func() string {
		j, err := c.BatchV1().Jobs(ns).Get(context.Background(), "job", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if j.Status.Succeeded != 1 || j.Status.CompletionTime == nil {
			return "the job is not complete"
		}
		return ""
	})
}

func TestPodSecurityRefusesOnTheReplicaSet(t *testing.T) {
	c := shared(t).client(t)
	ns := namespace(t, c, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	labels := map[string]string{"app": "a"}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "d"}, Spec: appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: good}}}}}}
	if _, err := c.AppsV1().Deployments(ns).Create(context.Background(), d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 15*time.Second, func() string {
		events, err := c.CoreV1().Events(ns).List(context.Background(), metav1.ListOptions{FieldSelector: "reason=FailedCreate,involvedObject.kind=ReplicaSet"})
		if err != nil {
			return err.Error()
		}
		for _, e := range events.Items {
			if contains(e.Message, `violates PodSecurity "restricted:latest"`) {
				return ""
			}
		}
		return "no FailedCreate that names Pod Security"
	})
}
