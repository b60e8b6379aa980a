// Package kinds makes kinds whose objects a sandbox keeps without knowing what is in them: the definitions that k3s would
// bring, by their real names, groups, versions and scopes, with no schema.
package kinds

import (
	"context"
	"fmt"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
)

// Note is the annotation that says of an object who put it there.
const Note = "blackstart-sandbox/stands-for"

// Kind is one kind as its definition names it.
type Kind struct {
	Group, Plural, Kind string
	// Versions are all served; the first is stored.
	Versions []string
	Short    []string
	Cluster  bool
}

// Definition is what the API server is given for it.
func (k Kind) Definition(of string) *apiextensionsv1.CustomResourceDefinition {
	scope := apiextensionsv1.NamespaceScoped
	if k.Cluster {
		scope = apiextensionsv1.ClusterScoped
	}
	crd := &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: k.Plural + "." + k.Group, Annotations: map[string]string{Note: of}},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: k.Group, Scope: scope,
			Names: apiextensionsv1.CustomResourceDefinitionNames{
				Plural: k.Plural, Singular: strings.ToLower(k.Kind), Kind: k.Kind, ListKind: k.Kind + "List", ShortNames: k.Short},
		},
	}
	if strings.HasSuffix(k.Group, ".k8s.io") {
		// Groups of Kubernetes' own are refused without a word on who agreed to their schema; here there is none.
		crd.Annotations[apiextensionsv1.KubeAPIApprovedAnnotation] = "unapproved, it has no schema and lives in a sandbox"
	}
	for i, version := range k.Versions {
		crd.Spec.Versions = append(crd.Spec.Versions, apiextensionsv1.CustomResourceDefinitionVersion{
			Name: version, Served: true, Storage: i == 0,
			Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
				Type: "object", XPreserveUnknownFields: ptr.To(true)}},
		})
	}
	return crd
}

// Make makes what is not there yet, and says what is not served yet. It may be asked again and again.
func Make(ctx context.Context, config *rest.Config, of string, list []Kind) error {
	client, err := apiextensions.NewForConfig(config)
	if err != nil {
		return err
	}
	crds := client.ApiextensionsV1().CustomResourceDefinitions()
	for _, kind := range list {
		if _, err := crds.Create(ctx, kind.Definition(of), metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("kind %s: %w", kind.Kind, err)
		}
	}
	have, err := crds.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	served := map[string]bool{}
	for _, crd := range have.Items {
		for _, c := range crd.Status.Conditions {
			if c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue {
				served[crd.Name] = true
			}
		}
	}
	for _, kind := range list {
		if name := kind.Plural + "." + kind.Group; !served[name] {
			return fmt.Errorf("kind %s: %s is not served yet", kind.Kind, name)
		}
	}
	return nil
}
