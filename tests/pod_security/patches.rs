//! What mends a pod: every patch that is offered makes it pass, changes nothing else, and leaves alone what would break it.

use crate::draw::{Draw, Kind, pod};
use crate::judge::{ask, program, question};
use crate::{cases, policy, seed};
use blackstart::checks::ladder::Mend;
use blackstart::checks::pod_security::{
    Level, NEWEST, Pod, Policy, Remedy, Seen, Version, edit, evaluate, remedy, remedy::tree,
};
use blackstart::manifests::objects_of;
use serde_json::{Value, json};
use std::sync::Arc;

const LATEST: Policy = Policy { level: Level::Restricted, version: Version::Latest };

fn remedied(pod: &Value, policy: Policy) -> Remedy {
    let tree = tree(pod).unwrap();
    remedy(&Pod::of(&tree, Seen::Pod).unwrap(), policy, NEWEST)
}

#[test]
fn every_patch_that_is_offered_makes_the_pod_pass_and_every_change_of_it_is_needed() {
    let test = "every_patch_that_is_offered_makes_the_pod_pass_and_every_change_of_it_is_needed";
    let mut draw = Draw::new(seed(test));
    let (mut offered, mut questions) = (0, Vec::new());
    for _ in 0..cases(6_000, 100_000) {
        let drawn = pod(&mut draw, Kind::Tame);
        let policy = policy(draw.pick(&[Level::Baseline, Level::Restricted]), draw.below(38) as u64);
        let Remedy { sets, stubborn, .. } = remedied(&drawn, policy);
        if sets.is_empty() || !stubborn.is_empty() {
            continue;
        }
        offered += 1;
        let with = |without: Option<usize>| {
            let mut after = drawn.clone();
            let kept = sets.iter().enumerate().filter(|(at, _)| Some(*at) != without);
            kept.for_each(|(_, set)| set.way.set(&mut after, set.value.clone()));
            after
        };
        let passes = |pod: &Value| {
            let tree = tree(pod).unwrap();
            evaluate(&Pod::of(&tree, Seen::Pod).unwrap(), policy, NEWEST).is_empty()
        };
        let after = with(None);
        assert!(passes(&after), "{policy}: {drawn}\n{sets:?}");
        for (at, set) in sets.iter().enumerate() {
            // The number of a user is for the kubelet, which wants it where the policy does not.
            let for_kubelet = set.way.to_string().ends_with("runAsUser");
            assert!(for_kubelet || !passes(&with(Some(at))), "{policy}: {} is not needed: {drawn}", set.way);
            assert!(!set.way.to_string().contains("readOnlyRootFilesystem"));
        }
        questions.push(question(&after, policy));
    }
    assert!(offered > 500, "{offered}");
    if let Some(program) = program(test) {
        for (answer, question) in ask(&program, &questions).iter().zip(&questions) {
            assert_eq!(answer["message"], "", "{question}");
        }
    }
    println!("pod security: {offered} patches, all of them pass and none does more than it must");
}

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  template:
    spec:
      containers:
        - name: web # the one
          image: web:1
        - name: side
          image: side:1
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL]}
";

#[test]
fn a_patch_of_a_file_sets_what_is_missing_and_says_what_it_leaves_blank() {
    let (objects, _) = objects_of(WEB.as_bytes(), false, "web.yaml");
    let object = Arc::new(objects.into_iter().next().unwrap());
    let edit = edit(&object, LATEST, NEWEST).unwrap();
    assert_eq!(edit.notes.len(), 2, "{:?}", edit.notes);
    assert!(edit.notes[0].contains("the user of image web:1 is not known"));
    let patch = edit.patch("web").text;
    assert!(
        !patch.contains("runAsUser:")
            || patch.lines().filter(|line| line.contains("runAsUser:")).all(|line| line.starts_with('#'))
    );
    let diff = Mend::new(&object, edit.sets, "web").diff("web.yaml", WEB).unwrap().text;
    let added: Vec<&str> = diff.lines().filter(|line| line.starts_with('+') && !line.starts_with("+++")).collect();
    assert_eq!(
        added,
        [
            "+      securityContext:",
            "+        runAsNonRoot: true",
            "+        seccompProfile:",
            "+          type: RuntimeDefault",
            "+          securityContext:",
            "+            allowPrivilegeEscalation: false",
            "+            capabilities:",
            "+              drop: [ALL]",
        ]
    );
    assert!(!diff.lines().any(|line| line.starts_with('-') && !line.starts_with("---")));
}

#[test]
fn what_no_security_context_gives_is_left_and_the_level_for_it_named() {
    let level = |spec: Value| {
        let pod = json!({"spec": spec});
        let tree = tree(&pod).unwrap();
        let pod = Pod::of(&tree, Seen::Pod).unwrap();
        remedy(&pod, LATEST, NEWEST).level_needed(&pod, LATEST, NEWEST)
    };
    let adds =
        |name: &str| json!({"containers": [{"name": "a", "securityContext": {"capabilities": {"add": [name]}}}]});
    assert_eq!(level(json!({"containers": [{"name": "a"}]})), None);
    assert_eq!(level(adds("CHOWN")), Some(Level::Baseline));
    assert_eq!(level(adds("NET_ADMIN")), Some(Level::Privileged));
    assert_eq!(level(json!({"hostNetwork": true, "containers": [{"name": "a"}]})), Some(Level::Privileged));
    let nfs = json!({"containers": [{"name": "a"}], "volumes": [{"name": "v", "nfs": {"server": "s", "path": "/"}}]});
    assert_eq!(level(nfs), Some(Level::Baseline));
    let root = json!({"containers": [{"name": "a", "image": "x", "securityContext": {"runAsUser": 0}}]});
    assert_eq!(level(root), Some(Level::Baseline), "nobody makes up another user for it");
}

#[test]
fn a_pod_for_windows_is_not_given_what_windows_does_not_take() {
    let pod = json!({"spec": {"os": {"name": "windows"}, "containers": [{"name": "a"}]}});
    let Remedy { sets, stubborn, .. } = remedied(&pod, policy(Level::Restricted, 24));
    assert!(sets.is_empty() && !stubborn.is_empty());
}
