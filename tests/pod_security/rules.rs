//! Every row of the table is red and green as it says, to us and to upstream's library: a red pod breaks its check alone. And
//! where a violation points.

use crate::judge::{ask, program, question};
use crate::policy;
use crate::rows::{Row, baseline, restricted};
use blackstart::checks::pod_security::{CHECKS, Level, NEWEST, Pod, Seen, Violation, evaluate, refusal, remedy::tree};
use serde_json::{Value, json};

fn broken(pod: &Value, level: Level, minor: u64) -> Vec<Violation> {
    let tree = tree(pod).unwrap();
    evaluate(&Pod::of(&tree, Seen::Template).unwrap(), policy(level, minor), NEWEST)
}

#[test]
fn each_check_is_red_by_its_own_fault_and_green_beside_it() {
    let rows: Vec<Row> = baseline().into_iter().chain(restricted()).collect();
    for Row { id, level, red: (red, minor), green: (green, green_minor), detail } in &rows {
        let found = broken(red, *level, *minor);
        let told: Vec<(&str, &str)> = found.iter().map(|violation| (violation.id, violation.detail.as_str())).collect();
        assert_eq!(told, [(*id, *detail)], "{level}:v1.{minor} {red}");
        let found = broken(green, *level, *green_minor);
        assert!(found.is_empty(), "{id}: {level}:v1.{green_minor} {green}: {found:?}");
    }
    for check in CHECKS {
        assert!(rows.iter().any(|row| row.id == check.id && row.level == check.level), "{} has no row", check.id);
    }
}

#[test]
fn upstream_says_the_same_of_every_row() {
    let Some(program) = program("upstream_says_the_same_of_every_row") else { return };
    let (mut questions, mut mine) = (Vec::new(), Vec::new());
    for row in baseline().into_iter().chain(restricted()) {
        for (pod, minor) in [row.red, row.green] {
            let policy = policy(row.level, minor);
            let found = broken(&pod, row.level, minor);
            let mut asked = question(&pod, policy);
            if asked["metadata"].is_null() {
                asked["metadata"] = json!({});
            }
            questions.push(asked);
            mine.push(if found.is_empty() { String::new() } else { refusal(policy, &found) });
        }
    }
    for ((answer, mine), question) in ask(&program, &questions).iter().zip(&mine).zip(&questions) {
        assert_eq!(answer["message"], **mine, "{question}");
    }
    println!("pod security: {} smallest pods, 0 disagreements (upstream's library)", questions.len());
}

#[test]
fn a_violation_points_at_the_field_that_is_wrong_or_nearest_to_where_one_is_missing() {
    let text = "spec:\n  securityContext:\n    runAsNonRoot: false\n  containers:\n  - name: a\n    securityContext:\n      capabilities:\n        add: [NET_RAW]\n  - name: b\n    image: x\n  volumes:\n  - name: v\n    hostPath: {path: /}\n";
    let tree = &blackstart::manifests::reread(text).unwrap()[0];
    let found = evaluate(&Pod::of(tree, Seen::Pod).unwrap(), policy(Level::Restricted, 37), NEWEST);
    let lines: Vec<(&str, u32)> = found.iter().map(|violation| (violation.id, violation.at.line)).collect();
    assert_eq!(
        lines,
        [
            ("allowPrivilegeEscalation", 6),
            ("capabilities_restricted", 7),
            ("restrictedVolumes", 13),
            ("runAsNonRoot", 3),
            ("seccompProfile_restricted", 2),
        ]
    );
}

#[test]
fn a_pod_in_the_network_of_the_host_takes_its_ports_and_a_template_does_not_yet() {
    let pod = json!({"spec": {"hostNetwork": true, "containers": [{"name": "a", "ports": [{"containerPort": 9100}]}]}});
    let tree = tree(&pod).unwrap();
    let ids = |seen| -> Vec<&str> {
        let found = evaluate(&Pod::of(&tree, seen).unwrap(), policy(Level::Baseline, 34), NEWEST);
        found.iter().map(|violation| violation.id).collect()
    };
    assert_eq!(ids(Seen::Pod), ["hostNamespaces", "hostPorts"]);
    assert_eq!(ids(Seen::Template), ["hostNamespaces"]);
}
