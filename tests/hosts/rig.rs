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

/// No ordinary test takes longer, in seconds: one that does hangs.
const LONGEST: u32 = 300;

/// Says that the real k3d of PATH is to be called, not the stand-in: in the same machine, with a daemon of its own, so that no
/// cluster of whoever runs this is ever near.
const REAL: &str = "BLACKSTART_REAL_K3D";
/// What only a k3d shows that fails when it is told to.
const ON_COMMAND: &[&str] = &[
    "k3d_calls::docker_gone_at_any_call_is_never_a_no_and_what_it_left_undone_is_done_later",
    "k3d_calls::each_answer_that_the_real_k3d_was_seen_to_give_is_told_and_believed_by_nobody",
    "k3d_drill::a_drill_that_is_broken_off_takes_back_what_it_had_half_made_and_reaping_never_passes_over_what_it_cannot_read",
    "k3d_faults::a_create_that_fails_at_any_point_is_told_in_k3ds_words_and_made_anew_by_the_same_run",
    "k3d_faults::a_create_that_hangs_is_ended_and_what_it_left_is_the_runs_own",
    "k3d_faults::a_daemon_that_goes_while_a_cluster_is_made_is_a_failure_that_the_run_mends",
    "k3d_others::a_drill_that_is_not_made_to_its_end_leaves_nothing_and_one_daemon_does_not_clear_up_for_another",
    "k3d_others::what_would_stop_the_new_cluster_stops_the_delete_of_the_old_one",
];

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
    // The path of its socket has to be short. Nobody drops what is static: scripts/test removes the folder around it.
    let around = std::env::var_os("BLACKSTART_SHORT").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    let folder = tempfile::Builder::new().prefix("bh").tempdir_in(around).map_err(|error| error.to_string())?;
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
    inside_for(test, LONGEST)
}

/// For a test that may take so many seconds.
pub fn inside_for(test: &str, longest: u32) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        wipe();
        return true;
    }
    let _turn: MutexGuard<'_, ()> = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let rig = match RIG.get_or_init(start) {
        Ok(rig) => rig,
        Err(why) => {
            crate::sandbox::not_run(test, why);
            return false;
        }
    };
    let is_real = std::env::var_os(REAL).is_some();
    if is_real && ON_COMMAND.contains(&test) {
        crate::sandbox::not_run(test, "the real k3d does not fail on command");
        return false;
    }
    let own = tempfile::tempdir_in(rig.folder.path()).unwrap();
    let wrapper = own.path().join("bin");
    std::fs::create_dir(&wrapper).unwrap();
    // What a run passes on to programs has none of the stand-in's own variables: they come from here.
    let script = if is_real {
        // The machine reaches nobody, so the images of k3d's helpers are those that it has.
        format!(
            "#!/bin/sh\necho '{{\"call\":\"'$1 $2'\"}}' >> {0}/calls\nexport K3D_IMAGE_TOOLS=ghcr.io/k3d-io/k3d-tools:latest \
             K3D_IMAGE_LOADBALANCER=ghcr.io/k3d-io/k3d-proxy:latest\nexec {1} \"$@\"\n",
            own.path().display(),
            real("k3d").display()
        )
    } else {
        format!(
            "#!/bin/sh\nexport STAND_IN_K3D_HASTE=1 STAND_IN_K3D_CALLS={0}/calls STAND_IN_K3D_FAULTS={0}/faults\nexec {1}/k3d \"$@\"\n",
            own.path().display(),
            rig.bin.display()
        )
    };
    program(&wrapper.join("k3d"), &script);
    let script = format!(
        "#!/bin/sh\n[ -x {0}/docker ] && exec {0}/docker \"$@\"\nexec {1} \"$@\"\n",
        own.path().display(),
        real("docker").display()
    );
    program(&wrapper.join("docker"), &script);
    let paths = format!("{}:{}", wrapper.display(), std::env::var("PATH").unwrap());
    let child = Command::new("timeout")
        .arg(longest.to_string())
        .arg(rig.bin.join("dockerhost"))
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
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ended = std::thread::scope(|scope| {
        let waits = scope.spawn(|| child.wait_with_output().unwrap());
        while !waits.is_finished() {
            serve(rig, own.path());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        waits.join().unwrap()
    });
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    println!("{out}{err}");
    assert!(ended.status.success() && out.contains("1 passed"), "{test} failed inside:\n{out}\n{err}");
    false
}

/// Where a program lies on PATH.
fn real(name: &str) -> PathBuf {
    let paths = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&paths).map(|path| path.join(name)).find(|path| path.exists()).unwrap()
}

/// Puts a script in Docker's place, which finds the real one as `$docker`.
pub fn fake_docker(script: &str) {
    let paths = std::env::var("PATH").unwrap();
    let rest = paths.split_once(':').unwrap().1;
    let text = format!(
        "#!/bin/sh\n# A fake of docker for a test.\ndocker=$(PATH={rest} command -v docker)\nown={}\n{script}",
        folder().display()
    );
    program(&folder().join("docker.new"), &text);
    std::fs::rename(folder().join("docker.new"), folder().join("docker")).unwrap();
}

fn program(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A real registry, as a program.
pub fn registry() -> PathBuf {
    PathBuf::from(std::env::var_os("BLACKSTART_STAND_IN").unwrap()).join("bin/registry")
}

/// The folder that this test has for itself, inside.
pub fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os(INSIDE).unwrap())
}

/// Docker, by hand.
pub fn docker(words: &[&str]) -> String {
    // A daemon that hangs is a failure of this test and not the end of all.
    let said = Command::new("timeout").args(["90", "docker"]).args(words).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "docker {words:?}: {out}{err}");
    out.trim().to_owned()
}

/// Does something to the machine: `daemon kill`, `daemon start`, `blank CONTAINER`. The machine is not seen as one from within
/// it, so the copy outside does it.
pub fn on_host(words: &[&str]) {
    let (ask, answer) = (folder().join("ask"), folder().join("answer"));
    std::fs::write(folder().join("ask.new"), words.join(" ")).unwrap();
    std::fs::rename(folder().join("ask.new"), ask).unwrap();
    for _ in 0..3000 {
        if let Ok(said) = std::fs::read_to_string(&answer) {
            std::fs::remove_file(&answer).unwrap();
            assert_eq!(said, "", "{words:?}");
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{words:?}: no answer");
}

/// Does what the copy inside asks for.
fn serve(rig: &Rig, own: &Path) {
    let Ok(words) = std::fs::read_to_string(own.join("ask")) else { return };
    std::fs::remove_file(own.join("ask")).unwrap();
    let (verb, rest) = words.split_once(' ').unwrap();
    let mut done = Command::new(rig.bin.join("dockerhost"));
    let done = done.arg(verb).arg("--dir").arg(rig.folder.path().join("h")).args(rest.split(' ')).output().unwrap();
    let said = match done.status.success() {
        true => String::new(),
        false => format!("failed: {}", String::from_utf8_lossy(&done.stderr)),
    };
    std::fs::write(own.join("answer.new"), said).unwrap();
    std::fs::rename(own.join("answer.new"), own.join("answer")).unwrap();
}

/// What another test has left when it failed is no part of this one.
fn wipe() {
    for (list, remove) in
        [("ps -aq", "rm -f -v"), ("volume ls -q", "volume rm"), ("network ls -q --filter type=custom", "network rm")]
    {
        let ids = docker(&list.split(' ').collect::<Vec<_>>());
        if !ids.is_empty() {
            docker(&remove.split(' ').chain(ids.lines()).collect::<Vec<_>>());
        }
    }
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
