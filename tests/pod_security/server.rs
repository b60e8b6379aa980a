//! A real API server, asked by dry runs in namespaces of each level and of many versions.

use crate::draw::{Draw, Kind, pod};
use crate::sandbox::sandbox;
use crate::world::World;
use crate::{cases, ours, seed};
use blackstart::checks::pod_security::{Level, Policies, Policy, Seen, Version};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Of the server in the sandbox.
pub const SERVER: u64 = 34;
/// Each side of every change of a check up to there.
pub const VERSIONS: &[&str] = &[
    "v1.0", "v1.7", "v1.8", "v1.18", "v1.19", "v1.22", "v1.23", "v1.24", "v1.25", "v1.26", "v1.27", "v1.29", "v1.31",
    "v1.32", "v1.33", "v1.34", "v1.99", "latest",
];

pub struct Room {
    pub namespace: String,
    pub policy: Policy,
    /// What its labels ask of the server: `enforce` or `warn`.
    pub mode: &'static str,
}

fn rooms() -> Vec<Room> {
    let mut rooms = Vec::new();
    for level in Level::ALL {
        for version in VERSIONS {
            let namespace = format!("{level}-{}", version.replace('.', "-"));
            rooms.push(Room {
                namespace,
                policy: Policy::new(level, Version::parse(version).unwrap()),
                mode: "enforce",
            });
        }
    }
    rooms
}

/// What the server says of this pod in this namespace: the sentence of the refusal, empty where it lets it in. None where it
/// finds it to be no pod at all.
async fn says(world: &World, room: &Room, pod: &Value) -> Option<String> {
    let body = json!({"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"], "spec": pod["spec"]});
    let mut body = body;
    (body["metadata"]["name"], body["metadata"]["namespace"]) = (json!("case"), json!(room.namespace));
    match world.other_would_make(&body).await {
        Ok(()) => Some(String::new()),
        Err((422, _)) => None,
        Err((code, said)) => match said.find("violates PodSecurity") {
            Some(at) => Some(said[at..].to_owned()),
            None => panic!("{code}: {said}\n{body}"),
        },
    }
}

pub async fn ready(world: &World, rooms: &[Room]) {
    let labelled = |room: &Room| {
        let label = format!("pod-security.kubernetes.io/{}", room.mode);
        let labels =
            json!({&label: room.policy.level.word(), format!("{label}-version"): room.policy.version.to_string()});
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": room.namespace, "labels": labels}})
            .to_string()
    };
    let all: Vec<String> = rooms.iter().map(labelled).collect();
    world.apply(&all.join("\n---\n")).await;
    // No pod comes into a namespace before its account does.
    let until = Instant::now() + Duration::from_secs(60);
    for room in rooms {
        let body = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "first", "namespace": room.namespace}, "spec":
            {"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}, "containers": [{"name": "a",
            "image": "x", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}});
        while let Err((code, said)) = world.other_would_make(&body).await {
            assert!(Instant::now() < until, "{}: {code}: {said}", room.namespace);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[test]
fn the_server_says_the_same_of_every_pod() {
    let test = "the_server_says_the_same_of_every_pod";
    let Some(sandbox) = sandbox(test) else { return };
    let mut draw = Draw::new(seed(test));
    let wanted = cases(1_000, 20_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::at(&sandbox.kubeconfig).await;
        let rooms = rooms();
        ready(&world, &rooms).await;
        let (mut asked, mut let_in, mut none, mut disagreements) = (0, 0, 0, 0);
        let began = Instant::now();
        while asked < wanted {
            // What the server takes longest over is the way to it: several are on their way at once.
            let several: Vec<(Value, &Room)> = (0..8)
                .map(|_| {
                    let drawn = pod(&mut draw, Kind::Tame);
                    let few = if draw.chance(3) { 0..VERSIONS.len() } else { VERSIONS.len()..rooms.len() };
                    (drawn, &rooms[few.start + draw.below(few.len())])
                })
                .collect();
            let answers = futures_util::future::join_all(several.iter().map(|(pod, room)| says(&world, room, pod))).await;
            for ((pod, room), theirs) in several.iter().zip(answers) {
                let Some(theirs) = theirs else {
                    none += 1;
                    continue;
                };
                asked += 1;
                let_in += usize::from(theirs.is_empty());
                let mine = ours(pod, Seen::Pod, room.policy, SERVER);
                if theirs != mine {
                    disagreements += 1;
                    if disagreements <= 5 {
                        println!("server: {theirs}\nours:   {mine}\n{pod}");
                    }
                }
            }
        }
        println!(
            "pod security: {asked} cases, {disagreements} disagreements (a real API server 1.{SERVER}, {} namespaces; {let_in} let in, {none} were no pods; {:.0} s)",
            rooms.len(),
            began.elapsed().as_secs_f64()
        );
        assert_eq!(disagreements, 0);
        assert!(none < asked * 2, "most of what is drawn is no pod: {none}");
        assert!(let_in * 10 > asked && let_in * 10 < asked * 9, "the cases are one-sided: {let_in}");
    });
}

#[test]
fn the_server_makes_no_namespace_with_a_malformed_label_and_says_why_in_our_words() {
    let test = "the_server_makes_no_namespace_with_a_malformed_label_and_says_why_in_our_words";
    let Some(sandbox) = sandbox(test) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::at(&sandbox.kubeconfig).await;
        let values = ["strict", "", "restricted", "v1.24", "1.24", "latest", "v1.01"];
        let modes = ["enforce", "enforce-version", "warn", "warn-version", "audit", "audit-version"];
        let mut asked = 0;
        for (mode, value) in modes.iter().flat_map(|mode| values.map(|value| (mode, value))) {
            let label = format!("pod-security.kubernetes.io/{mode}");
            let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "odd", "labels": {&label: value}}});
            let (_, malformed) = Policies::read(&[(&label, value)], Policies::default());
            let theirs = match world.other_would_make(&body).await {
                Ok(()) => String::new(),
                Err((422, said)) => said,
                Err((code, said)) => panic!("{code}: {said}\n{body}"),
            };
            let mine: Vec<String> = malformed.iter().map(ToString::to_string).collect();
            assert_eq!(theirs.is_empty(), mine.is_empty(), "{mode}={value}: {theirs} {mine:?}");
            assert!(mine.iter().all(|mine| theirs.ends_with(mine)), "{mode}={value}: {theirs} {mine:?}");
            asked += 1;
        }
        let number = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "odd",
            "labels": {"pod-security.kubernetes.io/enforce-version": 1.24}}});
        let refused = world.other_would_make(&number).await;
        assert!(matches!(&refused, Err((400, _))), "{refused:?}");
        println!("pod security: {asked} labels, 0 disagreements (a real API server 1.{SERVER})");
    });
}
