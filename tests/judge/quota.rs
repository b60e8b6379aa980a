//! F51 and the API server: pods in namespaces with a ResourceQuota, with and without a LimitRange.

use crate::drawing::Draw;
use crate::{Tally, by_object, cases, checked, has_rule, seed, with};
use blackstart::model::Severity;
use serde_json::{Value, json};
use std::time::Duration;

const QUOTAS: [&str; 4] = ["requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

/// A namespace: what it counts, and what it fills in.
fn ground(draw: &mut Draw, space: &str) -> Vec<Value> {
    let mut hard = json!({});
    for name in draw.some(&QUOTAS, 50) {
        hard[name] = json!(if name.ends_with("cpu") {
            draw.pick(&["500m", "1", "1500m"])
        } else {
            draw.pick(&["256Mi", "1G", "1Gi"])
        });
    }
    if hard == json!({}) {
        hard["requests.cpu"] = json!("1");
    }
    let meta = |name: &str| json!({"name": name, "namespace": space});
    let mut all =
        vec![json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta("quota"), "spec": {"hard": hard}})];
    if draw.chance(40) {
        let mut limit = json!({"type": "Container"});
        for (kind, percent) in [("default", 60), ("defaultRequest", 60)] {
            if draw.chance(percent) {
                let small = kind == "defaultRequest";
                limit[kind] = json!({"cpu": if small { "100m" } else { "200m" }});
                if draw.chance(60) {
                    limit[kind]["memory"] = json!(if small { "64Mi" } else { "128Mi" });
                }
            }
        }
        all.push(
            json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": meta("range"), "spec": {"limits": [limit]}}),
        );
    }
    all
}

fn amounts(draw: &mut Draw) -> Value {
    let mut resources = json!({});
    for (kind, more) in [("requests", false), ("limits", true)] {
        let cpu: &[&str] = if more { &["400m", "900m", "1200m", "2"] } else { &["100m", "0.3", "400m"] };
        let memory: &[&str] = if more { &["250Mi", "900Mi", "1Gi", "2Gi"] } else { &["64Mi", "200M", "240Mi"] };
        if draw.chance(75) {
            resources[kind]["cpu"] = json!(draw.pick(cpu));
        }
        if draw.chance(75) {
            resources[kind]["memory"] = json!(draw.pick(memory));
        }
    }
    resources
}

fn pod(draw: &mut Draw, space: &str, name: &str) -> Value {
    let list = |draw: &mut Draw, count: usize, word: &str| {
        let one = |at: usize, draw: &mut Draw| json!({"name": format!("{word}{at}"), "image": "example.org/a:1", "resources": amounts(draw)});
        (0..count).map(|at| one(at, draw)).collect::<Vec<Value>>()
    };
    let count = draw.usual(&[1, 2], 1, 50);
    let mut spec = json!({"containers": list(draw, count, "a")});
    if draw.chance(20) {
        spec["initContainers"] = json!(list(draw, 1, "first"));
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": space}, "spec": spec})
}

#[test]
fn the_quota_lets_in_the_pods_that_check_lets_pass() {
    let test = "the_quota_lets_in_the_pods_that_check_lets_pass";
    if !has_rule("F51") {
        return crate::sandbox::not_run(test, "there is no rule F51");
    }
    with(test, async |hand| {
        let mut draw = Draw::new(seed(test));
        let mut tally = Tally::default();
        for room in 0..cases(10, 60) {
            let space = format!("quota-{room}");
            hand.room(&space).await;
            let ground = ground(&mut draw, &space);
            hand.ground(&ground).await;
            let path = format!("/api/v1/namespaces/{space}/resourcequotas");
            // Nothing is let in before the quota has been counted.
            let counted = async || {
                hand.list(&path).await.iter().all(|quota| quota["status"]["hard"] == ground[0]["spec"]["hard"])
            };
            assert!(hand.until(30, counted).await, "{space}: the quota is not counted");
            // The server that asks for it hears of it a moment later.
            tokio::time::sleep(Duration::from_millis(1_000)).await;
            for at in 0..cases(20, 40) {
                let pod = pod(&mut draw, &space, &format!("p{at}"));
                let all: Vec<Value> = ground.iter().cloned().chain([pod.clone()]).collect();
                let told = checked(&all);
                let said = by_object(&told);
                let object = format!("Pod {space}/p{at}");
                let of_it = said.get(&object).into_iter().flatten();
                let found = of_it
                    .filter(|one| one.id == "F51" && one.severity == Severity::Error)
                    .map(|one| one.message.as_str())
                    .next();
                let about = if ground.len() > 1 { "with a LimitRange" } else { "without" };
                match (hand.would_make(&pod).await, found) {
                    (Ok(()), None) => tally.agree(about, true),
                    (Err((403, said)), Some(_)) if said.contains("quota") => tally.agree(about, false),
                    // A limit below what it asks for is another fault.
                    (Err((422, _)), _) => tally.refused += 1,
                    (end, _) => tally.disagree(
                        about,
                        format!(
                            "check says {found:?}, the server {end:?}\n{}\n{pod}",
                            ground.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
                        ),
                    ),
                }
            }
        }
        tally.end("quota", "pods", ("let in", "refused"));
    });
}
