//! Volumes and claims, held against the cases of Kubernetes' own volume controller (the numbers are those of its binder tests).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/written.rs"]
mod written;

use blackstart::checks::binder::{ClaimFacts, Miss, VolumeFacts, candidates, matches, nearest};
use serde_json::{Value, json};

fn merge(into: &mut Value, patch: Value) {
    match patch {
        Value::Object(fields) => fields.into_iter().for_each(|(key, value)| merge(&mut into[key], value)),
        other => *into = other,
    }
}

fn claim(changes: Value) -> ClaimFacts {
    let mut claim = json!({"metadata": {"name": "claim", "namespace": "apps", "uid": "now"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}, "storageClassName": "manual"}});
    merge(&mut claim, changes);
    ClaimFacts::of(&claim).unwrap()
}

fn volume(changes: Value) -> VolumeFacts {
    let mut volume = json!({"metadata": {"name": "volume"}, "status": {"phase": "Available"}, "spec": {
        "accessModes": ["ReadWriteOnce", "ReadOnlyMany"], "capacity": {"storage": "10Gi"}, "storageClassName": "manual", "hostPath": {"path": "/x"}}});
    merge(&mut volume, changes);
    VolumeFacts::of(&volume).unwrap()
}

fn kept(uid: Option<&str>) -> Value {
    let mut claim = json!({"namespace": "apps", "name": "claim"});
    if let Some(uid) = uid {
        claim["uid"] = json!(uid);
    }
    json!({"spec": {"claimRef": claim}})
}

fn both(mut one: Value, other: Value) -> Value {
    merge(&mut one, other);
    one
}

fn selector() -> Value {
    json!({"spec": {"selector": {"matchLabels": {"environment": "prod"}}}})
}

/// The words of the first rule that fails; none where the two match.
fn first(claim: &ClaimFacts, volume: &VolumeFacts) -> Option<String> {
    matches(claim, volume).err().map(|misses| misses[0].to_string())
}

#[test]
fn two_that_do_not_name_each_other_are_held_to_every_rule() {
    let fits = |claim_says: Value, volume_says: Value| first(&claim(claim_says), &volume(volume_says));
    assert_eq!(fits(json!({}), json!({})), None, "1-1");
    assert_eq!(fits(json!({}), json!({"spec": {"capacity": {"storage": "11Gi"}}})), None, "1-4: larger will do");
    assert_eq!(
        fits(json!({}), json!({"spec": {"capacity": {"storage": "10G"}}})).unwrap(),
        "has 10G where 10Gi is asked for",
        "1-2"
    );
    assert_eq!(fits(selector(), json!({"metadata": {"labels": {"environment": "prod", "more": "x"}}})), None, "1-11");
    assert_eq!(fits(selector(), json!({})).unwrap(), "lacks label environment=prod", "1-12");
    assert_eq!(
        fits(selector(), json!({"metadata": {"labels": {"environment": "test"}}})).unwrap(),
        "has label environment=test where environment=prod is asked for"
    );
    assert_eq!(
        fits(json!({}), json!({"status": {"phase": "Released"}})).unwrap(),
        "is Released, not Available",
        "1-17"
    );
    assert_eq!(
        fits(json!({}), json!({"spec": {"storageClassName": "other"}})).unwrap(),
        "has class other where class manual is asked for",
        "13-1"
    );
    assert_eq!(
        fits(json!({}), json!({"spec": {"volumeMode": "Block"}})).unwrap(),
        "has volumeMode Block where Filesystem is asked for",
        "14-1"
    );
    assert_eq!(
        fits(json!({"spec": {"accessModes": ["ReadWriteMany"]}}), json!({})).unwrap(),
        "lacks access mode ReadWriteMany"
    );
    assert_eq!(
        fits(json!({}), json!({"metadata": {"deletionTimestamp": "2026-11-21T09:00:00Z"}})).unwrap(),
        "is being deleted"
    );
    assert_eq!(
        fits(json!({}), json!({"spec": {"volumeAttributesClassName": "fast"}})).unwrap(),
        "has attributes class fast where no class is asked for"
    );
    // No class and the empty class are the same on a volume, and on a claim when nobody puts one in: 13-4 to 13-6.
    assert_eq!(fits(json!({"spec": {"storageClassName": ""}}), json!({"spec": {"storageClassName": null}})), None);
    assert_eq!(fits(json!({"spec": {"storageClassName": null}}), json!({"spec": {"storageClassName": ""}})), None);
}

#[test]
fn a_volume_that_names_its_claim_is_not_asked_for_class_label_or_phase() {
    let volume_says = |more: Value| {
        both(both(kept(None), json!({"spec": {"storageClassName": "other"}, "status": {"phase": "Pending"}})), more)
    };
    let fits = |claim_says: Value, more: Value| first(&claim(claim_says), &volume(volume_says(more)));
    assert_eq!(fits(selector(), json!({})), None);
    assert_eq!(
        fits(json!({}), json!({"spec": {"capacity": {"storage": "1Gi"}}})).unwrap(),
        "has 1Gi where 10Gi is asked for"
    );
    assert_eq!(
        fits(json!({}), json!({"spec": {"volumeMode": "Block"}})).unwrap(),
        "has volumeMode Block where Filesystem is asked for"
    );
    assert_eq!(
        fits(json!({"spec": {"accessModes": ["ReadWriteMany"]}}), json!({})).unwrap(),
        "lacks access mode ReadWriteMany"
    );
}

#[test]
fn a_claim_that_names_its_volume_is_not_asked_for_labels_or_phase() {
    let asks = |more: Value| claim(both(both(selector(), json!({"spec": {"volumeName": "volume"}})), more));
    let fits = |claim: &ClaimFacts, volume_says: Value| first(claim, &volume(volume_says));
    assert_eq!(fits(&asks(json!({})), json!({"status": {"phase": "Released"}})), None, "2-8");
    assert!(fits(&asks(json!({})), json!({"spec": {"capacity": {"storage": "9Gi"}}})).is_some(), "2-9");
    assert!(fits(&asks(json!({})), json!({"spec": {"storageClassName": "other"}})).is_some(), "2-10");
    assert!(fits(&asks(json!({})), json!({"spec": {"volumeMode": "Block"}})).is_some(), "14-8");
    assert!(fits(&asks(json!({"spec": {"accessModes": ["ReadWriteMany"]}})), json!({})).is_some(), "1-16");
    // Sizes are compared in whole bytes here, so that half a byte is no difference.
    let half = asks(json!({"spec": {"resources": {"requests": {"storage": "10500m"}}}}));
    assert_eq!(fits(&half, json!({"spec": {"capacity": {"storage": "11"}}})), None);
    assert!(fits(&half, json!({"spec": {"capacity": {"storage": "10"}}})).is_some());
    let other = json!({"spec": {"claimRef": {"namespace": "other", "name": "claim", "uid": "x"}}});
    assert_eq!(fits(&asks(json!({})), other).unwrap(), "is kept for PersistentVolumeClaim other/claim", "2-6");
    assert_eq!(
        fits(&asks(json!({})), json!({"metadata": {"name": "v2"}})).unwrap(),
        "is not volume, the volume that the claim names",
        "2-1"
    );
}

#[test]
fn two_that_name_each_other_are_asked_nothing() {
    let claim = claim(both(selector(), json!({"spec": {"volumeName": "volume", "accessModes": ["ReadWriteMany"]}})));
    let odd = json!({"spec": {"capacity": {"storage": "1"}, "storageClassName": "other", "volumeMode": "Block"}, "status": {"phase": "Failed"}});
    for uid in [None, Some("now")] {
        assert_eq!(first(&claim, &volume(both(kept(uid), odd.clone()))), None, "2-4, 2-5");
    }
    assert_eq!(
        first(&claim, &volume(both(kept(Some("old")), odd))).unwrap(),
        "is kept for an older PersistentVolumeClaim apps/claim (uid old)",
        "1-7, 3-4"
    );
}

#[test]
fn a_claim_from_a_file_has_no_uid_and_matches_no_volume_that_has_one() {
    let in_file = claim(json!({"metadata": {"uid": null}}));
    assert!(first(&in_file, &volume(kept(Some("old")))).unwrap().contains("older"));
    assert_eq!(first(&in_file, &volume(kept(None))), None);
}

#[test]
fn facts_from_files_and_from_a_cluster_are_the_same() {
    let papers = written::papers(&[(
        "storage.yaml",
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: volume}\nspec:\n  capacity: {storage: 10Gi}\n  accessModes: [ReadWriteOnce]\n  local: {path: /x}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: claim, namespace: apps}\nspec:\n  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 10Gi}}\n",
    )]);
    let volume = VolumeFacts::of_file(&papers.objects[0]).unwrap();
    let claim = ClaimFacts::of_file(&papers.objects[1]).unwrap();
    assert_eq!((&*volume.source, &*volume.policy, volume.phase.as_ref()), ("local", "Retain", None));
    assert_eq!(matches(&claim, &volume), Ok(()));
    // Where the cluster puts its default class in, it is another claim.
    let with = claim.with_default_class(Some("local-path"));
    assert!(first(&with, &volume).unwrap().contains("class local-path"));
}

#[test]
fn the_nearest_volume_is_the_one_that_lacks_least() {
    let claim = claim(selector());
    let volumes = [
        volume(
            json!({"metadata": {"name": "taken", "labels": {"environment": "prod"}}, "spec": {"claimRef": {"namespace": "x", "name": "y"}}}),
        ),
        volume(
            json!({"metadata": {"name": "other-class", "labels": {"environment": "prod"}}, "spec": {"storageClassName": "other"}}),
        ),
        volume(json!({"metadata": {"name": "unlabelled"}})),
        volume(json!({"metadata": {"name": "small"}, "spec": {"capacity": {"storage": "1Gi"}}})),
    ];
    let (found, misses) = nearest(&claim, &volumes).unwrap();
    assert_eq!((&*found.name, misses.len()), ("unlabelled", 1));
    assert!(candidates(&claim, &volumes).is_empty() && nearest(&claim, &[]).is_none());
    // Of those that others have, the one that would fit comes nearest.
    let others = [
        volume(
            json!({"metadata": {"name": "a"}, "spec": {"capacity": {"storage": "1Gi"}, "claimRef": {"namespace": "x", "name": "y"}}}),
        ),
        volume(
            json!({"metadata": {"name": "b", "labels": {"environment": "prod"}}, "spec": {"claimRef": {"namespace": "x", "name": "y"}}}),
        ),
    ];
    let (found, misses) = nearest(&claim, &others).unwrap();
    assert_eq!(&*found.name, "b");
    assert!(matches!(misses[..], [Miss::KeptFor(_)]));
}

#[test]
fn a_claim_that_two_volumes_fit_has_two_candidates() {
    let volumes = [volume(json!({"metadata": {"name": "a"}})), volume(json!({"metadata": {"name": "b"}}))];
    assert_eq!(candidates(&claim(json!({})), &volumes).len(), 2);
}

#[test]
fn what_cannot_be_read_is_no_fact() {
    let claim = json!({"metadata": {"name": "c"}, "spec": {"resources": {"requests": {"storage": "10 GB"}}}});
    assert!(ClaimFacts::of(&claim).is_none());
    assert!(VolumeFacts::of(&json!({"metadata": {"name": "v"}, "spec": {"capacity": {"storage": {}}}})).is_none());
}

/// The rules of Kubernetes written down a second time, as one expression: the two agree in each of 512 cases.
#[test]
fn the_rules_hold_in_every_combination() {
    for bits in 0_u32..512 {
        let bit = |n: u32| bits & (1 << n) != 0;
        let (asks, kept_for) = (bit(0), bit(2));
        let mut claim_says = json!({});
        let mut says = json!({});
        let put = |into: &mut Value, when: bool, what: Value| {
            if when {
                merge(into, what);
            }
        };
        put(&mut claim_says, asks, json!({"spec": {"volumeName": "volume"}}));
        put(&mut claim_says, bit(1), selector());
        put(&mut says, kept_for, kept(bit(3).then_some("now")));
        put(&mut says, bit(4), json!({"spec": {"capacity": {"storage": "1Gi"}}}));
        put(&mut says, bit(5), json!({"spec": {"storageClassName": "other"}}));
        put(&mut says, bit(6), json!({"spec": {"volumeMode": "Block"}}));
        put(&mut says, bit(7), json!({"spec": {"accessModes": ["ReadOnlyMany"]}}));
        put(&mut says, bit(8), json!({"status": {"phase": "Released"}}));
        let (size, class, mode, access, label, phase) = (!bit(4), !bit(5), !bit(6), !bit(7), !bit(1), !bit(8));
        let wanted = match (asks, kept_for) {
            (true, true) => true,
            (true, false) => size && class && mode && access,
            (false, true) => size && mode && access,
            (false, false) => size && class && mode && access && label && phase,
        };
        assert_eq!(matches(&claim(claim_says), &volume(says)).is_ok(), wanted, "{bits:09b}");
    }
}

#[test]
fn a_volume_with_the_right_label_and_too_little_room_is_nearer_than_one_that_is_labelled_for_somebody_else() {
    let wants = claim(
        json!({"spec": {"selector": {"matchLabels": {"volume": "db"}}, "resources": {"requests": {"storage": "25Gi"}}}}),
    );
    let named = |name: &str, label: Value| volume(json!({"metadata": {"name": name, "labels": label}}));
    let volumes = [
        volume(
            json!({"metadata": {"name": "a-music", "labels": {"volume": "music"}}, "spec": {"capacity": {"storage": "99Gi"}}}),
        ),
        named("b-db", json!({"volume": "db"})),
    ];
    let (found, misses) = nearest(&wants, &volumes).unwrap();
    assert_eq!((&*found.name, misses[0].to_string()), ("b-db", "has 10Gi where 25Gi is asked for".to_owned()));
    // A label that was forgotten is another matter: nothing says that the volume is somebody else's.
    let wants = claim(json!({"spec": {"selector": {"matchLabels": {"volume": "db"}}}}));
    let volumes = [named("a-music", json!({"volume": "music"})), named("b-bare", json!({}))];
    assert_eq!(&*nearest(&wants, &volumes).unwrap().0.name, "b-bare");
}
