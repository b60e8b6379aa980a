//! What a set of objects becomes: made once in the order it needs, set back where others changed it, left to who keeps it.

use crate::sandbox::sandbox;
use crate::world::{self, World, run};
use crate::{map, namespace};
use blackstart::model::ObjectId;
use blackstart::sys::kube::Verdict;
use serde_json::json;

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
