//! A Helm chart in a folder: which of the charts that it is made of are at hand.

use crate::manifests::budget::{Budget, LARGEST_FILE};
use crate::manifests::{Node, documents};
use crate::model::Spot;
use crate::sys::files::{self, Sort};
use crate::sys::{Look, tool};
use std::path::{Path, PathBuf};

pub struct Chart {
    pub folder: PathBuf,
    /// It is there for other charts, and makes nothing by itself.
    pub library: bool,
    pub needs: Vec<Need>,
}

/// A chart that it is made of.
pub struct Need {
    pub name: String,
    pub version: String,
    pub from: String,
    pub at: Spot,
    pub file: PathBuf,
    pub held: Held,
}

pub enum Held {
    /// It lies in the folder `charts`.
    Here,
    /// In another folder of the same disk, or in Helm's cache: it can be linked to.
    There(PathBuf),
    Nowhere,
}

fn document(look: Look, path: &Path) -> Option<Node> {
    let bytes = files::read(look, path, LARGEST_FILE).ok()?;
    documents::read(&bytes, false, &Budget::default()).0.into_iter().next()
}

impl Chart {
    pub fn of(look: Look, folder: &Path) -> Option<Self> {
        let root = document(look, &folder.join("Chart.yaml"))?;
        let library = root.text_at(&["type"]) == Some("library");
        let mut chart = Self { folder: folder.to_owned(), library, needs: Vec::new() };
        let locked = ["Chart.lock", "requirements.lock"].iter().find_map(|name| document(look, &folder.join(name)));
        for file in ["Chart.yaml", "requirements.yaml"].map(|name| folder.join(name)) {
            let Some(root) = document(look, &file) else { continue };
            for one in root.get("dependencies").map_or(&[][..], Node::items) {
                let text = |name: &str| one.text_at(&[name]).unwrap_or_default().to_owned();
                let (name, from) = (text("name"), text("repository"));
                let exact = locked.as_ref().and_then(|lock| {
                    let mut items = lock.get("dependencies")?.items().iter();
                    items.find(|item| item.text_at(&["name"]) == Some(&name))?.text_at(&["version"])
                });
                let version = exact.map_or_else(|| text("version"), str::to_owned);
                let held = held(look, folder, &name, &version, &from);
                chart.needs.push(Need { name, version, from, at: one.at, file: file.clone(), held });
            }
        }
        Some(chart)
    }
}

impl Chart {
    /// The charts that it is made of and that lie elsewhere on this disk.
    pub fn linked(self) -> impl Iterator<Item = PathBuf> {
        self.needs.into_iter().filter_map(|need| match need.held {
            Held::There(path) => Some(path),
            Held::Here | Held::Nowhere => None,
        })
    }
}

fn held(look: Look, folder: &Path, name: &str, version: &str, from: &str) -> Held {
    let charts = folder.join("charts");
    let here = files::entries(look, &charts).unwrap_or_default().into_iter().any(|(entry, sort)| {
        let entry = entry.to_string_lossy();
        match sort {
            Sort::Folder => *entry == *name || of_name(look, &charts.join(&*entry), name),
            Sort::File => archive_of(&entry) == Some(name),
            Sort::Other | Sort::Nothing => false,
        }
    });
    if here {
        return Held::Here;
    }
    let local = from.strip_prefix("file://").map(|path| folder.join(path));
    if let Some(local) = local.and_then(|path| files::real(look, &path).ok()) {
        return if files::exists(look, &local.join("Chart.yaml")) { Held::There(local) } else { Held::Nowhere };
    }
    cached(look, name, version).map_or(Held::Nowhere, Held::There)
}

fn of_name(look: Look, folder: &Path, name: &str) -> bool {
    document(look, &folder.join("Chart.yaml")).is_some_and(|root| root.text_at(&["name"]) == Some(name))
}

/// The name of the chart in an archive `NAME-VERSION.tgz`: a version begins with a digit, perhaps behind a v.
fn archive_of(file: &str) -> Option<&str> {
    let stem = file.strip_suffix(".tgz")?;
    let mut dashes = stem.match_indices('-').map(|(at, _)| at);
    let at = dashes.find(|at| stem[at + 1..].trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()))?;
    Some(&stem[..at])
}

/// The archive of this chart, where helm has fetched it before.
pub fn cached(look: Look, name: &str, version: &str) -> Option<PathBuf> {
    let plain = |text: &str| !text.is_empty() && !text.contains('/') && !text.contains('*');
    let archive = format!("{name}-{version}.tgz");
    let mut all = tool::chart_caches(look).into_iter().map(|folder| folder.join(&archive));
    all.find(|path| plain(name) && plain(version) && files::exists(look, path))
}
