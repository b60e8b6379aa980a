// The judge of Pod Security for versions that the sandbox's API server does not have: upstream's own library. Each line of its
// input is {"level", "version", "metadata", "spec"}; each line of its output is what it says of that pod, empty where it lets
// it in. Given labels in the place of a pod, it tells what they mean.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	kjson "sigs.k8s.io/json"
)

type question struct {
	Level    string            `json:"level"`
	Version  string            `json:"version"`
	Metadata json.RawMessage   `json:"metadata"`
	Spec     json.RawMessage   `json:"spec"`
	Labels   map[string]string `json:"labels"`
}

type answer struct {
	Message string   `json:"message"`
	Policy  []string `json:"policy,omitempty"`
	Errors  []string `json:"errors,omitempty"`
}

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	must(err)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for in.Scan() {
		var asked question
		must(json.Unmarshal(in.Bytes(), &asked))
		if asked.Labels != nil {
			must(lines.Encode(meaning(asked.Labels)))
		} else {
			must(lines.Encode(verdict(evaluator, asked)))
		}
	}
	must(in.Err())
	must(out.Flush())
}

func meaning(labels map[string]string) answer {
	privileged := api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}
	read, errs := api.PolicyToEvaluate(labels, api.Policy{Enforce: privileged, Audit: privileged, Warn: privileged})
	said := answer{Policy: []string{read.Enforce.String(), read.Audit.String(), read.Warn.String()}}
	for _, err := range errs {
		said.Errors = append(said.Errors, err.Error())
	}
	return said
}

func verdict(evaluator policy.Evaluator, asked question) answer {
	level, err := api.ParseLevel(asked.Level)
	must(err)
	version, err := api.ParseVersion(asked.Version)
	must(err)
	var metadata metav1.ObjectMeta
	var spec corev1.PodSpec
	must(kjson.UnmarshalCaseSensitivePreserveInts(asked.Metadata, &metadata))
	must(kjson.UnmarshalCaseSensitivePreserveInts(asked.Spec, &spec))
	// The server does this before any plugin looks.
	for i := range spec.Volumes {
		if reflect.ValueOf(spec.Volumes[i].VolumeSource).IsZero() {
			spec.Volumes[i].EmptyDir = &corev1.EmptyDirVolumeSource{}
		}
	}
	wanted := api.LevelVersion{Level: level, Version: version}
	result := policy.AggregateCheckResults(evaluator.EvaluatePod(wanted, &metadata, &spec))
	if result.Allowed {
		return answer{}
	}
	return answer{Message: fmt.Sprintf("violates PodSecurity %q: %s", wanted.String(), result.ForbiddenDetail())}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
