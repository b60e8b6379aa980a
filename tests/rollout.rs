//! When a workload is ready: what `kubectl rollout status` says of the same state, and where a pod's own word goes against it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::checks::ladder::{Standing, climb};
use blackstart::checks::live::Live;
use blackstart::model::{ObjectId, Stamp};
use serde_json::{Value, json};
use std::time::Duration;

fn now() -> Stamp {
    Stamp::read("2026-11-21T09:02:00Z").unwrap()
}

fn stand(api: &str, kind: &str, spec: Value, status: Value, others: Vec<Value>) -> Standing {
    let mut live = Live::new();
    let created = "2026-11-21T09:00:00Z";
    let meta = json!({"name": "x", "namespace": "apps", "uid": "x", "generation": 2, "creationTimestamp": created});
    assert!(live.insert(json!({"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec, "status": status})));
    others.into_iter().for_each(|other| assert!(live.insert(other)));
    climb(&live, &ObjectId::new(api, kind, Some("apps"), "x"), &[], now(), None)
}

fn pod(name: &str, status: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "apps", "uid": name,
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "X", "name": "x", "uid": "x", "controller": true}]},
        "spec": {"nodeName": "n", "containers": [{"name": "c"}]}, "status": status})
}

fn ready(standing: &Standing) -> bool {
    matches!(standing, Standing::Ready(_))
}

fn waits(standing: &Standing, why: &str) {
    assert!(matches!(standing, Standing::Waiting { why: said } if said.contains(why)), "{why}: {standing:?}");
}

#[test]
fn a_deployment_is_ready_when_every_replica_is_new_and_available() {
    let of = |status: Value| stand("apps/v1", "Deployment", json!({"replicas": 2}), status, vec![]);
    let done = json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2});
    assert!(ready(&of(done.clone())));
    for (field, value, why) in [
        ("observedGeneration", 1, "its controller has not seen it yet"),
        ("updatedReplicas", 1, "1 of 2 pods are made"),
        ("replicas", 3, "1 old pods have not ended"),
        ("availableReplicas", 1, "1 of 2 available"),
    ] {
        let mut status = done.clone();
        status[field] = json!(value);
        waits(&of(status), why);
    }
    let none = stand("apps/v1", "Deployment", json!({"replicas": 0}), json!({"observedGeneration": 2}), vec![]);
    assert!(ready(&none));
    let paused = stand(
        "apps/v1",
        "Deployment",
        json!({"replicas": 1, "paused": true}),
        json!({"observedGeneration": 2}),
        vec![],
    );
    waits(&paused, "kubectl rollout resume");
}

#[test]
fn a_stateful_set_is_ready_when_all_are_ready_and_of_one_revision() {
    let of = |spec: Value, status: Value| stand("apps/v1", "StatefulSet", spec, status, vec![]);
    let spec = json!({"replicas": 2, "updateStrategy": {"type": "RollingUpdate"}});
    let done = json!({"observedGeneration": 2, "readyReplicas": 2, "updatedReplicas": 2, "currentRevision": "b", "updateRevision": "b"});
    assert!(ready(&of(spec.clone(), done.clone())));
    let with = |field: &str, value: Value| {
        let mut status = done.clone();
        status[field] = value;
        status
    };
    waits(&of(spec.clone(), with("readyReplicas", json!(1))), "1 of 2 ready");
    waits(&of(spec.clone(), with("observedGeneration", json!(1))), "not seen");
    let mut old = with("updateRevision", json!("c"));
    old["updatedReplicas"] = json!(1);
    waits(&of(spec, old.clone()), "1 of 2 pods are of the new revision");
    assert!(ready(&of(json!({"replicas": 2, "updateStrategy": {"type": "OnDelete"}}), old.clone())));
    let partition =
        json!({"replicas": 2, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}});
    assert!(ready(&of(partition.clone(), old)), "all but one are held back on purpose");
    waits(&of(partition, with("updatedReplicas", json!(0))), "0 of 1 pods are of the new revision");
}

#[test]
fn a_daemon_set_is_ready_when_it_is_on_every_node_that_it_wants() {
    let of = |status: Value| stand("apps/v1", "DaemonSet", json!({}), status, vec![]);
    assert!(ready(&of(
        json!({"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2})
    )));
    waits(
        &of(json!({"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1})),
        "1 of 2 pods are made",
    );
    waits(
        &of(
            json!({"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}),
        ),
        "1 of 2 available",
    );
    waits(&of(json!({"observedGeneration": 1})), "not seen");
    let Standing::Ready(what) = of(json!({"observedGeneration": 2})) else { panic!("not ready") };
    assert!(what.contains("no node is asked for"), "{what}");
}

#[test]
fn a_job_is_ready_when_it_is_complete() {
    let of = |spec: Value, status: Value| stand("batch/v1", "Job", spec, status, vec![]);
    assert!(ready(&of(json!({}), json!({"conditions": [{"type": "Complete", "status": "True"}]}))));
    waits(&of(json!({"suspend": true}), json!({})), "suspended");
    waits(&of(json!({}), json!({"active": 1})), "no pod was made yet");
}

#[test]
fn a_count_that_a_pod_denies_is_not_believed() {
    let waiting = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "c", "ready": true, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]});
    let running = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "c", "ready": true, "restartCount": 0, "state": {"running": {}}}]});
    let counted = json!({"observedGeneration": 2, "readyReplicas": 1, "updatedReplicas": 1, "currentRevision": "b", "updateRevision": "b"});
    let of = |status: &Value| {
        stand("apps/v1", "StatefulSet", json!({"replicas": 1}), counted.clone(), vec![pod("x-0", status.clone())])
    };
    assert!(ready(&of(&running)));
    waits(&of(&waiting), "1 of 1 count as ready, and a pod was not started: its containers are being made");
    let counted = json!({"observedGeneration": 2, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1});
    let of =
        |status: &Value| stand("apps/v1", "DaemonSet", json!({}), counted.clone(), vec![pod("x-a", status.clone())]);
    assert!(ready(&of(&running)));
    waits(&of(&waiting), "a pod was not started");
}

#[test]
fn a_deployment_whose_pod_was_not_started_is_not_ready_whatever_its_counts_say() {
    let meta = |name: &str, owner: &str| json!({"name": name, "namespace": "apps", "uid": name, "ownerReferences": [{"apiVersion": "apps/v1", "kind": "O", "name": owner, "uid": owner, "controller": true}]});
    let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta("x-1", "x"), "spec": {"replicas": 1}, "status": {"availableReplicas": 1}});
    let counted = json!({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1});
    let of = |state: Value| {
        let status = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "c", "ready": true, "restartCount": 0, "state": state}]});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta("x-1-a", "x-1"), "spec": {"nodeName": "n"}, "status": status});
        stand("apps/v1", "Deployment", json!({}), counted.clone(), vec![set.clone(), pod])
    };
    assert!(ready(&of(json!({"running": {}}))));
    waits(
        &of(json!({"waiting": {"reason": "ContainerCreating"}})),
        "a pod was not started: its containers are being made",
    );
}

#[test]
fn of_two_pods_the_one_that_never_heals_is_told() {
    let crash = json!({"phase": "Running", "conditions": [{"type": "PodScheduled", "status": "True"}], "containerStatuses": [{"name": "c", "ready": false, "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}]});
    let denied = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}], "containerStatuses": [{"name": "c", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "InvalidImageName"}}}]});
    let status = json!({"observedGeneration": 2, "replicas": 2, "currentRevision": "a", "updateRevision": "a"});
    for pods in [[&crash, &denied], [&denied, &crash]] {
        let pods = pods.iter().enumerate().map(|(at, status)| pod(&format!("x-{at}"), (*status).clone()));
        let standing = stand("apps/v1", "StatefulSet", json!({"replicas": 2}), status.clone(), pods.collect());
        assert!(matches!(&standing, Standing::Stuck(trouble) if trouble.id == "F17"), "{standing:?}");
    }
}

#[test]
fn a_scheduler_that_tries_again_at_once_is_waited_for() {
    let of = |reason: &str| {
        let message = "running PreBind plugin \"VolumeBinding\": the object has been modified; please apply your changes to the latest version and try again";
        let status = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": reason, "message": message}]});
        stand("v1", "Pod", json!({"containers": [{"name": "c"}]}), status, vec![])
    };
    waits(&of("SchedulerError"), "the object has been modified");
    assert!(matches!(of("Unschedulable"), Standing::Stuck(trouble) if trouble.id == "UNKNOWN"));
}

#[test]
fn no_value_of_a_secret_is_told_whoever_wrote_it() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "apps"}, "data": {"k": "Y2FuYXJ5LTQ3MTE="}});
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "apps"}, "reason": "FailedCreate", "type": "Warning",
        "involvedObject": {"kind": "DaemonSet", "namespace": "apps", "name": "x"}, "message": "Error creating: admission said canary-4711 is wrong"});
    let status = json!({"observedGeneration": 2, "desiredNumberScheduled": 1});
    let standing = stand("apps/v1", "DaemonSet", json!({}), status, vec![secret, event]);
    let Standing::Stuck(trouble) = &standing else { panic!("{standing:?}") };
    assert_eq!(trouble.raw, ["Error creating: admission said (hidden) is wrong"]);
    assert!(!format!("{standing:?}").contains("canary"));
}

#[test]
fn a_claim_that_waits_for_its_first_pod_is_no_fault() {
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "local"}, "provisioner": "rancher.io/local-path", "volumeBindingMode": "WaitForFirstConsumer"});
    let spec = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": "local", "resources": {"requests": {"storage": "1Gi"}}});
    let of =
        |others: Vec<Value>| stand("v1", "PersistentVolumeClaim", spec.clone(), json!({"phase": "Pending"}), others);
    let Standing::Ready(what) = of(vec![class.clone()]) else { panic!("not ready") };
    assert!(what.contains("first pod"), "{what}");
    let user = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "apps"}, "spec": {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "x"}}]}});
    waits(&of(vec![class, user]), "no volume was made for it yet");
}

#[test]
fn what_took_as_long_before_is_slow_and_not_broken() {
    let mut live = Live::new();
    let meta = json!({"name": "x", "namespace": "apps", "uid": "x", "creationTimestamp": "2026-11-21T09:00:00Z"});
    live.insert(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {}, "status": {"updatedReplicas": 1}}));
    let id = ObjectId::new("apps/v1", "Deployment", Some("apps"), "x");
    let look =
        |at: &str, usual: u64| climb(&live, &id, &[], Stamp::read(at).unwrap(), Some(Duration::from_secs(usual)));
    assert!(matches!(look("2026-11-21T09:00:20Z", 220), Standing::Waiting { .. }), "too soon to say");
    assert!(matches!(look("2026-11-21T09:03:00Z", 220), Standing::Slow { usual, .. } if usual.as_secs() == 220));
    assert!(matches!(look("2026-11-21T09:04:30Z", 220), Standing::Slow { .. }), "a quarter more is still as always");
    assert!(matches!(look("2026-11-21T09:05:00Z", 220), Standing::Waiting { .. }), "now it takes longer than it did");
}

#[test]
fn objects_of_other_kinds_are_ready_by_their_own_word() {
    let of = |kind: &str, status: Value| stand("example.org/v1", kind, json!({}), status, vec![]);
    assert!(ready(&of("Thing", json!({}))), "it has no conditions, so being there is all it can do");
    assert!(ready(&of("Thing", json!({"conditions": [{"type": "Ready", "status": "True"}]}))));
    waits(&of("Thing", json!({"conditions": [{"type": "Odd", "status": "True"}]})), "none of its conditions");
    let service = |ingress: Value| {
        stand("v1", "Service", json!({"type": "LoadBalancer"}), json!({"loadBalancer": {"ingress": ingress}}), vec![])
    };
    assert!(ready(&service(json!([{"ip": "192.0.2.1"}]))));
    waits(&service(json!([])), "nobody has given it an address");
}
