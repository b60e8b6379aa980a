//! What this machine and this user are: home, state directory, cores, names. Reads only.

use super::Look;
use std::ffi::OsString;
use std::path::PathBuf;

/// The home directory, and whether it is another user's because of sudo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    pub path: PathBuf,
    /// The user who typed sudo, when the home is theirs.
    pub sudo_user: Option<String>,
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// HOME; under sudo that of the user who typed it, so that a recovery finds the same state with and without sudo.
pub fn home(_: Look) -> Option<Home> {
    if is_root()
        && let Some(user) = variable("SUDO_USER").and_then(|user| user.into_string().ok())
    {
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        if let Some(path) = home_of(&passwd, &user) {
            return Some(Home { path, sudo_user: Some(user) });
        }
    }
    variable("HOME").map(|path| Home { path: path.into(), sudo_user: None })
}

fn home_of(passwd: &str, user: &str) -> Option<PathBuf> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(user))?;
    line.split(':').nth(5).filter(|home| home.starts_with('/')).map(PathBuf::from)
}

/// Where runs are remembered when nobody says otherwise, and whose that is under sudo.
pub fn state_directory(look: Look) -> Option<Home> {
    let given = variable("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = match given {
        Some(path) => Home { path, sudo_user: None },
        None => home(look).map(|home| Home { path: home.path.join(".local/state"), ..home })?,
    };
    Some(Home { path: base.path.join("blackstart"), ..base })
}

/// Where this user's settings are.
pub fn config_directory(look: Look) -> Option<Home> {
    let given = variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = match given {
        Some(path) => Home { path, sudo_user: None },
        None => home(look).map(|home| Home { path: home.path.join(".config"), ..home })?,
    };
    Some(Home { path: base.path.join("blackstart"), ..base })
}

/// The numbers of the user who typed sudo, where that is how we became root.
pub fn sudo_ids(_: Look) -> Option<(u32, u32)> {
    let number = |name: &str| variable(name)?.into_string().ok()?.parse().ok();
    if is_root() { Some((number("SUDO_UID")?, number("SUDO_GID")?)) } else { None }
}

/// The number of this user.
pub fn user(_: Look) -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Where files may lie in memory, best first.
pub fn memory_directories(_: Look) -> Vec<PathBuf> {
    let runtime = variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    runtime.into_iter().chain([PathBuf::from("/dev/shm")]).collect()
}

/// A variable of the environment that says something.
pub fn said(_: Look, name: &str) -> Option<String> {
    variable(name)?.into_string().ok()
}

/// Where a lock can be put that everybody on this machine sees, best first.
pub fn lock_directories(_: Look) -> Vec<PathBuf> {
    let runtime = variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    [Some(PathBuf::from("/run/lock")), runtime].into_iter().flatten().collect()
}

/// How many steps run at once when nobody says otherwise: the cores, but at least four, for most steps only wait.
pub fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(4, |cores| cores.get().max(4))
}

/// The processors of this machine.
pub fn cores(_: Look) -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The name of this machine.
pub fn name(_: Look) -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// A number that the kernel has for a setting: `fs/inotify/max_user_watches`.
pub fn setting(_: Look, name: &str) -> Option<u64> {
    std::fs::read_to_string(PathBuf::from("/proc/sys").join(name)).ok()?.trim().parse().ok()
}

/// The kernel that runs now, and whether its modules lie where they are looked for. A kernel that was updated takes those of
/// the running one away until the next start.
pub fn kernel(_: Look) -> (String, bool) {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let there = ["/lib/modules", "/usr/lib/modules"].iter().any(|root| PathBuf::from(root).join(&release).is_dir());
    (release, there)
}

/// Whether the kernel can load modules at all.
pub fn has_modules(_: Look) -> bool {
    std::fs::exists("/proc/modules").unwrap_or(false)
}

/// Bytes of memory: what programs can still have, and all of it.
pub fn memory(_: Look) -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
    };
    Some((of("MemAvailable")?, of("MemTotal")?))
}

/// Whether programs are kept in their limits by the newer of the two ways that Linux has.
pub fn has_one_tree_of_groups(_: Look) -> bool {
    std::fs::exists("/sys/fs/cgroup/cgroup.controllers").unwrap_or(false)
}

/// Which start of this machine this is. Pids mean nothing across two of them.
pub fn boot(_: Look) -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_of_who_typed_sudo_is_found() {
        let passwd = "root:x:0:0::/root:/bin/sh\nana:x:1000:1000:Ana,,,:/home/ana:/bin/bash\nodd:x:1:1::relative:\n";
        assert_eq!(home_of(passwd, "ana"), Some("/home/ana".into()));
        assert_eq!(home_of(passwd, "an"), None);
        assert_eq!(home_of(passwd, "odd"), None);
    }
}
