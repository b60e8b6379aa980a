//! F65, F79 and the scheduler: pods with node selectors, required affinity and tolerations, on nodes with labels and taints.

use crate::drawing::Draw;
use crate::hand::Hand;
use crate::{Tally, by_object, cases, checked, has_rule, seed, with};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const SPACE: &str = "placement";
const KEYS: [(&str, &[&str]); 6] = [
    ("zone", &["a", "b", "c", "d"]),
    ("disk", &["ssd", "hdd"]),
    ("rank", &["3", "7", "x"]),
    ("kubernetes.io/hostname", &["k3d-lab-server-0", "k3d-lab-agent-0", "k3d-lab-agent-1", "nas"]),
    ("kubernetes.io/os", &["linux", "windows"]),
    ("never", &["yes"]),
];

fn expression(draw: &mut Draw) -> Value {
    let (key, values) = draw.pick(&KEYS);
    let operator = draw.usual(&["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"], 4, 30);
    match operator {
        "In" | "NotIn" => json!({"key": key, "operator": operator, "values": [draw.pick(values), draw.pick(values)]}),
        "Gt" | "Lt" => json!({"key": "rank", "operator": operator, "values": [draw.pick(&["2", "3", "5", "7"])]}),
        _ => json!({"key": key, "operator": operator}),
    }
}

fn term(draw: &mut Draw) -> Value {
    if draw.chance(10) {
        let name = draw.pick(&["k3d-lab-agent-0", "k3d-lab-server-0", "nas"]);
        return json!({"matchFields": [{"key": "metadata.name", "operator": draw.pick(&["In", "NotIn"]), "values": [name]}]});
    }
    let all: Vec<Value> = (0..1 + draw.below(2)).map(|_| expression(draw)).collect();
    json!({"matchExpressions": all})
}

fn toleration(draw: &mut Draw) -> Value {
    let mut one = json!({});
    let (key, value) =
        draw.pick(&[("dedicated", "gpu"), ("repair", "yes"), ("slow", "yes"), ("dedicated", "cpu"), ("", "")]);
    if !key.is_empty() {
        one["key"] = json!(key);
    }
    if key.is_empty() || draw.chance(40) {
        one["operator"] = json!("Exists");
    } else {
        one["value"] = json!(value);
    }
    if draw.chance(60) {
        one["effect"] = json!(draw.pick(&["NoSchedule", "NoExecute", "PreferNoSchedule"]));
    }
    one
}

fn pod(draw: &mut Draw, name: &str) -> (&'static str, Value) {
    let mut spec =
        json!({"terminationGracePeriodSeconds": 0, "containers": [{"name": "a", "image": "example.org/a:1"}]});
    let (selects, chooses) = (draw.chance(50), draw.chance(50));
    if selects {
        let (key, values) = draw.pick(&KEYS);
        spec["nodeSelector"] = json!({key: draw.pick(values)});
    }
    if chooses {
        let terms: Vec<Value> = (0..1 + draw.below(2)).map(|_| term(draw)).collect();
        spec["affinity"] =
            json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}});
    }
    let tolerates = draw.chance(50);
    if tolerates {
        spec["tolerations"] = (0..1 + draw.below(2)).map(|_| toleration(draw)).collect();
    }
    let about = match (chooses, selects, tolerates) {
        (true, _, false) => "affinity",
        (false, true, false) => "nodeSelector",
        (false, false, true) => "tolerations",
        (false, false, false) => "nothing",
        (_, _, true) => "a choice and tolerations",
    };
    let meta = json!({"name": name, "namespace": SPACE, "labels": {"judge": "placement"}});
    (about, json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}))
}

/// The node of each pod, or the scheduler's words.
async fn outcome(hand: &Hand, wanted: usize) -> BTreeMap<String, Result<String, String>> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let mut ends = BTreeMap::new();
        for pod in hand.list(&format!("/api/v1/namespaces/{SPACE}/pods")).await {
            let name = pod["metadata"]["name"].as_str().unwrap().to_owned();
            let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let not = conditions.iter().find(|one| one["type"] == "PodScheduled" && one["status"] == "False");
            if let Some(node) = pod["spec"]["nodeName"].as_str() {
                ends.insert(name, Ok(node.to_owned()));
            } else if let Some(not) = not {
                ends.insert(name, Err(not["message"].as_str().unwrap_or_default().to_owned()));
            }
        }
        if ends.len() >= wanted || Instant::now() > until {
            return ends;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[test]
fn the_scheduler_finds_a_node_for_the_pods_that_check_lets_pass() {
    let test = "the_scheduler_finds_a_node_for_the_pods_that_check_lets_pass";
    if !has_rule("F65") || !has_rule("F79") {
        return crate::sandbox::not_run(test, "there is no rule F65 or F79");
    }
    with(test, async |hand| {
        let mut draw = Draw::new(seed(test));
        hand.room(SPACE).await;
        let (mut tally, wanted, mut round) = (Tally::default(), cases(160, 1_600), 0);
        while tally.count() < wanted {
            let drawn: Vec<_> = (0..100).map(|at| pod(&mut draw, &format!("r{round}-{at}"))).collect();
            let bodies: Vec<Value> = drawn.iter().map(|(_, body)| body.clone()).collect();
            let taken = hand.make_all(&bodies).await;
            let real = outcome(&hand, taken.iter().filter(|end| end.is_ok()).count()).await;
            let told = checked(&bodies);
            let said = by_object(&told);
            for ((about, body), taken) in drawn.iter().zip(taken) {
                if taken.is_err() {
                    tally.refused += 1;
                    continue;
                }
                let name = body["metadata"]["name"].as_str().unwrap();
                let object = format!("Pod {SPACE}/{name}");
                let found = said.get(&object).into_iter().flatten().find(|one| ["F65", "F79"].contains(&one.id));
                let found = found.map(|one| one.message.as_str());
                if found.is_none() && told.unknowns.iter().any(|one| one.object == object && one.id == "F79") {
                    tally.open += 1;
                    continue;
                }
                match (real.get(name), found) {
                    (Some(Ok(_)), None) => tally.agree(about, true),
                    (Some(Err(_)), Some(_)) => tally.agree(about, false),
                    (end, _) => {
                        tally.disagree(about, format!("{object}: check says {found:?}, the scheduler {end:?}\n{body}"))
                    }
                }
            }
            hand.clear(&format!("/api/v1/namespaces/{SPACE}/pods"), "judge=placement").await;
            round += 1;
        }
        tally.end("placement", "pods", ("placed", "not placed"));
    });
}
