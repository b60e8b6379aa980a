//! The applier against a real API server: what a set of objects becomes, what stands in its way, and what is said of that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/sandbox.rs"]
mod sandbox;
#[path = "support/world.rs"]
mod world;

use blackstart::model::ObjectId;
use blackstart::sys::kube::{Change, Verdict};
use sandbox::sandbox;
use serde_json::json;
use std::time::Duration;
use world::{World, run};

/// Runs a test in the sandbox of this binary, or counts it as not run.
macro_rules! real {
    ($name:ident, $world:ident, $body:block) => {
        #[test]
        fn $name() {
            let Some(sandbox) = sandbox(stringify!($name)) else { return };
            run(async {
                let $world = World::at(&sandbox.kubeconfig).await;
                $body
            });
        }
    };
}

fn map(namespace: &str, name: &str) -> ObjectId {
    ObjectId::new("v1", "ConfigMap", Some(namespace), name)
}

fn namespace(name: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n---\n")
}

/// One of most things that people keep, with defaults left out.
const HOUSEHOLD: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: household, labels: {app: web}}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, creationTimestamp: null}
    spec:
      serviceAccountName: web
      containers:
        - name: web
          image: nginx:1.27
          ports: [{containerPort: 80}, {containerPort: 53, protocol: UDP}, {containerPort: 53, name: dns-tcp}]
          env: [{name: A, value: b}, {name: HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}]
          resources: {requests: {cpu: 0.5, memory: 1000Mi}}
          volumeMounts: [{name: config, mountPath: /etc/web}, {name: scratch, mountPath: /tmp}]
          readinessProbe: {httpGet: {path: /, port: 80}}
      volumes: [{name: config, configMap: {name: web}}, {name: scratch, emptyDir: {}}]
status: {}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: household}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: 80}]}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: web, namespace: household}, data: {a: "1", b: |
  two
  lines
}}
---
{apiVersion: v1, kind: Secret, metadata: {name: web, namespace: household}, stringData: {user: admin}, data: {password: aHVudGVyMg==}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: household}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: household}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web, namespace: household}
subjects: [{kind: ServiceAccount, name: web, namespace: household}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: web}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: household}
spec:
  serviceName: db
  replicas: 0
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "postgres:16", volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], storageClassName: manual, resources: {requests: {storage: 1Gi}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, namespace: household}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: busybox}]}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: household}
spec: {rules: [{host: a.example.org, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: films, namespace: household}, spec: {accessModes: [ReadWriteMany], storageClassName: household, resources: {requests: {storage: 1Ti}}}}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: household-films}, spec: {capacity: {storage: 1Ti}, accessModes: [ReadWriteMany], storageClassName: household, persistentVolumeReclaimPolicy: Retain, hostPath: {path: /films}}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: household}, provisioner: kubernetes.io/no-provisioner, volumeBindingMode: WaitForFirstConsumer}
---
{apiVersion: v1, kind: Namespace, metadata: {name: household, labels: {pod-security.kubernetes.io/enforce: privileged}}}
"#;

real!(what_people_keep_is_made_once_and_a_second_apply_moves_nothing, world, {
    let ids: Vec<ObjectId> = world::papers(HOUSEHOLD).objects.iter().map(|object| object.id.clone()).collect();
    let count = ids.len();
    World::went(&world.apply(HOUSEHOLD).await, count, 0, 0);
    // Controllers write their share of it now.
    let bound = |claim: Option<&serde_json::Value>| match claim {
        Some(claim) if claim["status"]["phase"] == "Bound" => Verdict::Met,
        _ => Verdict::NotYet("not bound".to_owned()),
    };
    let claim = ObjectId::new("v1", "PersistentVolumeClaim", Some("household"), "films");
    // Nobody consumes it, so it stays as it is; a moment is enough for whoever writes at all.
    let _ = world.kube.until(&claim, &world::pace(2), &|_| {}, bound).await;
    let mut before = Vec::new();
    for id in &ids {
        before.push(world.version(id).await);
    }
    World::went(&world.apply(HOUSEHOLD).await, 0, 0, count);
    for (id, before) in ids.iter().zip(before) {
        assert_eq!(world.version(id).await, before, "{id} was moved by an apply that changes nothing");
    }
    let compared = world.compare(HOUSEHOLD).await;
    assert!(compared.same == count && compared.hitches.is_empty(), "{compared:#?}");
});

real!(definitions_and_namespaces_come_before_what_needs_them_wherever_they_stand, world, {
    let set = r#"
{apiVersion: order.example.org/v1, kind: Thing, metadata: {name: a, namespace: order}, spec: {size: 3}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: order}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: order}, spec: {containers: [{name: a, image: nginx}]}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: order}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.order.example.org}
spec:
  group: order.example.org
  scope: Namespaced
  names: {kind: Thing, plural: things, singular: thing}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
"#;
    World::went(&world.apply(set).await, 5, 0, 0);
    World::went(&world.apply(set).await, 0, 0, 5);
    assert_eq!(world.compare(set).await.same, 5);
});

real!(what_is_no_longer_in_the_file_is_taken_off_the_object, world, {
    let with = |data: &str| {
        format!(
            "{}{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: taken}}, data: {data}}}",
            namespace("taken")
        )
    };
    World::went(&world.apply(&with("{a: x, b: z}")).await, 2, 0, 0);
    assert_eq!(world.compare(&with("{a: x}")).await.hitches.len(), 1);
    World::went(&world.apply(&with("{a: x}")).await, 0, 1, 1);
    assert_eq!(world.get(&map("taken", "a")).await["data"], json!({"a": "x"}));
});

real!(what_others_wrote_by_hand_is_set_back, world, {
    let set = format!(
        "{}{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: hand}}, data: {{a: x}}}}",
        namespace("hand")
    );
    World::went(&world.apply(&set).await, 2, 0, 0);
    world.other_edits("kubectl-edit", &map("hand", "a"), &json!({"data": {"a": "other", "b": "theirs"}})).await;
    let compared = world.compare(&set).await;
    let told = compared.hitches[0].to_string();
    assert_eq!(told, "set.yaml:5:80: ConfigMap hand/a: it is otherwise than the file says: data.a");
    World::went(&world.apply(&set).await, 0, 1, 1);
    // What is only theirs stays.
    assert_eq!(world.get(&map("hand", "a")).await["data"], json!({"a": "x", "b": "theirs"}));
});

real!(an_object_that_gitops_keeps_is_left_to_it_and_said, world, {
    let set = format!(
        "{}{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: kept}}, data: {{a: x}}}}",
        namespace("kept")
    );
    World::went(&world.apply(&set).await, 2, 0, 0);
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "kept"}, "data": {"a": "theirs"}});
    world.other_applies("argocd-controller", &theirs).await;
    let end = world.apply(&set).await;
    assert_eq!(
        end.left_to.iter().map(|left| format!("{} to {}", left.id, left.keeper)).collect::<Vec<_>>(),
        ["ConfigMap kept/a to argocd-controller"]
    );
    assert_eq!(world.get(&map("kept", "a")).await["data"]["a"], "theirs");
    assert_eq!(world.compare(&set).await.left_to.len(), 1);
});

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

real!(a_watch_of_the_real_server_tells_what_comes_and_goes, world, {
    let set =
        format!("{}{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: seen}}}}", namespace("seen"));
    World::went(&world.apply(&set).await, 2, 0, 0);
    let go = async {
        world.other_edits("somebody", &map("seen", "a"), &json!({"data": {"a": "b"}})).await;
        assert!(world.kube.delete(&world.touch, &map("seen", "a")).await.unwrap());
        assert!(!world.kube.delete(&world.touch, &map("seen", "a")).await.unwrap());
    };
    let gone = |object: Option<&serde_json::Value>| match object {
        None => Verdict::Met,
        Some(_) => Verdict::NotYet("it is there".to_owned()),
    };
    let (id, pace) = (map("seen", "a"), world::pace(20));
    let (gone, ()) = tokio::join!(world.kube.until(&id, &pace, &|_| {}, gone), go);
    assert_eq!(gone, Ok(None));
    assert!(world.kube.version().await.unwrap().starts_with("v1."));
    let about = &sandbox("about").unwrap().about;
    assert_eq!(about["uid"], world.kube.uid().await.unwrap());
});

real!(a_way_that_is_cut_again_and_again_ends_with_everything_there, world, {
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    println!("seed {seed}");
    let proxy = proxy::Proxy::to(&sandbox("proxy").unwrap().kubeconfig, seed);
    let spoilt = World::at(&proxy.kubeconfig()).await;
    let mut set = namespace("spoilt");
    for n in 0..150 {
        set += &format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: n{n}, namespace: spoilt}}, data: {{at: \"{n}\"}}}}\n---\n"
        );
    }
    let away = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        proxy.shut(true);
        tokio::time::sleep(Duration::from_secs(3)).await;
        proxy.shut(false);
    };
    let (end, ()) = tokio::join!(spoilt.apply_within(&set, 100), away);
    World::went(&end, 151, 0, 0);
    assert!(proxy.cuts() > 5, "only {} connections were cut", proxy.cuts());
    let said = spoilt.said.borrow().join("\n");
    assert!(said.contains("; asking again") && said.contains("it goes on, after "), "{said}");
    // Judged on the straight way.
    let compared = world.compare(&set).await;
    assert!(compared.same == 151 && compared.hitches.is_empty(), "{compared:#?}");
    World::went(&world.apply(&set).await, 0, 0, 151);
});

real!(a_watch_over_a_way_that_is_cut_misses_nothing, world, {
    let set = namespace("missed");
    World::went(&world.apply(&set).await, 1, 0, 0);
    let proxy = proxy::Proxy::to(&sandbox("proxy").unwrap().kubeconfig, 7);
    let spoilt = World::at(&proxy.kubeconfig()).await;
    let mut watch = spoilt.kube.watch(&[("v1", "ConfigMap")], Some("missed"));
    let writer = async {
        for n in 0..60 {
            let set = format!(
                "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: n{}, namespace: missed}}, data: {{at: \"{n}\"}}}}",
                n % 20
            );
            world.apply(&set).await;
            proxy.shut(n % 20 == 7 || n % 20 == 8);
            if n % 3 == 0 {
                world.kube.delete(&world.touch, &map("missed", &format!("n{}", n % 20))).await.unwrap();
            }
        }
        proxy.shut(false);
    };
    // What is known from the watch alone, until it is what there is.
    let reader = async {
        let mut known = std::collections::BTreeMap::new();
        loop {
            match tokio::time::timeout(Duration::from_secs(8), watch.next()).await {
                Ok(Change::Is(object)) => {
                    let name = object["metadata"]["name"].as_str().unwrap().to_owned();
                    known.insert(name, object["metadata"]["resourceVersion"].clone());
                }
                Ok(Change::Gone(id)) => drop(known.remove(&*id.name)),
                Ok(Change::Synced | Change::Lost { .. }) => {}
                Err(_) => return known,
            }
        }
    };
    let ((), known) = tokio::join!(writer, reader);
    let there = world.kube.list("v1", "ConfigMap", Some("missed")).await.unwrap();
    let there: std::collections::BTreeMap<_, _> = (there.iter())
        .map(|object| {
            (object["metadata"]["name"].as_str().unwrap().to_owned(), object["metadata"]["resourceVersion"].clone())
        })
        .collect();
    assert_eq!(known, there);
    assert!(proxy.cuts() > 0 && !there.is_empty());
});
