//! What stands in the way of an object, how long it is waited for, and what is said of it.

use crate::sandbox::sandbox;
use crate::world::{self, World, run};
use crate::{map, namespace};
use blackstart::model::ObjectId;
use blackstart::sys::kube::Verdict;
use serde_json::json;
use std::time::Duration;

real!(a_namespace_on_its_way_out_is_waited_for_and_made_anew, world, {
    let set = format!(
        "{}{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: leaving, finalizers: [example.org/hold]}}}}",
        namespace("leaving")
    );
    World::went(&world.apply(&set).await, 2, 0, 0);
    let id = ObjectId::new("v1", "Namespace", None, "leaving");
    world.other_deletes(&id).await;
    let over = world.apply_within(&set, 10).await;
    assert_eq!((over.hitches.len(), over.not_tried), (1, 1), "{over:#?}");
    let told = over.hitches[0].to_string();
    assert!(
        told.contains("Namespace leaving: not within 10 s: it is being deleted") && told.contains("example.org/hold"),
        "{told}"
    );
    let let_go = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.other_edits("somebody", &map("leaving", "a"), &json!({"metadata": {"finalizers": null}})).await;
    };
    let (end, ()) = tokio::join!(world.apply_within(&set, 60), let_go);
    World::went(&end, 2, 0, 0);
    assert!(
        world.said.borrow().iter().any(|said| said.starts_with("Namespace leaving: it is being deleted")),
        "{:?}",
        world.said
    );
});

real!(a_full_quota_is_told_with_its_words, world, {
    let quota = format!(
        "{}{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: few, namespace: full}}, spec: {{hard: {{secrets: \"0\"}}}}}}",
        namespace("full")
    );
    World::went(&world.apply(&quota).await, 2, 0, 0);
    let id = ObjectId::new("v1", "ResourceQuota", Some("full"), "few");
    let counted = |quota: Option<&serde_json::Value>| match quota.map(|quota| &quota["status"]["hard"]) {
        Some(hard) if hard.is_object() => Verdict::Met,
        _ => Verdict::NotYet("not counted".to_owned()),
    };
    world.kube.until(&id, &world::pace(20), &|_| {}, counted).await.unwrap();
    let end = world
        .apply("{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: full}, stringData: {a: canary-one}}")
        .await;
    let told = end.hitches[0].to_string();
    assert!(told.starts_with("set.yaml:1:1: Secret full/a: ") && told.contains("exceeded quota: few"), "{told}");
    assert!(told.ends_with("look at what is used: kubectl -n full describe resourcequota"), "{told}");
});

real!(a_webhook_without_backend_is_waited_out_and_then_told, world, {
    let hook = |name: &str| {
        format!(
            r#"{}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {{name: {name}}}
webhooks:
  - name: {name}.example.org
    clientConfig: {{service: {{name: nobody, namespace: {name}, path: /}}}}
    rules: [{{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}}]
    namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}
    sideEffects: None
    admissionReviewVersions: [v1]
    failurePolicy: Fail
    timeoutSeconds: 1
"#,
            namespace(name)
        )
    };
    World::went(&world.apply(&hook("hooked")).await, 2, 0, 0);
    let set = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: hooked}}";
    // A webhook takes a moment to be heard of.
    let mut over = world.apply_within(set, 3).await;
    for n in 0..20 {
        if !over.hitches.is_empty() {
            break;
        }
        over = world.apply_within(&set.replace("name: a", &format!("name: a{n}")), 3).await;
    }
    let told = over.hitches[0].to_string();
    assert!(
        told.contains("not within 3.0 s: ") && told.contains("failed calling webhook \"hooked.example.org\""),
        "{told}"
    );
    let remove = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        world
            .other_deletes(&ObjectId::new(
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
                None,
                "hooked",
            ))
            .await;
    };
    let fresh = set.replace("name: a", "name: late");
    let (end, ()) = tokio::join!(world.apply_within(&fresh, 60), remove);
    World::went(&end, 1, 0, 0);
});

real!(what_the_server_refuses_is_told_with_field_and_line, world, {
    let set = format!(
        "{}{}",
        namespace("refused"),
        r#"
apiVersion: v1
kind: Service
metadata: {name: a, namespace: refused}
spec:
  ports:
    - port: 80
      name: web
    - name: far
      port: 99999
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: refused}
spec:
  replcas: 2
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec: {containers: [{name: a, image: a}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: b, namespace: refused}
spec:
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: other}}
    spec:
      containers:
        - name: a
          image: a
          imagePullPolicy: Sometimes
---
apiVersion: v1
kind: ConfigMap
metadata: {name: fine, namespace: refused}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: nowhere}
---
apiVersion: nobody.example.org/v1
kind: Thing
metadata: {name: a, namespace: refused}
---
apiVersion: v1
kind: Secret
metadata: {name: a, namespace: refused}
data:
  a: canary-one
  b: 12345678
"#
    );
    let end = world.apply(&set).await;
    let mut told: Vec<String> = end.hitches.iter().map(ToString::to_string).collect();
    told.sort_unstable();
    assert_eq!((end.created, end.hitches.len()), (2, 6), "{told:#?}");
    let at = |line: usize, what: &str, words: &str| {
        let found = told.iter().find(|told| told.contains(what)).unwrap_or_else(|| panic!("{what} in {told:#?}"));
        assert!(found.starts_with(&format!("set.yaml:{line}:")) && found.contains(words), "{found}");
    };
    at(14, "Service refused/a", "spec.ports[1].port");
    at(20, "Deployment refused/a", "replcas");
    at(32, "Deployment refused/b", "selector");
    at(43, "ConfigMap nowhere/a", "Namespace nowhere has to be applied before");
    at(47, "Thing refused/a", "the server has no kind Thing in nobody.example.org/v1; its CustomResourceDefinition");
    at(56, "Secret refused/a", "its words are not shown, for they can quote it (fields: data.b)");
    assert!(!told.join("").contains("canary") && !told.join("").contains("12345678"), "{told:#?}");
});

real!(a_field_that_may_not_change_is_told_with_what_to_do, world, {
    let set = |app: &str| {
        format!(
            r#"{}
apiVersion: apps/v1
kind: Deployment
metadata: {{name: a, namespace: fixed}}
spec:
  replicas: 0
  selector: {{matchLabels: {{app: {app}}}}}
  template: {{metadata: {{labels: {{app: {app}}}}}, spec: {{containers: [{{name: a, image: a}}]}}}}
"#,
            namespace("fixed")
        )
    };
    World::went(&world.apply(&set("a")).await, 2, 0, 0);
    let told = world.apply(&set("b")).await.hitches[0].to_string();
    assert!(told.starts_with("set.yaml:11:3: Deployment fixed/a: ") && told.contains("field is immutable"), "{told}");
    assert!(told.ends_with("kubectl -n fixed delete deployment a"), "{told}");
});
