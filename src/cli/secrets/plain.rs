//! Looks for Secrets in plain text beside the store: in the git work tree it lies in, tracked or not, else in its folder.

use crate::cli::identity::work_tree;
use crate::manifests::{Object, objects_of};
use crate::model::Hidden;
use crate::secrets::placeholder;
use crate::secrets::store::Store;
use crate::secrets::wrong::Wrong;
use crate::sys::files::{self, Sort};
use crate::sys::{Look, base64};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

const LARGEST: u64 = 4 << 20;
const MOST: usize = 100_000;
/// Folders that hold what programs have put there, and no work of anybody.
const PASSED_OVER: &[&str] = &[".git", "node_modules", "target", ".terraform", "vendor"];
const FIX: &str =
    "blackstart secrets add or edit takes it in; then remove this file, and change the value if it was committed";

pub fn search(look: Look, store: &Store) -> Vec<Wrong> {
    let root = work_tree(look, &store.folder.join("x")).unwrap_or_else(|| store.folder.clone());
    let own = files::identity(look, &store.folder).ok();
    let (mut wrong, mut seen, mut count) = (Vec::new(), HashSet::new(), 0);
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let here = files::identity(look, &folder).ok();
        // A link may lead to anywhere, and git keeps nothing of what lies there.
        if files::is_link(look, &folder) && folder != root {
            continue;
        }
        if !here.is_some_and(|here| seen.insert(here)) {
            continue;
        }
        let shown = |path: &Path| path.strip_prefix(&root).unwrap_or(path).display().to_string();
        let entries = match files::entries(look, &folder) {
            Ok(entries) => entries,
            Err(error) => {
                let text = format!("cannot be searched for plain Secrets: {error}");
                wrong.push(Wrong::of_file(&shown(&folder), text, "let this user read it"));
                continue;
            }
        };
        for (name, sort) in entries {
            let (path, name) = (folder.join(&name), name.to_string_lossy().into_owned());
            match sort {
                Sort::Folder if !PASSED_OVER.contains(&name.as_str()) => folders.push(path),
                Sort::File if is_asked(&name, here == own) => {
                    count += 1;
                    if count <= MOST {
                        wrong.extend(in_file(look, &path, &shown(&path)));
                    }
                }
                Sort::File | Sort::Folder | Sort::Other | Sort::Nothing => {}
            }
        }
    }
    if count > MOST {
        let text = format!("has {count} files that could hold plain Secrets; {MOST} were looked at");
        wrong.push(Wrong::of_file(&root.display().to_string(), text, "keep the store in a smaller work tree"));
    }
    wrong.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    wrong
}

/// In the store's own folder whatever is not encrypted, as what an editor leaves behind.
fn is_asked(name: &str, in_store: bool) -> bool {
    let manifest = [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end));
    manifest || (in_store && !name.ends_with(".age"))
}

fn in_file(look: Look, path: &Path, shown: &str) -> Vec<Wrong> {
    // What is too large or cannot be read is no manifest that kubectl would take from a person.
    let Ok(bytes) = files::read(look, path, LARGEST) else { return Vec::new() };
    if !bytes.windows(6).any(|part| part == b"Secret") {
        return Vec::new();
    }
    let (mut objects, broken) = objects_of(&bytes, shown.ends_with(".json"), shown);
    let found = objects.iter().filter(|object| is_plain(object)).map(|object| Wrong {
        file: shown.to_owned(),
        line: Some(object.at.line),
        object: Some(object.id.to_string()),
        text: "is a Secret in plain text".to_owned(),
        fix: FIX.to_owned(),
    });
    let mut found: Vec<Wrong> = found.collect();
    if found.is_empty() && !broken.is_empty() {
        found.extend(
            by_lines(&String::from_utf8_lossy(&bytes)).map(|line| Wrong {
                line: Some(line),
                ..Wrong::of_file(shown, "looks like a Secret in plain text", FIX)
            }),
        );
    }
    objects.iter_mut().for_each(|object| object.root.wipe());
    found
}

/// One that has a value which is not only a placeholder.
fn is_plain(object: &Object) -> bool {
    let value = |part: &str, text: &str| match part {
        "data" => base64::decode(text).unwrap_or_else(|| Hidden::from(text.to_owned())),
        _ => Hidden::from(text.to_owned()),
    };
    let has = |part: &str| {
        let fields = object.root.get(part).map_or(&[][..], crate::manifests::Node::fields);
        let mut texts = fields.iter().filter_map(|field| field.node.text());
        texts.any(|text| !text.is_empty() && placeholder::sort(&value(part, text)).is_none())
    };
    (object.id.group(), object.kind()) == ("", "Secret") && (has("data") || has("stringData"))
}

/// For files that are no YAML yet, as templates are.
fn by_lines(text: &str) -> Option<u32> {
    let mut lines = text.lines().zip(1..);
    let (_, at) = lines.find(|(line, _)| line.trim() == "kind: Secret")?;
    let values = |line: &str| line.starts_with("stringData:") || line.starts_with("data:");
    let within = lines.take_while(|(line, _)| !line.starts_with("---"));
    let mut behind = within.skip_while(|(line, _)| !values(line)).skip(1);
    // A template that puts values in from elsewhere holds none.
    behind
        .any(|(line, _)| line.split_once(": ").is_some_and(|(_, v)| !v.trim().is_empty() && !v.contains("{{")))
        .then_some(at)
}

#[cfg(test)]
mod tests {
    use super::by_lines;

    #[test]
    fn a_template_with_a_value_of_its_own_is_seen() {
        let head = "{{- if .x }}\nkind: Secret\nmetadata: {}\nstringData:\n";
        assert_eq!(by_lines(&format!("{head}  token: hunter2\n")), Some(2));
        assert_eq!(by_lines(&format!("{head}  token: {{{{ .Values.token }}}}\n")), None);
        assert_eq!(by_lines("kind: ConfigMap\ndata:\n  a: b\n"), None);
    }
}
