//! F84 and the API server: objects whose selector does not meet the pods that they would make.

use crate::drawing::Draw;
use crate::{Tally, by_object, cases, checked, has_rule, seed, with};
use serde_json::{Value, json};

const SPACE: &str = "selects";

fn labels(draw: &mut Draw) -> Value {
    let mut labels = json!({"app": draw.usual(&["web", "db"], 1, 30)});
    if draw.chance(50) {
        labels["tier"] = json!(draw.pick(&["front", "back"]));
    }
    labels
}

fn expression(draw: &mut Draw) -> Value {
    let key = draw.pick(&["app", "tier", "none"]);
    match draw.pick(&["In", "NotIn", "Exists", "DoesNotExist"]) {
        operator @ ("In" | "NotIn") => {
            json!({"key": key, "operator": operator, "values": draw.pick(&[["web", "front"], ["db", "back"]])})
        }
        operator => json!({"key": key, "operator": operator}),
    }
}

fn body(draw: &mut Draw, name: &str) -> (&'static str, Value) {
    let kind = draw.pick(&["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]);
    let mut selector = json!({});
    if draw.chance(80) {
        selector["matchLabels"] = labels(draw);
    }
    if draw.chance(40) {
        selector["matchExpressions"] = (0..1 + draw.below(2)).map(|_| expression(draw)).collect();
    }
    let mut spec = json!({"selector": selector, "template": {"metadata": {"labels": labels(draw)},
        "spec": {"containers": [{"name": "a", "image": "example.org/a:1"}]}}});
    if kind != "DaemonSet" {
        spec["replicas"] = json!(0);
    }
    (kind, json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": SPACE}, "spec": spec}))
}

#[test]
fn the_server_takes_the_selectors_that_check_lets_pass() {
    let test = "the_server_takes_the_selectors_that_check_lets_pass";
    if !has_rule("F84") {
        return crate::sandbox::not_run(test, "there is no rule F84");
    }
    with(test, async |hand| {
        let mut draw = Draw::new(seed(test));
        hand.room(SPACE).await;
        let mut tally = Tally::default();
        let drawn: Vec<_> = (0..cases(200, 2_000)).map(|at| body(&mut draw, &format!("w{at}"))).collect();
        let bodies: Vec<Value> = drawn.iter().map(|(_, body)| body.clone()).collect();
        let told = checked(&bodies);
        let said = by_object(&told);
        for ((kind, body), end) in drawn.iter().zip(hand.would_make_all(&bodies).await) {
            let object = format!("{kind} {SPACE}/{}", body["metadata"]["name"].as_str().unwrap());
            let found =
                said.get(&object).into_iter().flatten().find(|one| one.id == "F84").map(|one| one.message.as_str());
            match (&end, found) {
                (Ok(()), None) => tally.agree(kind, true),
                (Err((422, said)), Some(_)) if said.contains("`selector` does not match template") => {
                    tally.agree(kind, false)
                }
                // An empty selector is another fault.
                (Err((422, said)), None) if said.contains("empty selector is invalid") => tally.refused += 1,
                _ => tally.disagree(kind, format!("{object}: check says {found:?}, the server {end:?}\n{body}")),
            }
        }
        tally.end("selectors", "objects", ("taken", "refused"));
    });
}
