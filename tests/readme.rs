//! The README, held against the program: its transcripts are what the program says today, its small plan is one. What takes a
//! sandbox counts as not run where there is none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "support/page.rs"]
mod page;
#[path = "support/sandbox.rs"]
mod sandbox;

use blackstart::model::Mode;
use blackstart::plan::load;
use common::{Told, binary};
use page::{Page, root, timeless};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The example, copied to a folder of its own under a name that no other run has.
struct Example {
    folder: tempfile::TempDir,
    name: String,
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-R").arg(from.join(".")).arg(to).status();
    assert!(copied.unwrap().success(), "{}", from.display());
}

impl Example {
    fn new(number: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // As long as the name it stands for, so that nothing moves in what is shown.
        let name = format!("h{:05}{number}", std::process::id() % 100_000);
        let example = Self { folder, name };
        // Where a patch for a file is applied: people keep theirs in git.
        fs::create_dir(example.path(".git")).unwrap();
        for folder in ["plans", "secrets.example"] {
            fs::create_dir(example.path(folder)).unwrap();
            copy(&root().join(folder), &example.path(folder));
        }
        let plan = fs::read_to_string(example.path("plans/homelab.yaml")).unwrap();
        let plan = plan.replace("name: homelab\n", &format!("name: {}\n", example.name));
        fs::write(example.path("plans/homelab.yaml"), plan).unwrap();
        example
    }
    /// With one of its faults.
    fn with(number: u32, fault: &str) -> Self {
        let example = Self::new(number);
        copy(&root().join("tests/variants").join(fault).join("changes"), &example.path("plans/kubernetes"));
        example
    }
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(binary());
        command.args(words.split(' ')).current_dir(self.folder.path()).env("XDG_STATE_HOME", self.path("state"));
        match sandbox::program() {
            Some(program) => command.env("BLACKSTART_SANDBOX", fs::canonicalize(program).unwrap()),
            None => command.env_remove("BLACKSTART_SANDBOX"),
        };
        command.env_remove("COLUMNS").env_remove("BLACKSTART_PING");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
    fn told(&self, words: &str, code: i32) -> Told {
        Told::of(self.command(words).output().unwrap()).code(code)
    }
    /// What a person sees who types this.
    fn typed(&self, words: &str, code: i32) -> String {
        let mut said = self.told(words, code).all();
        // Where a sandbox lies depends on the host; where runs lie, on this test.
        let lies = said.split("--kubeconfig ").nth(1).and_then(|rest| rest.split(&self.name).next()).map(str::to_owned);
        if let Some(lies) = lies {
            said = said.replace(&lies, "/run/user/1000/blackstart-sandbox/");
        }
        let state = self.folder.path().canonicalize().unwrap().join("state");
        let said = said.replace(&state.display().to_string(), "~/.local/state");
        let lab = self.folder.path().canonicalize().unwrap();
        let said = said.replace(&lab.display().to_string(), "~/homelab").replace(&self.name, "homelab");
        format!("$ blackstart {words}\n{said}")
    }
    fn nothing_is_left(&self) {
        // Whatever a drill starts has the folder of its run in the environment.
        let mark = self.folder.path().to_string_lossy().into_owned().into_bytes();
        let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let marked = processes.filter(|process| {
            let environ = fs::read(process.join("environ")).unwrap_or_default();
            environ.windows(mark.len()).any(|window| window == mark)
        });
        assert_eq!(marked.collect::<Vec<_>>(), [] as [PathBuf; 0], "left running");
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        for folder in ["/run/lock", &std::env::var("XDG_RUNTIME_DIR").unwrap_or_default()] {
            let _ = fs::remove_file(Path::new(folder).join(format!("blackstart-{}.lock", self.name)));
        }
    }
}

fn fenced(text: &str) -> String {
    format!("```console\n{}\n```\n", text.trim_end())
}

/// As `timeless`, for what a cluster says: names of pods end as they like, events come once or many times, and how many
/// were ready when the first cause was seen is a matter of moments.
fn of_a_cluster(text: &str) -> String {
    let plain = text.replace("(combined from similar events): ", "");
    let lines = plain.lines().filter(|line| !line.starts_with("  … ") && !line.starts_with("  · "));
    let line = |line: &str| {
        let words = line.split(' ').map(|word| match word.split_once("monitoring/node-exporter-") {
            Some((before, _)) => format!("{before}monitoring/node-exporter-…"),
            None => word.to_owned(),
        });
        let line = words.collect::<Vec<_>>().join(" ");
        match line.split_once(" of 21 ready") {
            Some((before, after)) => {
                format!("{}N of 21 ready{after}", before.trim_end_matches(|c: char| c.is_ascii_digit()))
            }
            None => line,
        }
    };
    timeless(&lines.map(line).collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_plan_is_shown_as_it_is_and_leaves_nothing() {
    let (mut readme, example) = (Page::open("README.md"), Example::new(1));
    let shown = example.typed("plan plans/homelab.yaml --mode drill", 0);
    readme.holds("plan", &fenced(&shown), timeless);
    assert!(!example.path("state").exists(), "the preview left something");
}

#[test]
fn volumes_without_their_label_are_refused_before_anything_is_begun() {
    let (mut readme, example) = (Page::open("README.md"), Example::with(2, "label-missing-on-pvs"));
    // A sandbox is not even looked for.
    readme.holds("label", &fenced(&example.typed("drill plans/homelab.yaml", 3)), timeless);
    assert!(!example.path("state").exists(), "a refused drill left something");
}

#[test]
fn the_repository_of_the_first_outage_is_checked_and_mended_as_it_is_shown() {
    let (mut readme, example) = (Page::open("README.md"), Example::new(5));
    copy(&root().join("plans/kubernetes"), &example.path("kubernetes"));
    copy(&root().join("tests/check/founding/changes"), &example.path("kubernetes"));
    fs::create_dir(example.path("kubernetes/.git")).unwrap();
    let found = example.typed("check kubernetes", 3);
    let written = example.typed("check kubernetes --fix patches", 3);
    // What was found is the same again; the last lines say what was written.
    let written: String = written
        .lines()
        .skip_while(|line| !line.starts_with("43 files"))
        .skip(1)
        .map(|line| format!("{line}\n"))
        .collect();
    readme.holds(
        "check",
        &fenced(&format!("{found}$ blackstart check kubernetes --fix patches\n…\n{written}")),
        timeless,
    );
}

#[test]
fn the_example_is_drilled_as_it_is_shown() {
    if sandbox::program().is_none() {
        return sandbox::not_run("the_example_is_drilled_as_it_is_shown", "blackstart-sandbox is not built");
    }
    let (mut readme, example) = (Page::open("README.md"), Example::new(3));
    readme.holds("drill", &fenced(&example.typed("drill plans/homelab.yaml", 0)), of_a_cluster);
    example.nothing_is_left();
}

#[test]
fn a_folder_that_is_gone_is_named_and_mended_and_the_drill_goes_on() {
    let test = "a_folder_that_is_gone_is_named_and_mended_and_the_drill_goes_on";
    if sandbox::program().is_none() {
        return sandbox::not_run(test, "blackstart-sandbox is not built");
    }
    let (mut readme, example) = (Page::open("README.md"), Example::with(4, "hostpath-directory-missing"));
    let failed = example.typed("drill plans/homelab.yaml", 1);
    let file = "plans/kubernetes/monitoring/node-exporter.yaml";
    fs::copy(root().join(file), example.path(file)).unwrap();
    let mended = format!("$ vi {file}     # without that folder\n");
    let resumed = example.typed("resume", 0);
    readme.holds("cause", &fenced(&format!("{failed}{mended}{resumed}")), of_a_cluster);
    example.told("drill --reap", 0).says("0 sandboxes removed");
    example.nothing_is_left();
}

#[test]
fn the_two_commands_are_named_and_the_small_plan_is_one() {
    let readme = Page::open("README.md").text;
    assert!(readme.contains("scripts/try") && readme.contains("scripts/test"));
    let plan = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let place = tempfile::tempdir().unwrap();
    for folder in ["cluster/storage", "namespaces", "secrets", "apps"] {
        fs::create_dir_all(place.path().join(folder)).unwrap();
        let name = folder.replace('/', "-");
        let text = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n");
        fs::write(place.path().join(folder).join("x.yaml"), text).unwrap();
    }
    for mode in [Mode::Recover, Mode::Drill] {
        let read = load::from_text(plan, "README.md", &place.path().join("homelab.yaml"), mode);
        assert!(read.is_ok(), "{}", read.err().unwrap());
    }
}

#[test]
fn a_drill_of_the_example_leaves_no_step_out() {
    let path = root().join("plans/homelab.yaml");
    let planned = load::load(blackstart::sys::Look::new(), &path, Mode::Drill).unwrap();
    let left_out: Vec<&str> = (planned.file.steps.iter())
        .filter(|step| step.absent_in(Mode::Drill).is_some())
        .map(|step| step.id.as_str())
        .collect();
    assert_eq!(left_out, [] as [&str; 0]);
    let objects: usize = planned.papers.iter().map(|papers| papers.objects.len()).sum();
    let written = Page::open("README.md").text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!((85..95).contains(&objects), "{objects} objects");
    assert!(written.contains("eleven steps over some ninety objects") && planned.file.steps.len() == 12);
}

#[test]
fn secrets_of_ones_own_come_back_as_the_page_says() {
    let test = "secrets_of_ones_own_come_back_as_the_page_says";
    let Some(sandbox) = sandbox::program() else { return common::not_run(test, "blackstart-sandbox is not built") };
    let page = Page::open("README.md").text;
    let block =
        page.split("<!-- session: secrets -->").nth(1).and_then(|rest| rest.split("<!-- end -->").next()).unwrap();
    let typed = block.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let clone = tempfile::tempdir().unwrap();
    fs::create_dir(clone.path().join("plans")).unwrap();
    copy(&root().join("plans"), &clone.path().join("plans"));
    let path =
        format!("{}:{}", Path::new(common::binary()).parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-euc", typed]).current_dir(clone.path()).env("HOME", clone.path().join("home")).env("PATH", path);
    for name in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "BLACKSTART_IDENTITY", "BLACKSTART_PING"] {
        command.env_remove(name);
    }
    command.env("BLACKSTART_SANDBOX", sandbox).stdin(std::process::Stdio::null());
    let told = common::Told::of(command.output().unwrap()).code(0);
    assert!(told.all().contains("1 sealed, 1 unsealed, values match"), "{}", told.all());
    assert!(!told.all().contains("correct-horse"), "{}", told.all());
    let identity = clone.path().join("home/.config/blackstart/identity.txt");
    assert!(identity.exists() && !clone.path().join("lab/identity.txt").exists());
}

#[test]
fn what_differs_from_drill_to_drill_is_passed_over_and_nothing_else() {
    let same = |a: &str, b: &str| of_a_cluster(a) == of_a_cluster(b);
    assert!(same("x 12 of 21 ready; 1 cause", "x 7 of 21 ready; 1 cause"));
    assert!(same("Pod monitoring/node-exporter-aaaaa: it", "Pod monitoring/node-exporter-bbbbb: it"));
    assert!(same(
        "run 2026-11-21T09-42-11 a-2026-11-21t09-42-11, 0:07",
        "run 2027-01-01T00-00-00 a-2027-01-01t00-00-00, 0:09"
    ));
    assert!(!same("x 12 of 19 ready", "x 12 of 22 ready") && !same("Deployment cloudflared", "Deployment traefik"));
}
