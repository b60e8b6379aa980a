//! What kustomize makes something else of: such files are not what a cluster gets, so a plan may not apply them as they lie.
//! It renders nothing.

use super::tree::{relative, shown};
use crate::manifests::pods::each;
use crate::manifests::{Node, reread};
use crate::sys::Look;
use crate::sys::files::{self, Sort};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
const LARGEST: u64 = 1 << 20;

/// Keys that leave the files which they name as they are.
const PLAIN: [&str; 5] = ["apiVersion", "kind", "metadata", "resources", "bases"];

/// What is known of all kustomizations.
#[derive(Default)]
pub struct Kustomized {
    /// Files that reach a cluster only as kustomize has changed them.
    pub changed: BTreeSet<PathBuf>,
    /// Each file, with the key that changes something, and its line.
    pub roots: Vec<(PathBuf, String, u32)>,
    /// What is fetched from elsewhere: the file, its line, the address.
    pub remote: Vec<(PathBuf, u32, String)>,
}

struct One {
    file: PathBuf,
    node: Node,
}

/// Reads these files, each the only one of its folder.
pub fn read(look: Look, paths: &[PathBuf]) -> Kustomized {
    let mut all: BTreeMap<PathBuf, One> = BTreeMap::new();
    for file in paths {
        let text = files::read(look, file, LARGEST).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        // One that cannot be read is told with the other files that cannot.
        let node = text.and_then(|text| reread(&text)).and_then(|nodes| nodes.into_iter().next());
        if let (Some(folder), Some(node)) = (file.parent(), node) {
            all.insert(folder.to_owned(), One { file: file.clone(), node });
        }
    }
    let mut done = Kustomized::default();
    let mut below: BTreeSet<PathBuf> = BTreeSet::new();
    for (folder, one) in &all {
        for (line, text) in named(&one.node, &["resources", "bases"]) {
            if is_remote(text) {
                done.remote.push((one.file.clone(), line, text.to_owned()));
            }
        }
        if changes(&one.node).is_some() {
            let mut seen = BTreeSet::from([folder.clone()]);
            closure(look, &all, folder, &mut done.changed, &mut seen);
            seen.remove(folder);
            below.extend(seen);
        }
    }
    for (folder, one) in all.iter().filter(|(folder, _)| !below.contains(*folder)) {
        if let Some((key, line)) = changes(&one.node) {
            done.roots.push((folder.join(one.file.file_name().unwrap_or_default()), key, line));
        }
    }
    done
}

/// The first key that makes something else of the files.
fn changes(node: &Node) -> Option<(String, u32)> {
    let component = node.text_at(&["kind"]) == Some("Component");
    let field =
        node.fields().iter().find(|field| !PLAIN.contains(&&*field.name) || (component && *field.name == *"kind"))?;
    Some((field.name.to_string(), field.at.line))
}

/// The texts of some lists.
fn named<'n>(node: &'n Node, keys: &[&str]) -> Vec<(u32, &'n str)> {
    let lists = keys.iter().flat_map(|key| each(node, key));
    lists.filter_map(|item| Some((item.at.line, item.text()?))).collect()
}

fn is_remote(text: &str) -> bool {
    text.contains("://") || text.starts_with("github.com/") || text.starts_with("git@") || text.contains("?ref=")
}

/// Everything that a folder's kustomization puts together.
fn closure(
    look: Look,
    all: &BTreeMap<PathBuf, One>,
    folder: &Path,
    files: &mut BTreeSet<PathBuf>,
    seen: &mut BTreeSet<PathBuf>,
) {
    let Some(one) = all.get(folder) else { return };
    let node = &one.node;
    let mut texts =
        named(node, &["resources", "bases", "components", "patchesStrategicMerge", "transformers", "generators"]);
    for list in ["patches", "patchesJson6902", "replacements"] {
        texts.extend(each(node, list).filter_map(|patch| Some((patch.at.line, patch.text_at(&["path"])?))));
    }
    for (_, text) in texts.into_iter().filter(|(_, text)| !is_remote(text) && !text.contains('\n')) {
        let path = files::tidy(&folder.join(text));
        match files::sort_at(look, &path) {
            Ok(Sort::Folder) => {
                if seen.insert(path.clone()) {
                    closure(look, all, &path, files, seen);
                }
            }
            Ok(Sort::File | Sort::Other | Sort::Nothing) | Err(_) => {
                files.insert(path);
            }
        }
    }
}

impl Kustomized {
    /// What is asked about them, relative to the folder of the plan.
    pub fn questions(&self, home: &Path) -> Vec<String> {
        let way = |file: &Path| shown(&relative(home, file));
        let roots = self.roots.iter().map(|(file, key, line)| {
            let folder = way(file.parent().unwrap_or(file));
            format!(
                "{}:{line}: kustomize changes what it puts together here (`{key}`), so its files are left out as \
                 they lie: render it into a file, and add a step for that? kubectl kustomize {folder}",
                way(file)
            )
        });
        let remote = self.remote.iter().map(|(file, line, address)| {
            format!(
                "{}:{line}: {address} comes from elsewhere and is in no file: what is it, and what if it is away?",
                way(file)
            )
        });
        roots.chain(remote).collect()
    }
}
