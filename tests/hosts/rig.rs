//! A machine with Docker for the tests of this binary: started with the first, one test at a time, ended with the binary. Where it
//! cannot be had, the tests count as not run.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock};

/// Set in the copy of a test that runs inside of the machine: the folder of the machine.
const INSIDE: &str = "BLACKSTART_HOSTS_INSIDE";
/// The image of nodes that the machine has.
pub const IMAGE: &str = "blackstart/stand-in-k3s:v1.34.4-k3s1";

struct Rig {
    folder: tempfile::TempDir,
    bin: PathBuf,
    _child: Child,
    _life: ChildStdin,
}

static RIG: OnceLock<Result<Rig, String>> = OnceLock::new();
static TURN: Mutex<()> = Mutex::new(());

fn start() -> Result<Rig, String> {
    let stand_in =
        std::env::var_os("BLACKSTART_STAND_IN").ok_or("BLACKSTART_STAND_IN names no folder: scripts/build-stand-in")?;
    let stand_in = PathBuf::from(stand_in);
    if !rustix::process::geteuid().is_root() {
        return Err("a host of namespaces needs root".to_owned());
    }
    let bin = stand_in.join("bin");
    for needed in ["bin/dockerhost", "bin/k3d", "bin/runc-trim", "node-image.tar"] {
        if !stand_in.join(needed).exists() {
            return Err(format!("{} is not built", stand_in.join(needed).display()));
        }
    }
    // The path of its socket has to be short.
    let folder = tempfile::Builder::new().prefix("bh").tempdir_in("/tmp").map_err(|error| error.to_string())?;
    let helpers = folder.path().join("helpers.tar");
    let made = Command::new(bin.join("k3d")).arg("stand-in-image").arg(&helpers).status();
    assert!(made.unwrap().success(), "the images of k3d's helpers");
    let mut child = Command::new(bin.join("dockerhost"))
        .args(["run", "--dir"])
        .arg(folder.path().join("h"))
        .arg("--load")
        .arg(stand_in.join("node-image.tar"))
        .arg("--load")
        .arg(&helpers)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let life = child.stdin.take().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("\"socket\""), "the host did not start: {line:?}");
    std::fs::remove_file(&helpers).unwrap();
    Ok(Rig { folder, bin, _child: child, _life: life })
}

/// True where the body of the test is to be run now: inside. Outside it sees to it that it is, and fails as it does.
pub fn inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let _turn: MutexGuard<'_, ()> = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let rig = match RIG.get_or_init(start) {
        Ok(rig) => rig,
        Err(why) => {
            println!("not run: {test}: {why}");
            return false;
        }
    };
    let own = tempfile::tempdir_in(rig.folder.path()).unwrap();
    let wrapper = own.path().join("bin");
    std::fs::create_dir(&wrapper).unwrap();
    // What a run passes on to programs has none of the stand-in's own variables: they come from here.
    let script = format!(
        "#!/bin/sh\nexport STAND_IN_K3D_HASTE=1 STAND_IN_K3D_CALLS={0}/calls STAND_IN_K3D_FAULTS={0}/faults\nexec {1}/k3d \"$@\"\n",
        own.path().display(),
        rig.bin.display()
    );
    program(&wrapper.join("k3d"), &script);
    let control = format!(
        "#!/bin/sh\nverb=$1; shift\nexec {}/dockerhost $verb --dir {}/h \"$@\"\n",
        rig.bin.display(),
        rig.folder.path().display()
    );
    program(&wrapper.join("on-host"), &control);
    let paths = format!("{}:{}", wrapper.display(), std::env::var("PATH").unwrap());
    let ended = Command::new(rig.bin.join("dockerhost"))
        .args(["enter", "--dir"])
        .arg(rig.folder.path().join("h"))
        .arg("--")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, own.path())
        .env("PATH", paths)
        .env("HOME", own.path())
        .env_remove("DOCKER_HOST")
        .env_remove("KUBECONFIG")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    println!("{out}{err}");
    assert!(ended.status.success() && out.contains("1 passed"), "{test} failed inside:\n{out}\n{err}");
    false
}

fn program(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The folder that this test has for itself, inside.
pub fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os(INSIDE).unwrap())
}

/// Docker, by hand.
pub fn docker(words: &[&str]) -> String {
    let said = Command::new("docker").args(words).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "docker {words:?}: {out}{err}");
    out.trim().to_owned()
}

/// Does something to the machine: `daemon kill`, `daemon start`, `blank CONTAINER`.
pub fn on_host(words: &[&str]) {
    let said = Command::new("on-host").args(words).output().unwrap();
    assert!(said.status.success(), "{words:?}: {}", String::from_utf8_lossy(&said.stderr));
}

/// What goes wrong with k3d from now on, a line of JSON each.
pub fn faults(lines: &str) {
    let file = folder().join("faults");
    std::fs::write(&file, lines).unwrap();
    let _ = std::fs::remove_file(folder().join("faults.seen"));
}

/// How often k3d was called to make or delete something.
pub fn calls(of: &str) -> usize {
    let text = std::fs::read_to_string(folder().join("calls")).unwrap_or_default();
    text.lines().filter(|line| line.contains(&format!("\"call\":\"{of}\""))).count()
}
