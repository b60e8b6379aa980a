//! What objects give and need: the edges between steps, and each finding turned red by its own fault and by nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::checks::references::check;
use blackstart::manifests::facts::{gives, links, wants};
use blackstart::manifests::{Papers, facts, read_all};
use blackstart::model::{Finding, Severity};
use blackstart::sys::Look;
use std::fs;
use tempfile::TempDir;

/// The papers of steps, each written as one file `0.yaml`, `1.yaml`, …
fn papers(steps: &[&str]) -> Vec<Papers> {
    let folder = TempDir::new().unwrap();
    let wanted: Vec<Vec<String>> = (0..steps.len()).map(|at| vec![format!("{at}.yaml")]).collect();
    for (name, text) in wanted.iter().zip(steps) {
        fs::write(folder.path().join(&name[0]), text).unwrap();
    }
    read_all(Look::new(), folder.path(), "", &wanted).unwrap_or_else(|wrongs| panic!("{wrongs:#?}"))
}

/// `from → to: reason (place)`, with a `~` where the order is not firm.
fn edges(steps: &[&str]) -> Vec<String> {
    let links = links(&papers(steps));
    let told = |link: &facts::Link| {
        let arrow = if link.firm { "→" } else { "~" };
        format!("{} {arrow} {}: {} ({}) [{}]", link.from, link.to, link.because, link.at, link.fact)
    };
    links.edges.iter().map(told).collect()
}

fn findings(steps: &[&str]) -> Vec<Finding> {
    let papers = papers(steps);
    let named: Vec<(&str, &Papers)> = papers.iter().map(|papers| ("step", papers)).collect();
    check(&named, &|_| false)
}

fn told(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let Finding { id, place, object, message, .. } = finding;
    format!("{id} {severity} {place} {object}: {message}")
}

const APPS: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n";

/// A Deployment whose pods refer to everything that pods can refer to.
const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  template:
    spec:
      serviceAccountName: web
      priorityClassName: high
      runtimeClassName: gvisor
      imagePullSecrets: [{name: registry}]
      initContainers:
        - name: init
          envFrom: [{secretRef: {name: init}}]
      containers:
        - name: web
          env:
            - name: A
              valueFrom: {secretKeyRef: {name: db, key: password}}
            - name: B
              valueFrom: {configMapKeyRef: {name: settings, key: b, optional: true}}
          envFrom: [{configMapRef: {name: all}}]
      volumes:
        - {name: a, secret: {secretName: files, items: [{key: k, path: p}]}}
        - {name: b, configMap: {name: conf}}
        - {name: c, projected: {sources: [{secret: {name: inside}}, {configMap: {name: inside}}]}}
        - {name: d, persistentVolumeClaim: {claimName: data}}
";

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
            "F01 warning 0.yaml:4:8 Pod default/p: ServiceAccount default/a is in no file, unless it comes with HelmChart kube-system/c",
            "F08 note 1.yaml:2:1 HelmChart kube-system/c: kind HelmChart.helm.cattle.io comes with k3s, and is in no file",
        ]
    );
}
