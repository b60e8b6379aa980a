//! A place of its own for a test: a plan, a world, a state directory, and the real binary run in it.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

static NEXT: AtomicU32 = AtomicU32::new(0);

pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_blackstart")
}

/// Two steps that may be done twice, one after the other; the first counts how often it was done.
pub const TWO: &str = r#"
  - id: one
    kind: command
    repeatable: true
    run: [sh, -c, "echo x >> world/one"]
    verify: [test, -e, world/one]
  - id: two
    kind: command
    repeatable: true
    needs: [one]
    run: [touch, world/two]
    verify: [test, -e, world/two]
"#;

pub struct Lab {
    pub folder: tempfile::TempDir,
    /// Unique on this machine: the lock of a target is named after it.
    pub name: String,
}

impl Lab {
    /// `steps` are the lines of the plan behind `steps:`.
    pub fn new(steps: &str) -> Lab {
        let folder = tempfile::tempdir().unwrap();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lab-{}-{number}", std::process::id());
        let lab = Lab { folder, name };
        std::fs::create_dir(lab.path("world")).unwrap();
        lab.plan(steps);
        lab
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub fn plan(&self, steps: &str) {
        self.write("plan.yaml", &format!("name: {}\nsteps:\n{steps}", self.name));
    }
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    pub fn script(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        self.write(name, &format!("#!/bin/sh\n{text}"));
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }
    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The binary with these words, in this lab, without a terminal.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(words).current_dir(self.folder.path());
        command.env("XDG_STATE_HOME", self.path("state")).env_remove("COLUMNS").env_remove("NO_COLOR");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
    pub fn run(&self, words: &[&str]) -> Told {
        Told::of(self.command(words).output().unwrap())
    }
    pub fn recover(&self) -> Told {
        self.run(&["recover", "plan.yaml", "--confirm", &self.name])
    }
    /// The binary with these words, left running.
    pub fn start(&self, words: &[&str]) -> Child {
        self.command(words).spawn().unwrap()
    }
    pub fn start_recover(&self, more: &[&str]) -> Child {
        self.start(&[&["recover", "plan.yaml", "--confirm", &self.name], more].concat())
    }
    /// Everything that runs for this lab: each process of ours has its state directory in the environment.
    pub fn processes(&self) -> Vec<(i32, String)> {
        let mark = self.folder.path().to_string_lossy().into_owned().into_bytes();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
            if read("environ").windows(mark.len()).any(|window| window == mark) {
                let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
                found.push((pid, line.trim_end().to_owned()));
            }
        }
        found
    }
    #[track_caller]
    pub fn nothing_is_left(&self) {
        let began = Instant::now();
        while !self.processes().is_empty() && began.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(self.processes(), [], "left running");
    }
    /// True when the newest journal holds this text.
    pub fn journaled(&self, text: &str) -> bool {
        let Some(run) = self.runs().pop() else { return false };
        let bytes = std::fs::read(run.join("journal")).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }
    pub fn resume(&self, more: &[&str]) -> Told {
        self.run(&[&["resume"], more].concat())
    }
    /// The folders of the runs, oldest first.
    pub fn runs(&self) -> Vec<PathBuf> {
        let folder = self.path("state").join("blackstart").join(&self.name);
        let mut runs: Vec<PathBuf> =
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        runs.sort();
        runs
    }
    pub fn journal(&self) -> PathBuf {
        self.runs().last().unwrap().join("journal")
    }
    /// What a runner is told to begin this plan; the runner itself can then be watched call by call.
    pub fn task(&self, jobs: usize) -> String {
        let plan = self.run(&["plan", "plan.yaml", "--output", "json"]);
        assert_eq!(plan.code, 0, "{plan:?}");
        let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
        let what = serde_json::json!({"begin": {"plan": self.path("plan.yaml"), "digest": plan["digest"]}});
        serde_json::json!({"state": self.path("state").join("blackstart"), "jobs": jobs, "what": what}).to_string()
    }
    pub fn wait_for(&self, what: &str, ready: impl Fn() -> bool) {
        let began = Instant::now();
        while !ready() {
            assert!(began.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for folder in ["/run/lock", &std::env::var("XDG_RUNTIME_DIR").unwrap_or_default()] {
            let _ = std::fs::remove_file(Path::new(folder).join(format!("blackstart-{}.lock", self.name)));
        }
    }
}

/// What a program said and how it ended.
#[derive(Debug)]
pub struct Told {
    /// -1 when it was killed.
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Told {
    pub fn of(output: Output) -> Told {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Told { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
    pub fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
    #[track_caller]
    pub fn code(self, code: i32) -> Told {
        assert_eq!(self.code, code, "{}", self.all());
        self
    }
    #[track_caller]
    pub fn says(self, text: &str) -> Told {
        assert!(self.all().contains(text), "{text:?} was not said:\n{}", self.all());
        self
    }
    #[track_caller]
    pub fn never_says(self, text: &str) -> Told {
        assert!(!self.all().contains(text), "{text:?} was said:\n{}", self.all());
        self
    }
}

/// Sends a signal to one process.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(status.unwrap().success(), "kill -{name} {pid}");
}

/// Waits for a program that was started, for as long as a test may last.
#[track_caller]
pub fn ended(mut child: Child) -> Told {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("did not end: {}", Told::of(child.wait_with_output().unwrap()).all());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Told::of(child.wait_with_output().unwrap())
}

pub fn told(command: &mut Command) -> Told {
    Told::of(command.output().unwrap())
}

/// Runs a program with something to read.
pub fn feed(command: &mut Command, input: &str) -> Told {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may be killed before it listens.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Told::of(child.wait_with_output().unwrap())
}

/// The same, ended when it takes too long: then everything of it is ended, also the runner that left its session.
pub fn feed_within(command: &mut Command, input: &str, time: Duration) -> Option<Told> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > time {
            let under = Command::new("pkill").args(["-KILL", "-P", &child.id().to_string()]).status();
            child.kill().unwrap();
            child.wait().unwrap();
            under.unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    Some(Told::of(child.wait_with_output().unwrap()))
}

/// True when a program can be had. When not, the reason is counted and printed, so that nothing that was not run looks green.
pub fn have(program: &str, test: &str) -> bool {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(program).exists());
    if !found {
        not_run(test, &format!("{program} is not on PATH"));
    }
    found
}

pub fn not_run(test: &str, why: &str) {
    println!("not run: {test}: {why}");
    if let Some(path) = std::env::var_os("BLACKSTART_NOT_RUN") {
        let mut file = std::fs::File::options().append(true).create(true).open(path).unwrap();
        writeln!(file, "not run: {test}: {why}").unwrap();
    }
}

/// True in `scripts/test --long`.
pub fn long() -> bool {
    std::env::var_os("BLACKSTART_LONG").is_some()
}

/// A seed that changes from run to run, printed so that a failure can be had again.
pub fn seed(test: &str) -> u64 {
    let given = std::env::var("BLACKSTART_SEED").ok().and_then(|text| text.parse().ok());
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let seed = given.unwrap_or_else(now);
    println!("{test}: BLACKSTART_SEED={seed}");
    seed
}

/// A small generator: enough to choose with.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides.max(1) as u64).unwrap()
    }
    /// Which of these are taken when only some may be.
    pub fn some(&mut self, from: usize, most: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..from).collect();
        for at in (1..all.len()).rev() {
            let other = self.roll(at + 1);
            all.swap(at, other);
        }
        all.truncate(most);
        all.sort_unstable();
        all
    }
}
