//! ApplicationSets of Argo CD: those whose Applications are told by a list, or by the folders and files of this repository.

use super::repo::find;
use super::{Repo, Wanted, argo};
use crate::manifests::budget::{Budget, LARGEST_FILE};
use crate::manifests::repository::Unread;
use crate::manifests::{Field, Node, Object, Value, documents};
use crate::model::ObjectId;
use crate::sys::Look;
use crate::sys::files::{self, Sort};
use std::collections::BTreeMap;
use std::path::Path;

type Values = BTreeMap<String, String>;

/// Folders below this depth are nobody's applications.
const DEEPEST: usize = 8;
const MOST: usize = 1000;

pub fn applications(look: Look, object: &Object, repos: &[Repo]) -> Vec<Wanted> {
    let (made, unread) = made(look, object, repos);
    let of_one = |one: &Object| argo::of_spec(look, object, one.root.get("spec")?, one.name(), repos).into();
    let wanted = made.iter().filter_map(|one| -> Option<Vec<Wanted>> { of_one(one) }).flatten();
    wanted.chain(unread.into_iter().map(Wanted::Unknown)).collect()
}

/// The Applications that a set makes, as far as the files tell it.
pub fn made(look: Look, object: &Object, repos: &[Repo]) -> (Vec<Object>, Vec<Unread>) {
    let (mut all, mut unread) = (Vec::new(), Vec::new());
    let Some(template) = object.root.walk(&["spec", "template"]) else { return (all, unread) };
    let unknown =
        |place, why, missing: &str| Unread { place, object: object.id.to_string(), why, missing: missing.to_owned() };
    for generator in object.root.walk(&["spec", "generators"]).map_or(&[][..], Node::items) {
        let sets = match values(look, generator, repos) {
            Ok(sets) => sets,
            Err(why) => {
                unread.push(unknown(object.place_at(generator.at), why, "what the generator makes"));
                continue;
            }
        };
        for values in sets.into_iter().take(MOST) {
            let mut filled = template.clone();
            let mut left = None;
            fill(&mut filled, &values, &mut left);
            if filled.get("spec").is_none() {
                continue;
            }
            let name = filled.text_at(&["metadata", "name"]).unwrap_or(object.name()).to_owned();
            match left {
                Some(expression) => {
                    let why = format!("its template has {expression}, which is not worked out here");
                    unread.push(unknown(object.place_at(template.at), why, "the Applications that it makes"));
                    break;
                }
                None => all.push(application(object, filled, &name)),
            }
        }
    }
    (all, unread)
}

/// What a filled template is, as the object that the set makes of it.
fn application(set: &Object, filled: Node, name: &str) -> Object {
    let at = filled.at;
    let mut root = filled;
    if let Value::Map(fields) = &mut root.value {
        for (name, text) in [("apiVersion", "argoproj.io/v1alpha1"), ("kind", "Application")] {
            let node = Node { at, value: Value::Text(text.into()) };
            fields.push(Field { name: name.into(), at, node });
        }
    }
    let id = ObjectId::new("argoproj.io/v1alpha1", "Application", set.namespace(), name);
    Object { file: set.file.clone(), at, id, root }
}

fn values(look: Look, generator: &Node, repos: &[Repo]) -> Result<Vec<Values>, String> {
    let kind = generator.fields().iter().find(|field| !["template", "selector", "values"].contains(&&*field.name));
    let Some(kind) = kind.filter(|_| generator.get("selector").is_none()) else {
        return Err("has a generator with a selector, which is not worked out here".to_owned());
    };
    match &*kind.name {
        "list" => {
            let elements = kind.node.get("elements").map_or(&[][..], Node::items);
            Ok(elements.iter().map(|element| flat(element, "")).collect())
        }
        "git" => git(look, &kind.node, repos),
        other => Err(format!("its generator `{other}` asks what the files do not tell")),
    }
}

fn git(look: Look, node: &Node, repos: &[Repo]) -> Result<Vec<Values>, String> {
    let url = node.text_at(&["repoURL"]);
    let Some(base) = find(look, repos, url, "") else {
        return Err(format!("its generator reads {}, which is not this repository", url.unwrap_or("?")));
    };
    let mut all = Vec::new();
    let items = |name: &str| node.get(name).map_or(&[][..], Node::items);
    let paths = |name: &str, excluded: bool| -> Vec<&str> {
        let of = |item: &&Node| item.get("exclude").and_then(Node::flag).unwrap_or(false) == excluded;
        items(name).iter().filter(of).filter_map(|item| item.text_at(&["path"])).collect()
    };
    let (folders, excluded, wanted) = (paths("directories", false), paths("directories", true), paths("files", false));
    walk(look, &base, Path::new(""), 0, &mut |path, sort| {
        let shown = path.display().to_string();
        let any = |patterns: &[&str]| patterns.iter().any(|pattern| matches(pattern, &shown));
        if sort == Sort::Folder && any(&folders) && !any(&excluded) {
            all.push(of_path(path));
        }
        if sort == Sort::File && any(&wanted) && !any(&paths("files", true)) {
            let bytes = files::read(look, &base.join(path), LARGEST_FILE).unwrap_or_default();
            for document in documents::read(&bytes, false, &Budget::default()).0 {
                let mut values = flat(&document, "");
                values.extend(of_path(path.parent().unwrap_or(path)));
                all.push(values);
            }
        }
    });
    Ok(all)
}

fn walk(look: Look, base: &Path, inner: &Path, depth: usize, see: &mut dyn FnMut(&Path, Sort)) {
    if depth > DEEPEST {
        return;
    }
    for (name, sort) in files::entries(look, &base.join(inner)).unwrap_or_default() {
        let path = inner.join(&name);
        if name.as_encoded_bytes().starts_with(b".") || files::is_link(look, &base.join(&path)) {
            continue;
        }
        see(&path, sort);
        if sort == Sort::Folder {
            walk(look, base, &path, depth + 1, see);
        }
    }
}

/// What a folder is called in templates.
fn of_path(path: &Path) -> Values {
    let shown = path.display().to_string();
    let last = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let plain = last.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.', "-");
    let mut values: Values =
        [("path", shown.clone()), ("path.path", shown), ("path.basename", last), ("path.basenameNormalized", plain)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
    for (index, part) in path.iter().enumerate() {
        values.insert(format!("path[{index}]"), part.to_string_lossy().into_owned());
        values.insert(format!("index .path.segments {index}"), part.to_string_lossy().into_owned());
    }
    values
}

fn flat(node: &Node, above: &str) -> Values {
    let mut values = Values::new();
    for field in node.fields() {
        let name = if above.is_empty() { field.name.to_string() } else { format!("{above}.{}", field.name) };
        match &field.node.value {
            Value::Map(_) => values.extend(flat(&field.node, &name)),
            Value::Text(text) => drop(values.insert(name, text.to_string())),
            Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::List(_) => {
                values.insert(name, field.node.json().to_string());
            }
        }
    }
    values
}

/// Puts values in the place of `{{name}}` and `{{ .name }}`. The first that is not known is told.
fn fill(node: &mut Node, values: &Values, left: &mut Option<String>) {
    match &mut node.value {
        Value::Text(text) if text.contains("{{") => {
            let mut out = String::new();
            let mut rest = &**text;
            while let Some((before, after)) = rest.split_once("{{") {
                out.push_str(before);
                let Some((inner, behind)) = after.split_once("}}") else { break };
                let name = inner.trim_matches(|c: char| c.is_whitespace() || c == '-');
                match values.get(name).or_else(|| values.get(name.trim_start_matches('.'))) {
                    Some(value) => out.push_str(value),
                    None => drop(left.get_or_insert(format!("{{{{{inner}}}}}"))),
                }
                rest = behind;
            }
            out.push_str(rest);
            *text = out.into();
        }
        Value::List(items) => items.iter_mut().for_each(|item| fill(item, values, left)),
        Value::Map(fields) => fields.iter_mut().for_each(|field| fill(&mut field.node, values, left)),
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) | Value::Text(_) => {}
    }
}

/// Part by part; `*` stands for any letters of one part, `**` for any parts.
fn matches(pattern: &str, path: &str) -> bool {
    fn parts(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern, path) {
            ([], []) => true,
            (["**", rest @ ..], _) => {
                parts(rest, path) || path.split_first().is_some_and(|(_, left)| parts(pattern, left))
            }
            ([one, rest @ ..], [name, left @ ..]) => part(one, name) && parts(rest, left),
            ([], _) | (_, []) => false,
        }
    }
    fn part(pattern: &str, name: &str) -> bool {
        match pattern.split_once('*') {
            None => pattern == name,
            Some((before, after)) => name
                .strip_prefix(before)
                .is_some_and(|rest| (0..=rest.len()).any(|at| rest.is_char_boundary(at) && part(after, &rest[at..]))),
        }
    }
    let split = |text: &'_ str| -> Vec<String> {
        text.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
    };
    let (pattern, path) = (split(pattern), split(path));
    let (pattern, path): (Vec<&str>, Vec<&str>) =
        (pattern.iter().map(String::as_str).collect(), path.iter().map(String::as_str).collect());
    parts(&pattern, &path)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stays_within_its_folder() {
        for (pattern, path) in
            [("apps/*", "apps/a"), ("./apps/*/", "apps/a"), ("**/x.json", "a/b/x.json"), ("a*c/d", "abc/d"), ("*", "a")]
        {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [("apps/*", "apps/a/b"), ("apps/*", "apps"), ("a*c", "abd"), ("*", "a/b")] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }
}
