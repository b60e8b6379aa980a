package e2e

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func contains(text, words string) bool { return strings.Contains(text, words) }

func probe(h corev1.ProbeHandler) *corev1.Probe { return &corev1.Probe{ProbeHandler: h} }

func intstrOf(n int32) intstr.IntOrString { return intstr.FromInt32(n) }
