//! The real binary, killed at the n-th call of one kind, for all n; then resumed. The world must come out as after an
//! undisturbed run, each effect once, or the exit is not 0 and says why. The same with disks that fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;
use common::{Dice, Lab, Told, feed, feed_within};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

/// Effects that may happen once only, one that may happen twice, one that takes two acts, and a probe.
const STEPS: &str = r#"
  - {id: one,   kind: command, run: [./once, one],   verify: [grep, -qx, done, world/one]}
  - {id: two,   kind: command, run: [./once, two],   verify: [grep, -qx, done, world/two], needs: [one]}
  - {id: three, kind: command, run: [./twice, three], verify: [grep, -qx, done, world/three], needs: [one], repeatable: true, retries: 1}
  - {id: four,  kind: probe,   run: [test, -s, world/three], needs: [three], timeout: 5s}
  - {id: five,  kind: command, run: [./once, five],  verify: [grep, -qx, done, world/five], needs: [two, four]}
"#;

/// Says "done" into a file in two acts, so that a half-made effect exists between them.
const ONCE: &str = "printf 'do' >> world/$1\nprintf 'ne\\n' >> world/$1\n";
const TWICE: &str = "printf 'do' > world/$1.new\nprintf 'ne\\n' >> world/$1.new\nmv world/$1.new world/$1\n";

fn lab() -> Lab {
    let lab = Lab::new(STEPS);
    lab.script("once", ONCE);
    lab.script("twice", TWICE);
    lab
}

fn world(lab: &Lab) -> BTreeMap<String, String> {
    let files = std::fs::read_dir(lab.path("world")).unwrap().flatten();
    files
        .map(|file| (file.file_name().to_string_lossy().into_owned(), std::fs::read_to_string(file.path()).unwrap()))
        .collect()
}

fn whole() -> BTreeMap<String, String> {
    ["one", "two", "three", "five"].map(|name| (name.to_owned(), "done\n".to_owned())).into()
}

/// How a disturbed run was brought to its end.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum End {
    Undisturbed,
    NeverBegan,
    Resumed,
    /// It stopped and named the step; a person looked and said which it is.
    Asked,
    /// The disturbed call was never reached.
    NotReached,
}

/// One point of the sweep: disturb, then bring to an end as a person would who reads what is printed.
fn point(call: &str, fault: &str, n: usize) -> Result<End, String> {
    let lab = lab();
    let trace = lab.path("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(&trace);
    command.args(["-e", &format!("trace={call}"), "-e", &format!("inject={call}:{fault}:when={n}")]);
    command.arg(common::binary()).arg("runner").current_dir(lab.folder.path());
    let Some(told) = feed_within(&mut command, &lab.task(4), Duration::from_secs(60)) else {
        return Err("it hangs".to_owned());
    };
    let reached = std::fs::read_to_string(&trace).unwrap_or_default().contains("(INJECTED)") || told.code == -1;
    let reached = reached || std::fs::read_to_string(&trace).unwrap_or_default().contains("killed by SIGKILL");
    if !reached {
        return if told.code == 0 && world(&lab) == whole() {
            Ok(End::NotReached)
        } else {
            Err(format!("undisturbed and not whole: {told:?}"))
        };
    }
    if told.code == 0 {
        // The fault hit something that does not matter for the outcome; then the world must be whole.
        return if world(&lab) == whole() {
            Ok(End::Undisturbed)
        } else {
            Err(format!("exit 0 and the world is {:?}", world(&lab)))
        };
    }
    settle(&lab)
}

fn settle(lab: &Lab) -> Result<End, String> {
    let mut end = End::Resumed;
    let mut said: Vec<Told> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for _ in 0..6 {
        let told = lab.resume(&words.iter().map(String::as_str).collect::<Vec<_>>());
        words.clear();
        match told.code {
            0 if world(lab) == whole() => return Ok(end),
            0 => return Err(format!("exit 0 and the world is {:?}\n{said:?}\n{told:?}", world(lab))),
            // Disturbed behind the last word of the run: there is nothing left to resume, and it says so.
            2 if world(lab) == whole() && lab.run(&["status"]).code == 0 => return Ok(End::Undisturbed),
            2 if told.all().contains("no run") => {
                if !world(lab).is_empty() {
                    return Err(format!("no run is remembered, and the world is {:?}", world(lab)));
                }
                end = End::NeverBegan;
                let told = lab.recover();
                return if told.code == 0 && world(lab) == whole() {
                    Ok(end)
                } else {
                    Err(format!("a new run: {told:?}"))
                };
            }
            // A step failed or nobody knows: what is printed must name it and give the command. The person looks.
            1 | 3 => {
                end = End::Asked;
                let all = told.all();
                let named: Vec<&str> =
                    ["one", "two", "five"].into_iter().filter(|id| all.contains(&format!("--redo {id}"))).collect();
                if named.is_empty() && !all.contains("next   blackstart resume") {
                    return Err(format!("exit {} without a next command: {all}", told.code));
                }
                for id in named {
                    let is = world(lab).get(id).cloned().unwrap_or_default();
                    if is != "done\n" {
                        // Half done: the person cleans up and lets it be done again.
                        let _ = std::fs::remove_file(lab.path("world").join(id));
                        words.extend(["--redo".to_owned(), id.to_owned()]);
                    } else {
                        words.extend(["--accept".to_owned(), id.to_owned()]);
                    }
                }
            }
            _ => return Err(format!("exit {}: {}", told.code, told.all())),
        }
        said.push(told);
    }
    Err(format!("does not settle: {said:?}"))
}

/// How often the busiest process of an undisturbed run makes this call, and one more: strace counts for each by itself.
fn calls(call: &str) -> usize {
    let lab = lab();
    let trace = lab.path("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(&trace).args(["-e", &format!("trace={call}")]);
    command.arg(common::binary()).arg("runner").current_dir(lab.folder.path());
    feed(&mut command, &lab.task(4)).code(0);
    let text = std::fs::read_to_string(trace).unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (tid, _) in
        text.lines().filter_map(|line| line.split_once(' ')).filter(|(_, rest)| rest.trim_start().starts_with(call))
    {
        *counts.entry(tid).or_insert(0) += 1;
    }
    counts.values().max().copied().unwrap_or(0) + 1
}

/// Sweeps one call with one fault; all points in the long run, else some.
fn sweep(call: &str, fault: &str) -> BTreeMap<End, usize> {
    let last = calls(call);
    let all: Vec<usize> = (1..=last).collect();
    let chosen = match common::long() {
        true => all.clone(),
        false => Dice(common::seed(call)).some(all.len(), 6).into_iter().map(|at| all[at]).collect(),
    };
    let queue = Mutex::new(chosen.into_iter());
    let (ends, faults) = (Mutex::new(BTreeMap::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let Some(n) = queue.lock().unwrap().next() else { return };
                    match point(call, fault, n) {
                        Ok(end) => *ends.lock().unwrap().entry(end).or_insert(0) += 1,
                        Err(why) => faults.lock().unwrap().push(format!("{call} {fault} when={n}: {why}")),
                    }
                }
            });
        }
    });
    let (ends, faults) = (ends.into_inner().unwrap(), faults.into_inner().unwrap());
    println!("sweep {call} {fault}: up to {last}: {ends:?}, {} failures", faults.len());
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    ends
}

#[test]
fn killed_at_the_nth_call_it_comes_to_the_same_end() {
    if !common::have("strace", "crash sweep") {
        return;
    }
    let mut points = 0;
    for call in ["write", "fdatasync", "openat", "rename", "mkdir", "clone3", "vfork", "clone", "execve"] {
        let ends = sweep(call, "signal=KILL");
        points += ends.iter().filter(|(end, _)| **end != End::NotReached).map(|(_, count)| count).sum::<usize>();
    }
    println!("crash points: {points}, 0 failures");
    assert!(points >= 12, "only {points} points were hit");
}

#[test]
fn with_a_disk_that_fails_it_never_claims_what_is_not_so() {
    if !common::have("strace", "sweep with failing disks") {
        return;
    }
    let mut points = 0;
    for (call, fault) in [
        ("write", "error=EIO"),
        ("write", "error=ENOSPC"),
        ("fdatasync", "error=EIO"),
        ("openat", "error=ENOSPC"),
        ("openat", "error=EIO"),
        ("rename", "error=EIO"),
        ("pidfd_open", "error=EMFILE"),
        ("clone3", "error=EAGAIN"),
        ("execve", "error=ENOMEM"),
    ] {
        points += sweep(call, fault).values().sum::<usize>();
    }
    println!("fault points: {points}, 0 failures");
}

#[test]
fn journal_programs_and_looks_are_on_one_thread() {
    if !common::have("strace", "one thread") {
        return;
    }
    let lab = lab();
    let trace = lab.path("trace");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-o"])
        .arg(&trace)
        .args(["-e", "trace=clone,clone3,vfork,write,fdatasync,openat,rename"]);
    command.arg(common::binary()).arg("runner").current_dir(lab.folder.path());
    feed(&mut command, &lab.task(4)).code(0);
    let text = std::fs::read_to_string(trace).unwrap();
    assert_eq!(threads_that_act(&text), Vec::<String>::new());
    // Seen red: a thread that writes is noticed.
    let bad = "7 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SETTLS}, 88) = 9\n9 write(1, \"x\", 1) = 1\n";
    assert_eq!(threads_that_act(bad), ["9"]);
}

fn threads_that_act(trace: &str) -> Vec<String> {
    let made = trace.lines().filter(|line| line.contains("CLONE_THREAD"));
    let threads: Vec<&str> = made.filter_map(|line| line.rsplit("= ").next()?.split_whitespace().next()).collect();
    let acting = trace.lines().filter_map(|line| line.split_once(' '));
    acting
        .filter(|(tid, call)| threads.contains(tid) && !call.trim_start().starts_with("clone"))
        .map(|(tid, _)| tid.to_owned())
        .collect()
}
