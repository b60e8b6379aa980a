//! What kustomize says when it refuses, without what its words must not carry: values that its files hold, and what changes from
//! run to run. It does not know what the words mean.

use super::kustomization::Kustomization;
use crate::manifests::budget::{Budget, LARGEST_FILE};
use crate::manifests::tree::Value;
use crate::manifests::{Node, documents};
use crate::sys::{Look, files};
use std::collections::BTreeMap;

/// Behind these kustomize quotes what it was given, up to the end.
const QUOTES: [&str; 3] = [" with config", "literal sources", "JSON patch from"];
/// What is shorter stands in every other word.
const SHORTEST: usize = 4;
const HIDDEN: &str = "(hidden)";

/// The words of the program on these kustomizations, and on the fields that stand over them.
pub fn told(look: Look, all: &[Kustomization], overlay: &BTreeMap<String, serde_json::Value>, words: &str) -> String {
    let mut words: String = words.lines().map(plain).collect::<Vec<_>>().join("\n");
    let ends = QUOTES.iter().filter_map(|quote| Some(words.find(quote)? + quote.len()));
    if let Some(end) = ends.min() {
        words.truncate(end);
        words.push_str(" … (the rest quotes the files)");
    }
    let mut values = Values::default();
    for one in all {
        values.kustomization(&one.root);
        for file in &one.files {
            let bytes = files::read(look, file, LARGEST_FILE).unwrap_or_default();
            values.text(&bytes);
        }
    }
    for patch in overlay.get("patches").and_then(serde_json::Value::as_array).into_iter().flatten() {
        values.text(patch["patch"].as_str().unwrap_or_default().as_bytes());
    }
    // A value may be part of a longer one.
    values.0.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.0.iter().fold(words, |words, value| words.replace(value, HIDDEN))
}

/// A line without the head of kubectl's log, in which the time and the number of the process stand.
fn plain(line: &str) -> String {
    let Some((_, rest)) = line.split_once("] ").filter(|(head, _)| is_head(head)) else { return line.to_owned() };
    let Some(quoted) = rest.strip_prefix("\"command failed\" err=") else { return rest.to_owned() };
    serde_json::from_str(quoted).unwrap_or_else(|_| quoted.trim_start_matches('<').to_owned())
}

/// `E1121 20:14:46.123 20317 run.go:72`.
fn is_head(head: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = head.split_whitespace().collect();
    let [level, time, process, place] = parts[..] else { return false };
    level.strip_prefix(['I', 'W', 'E', 'F']).is_some_and(digits)
        && time.split([':', '.']).all(digits)
        && digits(process)
        && place.rsplit_once(':').is_some_and(|(file, line)| file.ends_with(".go") && digits(line))
}

/// What is not to be told.
#[derive(Default)]
struct Values(Vec<String>);

impl Values {
    fn add(&mut self, text: &str) {
        // Programs quote the same in several ways: as it is, line by line, and with escapes.
        let escaped = serde_json::Value::from(text).to_string();
        let forms = [text, text.trim_matches(['"', '\'']), escaped.trim_matches('"')];
        let lines = text.lines().map(str::trim);
        self.0.extend(forms.into_iter().chain(lines).filter(|form| form.len() >= SHORTEST).map(str::to_owned));
    }

    fn kustomization(&mut self, root: &Node) {
        let list = |name: &str| root.get(name).map_or(&[][..], Node::items);
        for generator in ["secretGenerator", "configMapGenerator"].into_iter().flat_map(list) {
            for literal in generator.get("literals").map_or(&[][..], Node::items).iter().filter_map(Node::text) {
                self.add(literal.split_once('=').map_or(literal, |(_, value)| value));
            }
        }
        for patch in ["patches", "patchesJson6902"].into_iter().flat_map(list) {
            self.text(patch.text_at(&["patch"]).unwrap_or_default().as_bytes());
        }
        for patch in list("patchesStrategicMerge").iter().filter_map(Node::text).filter(|text| text.contains('\n')) {
            self.text(patch.as_bytes());
        }
    }

    /// Objects, or a patch of either kind.
    fn text(&mut self, bytes: &[u8]) {
        let (nodes, _) = documents::read(bytes, false, &Budget::default());
        for node in &nodes {
            self.secrets(node);
            for operation in node.items() {
                match operation.get("value") {
                    Some(value) => self.scalars(value),
                    None if operation.fields().is_empty() => self.scalars(operation),
                    None => {}
                }
            }
        }
    }

    /// What a Secret holds, also as one of a list. A patch may say no kind.
    fn secrets(&mut self, node: &Node) {
        if node.text_at(&["kind"]).is_none_or(|kind| kind == "Secret") {
            ["data", "stringData"].into_iter().filter_map(|name| node.get(name)).for_each(|data| self.scalars(data));
        }
        node.get("items").map_or(&[][..], Node::items).iter().for_each(|item| self.secrets(item));
    }

    fn scalars(&mut self, node: &Node) {
        match &node.value {
            Value::Text(text) => self.add(text),
            Value::Nothing => {}
            Value::Flag(_) | Value::Whole(_) | Value::Real(_) => self.add(&node.json().to_string()),
            Value::List(items) => items.iter().for_each(|item| self.scalars(item)),
            Value::Map(fields) => fields.iter().for_each(|field| self.scalars(&field.node)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_head_of_the_log_is_cut_off() {
        let line = "E1121 20:14:46.123 20317 run.go:72] ";
        assert_eq!(plain(&format!("{line}\"command failed\" err=\"no \\\"a\\\"\"")), "no \"a\"");
        assert_eq!(plain(&format!("{line}else")), "else");
        for other in ["no matches for [a.yaml] here", "E1121 a b c] d", "error: a"] {
            assert_eq!(plain(other), other);
        }
    }

    #[test]
    fn what_a_secret_and_a_patch_hold_is_hidden_and_short_or_open_values_are_not() {
        let mut values = Values::default();
        values.text(b"kind: Secret\nstringData: {a: 'one two', b: abc}\n---\nkind: ConfigMap\ndata: {a: open}\n");
        values.text(b"- {op: add, path: /long, value: {x: [12345]}}\n- loose\n");
        values.0.sort();
        values.0.dedup();
        assert_eq!(values.0, ["12345", "loose", "one two"]);
    }
}
