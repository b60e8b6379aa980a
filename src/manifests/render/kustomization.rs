//! What a kustomization file names: folders, files, and what lies elsewhere. It puts nothing together.

use crate::manifests::budget::{Budget, LARGEST_FILE};
use crate::manifests::{Node, documents};
use crate::model::Spot;
use crate::sys::Look;
use crate::sys::files::{self, Sort};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Kustomize takes these names only.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// One file of kustomize. All paths are the real ones.
#[derive(Debug)]
pub struct Kustomization {
    pub folder: PathBuf,
    pub file: PathBuf,
    pub root: Node,
    /// The folders that it takes as a whole.
    pub folders: Vec<PathBuf>,
    pub files: Vec<PathBuf>,
    /// What would have to be fetched, or wants a program that is not run.
    pub away: Vec<Away>,
}

/// A line of the file that cannot be followed.
#[derive(Debug)]
pub struct Away {
    pub at: Spot,
    field: &'static str,
    /// In the list of the field; without one the field as a whole.
    index: Option<usize>,
    pub why: String,
    pub missing: String,
}

/// Lists of files and folders, of which one may be left out and the rest still is something.
const PARTS: [&str; 3] = ["resources", "bases", "components"];
const LISTS: [&str; 6] =
    ["crds", "configurations", "generators", "transformers", "validators", "patchesStrategicMerge"];
const BY_PATH: [&str; 3] = ["patches", "patchesJson6902", "replacements"];
const GENERATORS: [&str; 2] = ["configMapGenerator", "secretGenerator"];
const CHARTS: [&str; 2] = ["helmCharts", "helmChartInflationGenerator"];

impl Kustomization {
    /// The kustomization of this folder. None where it has none, or one that is no YAML: kustomize says what is wrong with it.
    pub fn of(look: Look, folder: &Path) -> Option<Self> {
        let folder = files::real(look, folder).ok()?;
        let file = NAMES.iter().map(|name| folder.join(name)).find(|file| files::exists(look, file))?;
        let bytes = files::read(look, &file, LARGEST_FILE).ok()?;
        let (nodes, _) = documents::read(&bytes, false, &Budget::default());
        let nothing = || Node { at: Spot { line: 1, column: 1 }, value: crate::manifests::Value::Map(Vec::new()) };
        let root = nodes.into_iter().next().unwrap_or_else(nothing);
        let (folders, files, away) = Default::default();
        let mut own = Self { folder, file, root: nothing(), folders, files, away };
        own.follow(look, &root);
        own.root = root;
        Some(own)
    }
    pub fn is_component(&self) -> bool {
        self.root.text_at(&["kind"]) == Some("Component")
    }
    /// The files that it puts together as objects, without those of the folders that it takes.
    pub fn resources(&self, look: Look) -> impl Iterator<Item = PathBuf> {
        let items = self.root.get("resources").map_or(&[][..], Node::items);
        let paths = items.iter().filter_map(|item| Some(self.folder.join(item.text()?)));
        paths.filter(move |path| files::sort_at(look, path).is_ok_and(|sort| sort == Sort::File))
    }
    /// What it would be without what cannot be followed. None where nothing is left that kustomize could work on.
    pub fn remaining(&self) -> Option<Value> {
        let mut all = self.root.json();
        for away in self.away.iter().rev() {
            let Some(index) = away.index else {
                all.as_object_mut()?.remove(away.field)?;
                continue;
            };
            let list = all.get_mut(away.field)?.as_array_mut()?;
            if index >= list.len() || !(PARTS.contains(&away.field) || LISTS.contains(&away.field)) {
                return None;
            }
            list.remove(index);
        }
        Some(all)
    }

    fn follow(&mut self, look: Look, root: &Node) {
        let list = |field: &str| root.get(field).map_or(&[][..], Node::items);
        for field in PARTS.into_iter().chain(LISTS) {
            for (index, item) in list(field).iter().enumerate() {
                self.name(look, field, Some(index), item);
            }
        }
        for field in BY_PATH {
            list(field).iter().filter_map(|item| item.get("path")).for_each(|path| self.name(look, field, None, path));
        }
        for field in GENERATORS {
            for path in list(field).iter().flat_map(|one| {
                let lists = ["files", "envs"].into_iter().flat_map(|name| one.get(name).map_or(&[][..], Node::items));
                lists.chain(one.get("env"))
            }) {
                self.name(look, field, None, path);
            }
        }
        if let Some(path) = root.walk(&["openapi", "path"]) {
            self.name(look, "openapi", None, path);
        }
        for field in CHARTS {
            let Some(charts) = root.get(field).filter(|charts| !charts.items().is_empty()) else { continue };
            let text = |chart: &Node, name: &str| chart.text_at(&[name]).unwrap_or("?").to_owned();
            let one = |chart: &Node| match chart.text_at(&["name"]) {
                Some(name) => format!("{name} {} from {}", text(chart, "version"), text(chart, "repo")),
                None => text(chart, "chartName"),
            };
            let names: Vec<String> = charts.items().iter().map(one).collect();
            let why =
                format!("wants kustomize to fetch and render charts, which is not done here: {}", names.join(", "));
            let missing = "what the charts make: render them, and look at that".to_owned();
            self.away.push(Away { at: charts.at, field, index: None, why, missing });
        }
    }

    /// Follows one path that is written in it.
    fn name(&mut self, look: Look, field: &'static str, index: Option<usize>, node: &Node) {
        let Some(text) = node.text().filter(|text| !text.contains('\n')) else { return };
        // Generators write a name in front of a path.
        let text = if GENERATORS.contains(&field) { text.split_once('=').map_or(text, |(_, path)| path) } else { text };
        let path = self.folder.join(text);
        let real = || files::real(look, &path).ok();
        match files::sort_at(look, &path) {
            Ok(Sort::Folder) => self.folders.extend(real()),
            Ok(Sort::File) => {
                if ["generators", "transformers", "validators"].contains(&field)
                    && let Some(kind) = plugin(look, &path)
                {
                    let why = format!("wants the plugin {kind} of kustomize, which is not run here");
                    let missing = "what the plugin makes".to_owned();
                    self.away.push(Away { at: node.at, field, index, why, missing });
                }
                self.files.extend(real());
            }
            Ok(Sort::Nothing | Sort::Other) | Err(_) => {
                if is_remote(text) {
                    let why = format!("takes {text} from elsewhere, and nothing is fetched here");
                    let missing = "a copy of it in the repository".to_owned();
                    self.away.push(Away { at: node.at, field, index, why, missing });
                }
            }
        }
    }
}

/// The kind of the first plugin in this file that kustomize does not bring itself.
fn plugin(look: Look, path: &Path) -> Option<String> {
    let bytes = files::read(look, path, LARGEST_FILE).ok()?;
    let (nodes, _) = documents::read(&bytes, false, &Budget::default());
    let foreign =
        nodes.iter().find(|node| node.text_at(&["apiVersion"]).is_some_and(|version| version != "builtin"))?;
    Some(foreign.text_at(&["kind"]).unwrap_or("?").to_owned())
}

/// What kustomize would fetch: by a URL, or as a repository of git.
pub fn is_remote(text: &str) -> bool {
    let host = text.split(['/', ':']).next().unwrap_or_default();
    text.contains("://")
        || text.contains("?ref=")
        || text.starts_with("git::")
        || text.starts_with("git@")
        || (host.contains('.') && !host.starts_with('.') && host.contains(|c: char| c.is_ascii_alphabetic()) && {
            let known = ["github.com", "gitlab.com", "bitbucket.org", "dev.azure.com", "codeberg.org"];
            known.contains(&host) || text.contains(".git")
        })
}

#[cfg(test)]
mod tests {
    use super::is_remote;

    #[test]
    fn what_would_be_fetched_is_told_from_paths() {
        for text in [
            "https://a.b/c.yaml",
            "github.com/a/b//c?ref=v1",
            "github.com/a/b",
            "git@host:a/b",
            "ssh://h/a",
            "git::x",
            "host.example/a.git",
            "../x?ref=main",
        ] {
            assert!(is_remote(text), "{text}");
        }
        for text in ["a.yaml", "../base", "./x/y.yml", "apps/github.com.yaml", "..", "v1.2/x"] {
            assert!(!is_remote(text), "{text}");
        }
    }
}
