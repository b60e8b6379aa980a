//! What is given by nobody: each finding turned red by its own fault and by nothing else.

use crate::{DEPLOYMENT, findings, told};

/// Everything that the Deployment refers to.
const ALL: &str = "apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: apps}}
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: apps}}
- {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}}
- {apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: gvisor}}
- {apiVersion: v1, kind: Secret, metadata: {name: registry, namespace: apps}}
- {apiVersion: v1, kind: Secret, metadata: {name: init, namespace: apps}}
- {apiVersion: v1, kind: Secret, metadata: {name: db, namespace: apps}, stringData: {password: x}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: all, namespace: apps}}
- {apiVersion: v1, kind: Secret, metadata: {name: files, namespace: apps}, data: {k: eA==}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: conf, namespace: apps}}
- {apiVersion: v1, kind: Secret, metadata: {name: inside, namespace: apps}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: inside, namespace: apps}}
- {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: apps}}
";

#[test]
fn each_missing_thing_is_a_finding_and_nothing_else_is() {
    assert_eq!(findings(&[DEPLOYMENT, ALL]), []);
    let without = |line: usize| {
        let kept = ALL.lines().enumerate().filter(|(at, _)| *at != line).map(|(_, text)| text.to_owned() + "\n");
        let found: Vec<String> = findings(&[DEPLOYMENT, &kept.collect::<String>()]).iter().map(told).collect();
        assert_eq!(found.len(), 1, "without {}: {found:#?}", ALL.lines().nth(line).unwrap());
        found[0].clone()
    };
    let namespace = without(3);
    assert_eq!(
        namespace,
        "F82 error 0.yaml:3:23 Deployment apps/web: Namespace apps is in no file; 11 objects want it"
    );
    assert_eq!(without(4), "F01 error 0.yaml:7:7 Deployment apps/web: ServiceAccount apps/web is in no file");
    assert_eq!(without(5), "F83 error 0.yaml:8:7 Deployment apps/web: PriorityClass high is in no file");
    assert_eq!(without(6), "F83 error 0.yaml:9:7 Deployment apps/web: RuntimeClass gvisor is in no file");
    let secret =
        |name: &str| format!("Deployment apps/web: Secret apps/{name} is in no file and no generator makes it");
    assert_eq!(without(7), format!("F01 warning 0.yaml:10:27 {}", secret("registry")));
    assert_eq!(without(8), format!("F01 error 0.yaml:13:34 {}", secret("init")));
    assert_eq!(without(9), format!("F01 error 0.yaml:18:42 {}", secret("db")));
    assert_eq!(without(10), "F01 error 0.yaml:21:37 Deployment apps/web: ConfigMap apps/all is in no file");
    assert_eq!(without(11), format!("F01 error 0.yaml:23:58 {}", secret("files")));
    assert_eq!(without(12), "F01 error 0.yaml:24:33 Deployment apps/web: ConfigMap apps/conf is in no file");
    assert_eq!(without(13), format!("F01 error 0.yaml:25:53 {}", secret("inside")));
    assert_eq!(without(14), "F01 error 0.yaml:25:82 Deployment apps/web: ConfigMap apps/inside is in no file");
    assert_eq!(
        without(15),
        "F83 error 0.yaml:26:45 Deployment apps/web: PersistentVolumeClaim apps/data is in no file"
    );
}

#[test]
fn a_key_that_is_in_no_file_is_a_finding() {
    let found = findings(&[DEPLOYMENT, &ALL.replace("password: x", "pass: x, user: y")]);
    assert_eq!(
        found.iter().map(told).collect::<Vec<_>>(),
        ["F01 error 0.yaml:18:42 Deployment apps/web: key password of Secret apps/db is in no file"]
    );
    assert_eq!(found[0].fix, "add the key, or mend its name: it has pass, user");
    let found = findings(&[DEPLOYMENT, &ALL.replace("data: {k: eA==}", "data: {}")]);
    assert_eq!(
        found.iter().map(told).collect::<Vec<_>>(),
        ["F01 error 0.yaml:23:58 Deployment apps/web: key k of Secret apps/files is in no file"]
    );
    // What is sealed shows its keys; what is fetched from elsewhere does not.
    let db = "- {apiVersion: v1, kind: Secret, metadata: {name: db, namespace: apps}, stringData: {password: x}}";
    let crd = "- {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: c}, spec: {group: G, names: {kind: K}}}";
    let other = |version: &str, group: &str, kind: &str, rest: &str| {
        let object = format!(
            "- {{apiVersion: {group}/{version}, kind: {kind}, metadata: {{name: db, namespace: apps}}, {rest}}}"
        );
        let crd = crd.replace('G', group).replace('K', kind).replace(&format!("{kind}ind"), "kind");
        findings(&[DEPLOYMENT, &ALL.replace(db, &format!("{object}\n{crd}"))]).len()
    };
    assert_eq!(other("v1alpha1", "bitnami.com", "SealedSecret", "spec: {encryptedData: {password: x}}"), 0);
    assert_eq!(other("v1alpha1", "bitnami.com", "SealedSecret", "spec: {template: {data: {password: x}}}"), 0);
    assert_eq!(other("v1alpha1", "bitnami.com", "SealedSecret", "spec: {encryptedData: {pass: x}}"), 1);
    assert_eq!(other("v1", "external-secrets.io", "ExternalSecret", "spec: {}"), 0);
    let filled = "metadata: {name: db, namespace: apps, annotations: {reflector.v1.k8s.emberstack.com/reflects: a/b}}, stringData: {}";
    assert_eq!(
        findings(&[
            DEPLOYMENT,
            &ALL.replace("metadata: {name: db, namespace: apps}, stringData: {password: x}", filled)
        ]),
        []
    );
}

#[test]
fn a_kind_that_nobody_defines_and_a_version_that_nobody_serves_are_findings() {
    let thing = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: t}\n";
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.org}\nspec: {group: example.org, scope: Cluster, names: {kind: Thing}, versions: [{name: v1, served: true}, {name: v0, served: false}]}\n";
    let of = |steps: &[&str]| findings(steps).iter().map(told).collect::<Vec<_>>();
    assert_eq!(of(&[thing, crd]), [""; 0]);
    assert_eq!(of(&[thing]), ["F08 error 0.yaml:2:1 Thing t: no file defines the kind Thing.example.org"]);
    let old = thing.replace("v1", "v0");
    assert_eq!(
        of(&[&old, crd]),
        ["F08 error 0.yaml:1:1 Thing t: CRD things.example.org does not serve example.org/v0"]
    );
    let gone = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a, namespace: default}\n";
    assert_eq!(
        of(&[gone]),
        [
            "F08 error 0.yaml:1:1 PodDisruptionBudget default/a: Kubernetes 1.34 has no PodDisruptionBudget in policy/v1beta1"
        ]
    );
    let gone = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a, namespace: default}\n";
    assert_eq!(
        of(&[gone]),
        ["F08 error 0.yaml:1:1 Ingress default/a: Kubernetes 1.34 has no kind Ingress in extensions/v1beta1"]
    );
}

#[test]
fn an_object_without_a_namespace_is_a_finding() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n";
    let found = findings(&[secret]);
    assert_eq!(
        found.iter().map(told).collect::<Vec<_>>(),
        ["F35 warning 0.yaml:4:3 Secret a: has no namespace, and so goes into default"]
    );
    assert_eq!(findings(&[&format!("{secret}  namespace: default\n")]), []);
    assert_eq!(findings(&["apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\n"]), []);
}

#[test]
fn other_names_that_lead_to_nothing_are_findings() {
    let of = |steps: &[&str]| findings(steps).iter().map(told).collect::<Vec<_>>();
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c, namespace: default}\nspec: {storageClassName: fast}\n";
    assert_eq!(
        of(&[claim]),
        ["F83 warning 0.yaml:4:8 PersistentVolumeClaim default/c: StorageClass fast is in no file"]
    );
    let class = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\n";
    let volume = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec: {storageClassName: fast}\n";
    assert_eq!((of(&[claim, class]), of(&[claim, volume])), (vec![], vec![]));
    assert_eq!(
        of(&[&claim.replace("fast", "local-path")]),
        [
            "F83 note 0.yaml:4:8 PersistentVolumeClaim default/c: StorageClass local-path comes with k3s, and is in no file"
        ]
    );
    assert_eq!(
        of(&[&claim.replace("storageClassName", "volumeName")]),
        ["F83 warning 0.yaml:4:8 PersistentVolumeClaim default/c: PersistentVolume fast is in no file"]
    );
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: default}\nspec:\n  ingressClassName: nginx\n  tls: [{secretName: t}]\n  rules: [{http: {paths: [{backend: {service: {name: s}}}]}}]\n";
    assert_eq!(
        of(&[ingress]),
        [
            "F83 warning 0.yaml:5:3 Ingress default/i: IngressClass nginx is in no file",
            "F01 warning 0.yaml:6:10 Ingress default/i: Secret default/t is in no file and no generator makes it",
            "F83 warning 0.yaml:7:48 Ingress default/i: Service default/s is in no file",
        ]
    );
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {kind: ClusterRole, name: mine}\n";
    assert_eq!(of(&[binding]), ["F83 warning 0.yaml:4:30 ClusterRoleBinding b: ClusterRole mine is in no file"]);
    assert_eq!(of(&[&binding.replace("mine", "cluster-admin")]), [""; 0]);
}

#[test]
fn a_webhook_without_a_backend_is_a_finding() {
    let hook = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: h}\nwebhooks:\n- clientConfig: {service: {namespace: default, name: s}}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: default}\n";
    let of = |steps: &[&str]| findings(steps).iter().map(told).collect::<Vec<_>>();
    assert_eq!(of(&[hook, service]), [""; 0]);
    let told = "0.yaml:5:48 ValidatingWebhookConfiguration h: Service default/s is in no file";
    assert_eq!(of(&[hook]), [format!("F09 error {told}")]);
    assert_eq!(of(&[&format!("{hook}  failurePolicy: Ignore\n")]), [format!("F09 warning {told}")]);
}

#[test]
fn what_a_chart_may_bring_is_not_held_against_the_files() {
    let chart = "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: c, namespace: kube-system}\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: default}\nspec: {serviceAccountName: a}\n";
    let found: Vec<String> = findings(&[pod, chart]).iter().map(told).collect();
    assert_eq!(
        found,
        [
            "F01 warning 0.yaml:4:8 Pod default/p: ServiceAccount default/a is in no file, unless something brings it that is not seen here: HelmChart kube-system/c",
            "F08 note 1.yaml:2:1 HelmChart kube-system/c: kind HelmChart.helm.cattle.io comes with k3s, and is in no file",
        ]
    );
}

#[test]
fn a_volume_that_no_container_mounts_is_asked_for_by_nobody_but_a_claim_is() {
    let pod = |mounts: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: default}}\nspec:\n  containers:\n  - {{name: a, image: a, volumeMounts: [{mounts}]}}\n  volumes:\n  \
             - {{name: s, secret: {{secretName: nobody}}}}\n  - {{name: c, persistentVolumeClaim: {{claimName: nobody}}}}\n"
        )
    };
    let claim = "F83 error 0.yaml:9:39 Pod default/p: PersistentVolumeClaim default/nobody is in no file";
    assert_eq!(findings(&[&pod("")]).iter().map(told).collect::<Vec<_>>(), [claim]);
    let both: Vec<String> = findings(&[&pod("{name: s, mountPath: /s}")]).iter().map(told).collect();
    assert_eq!(both.len(), 2, "{both:?}");
}
