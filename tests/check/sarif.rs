//! SARIF: what the standard requires of each part is there, and what viewers compare does not move with lines.

use crate::desk::{Desk, STRICT, lax};
use serde_json::Value;

fn document(desk: &Desk) -> Value {
    serde_json::from_str(&desk.run(&["check", ".", "--output", "sarif"]).out).unwrap()
}

#[test]
fn every_part_has_what_the_standard_requires_of_it() {
    let desk = Desk::new();
    let accepted = format!("# blackstart: accept F03 until 2999-01-01: a reason\n{}", lax("two"));
    desk.write("my k/a.yaml", &format!("{STRICT}---\n{}---\n{accepted}", lax("one")));
    desk.write("b.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: {{x}}}\n");
    let all = document(&desk);
    assert_eq!(all["version"], "2.1.0");
    assert!(all["$schema"].as_str().unwrap().ends_with("sarif-2.1.0.json"));
    let run = &all["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "blackstart");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{rule:#}");
        }
        let name = rule["name"].as_str().unwrap();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()) && !name.is_empty(), "{name}");
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3, "{all:#}");
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        assert!(!place["artifactLocation"]["uri"].as_str().unwrap().contains(' '));
    }
    let suppressed: Vec<&Value> = results.iter().filter(|result| result.get("suppressions").is_some()).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["suppressions"][0]["kind"], "inSource");
    assert_eq!(suppressed[0]["suppressions"][0]["justification"], "until 2999-01-01: a reason");
    assert!(results.iter().any(|result| result["kind"] == "open" && result["level"] == "none"));
}

#[test]
fn a_fingerprint_stays_when_lines_move_and_differs_between_objects() {
    let desk = Desk::new();
    let prints = || -> Vec<String> {
        let all = document(&desk);
        let results = all["runs"][0]["results"].as_array().unwrap().clone();
        results.iter().map(|one| one["partialFingerprints"]["blackstart/v1"].as_str().unwrap().to_owned()).collect()
    };
    desk.write("a.yaml", &format!("{STRICT}---\n{}---\n{}", lax("one"), lax("two")));
    let before = prints();
    assert_ne!(before[0], before[1]);
    desk.write("a.yaml", &format!("# a\n# b\n{STRICT}---\n# c\n{}---\n{}", lax("one"), lax("two")));
    assert_eq!(prints(), before);
}
