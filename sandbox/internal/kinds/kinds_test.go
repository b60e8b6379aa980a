package kinds

import "testing"

func TestADefinitionKeepsWhateverItsObjectsSay(t *testing.T) {
	crd := Kind{Group: "gateway.networking.k8s.io", Plural: "gatewayclasses", Kind: "GatewayClass", Versions: []string{"v1", "v1beta1"}, Cluster: true}.Definition("traefik")
	stored := 0
	for _, v := range crd.Spec.Versions {
		if v.Storage {
			stored++
		}
		if !v.Served || !*v.Schema.OpenAPIV3Schema.XPreserveUnknownFields {
			t.Errorf("%+v", v)
		}
	}
	if stored != 1 || crd.Name != "gatewayclasses.gateway.networking.k8s.io" || crd.Spec.Scope != "Cluster" || crd.Annotations["api-approved.kubernetes.io"] == "" {
		t.Errorf("%+v", crd)
	}
	if own := (Kind{Group: "traefik.io", Plural: "middlewares", Kind: "Middleware"}).Definition("traefik"); own.Annotations["api-approved.kubernetes.io"] != "" || own.Spec.Scope != "Namespaced" {
		t.Errorf("%+v", own)
	}
}
