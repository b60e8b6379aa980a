//! Whole drills for tests: a copy of the example under a name of its own, the real binary, a real Kubernetes, and a look at
//! what is left of all that. At most two sandboxes live at once, whatever the tests of a binary do side by side.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::wrong_self_convention
)]

use crate::common::{Lab, not_run};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// No drill of a test may take longer: one that does hangs.
pub const LONGEST: Duration = Duration::from_secs(240);
pub const PLAN: &str = "plans/homelab.yaml";

static FREE: Mutex<usize> = Mutex::new(2);
static FREED: Condvar = Condvar::new();

/// Room for so many sandboxes.
struct Places(usize);

impl Places {
    fn take(count: usize) -> Self {
        let mut free = FREE.lock().unwrap();
        while *free < count {
            free = FREED.wait(free).unwrap();
        }
        *free -= count;
        Places(count)
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        // A test that failed while it held the lock has left a number that is right all the same.
        *FREE.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += self.0;
        FREED.notify_all();
    }
}

/// The companion program: where the variable says, where it is built, or beside the binary.
pub fn program() -> Option<PathBuf> {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/sandbox/blackstart-sandbox");
    let beside = Path::new(crate::common::binary()).with_file_name("blackstart-sandbox");
    let named = std::env::var_os("BLACKSTART_SANDBOX").map(PathBuf::from);
    [named, Some(built), Some(beside)].into_iter().flatten().find(|path| path.exists())
}

/// Where people live who drill: their plans, and what blackstart remembers.
pub struct Home {
    pub lab: Lab,
    pub program: PathBuf,
    _places: Places,
}

impl Home {
    /// A copy of the example; None, and counted, where there is no program for a sandbox.
    pub fn new(test: &str) -> Option<Self> {
        Self::with_room(test, 1)
    }

    pub fn with_room(test: &str, sandboxes: usize) -> Option<Self> {
        let Some(program) = program() else {
            not_run(test, "blackstart-sandbox is not built");
            return None;
        };
        let places = Places::take(sandboxes);
        let lab = Lab::new("");
        std::fs::remove_file(lab.path("plan.yaml")).unwrap();
        for folder in ["plans", "secrets.example"] {
            copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &lab.path(folder));
        }
        let home = Self { lab, program, _places: places };
        let name = format!("name: {}\n", home.lab.name);
        home.edit(PLAN, |plan| plan.replace("name: homelab\n", &name));
        Some(home)
    }

    /// Changes a file, which must come out otherwise than before.
    #[track_caller]
    pub fn edit(&self, file: &str, change: impl FnOnce(&str) -> String) {
        let before = self.lab.read(file);
        let after = change(&before);
        assert_ne!(before, after, "{file} is as it was");
        self.lab.write(file, &after);
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.lab.command(words);
        command.env("BLACKSTART_SANDBOX", &self.program).env_remove("BLACKSTART_PING");
        command
    }
    /// Starts the binary with these words.
    pub fn go(&self, words: &[&str]) -> Going {
        Going::of(self.command(words))
    }
    /// The binary with these words, to its end.
    #[track_caller]
    pub fn does(&self, words: &[&str]) -> Run {
        self.go(words).end()
    }
    #[track_caller]
    pub fn drill(&self, more: &[&str]) -> Run {
        self.go_drill(more).end()
    }
    pub fn go_drill(&self, more: &[&str]) -> Going {
        self.go(&[&["drill", PLAN, "--output", "json"], more].concat())
    }
    #[track_caller]
    pub fn resume(&self) -> Run {
        self.does(&["resume", "--output", "json"])
    }
    #[track_caller]
    pub fn reap(&self) -> Run {
        self.does(&["drill", "--reap"])
    }

    /// What the newest run says of its cluster.
    pub fn about(&self) -> Option<Value> {
        let text = std::fs::read(self.lab.runs().pop()?.join("target.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }
    pub fn kubeconfig(&self) -> PathBuf {
        PathBuf::from(self.about().unwrap()["kubeconfig"].as_str().unwrap())
    }
    /// The folders of sandboxes of ours.
    pub fn folders(&self) -> Vec<PathBuf> {
        let within = |folder: PathBuf| {
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>()
        };
        let starts = |path: &PathBuf, with: &str| path.file_name().unwrap().to_string_lossy().starts_with(with);
        let bases = within(std::env::temp_dir()).into_iter().filter(|path| starts(path, "blackstart-sandbox-"));
        bases.flat_map(within).filter(|path| starts(path, &format!("{}-", self.lab.name))).collect()
    }
    /// Everything that runs for this home: its programs have its name in their environment, in the path of the run or of
    /// the sandbox's folder.
    pub fn processes(&self) -> Vec<(i32, String)> {
        let marks = ["-", "/", "\0"].map(|behind| format!("/{}{behind}", self.lab.name).into_bytes());
        let mut found = self.lab.processes();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
            let environment = read("environ");
            let marked = |mark: &Vec<u8>| environment.windows(mark.len()).any(|window| window == mark);
            if marks.iter().any(marked) && found.iter().all(|(known, _)| *known != pid) {
                found.push((pid, String::from_utf8_lossy(&read("cmdline")).replace('\0', " ").trim_end().to_owned()));
            }
        }
        found
    }
    /// The sockets on which processes of ours listen, by their inodes: a port may be somebody else's a moment later.
    pub fn sockets(&self) -> BTreeSet<String> {
        let mut own = BTreeSet::new();
        for (pid, _) in self.processes() {
            let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
            let links = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
            own.extend(
                links.filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())),
            );
        }
        &own & &listening()
    }
    /// That nothing runs for this home, nobody listens on what was listened on, and no sandbox has a folder.
    #[track_caller]
    pub fn nothing_is_left(&self, sockets: &BTreeSet<String>) {
        let began = Instant::now();
        let left = || (self.processes(), self.folders(), sockets & &listening());
        while left() != (Vec::new(), Vec::new(), BTreeSet::new()) {
            assert!(began.elapsed() < Duration::from_secs(20), "left: {:#?}", left());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Home {
    /// Also a test that failed leaves nothing behind.
    fn drop(&mut self) {
        if !self.processes().is_empty() || !self.folders().is_empty() {
            for (pid, _) in self.processes() {
                let pid = rustix::process::Pid::from_raw(pid).unwrap();
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
            self.folders().iter().for_each(|folder| drop(std::fs::remove_dir_all(folder)));
        }
    }
}

fn listening() -> BTreeSet<String> {
    let mut inodes = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in std::fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields.get(3) == Some(&"0A") {
                inodes.extend(fields.get(9).map(|inode| (*inode).to_owned()));
            }
        }
    }
    inodes
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// One event, and when it arrived.
#[derive(Clone, Debug)]
pub struct Line {
    pub at: SystemTime,
    pub event: Value,
}

#[derive(Default)]
struct Heard {
    lines: Mutex<(Vec<Line>, String)>,
    more: Condvar,
}

/// A command that goes on; what it prints is read as it comes.
pub struct Going {
    child: Child,
    began: Instant,
    heard: Arc<Heard>,
    out: JoinHandle<()>,
    err: JoinHandle<String>,
}

impl Going {
    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let heard = Arc::<Heard>::default();
        let (out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let shared = heard.clone();
        let out = std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let mut heard = shared.lines.lock().unwrap();
                if let Ok(event) = serde_json::from_str(&line) {
                    heard.0.push(Line { at: SystemTime::now(), event });
                }
                heard.1.push_str(&format!("{line}\n"));
                shared.more.notify_all();
            }
        });
        let err = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = err.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Self { child, began: Instant::now(), heard, out, err }
    }
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
    pub fn signal(&self, name: &str) {
        crate::common::signal(self.pid(), name);
    }
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }
    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
    /// Waits for an event of which this is true; false when there was none before the end, or for too long.
    pub fn hears(&mut self, within: Duration, is: impl Fn(&Value) -> bool) -> bool {
        let began = Instant::now();
        loop {
            let over = self.is_over();
            let heard = self.heard.lines.lock().unwrap();
            if heard.0.iter().any(|line| is(&line.event)) {
                return true;
            }
            if over || began.elapsed() > within {
                return false;
            }
            drop(self.heard.more.wait_timeout(heard, Duration::from_millis(50)).unwrap());
        }
    }
    /// Waits until this step is verified.
    #[track_caller]
    pub fn until_verified(&mut self, step: &str) {
        let done = |event: &Value| event["type"] == "step.verified" && event["step"] == step;
        if !self.hears(Duration::from_secs(90), done) {
            panic!("{step} was not verified:\n{}", self.heard.lines.lock().unwrap().1);
        }
    }
    #[track_caller]
    pub fn end(self) -> Run {
        self.end_within(LONGEST)
    }
    #[track_caller]
    pub fn end_within(mut self, time: Duration) -> Run {
        let began = Instant::now();
        let mut hangs = false;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > time {
                hangs = true;
                self.child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let took = self.began.elapsed();
        self.out.join().unwrap();
        let err = self.err.join().unwrap();
        let (lines, out) = self.heard.lines.lock().unwrap().clone();
        let run = Run { code: status.code().unwrap_or(-1), lines, out, err, took };
        assert!(!hangs, "it did not end within {time:?}:\n{}", run.all());
        run
    }
}

/// How a command went.
#[derive(Debug)]
pub struct Run {
    /// -1 when it was killed.
    pub code: i32,
    pub lines: Vec<Line>,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

impl Run {
    pub fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.all());
        self
    }
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.all().contains(text), "{text:?} was not said:\n{}", self.all());
        self
    }
    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        assert!(!self.all().contains(text), "{text:?} was said:\n{}", self.all());
        self
    }
    pub fn events(&self, kind: &str) -> Vec<&Value> {
        self.lines.iter().map(|line| &line.event).filter(|event| event["type"] == kind).collect()
    }
    /// The last word.
    #[track_caller]
    pub fn finished(&self) -> &Value {
        self.events("run.finished").pop().unwrap_or_else(|| panic!("it has no last word:\n{}", self.all()))
    }
    #[track_caller]
    pub fn is_green(self) -> Self {
        let run = self.code(0);
        let finished = run.finished();
        assert_eq!(finished["outcome"], "verified", "{finished}");
        assert_eq!((&finished["failed"], &finished["not_run"]), (&0.into(), &0.into()), "{finished}");
        run
    }
    /// Why a step failed, with what it said last.
    pub fn failure(&self, step: &str) -> String {
        let failed = self.events("step.failed").into_iter().find(|event| event["step"] == step);
        failed.map_or(String::new(), |event| {
            let tail = event["tail"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let reason = event["reason"].as_str().into_iter();
            reason.chain(tail).collect::<Vec<_>>().join("\n")
        })
    }
}
