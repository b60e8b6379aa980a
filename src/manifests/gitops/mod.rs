//! What Argo CD and Flux would bring into a cluster, as far as their objects in the files say so and it lies on this disk.

mod appset;
mod argo;
mod flux;
mod repo;
mod revision;

pub use appset::made;
pub use repo::{Repo, is_own};
pub use revision::revision;

use super::Object;
use super::render::Entry;
use super::repository::Unread;
use crate::sys::Look;

/// Something that an object wants applied.
pub enum Wanted {
    /// A folder or a chart; and whether, where it is a folder of plain files, those below it count too.
    Entry(Box<Entry>, bool),
    Unknown(Unread),
}

pub fn wanted(look: Look, object: &Object, repos: &[Repo]) -> Vec<Wanted> {
    match (object.id.group(), object.kind()) {
        ("argoproj.io", "Application") => argo::application(look, object, repos),
        ("argoproj.io", "ApplicationSet") => appset::applications(look, object, repos),
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => flux::kustomization(look, object, repos),
        ("helm.toolkit.fluxcd.io", "HelmRelease") => flux::release(look, object, repos),
        _ => Vec::new(),
    }
}

fn unknown(object: &Object, place: crate::model::Place, why: String, missing: &str) -> Wanted {
    Wanted::Unknown(Unread { place, object: object.id.to_string(), why, missing: missing.to_owned() })
}

/// Of a chart that lies in no folder: its archive from helm's cache.
fn archive(
    look: Look,
    object: &Object,
    place: crate::model::Place,
    [name, version, from]: [&str; 3],
) -> Result<std::path::PathBuf, Wanted> {
    super::render::cached(look, name, version).ok_or_else(|| {
        let why = format!("chart {name} {version} from {from} is not in this repository");
        unknown(object, place, why, "the archive of the chart in helm's cache")
    })
}
