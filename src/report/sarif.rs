//! Findings as SARIF 2.1.0, which code-scanning viewers show at their line. An unknown is a result of kind `open`: it is neither
//! right nor wrong.

use crate::model::{Accepted, Finding, Place, Severity, Unknown};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is told of an id.
#[derive(Clone, Copy, Debug)]
pub struct Page<'p> {
    pub title: &'p str,
    pub story: &'p str,
    pub fix: &'p str,
}

/// The whole document; `page` tells of ids.
pub fn document<'p>(
    findings: &[Finding],
    unknowns: &[Unknown],
    accepted: &[Accepted],
    page: &dyn Fn(&str) -> Option<Page<'p>>,
) -> Value {
    let of_accepted = accepted.iter().map(|one| one.finding.id);
    let ids = findings.iter().map(|one| one.id).chain(unknowns.iter().map(|one| one.id)).chain(of_accepted);
    let ids: BTreeSet<&str> = ids.collect();
    let rules: Vec<Value> = ids.iter().map(|id| rule(id, page(id))).collect();
    let index = |id: &str| ids.iter().position(|known| *known == id);
    let result = |finding: &Finding| {
        let level = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let fix = if finding.fix.is_empty() { String::new() } else { format!(". {}", finding.fix) };
        json!({
            "ruleId": finding.id,
            "ruleIndex": index(finding.id),
            "level": level,
            "message": {"text": format!("{}: {}{fix}", finding.object, finding.message)},
            "locations": [location(&finding.place)],
            "partialFingerprints": {"blackstart/v1": finding.print(&finding.place.file).to_string()},
        })
    };
    let known = findings.iter().map(result);
    let suppressed = accepted.iter().map(|one| {
        let mut result = result(&one.finding);
        let justification = format!("until {}: {}", one.until, one.reason);
        result["suppressions"] =
            json!([{"kind": "inSource", "justification": justification, "location": location(&one.by)}]);
        result
    });
    let open = unknowns.iter().map(|unknown| {
        json!({
            "ruleId": unknown.id,
            "ruleIndex": index(unknown.id),
            "kind": "open",
            "level": "none",
            "message": {"text": format!("{}: {}; missing: {}", unknown.object, unknown.message, unknown.missing)},
            "locations": [location(&unknown.place)],
        })
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "blackstart", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": known.chain(suppressed).chain(open).collect::<Vec<_>>(),
        }],
    })
}

fn rule(id: &str, page: Option<Page<'_>>) -> Value {
    let Some(Page { title, story, fix }) = page else { return json!({"id": id}) };
    let word = |word: &str| {
        let mut letters = word.chars().filter(|c| c.is_ascii_alphanumeric());
        letters
            .next()
            .map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + &letters.collect::<String>())
    };
    json!({
        "id": id,
        "name": title.split_whitespace().map(word).collect::<String>(),
        "shortDescription": {"text": format!("{title}.")},
        "fullDescription": {"text": story},
        "help": {"text": format!("{story} {fix}"), "markdown": format!("{story}\n\n**What mends it:** {fix}")},
    })
}

fn location(place: &Place) -> Value {
    let region = json!({"startLine": place.spot.line.max(1), "startColumn": place.spot.column.max(1)});
    json!({"physicalLocation": {"artifactLocation": {"uri": uri(&place.file)}, "region": region}})
}

/// A path as a part of a URI.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if plain(byte) { out.push(char::from(byte)) } else { out.push_str(&format!("%{byte:02X}")) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Spot;

    #[test]
    fn a_finding_stands_at_its_line_and_an_unknown_is_open() {
        let place = |file: &str, line| Place { file: file.to_owned(), spot: Spot { line, column: 3 } };
        let finding = Finding {
            id: "F82",
            severity: Severity::Error,
            place: place("my apps/a.yaml", 7),
            object: "ConfigMap a/b".to_owned(),
            message: "Namespace a is in no file".to_owned(),
            fix: "make it".to_owned(),
            patch: None,
        };
        let unknown = Unknown {
            id: "F01",
            place: place("b.yaml", 0),
            object: "b".to_owned(),
            message: "is a template".to_owned(),
            missing: "helm".to_owned(),
        };
        let all = document(&[finding], &[unknown], &[], &|_| None);
        let results = &all["runs"][0]["results"];
        let of = |at: usize| &results[at]["locations"][0]["physicalLocation"];
        assert_eq!((&results[0]["level"], &results[0]["ruleId"]), (&json!("error"), &json!("F82")));
        assert_eq!(of(0)["artifactLocation"]["uri"], "my%20apps/a.yaml");
        assert_eq!(of(0)["region"], json!({"startLine": 7, "startColumn": 3}));
        assert_eq!((&results[1]["kind"], &results[1]["level"]), (&json!("open"), &json!("none")));
        assert_eq!(of(1)["region"]["startLine"], 1);
        assert_eq!(all["runs"][0]["tool"]["driver"]["rules"], json!([{"id": "F01"}, {"id": "F82"}]));
    }
}
