//! What labels of a namespace mean, also malformed ones, beside what upstream's library makes of them.

use crate::draw::Draw;
use crate::judge::{ask, program};
use crate::{cases, seed};
use blackstart::checks::pod_security::{Level, Policies, Policy, Version};
use serde_json::{Value, json};

const LEVELS: &[&str] = &["privileged", "baseline", "restricted", "Restricted", "", "none", "baseline ", "a\"b\n"];
const VERSIONS: &[&str] = &[
    "latest",
    "v1.0",
    "v1.24",
    "v1.37",
    "v1.99",
    "v1.01",
    "v1.",
    "1.24",
    "v2.0",
    "v1.1.1",
    "",
    "Latest",
    "v1.9223372036854775807",
    "v1.9223372036854775808",
    "v1.-1",
    "v1.+1",
    "v1.1 ",
];

#[test]
fn labels_mean_what_upstream_makes_of_them() {
    let test = "labels_mean_what_upstream_makes_of_them";
    let Some(program) = program(test) else { return };
    let mut draw = Draw::new(seed(test));
    let mut all: Vec<Vec<(String, &str)>> = Vec::new();
    for _ in 0..cases(4_000, 40_000) {
        let mut labels = Vec::new();
        for mode in ["enforce", "audit", "warn"] {
            let odd = draw.chance(25);
            if draw.chance(60) {
                labels.push((
                    format!("pod-security.kubernetes.io/{mode}"),
                    draw.pick(&LEVELS[..if odd { LEVELS.len() } else { 3 }]),
                ));
            }
            if draw.chance(40) {
                labels.push((
                    format!("pod-security.kubernetes.io/{mode}-version"),
                    draw.pick(&VERSIONS[..if odd { VERSIONS.len() } else { 5 }]),
                ));
            }
        }
        all.push(labels);
    }
    let object = |labels: &Vec<(String, &str)>| -> Value {
        json!({"labels": labels.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<serde_json::Map<_, _>>()})
    };
    let questions: Vec<Value> = all.iter().map(object).collect();
    let mut disagreements = 0;
    for (labels, answer) in all.iter().zip(ask(&program, &questions)) {
        let named: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (&**name, *value)).collect();
        let (read, malformed) = Policies::read(&named, Policies::default());
        let mine = json!([read.enforce.to_string(), read.audit.to_string(), read.warn.to_string()]);
        let errors: Vec<String> = malformed.iter().map(ToString::to_string).collect();
        let theirs: Vec<String> = serde_json::from_value(answer["errors"].clone()).unwrap_or_default();
        if mine != answer["policy"] || errors != theirs {
            disagreements += 1;
            println!("{labels:?}\nupstream: {answer}\nours:     {mine} {errors:?}");
        }
    }
    println!("pod security: {} sets of labels, {disagreements} disagreements (upstream's library)", all.len());
    assert_eq!(disagreements, 0);
}

#[test]
fn a_malformed_label_closes_what_enforces_and_opens_what_warns() {
    let read = |labels: &[(&str, &str)]| Policies::read(labels, Policies::default());
    let (policies, malformed) = read(&[("pod-security.kubernetes.io/enforce", "strict")]);
    assert_eq!(policies.enforce, Policy::new(Level::Restricted, Version::Latest));
    assert_eq!(policies.warn.level, Level::Privileged, "who enforces nothing known is not warned");
    assert_eq!(
        malformed[0].to_string(),
        "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted"
    );
    let (policies, malformed) = read(&[("pod-security.kubernetes.io/warn", "strict")]);
    assert_eq!((policies.warn.level, malformed.len()), (Level::Privileged, 1));
    let (policies, _) = read(&[
        ("pod-security.kubernetes.io/enforce", "baseline"),
        ("pod-security.kubernetes.io/enforce-version", "v1.24"),
    ]);
    assert_eq!(policies.warn, policies.enforce, "who enforces is warned of the same");
}

#[test]
fn a_version_is_as_new_as_the_server_at_most() {
    assert_eq!(Version::Latest.minor(31), 31);
    assert_eq!(Version::Minor(99).minor(31), 31);
    assert_eq!(Version::Minor(24).minor(31), 24);
}
