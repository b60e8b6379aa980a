package cri

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Ends tells whether a container ends by itself, successfully: what waits for it then goes on. Init containers do,
// unless they are sidecars; so do all containers of a pod that is not to be started again for ever, such as a Job's.
func Ends(pod *corev1.Pod, container string) bool {
	for _, c := range pod.Spec.InitContainers {
		if c.Name == container {
			return c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways
		}
	}
	for _, c := range pod.Spec.Containers {
		if c.Name == container {
			return pod.Spec.RestartPolicy != corev1.RestartPolicyAlways
		}
	}
	return false
}

// logLines is what `kubectl logs` shows.
func logLines(pod *corev1.Pod, container string, userUnknown, ends bool) []string {
	lines := []string{NoContainers + "."}
	if ends {
		lines = append(lines, "It is shown as ended with exit code 0, so that what waits for it goes on. Its work was not done.")
	}
	if userUnknown && nonRootByImage(pod, container) {
		lines = append(lines, "runAsNonRoot is asked for without runAsUser, and the user of the image is not known here: this was not exercised.")
	}
	return lines
}

// nonRootByImage tells whether only the image could answer if the container runs as root.
func nonRootByImage(pod *corev1.Pod, container string) bool {
	var nonRoot *bool
	var user *int64
	if s := pod.Spec.SecurityContext; s != nil {
		nonRoot, user = s.RunAsNonRoot, s.RunAsUser
	}
	all := append(append([]corev1.Container(nil), pod.Spec.InitContainers...), pod.Spec.Containers...)
	for _, c := range all {
		if s := c.SecurityContext; c.Name == container && s != nil {
			if s.RunAsNonRoot != nil {
				nonRoot = s.RunAsNonRoot
			}
			if s.RunAsUser != nil {
				user = s.RunAsUser
			}
		}
	}
	return nonRoot != nil && *nonRoot && user == nil
}

// writeLog writes lines in the form in which a runtime writes a container's output.
func writeLog(path string, lines []string) error {
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	stamp := time.Now().UTC().Format(time.RFC3339Nano)
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s stdout F %s\n", stamp, l)
	}
	return os.WriteFile(path, []byte(b.String()), 0o640)
}
