//! Files: reading with a limit, making what a run leaves behind, and an append-only file that says when it is on disk.

use super::{Look, Touch};
use rustix::fs::{Mode, OFlags, RenameFlags};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

/// Reads a whole file of at most `limit` bytes. Devices and folders are refused, so that nothing hangs or never ends.
pub fn read(_: Look, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut file =
        File::from(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty())?);
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.len().min(limit)).unwrap_or(0));
    Read::by_ref(&mut file).take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("has more than {limit} bytes")));
    }
    Ok(bytes)
}

/// The last `limit` bytes of a file from `from` on, for the tail of a log.
pub fn read_tail(_: Look, path: &Path, from: u64, limit: u64) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let start = from.max(length.saturating_sub(limit)).min(length);
    let mut bytes = vec![0; usize::try_from(length - start).unwrap_or(0)];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], start + filled as u64)? {
            0 => break,
            n => filled += n,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Everything from `from` on, for a file that grows.
pub fn read_on(look: Look, path: &Path, from: u64) -> io::Result<Vec<u8>> {
    read_tail(look, path, from, u64::MAX)
}

/// What is known of a program before it is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Ready,
    Missing,
    NotExecutable,
}

/// Whether a program is there: by its path, or for a bare name on PATH.
pub fn program(_: Look, path: &Path) -> Program {
    if path.components().count() > 1 || path.is_absolute() {
        return state(path);
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = on_path(&paths, Path::new("."), path);
    if found.is_some() { Program::Ready } else { Program::Missing }
}

fn state(path: &Path) -> Program {
    match fs::metadata(path) {
        Ok(about) if about.is_file() && about.permissions().mode() & 0o111 != 0 => Program::Ready,
        Ok(_) => Program::NotExecutable,
        Err(_) => Program::Missing,
    }
}

/// The first place on this PATH that has the program; its relative places are in `folder`.
pub(super) fn on_path(paths: &OsStr, folder: &Path, name: &Path) -> Option<PathBuf> {
    let places = std::env::split_paths(paths).map(|place| folder.join(place).join(name));
    places.into_iter().find(|path| state(path) == Program::Ready)
}

/// The names in a folder, sorted; an absent folder has none.
pub fn names(_: Look, folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// What a name in a folder leads to. Links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    File,
    Folder,
    /// A pipe, a socket, a device.
    Other,
    /// A link that leads nowhere.
    Nothing,
}

/// The names in a folder and what each of them is, sorted.
pub fn entries(_: Look, folder: &Path) -> io::Result<Vec<(OsString, Sort)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        // A link that leads in a circle, or where nobody may look, hides nothing that lies beside it.
        let sort = if kind.is_symlink() { sort(&entry.path()).unwrap_or(Sort::Nothing) } else { sort_of(kind) };
        entries.push((entry.file_name(), sort));
    }
    entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    Ok(entries)
}

/// What a path leads to.
pub fn sort_at(_: Look, path: &Path) -> io::Result<Sort> {
    sort(path)
}

fn sort(path: &Path) -> io::Result<Sort> {
    match fs::metadata(path) {
        Ok(about) => Ok(sort_of(about.file_type())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Sort::Nothing),
        Err(error) => Err(error),
    }
}

fn sort_of(kind: fs::FileType) -> Sort {
    if kind.is_file() {
        Sort::File
    } else if kind.is_dir() {
        Sort::Folder
    } else {
        Sort::Other
    }
}

/// True for a link, wherever it leads.
pub fn is_link(_: Look, path: &Path) -> bool {
    path.is_symlink()
}

/// What makes a folder the same one, by whatever links it was reached.
pub fn identity(_: Look, path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|about| (about.dev(), about.ino()))
}

/// What tells a file from one that has come in its place.
pub type Stamp = (u64, u64, i64, i64);

pub fn stamp(_: Look, path: &Path) -> io::Result<Stamp> {
    fs::metadata(path).map(|about| (about.dev(), about.ino(), about.mtime(), about.mtime_nsec()))
}

pub fn exists(_: Look, path: &Path) -> bool {
    path.exists()
}

/// The path as another process can use it whatever its folder is. Links stay: what a plan names lies beside the name that
/// the user gave.
pub fn absolute(_: Look, path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}

/// A path without detours, as people write it. For showing: where a link is in the way it leads elsewhere.
pub fn tidy(path: &Path) -> PathBuf {
    let mut parts: Vec<Component> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => drop(parts.pop()),
            (other, _) => parts.push(other),
        }
    }
    parts.iter().collect()
}

/// The one path that a folder has, however it was named.
pub fn real(_: Look, path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// Makes a folder that only its owner can enter, with its parents.
pub fn make_private_folder(_: &Touch, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a folder with its parents, as far as the umask lets others in.
pub fn make_folders(_: &Touch, path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Makes a folder that must not be there yet.
pub fn make_new_folder(_: &Touch, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path)
}

/// Removes a folder that holds nothing; a folder that holds something stays.
pub fn remove_empty_folder(_: &Touch, path: &Path) -> io::Result<()> {
    fs::remove_dir(path)
}

/// Makes the entries of a folder durable.
pub fn sync_folder(_: &Touch, path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Writes a file so that a reader sees the old text or the new one, whole, also after a crash.
pub fn replace(touch: &Touch, path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(touch, path, bytes, 0o600)
}

/// The same for what everybody may read, as far as the umask lets them.
pub fn replace_open(touch: &Touch, path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(touch, path, bytes, 0o666)
}

/// Removes what `replace` had begun in this folder when it was killed.
pub fn clear_forsaken(_: &Touch, folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some((begin, pid)) = name.to_str().and_then(|name| name.rsplit_once('.')) else { continue };
        let is_ours = begin.starts_with('.') && begin.len() > 1 && pid.parse::<u32>().is_ok();
        if is_ours && !Path::new("/proc").join(pid).exists() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn replace_with(touch: &Touch, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let next = folder.join(format!(".{name}.{}", std::process::id()));
    let written = (|| {
        let mode = Mode::from_raw_mode(mode);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        let mut file = File::from(rustix::fs::open(&next, flags, mode)?);
        file.write_all(bytes)?;
        file.sync_data()?;
        drop(file);
        fs::rename(&next, path)
    })();
    if written.is_err() {
        // The half-written text must not stay; the error that is told is the first one.
        let _ = fs::remove_file(&next);
    }
    written?;
    sync_folder(touch, folder)
}

/// Writes a file that must not be there yet, as far as the umask lets others read it, and makes its bytes durable.
pub fn write_new(_: &Touch, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::from_raw_mode(mode))?);
    file.write_all(bytes)?;
    file.sync_all()
}

/// Puts a whole file where nothing may be yet: it is there with all its bytes or not at all, also after a crash.
pub fn place_new(touch: &Touch, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let next = folder.join(format!(".{name}.{}", std::process::id()));
    let placed = write_new(touch, &next, bytes, mode).and_then(|()| {
        let here = rustix::fs::CWD;
        Ok(rustix::fs::renameat_with(here, &next, here, path, RenameFlags::NOREPLACE)?)
    });
    if placed.is_err() {
        // The half-written text must not stay; the error that is told is the first one.
        let _ = fs::remove_file(&next);
    }
    placed?;
    sync_folder(touch, folder)
}

pub fn rename(_: &Touch, from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Removes a folder of ours with everything in it; one that is not there is removed.
pub fn remove_folder(_: &Touch, path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// True where files live in memory and on no disk.
pub fn in_memory(_: Look, path: &Path) -> io::Result<bool> {
    const TMPFS: i64 = 0x0102_1994;
    const RAMFS: i64 = 0x8584_58f6;
    #[allow(clippy::useless_conversion)]
    let kind = i64::from(rustix::fs::statfs(path)?.f_type);
    Ok(kind == TMPFS || kind == RAMFS)
}

/// A file that is only ever added to.
pub struct Append {
    file: File,
}

impl Append {
    /// Creates the file, which must not be there yet.
    pub fn create(_: &Touch, path: &Path) -> io::Result<Self> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::APPEND | OFlags::CLOEXEC;
        Ok(Self { file: rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?.into() })
    }
    /// Opens the file to go on behind its first `length` bytes; what stands after them is cut off.
    pub fn resume(_: &Touch, path: &Path, length: u64) -> io::Result<Self> {
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CLOEXEC;
        let file: File = rustix::fs::open(path, flags, Mode::empty())?.into();
        if file.metadata()?.size() != length {
            file.set_len(length)?;
            file.sync_all()?;
        }
        Ok(Self { file })
    }
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Who a path belongs to, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    pub folder: bool,
    pub user: u32,
    pub group: u32,
    pub mode: u32,
}

/// None where nothing is there.
pub fn about(_: Look, path: &Path) -> io::Result<Option<About>> {
    use std::os::unix::fs::MetadataExt;
    match fs::metadata(path) {
        Ok(about) => {
            let (user, group, mode) = (about.uid(), about.gid(), about.mode() & 0o7777);
            Ok(Some(About { folder: about.is_dir(), user, group, mode }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a folder with those above it; it gets this mode whatever the umask says.
pub fn make_folder(_: &Touch, path: &Path, mode: u32) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Says who may do what with a path, whatever the umask says.
pub fn set_mode(_: &Touch, path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Gives a path to a user and a group.
pub fn give(_: &Touch, path: &Path, user: u32, group: u32) -> io::Result<()> {
    std::os::unix::fs::chown(path, Some(user), Some(group))
}

/// Whether this user may put something into a folder.
pub fn may_write(_: Look, folder: &Path) -> io::Result<()> {
    use rustix::fs::Access;
    Ok(rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// How many bytes are free where this path lies, for a user without privileges, and how many there are.
pub fn space(_: Look, path: &Path) -> io::Result<(u64, u64)> {
    let about = rustix::fs::statvfs(path)?;
    Ok((about.f_bavail.saturating_mul(about.f_frsize), about.f_blocks.saturating_mul(about.f_frsize)))
}

/// How many bytes are free where this path lies, for a user without privileges.
pub fn room(_: Look, path: &Path) -> io::Result<u64> {
    let about = rustix::fs::statvfs(path)?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}
