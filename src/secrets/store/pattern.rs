//! Which folder is meant, and which of its files.

use super::DIGEST_KEY;
use crate::sys::Look;
use crate::sys::files::{self, Sort};
use std::path::{Path, PathBuf};

/// What a folder alone means.
const ENDS: [&str; 3] = [".yaml.age", ".yml.age", ".json.age"];

pub struct Pattern {
    pub folder: PathBuf,
    pub shown: String,
    names: Option<String>,
    /// Whether the others are taken too.
    wide: bool,
}

impl Pattern {
    /// A path that leads to a folder means all of its files; else its last part is the pattern of their names, with `*`.
    pub fn new(look: Look, base: &Path, written: &str, shown: &str) -> Self {
        let path = Path::new(written);
        let is_folder = files::sort_at(look, &base.join(path)).is_ok_and(|sort| sort == Sort::Folder);
        let last = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let names = last.filter(|name| !is_folder && (name.contains('*') || name.ends_with(".age")));
        let folder = if names.is_some() { path.parent().unwrap_or(Path::new("")) } else { path };
        let shown = files::tidy(&Path::new(shown).join(folder)).display().to_string();
        let folder = base.join(folder);
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        Self { folder, shown, names, wide: false }
    }

    /// The whole store: what is encrypted anew, or written down, is all of it, whichever of its files were meant.
    pub fn whole(self) -> Self {
        Self { wide: true, ..self }
    }

    pub fn takes(&self, name: &str) -> bool {
        let usual = || ENDS.iter().any(|end| name.ends_with(end));
        (self.means(name) || (self.wide && usual())) && is_ours(name)
    }

    /// Whether who named this pattern will find a file of this name.
    pub fn means(&self, name: &str) -> bool {
        let meant = match &self.names {
            Some(pattern) => matches(pattern, name),
            None => ENDS.iter().any(|end| name.ends_with(end)),
        };
        meant && is_ours(name)
    }

    /// As it was named: the folder, or its files.
    pub fn text(&self) -> String {
        self.names.as_ref().map_or_else(|| self.shown.clone(), |names| within(&self.shown, names))
    }
}

fn is_ours(name: &str) -> bool {
    !name.starts_with('.') && name != DIGEST_KEY
}

/// The folder of a store that may not be there yet, and how it is shown.
pub fn folder(look: Look, base: &Path, written: &str, shown: &str) -> (PathBuf, String) {
    let pattern = Pattern::new(look, base, written, shown);
    (pattern.folder, pattern.shown)
}

/// A name within a folder that is shown so.
pub fn within(shown: &str, name: &str) -> String {
    if shown.is_empty() { name.to_owned() } else { format!("{}/{name}", shown.trim_end_matches('/')) }
}

/// `*` stands for any letters, also none.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => name.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| matches(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_what_it_says_and_never_the_digest_key() {
        let look = Look::new();
        let of = |written: &str| Pattern::new(look, Path::new("plans"), written, "plans");
        let one = of("../secrets/*.yaml.age");
        assert_eq!((one.folder.as_path(), one.shown.as_str()), (Path::new("plans/../secrets"), "secrets"));
        assert!(
            one.takes("a.yaml.age") && !one.takes("a.json.age") && !one.takes("a.yaml") && !one.takes(".a.yaml.age")
        );
        let all = of("../secrets");
        assert!(all.takes("a.json.age") && all.takes("a.yml.age") && !all.takes("a.age"));
        assert!(of("../secrets/*.age").takes("x.age") && !of("../secrets/*.age").takes(DIGEST_KEY));
        assert!(matches("a*b*c", "a-b-b-c") && !matches("a*b", "a-c"));
        assert_eq!(within("", "x"), "x");
        let some = of("../secrets/lab-*.yaml.age").whole();
        assert!(some.takes("other.json.age") && !some.means("other.json.age") && some.means("lab-a.yaml.age"));
        assert!(!some.takes(DIGEST_KEY) && some.text() == "secrets/lab-*.yaml.age");
    }
}
