//! What objects give and need, and the edges between steps that come of it.

use crate::{APPS, DEPLOYMENT, edges, findings, papers, told};
use blackstart::manifests::facts::{self, gives, links, wants};

#[test]
fn an_object_wants_its_namespace_its_kind_and_all_that_it_names() {
    let papers = papers(&[DEPLOYMENT]);
    let object = &papers[0].objects[0];
    let wanted: Vec<String> = wants(object, &facts::scopes(&papers))
        .iter()
        .map(|want| format!("{} {}{} {}", want.fact, want.at, if want.firm { "" } else { " (soft)" }, want.because))
        .collect();
    assert_eq!(
        wanted,
        [
            "namespace/apps 0.yaml:3:23 Deployment apps/web is in Namespace apps",
            "secret/apps/init 0.yaml:13:34 Deployment apps/web reads Secret apps/init",
            "secret/apps/db 0.yaml:18:42 Deployment apps/web reads Secret apps/db",
            "configmap/apps/settings 0.yaml:20:45 (soft) Deployment apps/web reads ConfigMap apps/settings",
            "configmap/apps/all 0.yaml:21:37 Deployment apps/web reads ConfigMap apps/all",
            "secret/apps/files 0.yaml:23:58 Deployment apps/web mounts Secret apps/files",
            "configmap/apps/conf 0.yaml:24:33 Deployment apps/web mounts ConfigMap apps/conf",
            "secret/apps/inside 0.yaml:25:53 Deployment apps/web mounts Secret apps/inside",
            "configmap/apps/inside 0.yaml:25:82 Deployment apps/web mounts ConfigMap apps/inside",
            "pvc/apps/data 0.yaml:26:45 Deployment apps/web mounts PersistentVolumeClaim apps/data",
            "secret/apps/registry 0.yaml:10:27 (soft) Deployment apps/web pulls images with Secret apps/registry",
            "serviceaccount/apps/web 0.yaml:7:7 Deployment apps/web runs as ServiceAccount apps/web",
            "priorityclass/high 0.yaml:8:7 Deployment apps/web asks for PriorityClass high",
            "runtimeclass/gvisor 0.yaml:9:7 Deployment apps/web asks for RuntimeClass gvisor",
        ]
    );
}

#[test]
fn every_kind_with_pods_is_looked_into() {
    let pod = "spec: {containers: [{name: a, envFrom: [{secretRef: {name: s}}]}]}";
    for (version, kind, spec) in [
        ("v1", "Pod", pod.to_owned()),
        ("apps/v1", "StatefulSet", format!("spec: {{template: {{{pod}}}}}")),
        ("apps/v1", "DaemonSet", format!("spec: {{template: {{{pod}}}}}")),
        ("apps/v1", "ReplicaSet", format!("spec: {{template: {{{pod}}}}}")),
        ("batch/v1", "Job", format!("spec: {{template: {{{pod}}}}}")),
        ("batch/v1", "CronJob", format!("spec: {{jobTemplate: {{spec: {{template: {{{pod}}}}}}}}}")),
    ] {
        let text = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a, namespace: default}}\n{spec}\n");
        let found: Vec<String> = findings(&[&text]).iter().map(told).collect();
        assert_eq!(found.len(), 1, "{kind}: {found:#?}");
        assert!(found[0].contains("Secret default/s is in no file"), "{found:#?}");
    }
}

#[test]
fn objects_give_facts_and_controllers_give_more() {
    let given = |text: &str| -> Vec<String> {
        let papers = papers(&[text]);
        let given = papers[0].objects.iter().flat_map(|object| gives(object));
        given.map(|given| format!("{}{}", given.fact, if given.generated { " (generated)" } else { "" })).collect()
    };
    let of = |version: &str, kind: &str, rest: &str| {
        given(&format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a, namespace: ns}}\n{rest}\n"))
    };
    assert_eq!(of("v1", "Namespace", ""), ["namespace/a"]);
    assert_eq!(of("v1", "Secret", ""), ["secret/ns/a"]);
    assert_eq!(of("v1", "ConfigMap", ""), ["configmap/ns/a"]);
    assert_eq!(of("v1", "ServiceAccount", ""), ["serviceaccount/ns/a"]);
    assert_eq!(of("v1", "Service", ""), ["service/ns/a"]);
    assert_eq!(of("v1", "PersistentVolume", ""), ["pv/a"]);
    assert_eq!(of("v1", "PersistentVolumeClaim", ""), ["pvc/ns/a"]);
    assert_eq!(of("storage.k8s.io/v1", "StorageClass", ""), ["storageclass/a"]);
    assert_eq!(of("scheduling.k8s.io/v1", "PriorityClass", ""), ["priorityclass/a"]);
    assert_eq!(of("networking.k8s.io/v1", "IngressClass", ""), ["ingressclass/a"]);
    assert_eq!(of("node.k8s.io/v1", "RuntimeClass", ""), ["runtimeclass/a"]);
    assert_eq!(of("rbac.authorization.k8s.io/v1", "Role", ""), ["role/ns/a"]);
    assert_eq!(of("rbac.authorization.k8s.io/v1", "ClusterRole", ""), ["clusterrole/a"]);
    assert_eq!(of("serving.knative.dev/v1", "Service", ""), [""; 0]);
    let crd = "spec: {group: example.org, names: {kind: Thing}}";
    assert_eq!(of("apiextensions.k8s.io/v1", "CustomResourceDefinition", crd), ["crd/Thing.example.org"]);
    let claims = "spec: {replicas: 2, ordinals: {start: 5}, volumeClaimTemplates: [{metadata: {name: data}}]}";
    assert_eq!(of("apps/v1", "StatefulSet", claims), ["pvc/ns/data-a-5 (generated)", "pvc/ns/data-a-6 (generated)"]);
    let endless = "spec: {replicas: 4000000000, volumeClaimTemplates: [{metadata: {name: data}}]}";
    assert_eq!(of("apps/v1", "StatefulSet", endless).len(), 1000);
    assert_eq!(of("bitnami.com/v1alpha1", "SealedSecret", ""), ["secret/ns/a (generated)"]);
    assert_eq!(of("external-secrets.io/v1", "ExternalSecret", ""), ["secret/ns/a (generated)"]);
    assert_eq!(
        of("external-secrets.io/v1", "ExternalSecret", "spec: {target: {name: b}}"),
        ["secret/ns/b (generated)"]
    );
    assert_eq!(of("cert-manager.io/v1", "Certificate", "spec: {secretName: tls}"), ["secret/ns/tls (generated)"]);
    assert_eq!(
        of("acid.zalan.do/v1", "postgresql", "spec: {users: {u: []}}")[0],
        "secret/ns/u.a.credentials.postgresql.acid.zalan.do (generated)"
    );
    assert!(of("postgresql.cnpg.io/v1", "Cluster", "").contains(&"service/ns/a-rw (generated)".to_owned()));
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, namespace: ns, annotations: {cert-manager.io/issuer: x}}\nspec: {tls: [{secretName: t}]}\n";
    assert_eq!(given(ingress), ["secret/ns/t (generated)"]);
    assert_eq!(given(&ingress.replace("cert-manager.io/issuer", "other")), [""; 0]);
}

#[test]
fn a_sealed_secret_before_its_namespace_cannot_be_written() {
    let sealed = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: token\n  namespace: apps\nspec: {encryptedData: {password: Ag}}\n";
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: sealedsecrets.bitnami.com}\nspec: {group: bitnami.com, names: {kind: SealedSecret}, versions: [{name: v1alpha1, served: true}]}\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: apps}\nspec:\n  containers:\n  - env:\n    - valueFrom: {secretKeyRef: {name: token, key: password}}\n";
    assert_eq!(
        edges(&[sealed, pod, APPS, crd]),
        [
            "2 → 0: SealedSecret apps/token is in Namespace apps (0.yaml:5:3) [namespace/apps]",
            "3 → 0: SealedSecret apps/token is of a kind that CRD sealedsecrets.bitnami.com defines (0.yaml:2:1) [crd/SealedSecret.bitnami.com]",
            "2 → 1: Pod apps/p is in Namespace apps (1.yaml:3:21) [namespace/apps]",
            "0 → 1: Pod apps/p reads Secret apps/token (1.yaml:7:34) [secret/apps/token]",
        ]
    );
    assert_eq!(findings(&[sealed, pod, APPS, crd]), []);
}

#[test]
fn papers_do_not_wait_for_themselves_nor_twice_for_one_another() {
    let two = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: apps}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b, namespace: apps}\n";
    assert_eq!(edges(&[&format!("{APPS}---\n{two}")]), [""; 0]);
    assert_eq!(edges(&[APPS, two]).len(), 1);
    assert_eq!(edges(&[two, APPS]), ["1 → 0: Secret apps/a is in Namespace apps (0.yaml:3:21) [namespace/apps]"]);
}

#[test]
fn what_kubernetes_puts_together_in_any_order_is_no_firm_order() {
    let volume =
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec: {claimRef: {namespace: apps, name: c}}\n";
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c, namespace: apps}\nspec: {volumeName: v, storageClassName: ''}\n";
    assert_eq!(
        edges(&[volume, claim]),
        [
            "1 ~ 0: PersistentVolume v is kept for PersistentVolumeClaim apps/c (0.yaml:4:36) [pvc/apps/c]",
            "0 → 1: PersistentVolumeClaim apps/c asks for PersistentVolume v (1.yaml:4:8) [pv/v]",
        ]
    );
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: default}\n";
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: default}\n";
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b, namespace: default}\nroleRef: {kind: Role, name: r}\nsubjects: [{kind: ServiceAccount, name: a}]\n";
    assert_eq!(
        edges(&[binding, account, role]),
        [
            "2 ~ 0: RoleBinding default/b grants Role default/r (0.yaml:4:23) [role/default/r]",
            "1 ~ 0: RoleBinding default/b grants to ServiceAccount default/a (0.yaml:5:35) [serviceaccount/default/a]",
        ]
    );
    // A firm reason takes the place of one that is not.
    let both = format!(
        "{binding}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: default}}\nspec: {{serviceAccountName: a}}\n"
    );
    assert_eq!(
        edges(&[&both, account, role])[1],
        "1 → 0: Pod default/p runs as ServiceAccount default/a (0.yaml:10:8) [serviceaccount/default/a]"
    );
}

#[test]
fn a_real_giver_goes_before_one_that_only_makes_it_later() {
    let sealed = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: s, namespace: default}\n";
    let plain = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: default}\nspec: {containers: [{envFrom: [{secretRef: {name: s}}]}]}\n";
    assert_eq!(edges(&[sealed, plain, pod]).len(), 1);
    assert!(edges(&[sealed, plain, pod])[0].starts_with("1 → 2"));
    assert!(edges(&[sealed, pod])[0].starts_with("0 → 1"));
}

#[test]
fn what_nobody_gives_is_unmet() {
    let unmet = links(&papers(&[DEPLOYMENT, APPS])).unmet;
    let facts: Vec<&str> = unmet.iter().map(|(_, want)| want.fact.as_str()).collect();
    assert!(facts.contains(&"secret/apps/db") && facts.contains(&"serviceaccount/apps/web"), "{facts:?}");
    // Optional, or given.
    assert!(!facts.contains(&"configmap/apps/settings") && !facts.contains(&"namespace/apps"), "{facts:?}");
    assert!(unmet.iter().all(|(at, _)| *at == 0));
}
