//! The index of a chart repository: which versions of one chart it has. It is read as the lines that helm writes, for some of
//! these files have millions of them, and as JSON where it is that.

use serde_json::Value;

/// The versions of a chart, as they stand there; None where the repository has no such chart; an error where this is no index.
pub fn versions(text: &str, chart: &str) -> Result<Option<Vec<String>>, &'static str> {
    if text.trim_start().starts_with('{') {
        let index: Value = serde_json::from_str(text).map_err(|_| "is no index of charts")?;
        let entries = index["entries"].as_object().ok_or("is no index of charts")?;
        let list = entries.get(chart).map(|list| list.as_array().map_or(&[][..], Vec::as_slice));
        let of = |list: &[Value]| list.iter().filter_map(|one| one["version"].as_str().map(str::to_owned)).collect();
        return Ok(list.map(of));
    }
    let mut lines = text.lines().skip_while(|line| !is_key(line, "entries")).peekable();
    lines.next().ok_or("is no index of charts")?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let blank = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    // Charts stand as deep as the first of them.
    let mut lines = lines.filter(|line| !blank(line)).peekable();
    let depth = lines.peek().map_or(0, |line| indent(line));
    let mut found: Option<Vec<String>> = None;
    let mut inside = false;
    let mut fields = None;
    for line in lines {
        let (at, words) = (indent(line), line.trim_start());
        let item = words.starts_with("- ") || words == "-";
        if at < depth || (at == depth && depth == 0 && !item && words.starts_with("generated:")) {
            break;
        }
        if at == depth && !item {
            inside = words
                .strip_suffix(':')
                .or(words.split_once(": ").map(|(key, _)| key))
                .is_some_and(|key| plain(key) == chart);
            if inside {
                found = Some(Vec::new());
            }
            fields = None;
            continue;
        }
        if !inside {
            continue;
        }
        // The first dash is that of the chart's first version; lists within a version stand deeper.
        let dash = *fields.get_or_insert(at);
        let (at, words) = match words.strip_prefix("- ").filter(|_| at == dash) {
            Some(rest) => (at + 2 + indent(rest), rest.trim_start()),
            None => (at, words),
        };
        if let Some(version) = words.strip_prefix("version:").filter(|_| at == dash + 2) {
            found.get_or_insert_default().push(plain(version.split(" #").next().unwrap_or_default()).to_owned());
        }
    }
    Ok(found)
}

fn is_key(line: &str, key: &str) -> bool {
    line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'))
}

fn plain(word: &str) -> &str {
    word.trim().trim_matches(['"', '\''])
}

/// Whether this names one version, and not all that fit a condition.
pub fn is_exact(version: &str) -> bool {
    let bare = version.trim_start_matches('v');
    let numbers = bare.split(['-', '+']).next().unwrap_or_default();
    numbers.split('.').count() == 3
        && numbers.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// As helm compares: with and without the letter in front.
pub fn has(versions: &[String], wanted: &str) -> bool {
    versions.iter().any(|version| version.trim_start_matches('v') == wanted.trim_start_matches('v'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const INDEX: &str = "apiVersion: v1\nentries:\n  argo-cd:\n  - apiVersion: v2\n    dependencies:\n    - name: redis-ha\n      \
                         version: 4.0.0\n    name: argo-cd\n    version: 9.1.0\n  - name: argo-cd\n    version: \"9.0.1\"\n  loki:\n  \
                         - version: v1.0.0\n    name: loki\ngenerated: \"2026-01-01T00:00:00Z\"\n";

    #[test]
    fn versions_are_those_of_the_chart_and_not_of_what_it_depends_on() {
        assert_eq!(versions(INDEX, "argo-cd").unwrap().unwrap(), ["9.1.0", "9.0.1"]);
        assert_eq!(versions(INDEX, "loki").unwrap().unwrap(), ["v1.0.0"]);
        assert_eq!(versions(INDEX, "argo").unwrap(), None);
        assert!(versions("<html>moved</html>", "loki").is_err());
        let json = r#"{"entries": {"loki": [{"version": "1.0.0"}]}}"#;
        assert_eq!(versions(json, "loki").unwrap().unwrap(), ["1.0.0"]);
        let deeper =
            "entries:\n    loki:\n        - name: loki\n          version: 2.0.0\n          urls:\n            - x\n";
        assert_eq!(versions(deeper, "loki").unwrap().unwrap(), ["2.0.0"]);
    }

    #[test]
    fn a_version_is_told_from_a_condition() {
        assert!(is_exact("1.2.3") && is_exact("v1.2.3-rc.1+x"));
        assert!(["1.2", "^1.2.3", ">=1.0.0", "1.x.0", "*", "", "1.2.3 - 2.0.0"].iter().all(|text| !is_exact(text)));
        assert!(has(&["v1.2.3".to_owned()], "1.2.3") && !has(&["1.2.3".to_owned()], "1.2.4"));
    }
}
