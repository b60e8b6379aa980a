//! The schema that editors use, held against the reader: what one takes the other takes, and structural mistakes are
//! refused by both. The YAML is read here by another parser than the program's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/golden.rs"]
mod golden;

use blackstart::model::Mode;
use blackstart::plan::load;
use golden::{Host, names, tests};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn schema() -> Value {
    let host = Host::with(&[]);
    let output = host.blackstart().arg("schema").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn read(path: &Path) -> Result<Value, String> {
    // Of the words of YAML 1.1, as yes and on, none is a boolean in YAML 1.2.
    let options = serde_saphyr::options! { strict_booleans: true };
    let text = fs::read_to_string(path).unwrap();
    serde_saphyr::from_str_with_options(&text, options).map_err(|error| error.to_string())
}

#[test]
fn the_schema_is_a_schema() {
    jsonschema::meta::validate(&schema()).unwrap();
}

#[test]
fn every_good_plan_is_taken_by_the_reader_and_by_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let mut seen = 0;
    for folder in [tests().join("good-plans"), tests().join("../plans")] {
        for name in names(&folder, ".yaml") {
            let path = folder.join(format!("{name}.yaml"));
            let text = fs::read_to_string(&path).unwrap();
            for mode in [Mode::Recover, Mode::Drill] {
                let taken = load::from_text(&text, &name, &path, mode);
                assert!(taken.is_ok(), "{name} is refused by the reader: {}", taken.err().unwrap());
            }
            let value = read(&path).unwrap();
            let wrong: Vec<String> =
                validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(wrong.is_empty(), "{name} is refused by the schema: {wrong:#?}");
            seen += 1;
        }
    }
    assert!(seen >= 12, "only {seen} good plans were found");
}

/// What a schema cannot know: how YAML was written, what steps are called elsewhere in the file, and what nobody would
/// write a pattern for.
const ONLY_THE_READER: &[&str] = &[
    "anchor",
    "bad-urls",
    "cluster-config-has-unknown-keys",
    "cluster-config-has-wrong-nodes",
    "cluster-config-is-a-folder",
    "cluster-config-is-a-list",
    "cluster-config-is-broken",
    "cluster-config-is-missing",
    "cluster-config-with-a-line-break",
    "cycle-of-five",
    "cycle-of-two",
    "cycle-of-two-folders",
    "cycle-through-a-fact",
    "cycle-through-an-own-fact",
    "cycle-through-manifests",
    "cycle-through-the-cluster",
    "cycles-apart",
    "duplicate-ids",
    "k3d-config-calls-it-otherwise",
    "k3d-config-is-broken",
    "k3d-config-is-something-else",
    "manifests-are-broken",
    "manifests-are-no-objects",
    "manifests-twice-over-two-steps",
    "many-cycles",
    "many-needs-that-nobody-gives",
    "merge-key-with-a-map",
    "need-from-inside",
    "need-of-a-near-fact",
    "need-of-a-secret-that-nobody-gives",
    "need-of-itself",
    "need-that-nobody-gives",
    "path-of-a-step-leads-nowhere",
    "registries-are-missing",
    "secrets-step-without-a-store",
    "secrets-that-nobody-opens",
    "secrets-without-a-store",
    "tag",
    "unknown-need-far",
    "unknown-need-near",
    "values-that-the-store-lacks",
    "way-inside-and-outside",
];

/// What is no YAML, or YAML that a plan may not use: an editor says so before it comes to the schema.
const NOT_YAML: &[&str] = &[
    "alias",
    "bad-access",
    "bad-directive",
    "bad-escape",
    "bad-indentation",
    "bad-indentation-of-a-key",
    "closed-twice",
    "cluster-written-twice",
    "colon-in-a-value",
    "duplicate-key-of-plan",
    "duplicate-key-of-step",
    "duplicate-steps",
    "env-twice",
    "key-is-a-list",
    "key-is-a-map",
    "missing-colon",
    "missing-space-after-colon",
    "tab-as-indentation",
    "tab-in-a-list",
    "template-braces",
    "two-documents",
    "unclosed-list",
    "unclosed-map",
    "unclosed-quote",
    "unclosed-single-quote",
    "unquoted-colon",
];

#[test]
fn a_bad_plan_is_refused_by_the_schema_unless_only_the_reader_can_know() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let folder = tests().join("bad-plans");
    let (mut taken, mut unread, mut refused) = (Vec::new(), Vec::new(), 0);
    for name in names(&folder, ".yaml") {
        match read(&folder.join(format!("{name}.yaml"))) {
            Err(_) => unread.push(name),
            Ok(value) if validator.is_valid(&value) => taken.push(name),
            Ok(_) => refused += 1,
        }
    }
    assert_eq!(taken, ONLY_THE_READER, "these bad plans are taken by the schema");
    assert_eq!(unread, NOT_YAML, "these bad plans are not YAML to another parser");
    assert!(refused >= 40, "the schema refused only {refused} bad plans");
}

/// Plans in which each step is wrong, and those of these steps that the schema takes.
const EVERY_STEP: &[(&str, &[&str])] = &[
    ("argv-items", &["c"]),
    ("bad-ids", &[]),
    ("bad-ports", &["a", "b", "c", "d", "e", "f", "g", "h", "i"]),
    ("bad-retries", &[]),
    ("bad-spans", &["c", "d", "h"]),
    ("bad-status", &[]),
    ("bad-words", &[]),
    // Each alone in a plan without a cluster.
    ("kinds-without-a-cluster", &[]),
    ("no-question", &[]),
    ("retries-of-what-is-not-repeatable", &[]),
    ("status-without-http", &[]),
    ("thirty-mistakes", &[]),
    // An owner and a mode have more to them than a pattern tells well.
    ("storage-wrong-values", &["a"]),
    ("two-questions", &[]),
    ("undo-wrong", &[]),
    ("workloads-wrong-namespaces", &[]),
    ("wrong-types-command", &[]),
    ("wrong-types-probe", &[]),
    // What True is to YAML is a boolean to everybody else.
    ("yes-and-on", &["c"]),
];

#[test]
fn each_wrong_step_of_a_bad_plan_is_refused_by_the_schema_on_its_own() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, expected) in EVERY_STEP {
        let plan = read(&tests().join(format!("bad-plans/{name}.yaml"))).unwrap();
        let steps = plan["steps"].as_array().unwrap();
        let alone = |step: &&Value| {
            let mut one = json!({"name": "lab", "steps": [step]});
            if let Some(cluster) = plan.get("cluster") {
                one["cluster"] = cluster.clone();
            }
            validator.is_valid(&one)
        };
        let taken: Vec<&str> = steps.iter().filter(alone).map(|step| step["id"].as_str().unwrap()).collect();
        assert_eq!(&taken, expected, "{name}");
    }
}

#[test]
fn every_key_of_the_schema_is_told_and_stands_in_a_good_plan() {
    let schema = schema();
    let all = read(&tests().join("good-plans/every-key.yaml")).unwrap();
    // What only one provider knows stands beside that one.
    let others = ["k3d", "k3s"].map(|plan| read(&tests().join(format!("good-plans/{plan}.yaml"))).unwrap());
    let stands = |of: &dyn Fn(&Value) -> bool| of(&all) || others.iter().any(of);
    let steps = all["steps"].as_array().unwrap();
    for (key, about) in schema["properties"].as_object().unwrap() {
        assert!(about["description"].is_string(), "{key} is not told");
        assert!(stands(&|plan| plan.get(key).is_some()), "{key} stands in no good plan");
    }
    for (key, about) in schema["properties"]["cluster"]["properties"].as_object().unwrap() {
        assert!(about["description"].is_string(), "{key} of cluster is not told");
        // It names a file that etcd has written; tests/docs has one.
        let is_made = key == "snapshot";
        assert!(
            is_made || stands(&|plan| plan["cluster"].get(key).is_some()),
            "{key} of cluster stands in no good plan"
        );
    }
    for kind in schema["$defs"]["step"]["oneOf"].as_array().unwrap() {
        let name = &kind["properties"]["kind"]["enum"][0];
        for (key, about) in kind["properties"].as_object().unwrap() {
            assert!(about["description"].is_string(), "{key} of {name} is not told");
            let there = steps.iter().any(|step| &step["kind"] == name && step.get(key).is_some());
            assert!(
                there || steps.iter().any(|step| step.get(key).is_some()),
                "{key} of {name} stands in no good plan"
            );
        }
    }
}

#[test]
fn the_schema_refuses_what_a_good_plan_becomes_when_one_key_is_taken_out_or_added() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let good = read(&tests().join("good-plans/smallest.yaml")).unwrap();
    assert!(validator.is_valid(&good));
    for key in ["name", "steps"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(key);
        assert!(!validator.is_valid(&bad), "a plan without {key} was taken");
    }
    for key in ["id", "kind", "run", "verify"] {
        let mut bad = good.clone();
        bad["steps"][0].as_object_mut().unwrap().remove(key);
        assert!(!validator.is_valid(&bad), "a step without {key} was taken");
    }
    for (place, key) in [("", "steps2"), ("/steps/0", "runs"), ("/steps/0", "http")] {
        let mut bad = good.clone();
        bad.pointer_mut(place).unwrap()[key] = json!("x");
        assert!(!validator.is_valid(&bad), "an unknown key {key} was taken");
    }
}
