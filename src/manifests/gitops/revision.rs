//! Which commit a work tree has for a name: read from the files of git, without a program and without a network.

use crate::manifests::budget::LARGEST_FILE;
use crate::sys::{Look, files};
use std::path::{Path, PathBuf};

/// The commit behind what an Application names, as `HEAD`, a branch, or a commit. None for what is not a branch here, as a tag,
/// and where there is no repository.
pub fn revision(look: Look, base: &Path, target: &str) -> Option<String> {
    let git = Git::of(look, base)?;
    if is_commit(target) {
        return Some(target.to_lowercase());
    }
    let target = target.strip_prefix("refs/heads/").unwrap_or(target);
    match target {
        "" | "HEAD" => match git.reference("refs/remotes/origin/HEAD") {
            Some(Points::To(name)) => git.branch(name.strip_prefix("refs/remotes/origin/")?),
            // Whoever cloned it knows what its server calls HEAD; elsewhere it is what is checked out.
            Some(Points::At(_)) | None => match git.at_head()? {
                Points::At(commit) => Some(commit),
                Points::To(name) => git.commit(&name),
            },
        },
        branch => git.branch(branch),
    }
}

enum Points {
    At(String),
    To(String),
}

struct Git {
    look: Look,
    /// What belongs to this work tree, and what it shares with others.
    own: PathBuf,
    common: PathBuf,
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Git {
    fn of(look: Look, base: &Path) -> Option<Self> {
        let path = base.join(".git");
        let own = match files::read(look, &path, LARGEST_FILE) {
            // Of a second work tree there is a file that says where.
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                base.join(text.trim().strip_prefix("gitdir:")?.trim())
            }
            Err(_) => path,
        };
        let common = files::read(look, &own.join("commondir"), LARGEST_FILE).ok();
        let common = common.map(|bytes| own.join(String::from_utf8_lossy(&bytes).trim()));
        let common = common.unwrap_or_else(|| own.clone());
        Some(Self { look, own, common })
    }

    fn read(&self, path: &Path) -> Option<Points> {
        let bytes = files::read(self.look, path, LARGEST_FILE).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim();
        match text.strip_prefix("ref:") {
            Some(name) => Some(Points::To(name.trim().to_owned())),
            None => is_commit(text).then(|| Points::At(text.to_owned())),
        }
    }

    fn at_head(&self) -> Option<Points> {
        self.read(&self.own.join("HEAD"))
    }

    fn reference(&self, name: &str) -> Option<Points> {
        if let Some(found) = self.read(&self.common.join(name)) {
            return Some(found);
        }
        let packed = files::read(self.look, &self.common.join("packed-refs"), LARGEST_FILE).ok()?;
        let packed = String::from_utf8_lossy(&packed);
        let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(_, own)| *own == name).map(|(commit, _)| Points::At(commit.to_owned()))
    }

    fn commit(&self, name: &str) -> Option<String> {
        match self.reference(name)? {
            Points::At(commit) => Some(commit),
            Points::To(_) => None,
        }
    }

    fn branch(&self, name: &str) -> Option<String> {
        self.commit(&format!("refs/heads/{name}")).or_else(|| self.commit(&format!("refs/remotes/origin/{name}")))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ONE: &str = "141a46e079028d65f8c31eb5e244dd7538cf71bd";
    const TWO: &str = "dc44874f4b8dbe8b85a4a9a64be2f6a3d5e1ae6f";

    fn write(base: &Path, name: &str, text: &str) {
        let path = base.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn a_name_is_the_commit_that_the_files_of_git_have_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        let of = |target: &str| revision(Look::new(), base, target);
        assert_eq!(of("main"), None);
        write(base, ".git/HEAD", "ref: refs/heads/main\n");
        write(base, ".git/refs/heads/main", &format!("{ONE}\n"));
        write(
            base,
            ".git/packed-refs",
            &format!("# pack-refs\n{TWO} refs/remotes/origin/next\n{TWO} refs/heads/main\n"),
        );
        for (target, commit) in [("main", ONE), ("HEAD", ONE), ("", ONE), ("refs/heads/main", ONE), ("next", TWO)] {
            assert_eq!(of(target).as_deref(), Some(commit), "{target}");
        }
        assert_eq!(of(TWO).as_deref(), Some(TWO));
        assert_eq!(of("v1.*"), None);
        // What the server calls HEAD wins over what is checked out.
        write(base, ".git/refs/remotes/origin/HEAD", "ref: refs/remotes/origin/next\n");
        assert_eq!(of("HEAD").as_deref(), Some(TWO));
    }

    #[test]
    fn a_second_work_tree_shares_the_branches_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        write(base, "first/.git/refs/heads/side", ONE);
        write(base, "first/.git/worktrees/second/HEAD", "ref: refs/heads/side");
        write(base, "first/.git/worktrees/second/commondir", "../..\n");
        write(base, "second/.git", &format!("gitdir: {}/first/.git/worktrees/second\n", base.display()));
        assert_eq!(revision(Look::new(), &base.join("second"), "HEAD").as_deref(), Some(ONE));
    }
}
