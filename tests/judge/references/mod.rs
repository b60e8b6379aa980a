//! F01, F83 and the API server, the scheduler and the kubelet: pods that refer to what is there, and to what is not.

mod draw;

use crate::drawing::Draw;
use crate::hand::Hand;
use crate::{Tally, by_object, cases, checked, seed, with};
use blackstart::model::Severity;
use draw::{Case, SPACE, case, ground};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What became of a case: Ready, or why not. None while nobody has said so.
type Ends = BTreeMap<String, Option<Result<(), String>>>;

fn name_of(object: &Value) -> Option<&str> {
    object["metadata"]["labels"]["case"].as_str()
}

/// Why a pod does not start, in the words of the scheduler or the kubelet.
fn why(pod: &Value, events: &BTreeMap<&str, &str>) -> Option<Result<(), String>> {
    let conditions = pod["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    let is = |kind: &str, status: &str| conditions.iter().find(|one| one["type"] == kind && one["status"] == status);
    if is("Ready", "True").is_some() {
        return Some(Ok(()));
    }
    if let Some(condition) = is("PodScheduled", "False") {
        return Some(Err(condition["message"].as_str().unwrap_or_default().to_owned()));
    }
    let lists = ["initContainerStatuses", "containerStatuses"].map(|list| &pod["status"][list]);
    let mut waiting = lists.iter().filter_map(|list| list.as_array()).flatten().map(|one| &one["state"]["waiting"]);
    if let Some(state) = waiting.find(|state| state["reason"] == "CreateContainerConfigError") {
        return Some(Err(state["message"].as_str().unwrap_or_default().to_owned()));
    }
    let failed = events.get(pod["metadata"]["name"].as_str().unwrap_or_default());
    failed.map(|message| Err((*message).to_owned()))
}

async fn ends(hand: &Hand, refused: &Ends) -> Ends {
    let list = async |base: &str, kind: &str| hand.list(&format!("{base}/namespaces/{SPACE}/{kind}")).await;
    let (pods, events) = (list("/api/v1", "pods").await, list("/api/v1", "events").await);
    // While nodes learn which pods are theirs, they are refused other things too, and ask again.
    let lasts = |message: &str| message.contains("not found") || message.contains("non-existent");
    let of_pods = |event: &&Value| event["reason"] == "FailedMount" && event["message"].as_str().is_some_and(lasts);
    let mounts = events.iter().filter(of_pods);
    let mounts =
        mounts.filter_map(|event| Some((event["involvedObject"]["name"].as_str()?, event["message"].as_str()?)));
    let mounts: BTreeMap<&str, &str> = mounts.collect();
    let mut ends = refused.clone();
    for pod in &pods {
        if let Some(name) = name_of(pod) {
            ends.insert(name.to_owned(), why(pod, &mounts));
        }
    }
    for set in list("/apis/apps/v1", "replicasets").await {
        let conditions = set["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let failure = conditions.iter().find(|one| one["type"] == "ReplicaFailure" && one["status"] == "True");
        if let (Some(name), Some(failure)) = (name_of(&set), failure) {
            ends.insert(name.to_owned(), Some(Err(failure["message"].as_str().unwrap_or_default().to_owned())));
        }
    }
    ends
}

async fn outcome(hand: &Hand, cases: &[Case]) -> Ends {
    let bodies: Vec<Value> = cases.iter().map(|case| case.body.clone()).collect();
    let made = hand.make_all(&bodies).await;
    let mut refused = Ends::new();
    for (case, end) in cases.iter().zip(made) {
        match end {
            Ok(()) => {}
            // What is no pod at all would say nothing.
            Err((code, said)) => {
                assert_eq!(code, 403, "{said}\n{}", case.body);
                refused.insert(case.name().to_owned(), Some(Err(said)));
            }
        }
    }
    let until = Instant::now() + Duration::from_secs(90);
    loop {
        let ends = ends(hand, &refused).await;
        let known = |case: &Case| ends.get(case.name()).is_some_and(Option::is_some);
        if cases.iter().all(known) || Instant::now() > until {
            return ends;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[test]
fn pods_start_and_do_not_start_as_check_says() {
    let test = "pods_start_and_do_not_start_as_check_says";
    with(test, async |hand| {
        let mut draw = Draw::new(seed(test));
        hand.room(SPACE).await;
        let ground = ground();
        hand.ground(&ground).await;
        let bound = async || {
            let claims = hand.list(&format!("/api/v1/namespaces/{SPACE}/persistentvolumeclaims")).await;
            claims.iter().all(|claim| claim["status"]["phase"] == "Bound")
        };
        assert!(hand.until(40, bound).await, "the claims are not bound");
        let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}});
        let (mut tally, wanted, mut round) = (Tally::default(), cases(160, 1_600), 0);
        while tally.count() < wanted {
            let drawn: Vec<Case> = (0..80).map(|at| case(&mut draw, &format!("r{round}-{at}"))).collect();
            let bodies = drawn.iter().map(|case| case.body.clone());
            let all: Vec<Value> = [space.clone()].into_iter().chain(ground.iter().cloned()).chain(bodies).collect();
            let told = checked(&all);
            let said = by_object(&told);
            let real = outcome(&hand, &drawn).await;
            for case in &drawn {
                let object = format!("{} {SPACE}/{}", case.body["kind"].as_str().unwrap(), case.name());
                let found = said.get(&object).map_or(&[][..], Vec::as_slice);
                let bad: Vec<&str> = (found.iter())
                    .filter(|one| one.severity == Severity::Error && ["F01", "F83"].contains(&one.id))
                    .map(|one| one.message.as_str())
                    .collect();
                let wrong = |what: String| format!("{object}: check says {bad:?}; {what}\n{}", case.body);
                match real.get(case.name()).cloned().flatten() {
                    Some(Ok(())) if bad.is_empty() => tally.agree(case.about, true),
                    Some(Err(why)) if bad.iter().any(|bad| is_of(&why, bad)) => tally.agree(case.about, false),
                    Some(Ok(())) => tally.disagree(case.about, wrong("it is Ready".to_owned())),
                    Some(Err(why)) => tally.disagree(case.about, wrong(why)),
                    None => tally.disagree(case.about, wrong("nobody says why it does not start".to_owned())),
                }
            }
            for kind in ["apis/apps/v1/namespaces/refs/deployments", "api/v1/namespaces/refs/pods"] {
                hand.clear(&format!("/{kind}"), "judge=references").await;
            }
            round += 1;
        }
        tally.end("references", "pods", ("Ready", "not Ready"));
    });
}

/// Whether the two speak of the same name. Ours: `KIND NAMESPACE/NAME is in no file`, `key KEY of KIND …`.
fn is_of(theirs: &str, ours: &str) -> bool {
    let name = match ours.strip_prefix("key ") {
        Some(rest) => rest.split(' ').next(),
        None => ours.split(' ').nth(1).and_then(|name| name.rsplit('/').next()),
    };
    name.is_some_and(|name| theirs.contains(name))
}
