//! The repository that the files lie in, and whether somebody else's words mean it.

use crate::manifests::budget::LARGEST_FILE;
use crate::sys::Look;
use crate::sys::files::{self, Sort};
use std::path::{Component, Path, PathBuf};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repo {
    /// Its real path.
    pub base: PathBuf,
    /// Where its remotes are. Empty where nothing says so.
    pub urls: Vec<String>,
}

impl Repo {
    /// The repository around a path; one that is none stands for itself.
    pub fn around(look: Look, path: &Path) -> Option<Self> {
        let real = files::real(look, path).ok()?;
        let base = real.ancestors().find(|folder| files::exists(look, &folder.join(".git")));
        let Some(base) = base else {
            let folder = files::sort_at(look, &real).is_ok_and(|sort| sort == Sort::Folder);
            let base = if folder { real } else { real.parent()?.to_owned() };
            return Some(Self { base, urls: Vec::new() });
        };
        let config = files::read(look, &base.join(".git/config"), LARGEST_FILE).unwrap_or_default();
        let config = String::from_utf8_lossy(&config);
        let url = |line: &str| Some(line.trim().strip_prefix("url")?.trim_start().strip_prefix('=')?.trim().to_owned());
        Some(Self { base: base.to_owned(), urls: config.lines().filter_map(url).collect() })
    }
    /// A folder or a file in it, by the path that is written for it. None for another repository, or where nothing lies.
    fn at(&self, look: Look, url: Option<&str>, path: &str) -> Option<PathBuf> {
        if let Some(url) = url.filter(|_| !self.urls.is_empty())
            && !self.urls.iter().any(|own| short(own) == short(url))
        {
            return None;
        }
        let path = Path::new(path.trim_start_matches('/'));
        if path.components().any(|part| part == Component::ParentDir) {
            return None;
        }
        let real = files::real(look, &self.base.join(path)).ok()?;
        real.starts_with(&self.base).then_some(real)
    }
}

pub fn find(look: Look, repos: &[Repo], url: Option<&str>, path: &str) -> Option<PathBuf> {
    repos.iter().find_map(|repo| repo.at(look, url, path))
}

/// Whether a URL means one of these.
pub fn is_own(repos: &[Repo], url: &str) -> bool {
    repos.iter().any(|repo| repo.urls.is_empty() || repo.urls.iter().any(|own| short(own) == short(url)))
}

/// Owner and name: the same repository is reached by several ways, and mirrors keep both.
fn short(url: &str) -> String {
    let plain = url.trim_end_matches('/').trim_end_matches(".git").to_lowercase();
    let mut parts = plain.rsplit(['/', ':']);
    let (name, owner) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{owner}/{name}")
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn one_repository_is_known_by_each_of_its_addresses() {
        for url in
            ["https://host/Me/lab.git", "git@host:me/lab.git", "ssh://git@host:22/me/lab/", "https://mirror/me/lab"]
        {
            assert_eq!(short(url), "me/lab", "{url}");
        }
    }
}
