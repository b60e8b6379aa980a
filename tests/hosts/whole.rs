//! Whole recoveries, from a cluster that lives and has data to green: what they bring back, what they may not touch, and how
//! they are killed on the way. Which provider makes the cluster is not known here.

use crate::common::{self, Dice};
use blackstart::journal::{Did, Record, reader};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// No recovery takes longer.
const LONGEST: Duration = Duration::from_secs(200);

pub const NAME: &str = "home";

/// The plan around a cluster: a step before it, what it brings back, and a step that only a person or a journal would do once.
pub fn plan(cluster: &str) -> String {
    format!(
        "name: {NAME}\ncluster: {{{cluster}}}\n\
         accept: [{{id: F26, object: disk of /, reason: a stand-in has the disk of its machine, until: 2999-01-01}}]\n\
         steps:\n\
         - {{id: before, kind: command, before: cluster, run: [sh, -c, 'echo x >> before'], verify: [test, -s, before], drill: run}}\n\
         - {{id: lab, kind: manifests, path: lab.yaml}}\n\
         - {{id: back, kind: workloads}}\n\
         - {{id: after, kind: command, needs: [back], repeatable: true, run: [sh, -c, 'echo x >> after'], verify: [test, -s, after], drill: run}}\n"
    )
}

/// Writes its data once. Where it finds them it is ready with what it found.
pub const LAB: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: lab}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: data}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: kept
  persistentVolumeReclaimPolicy: Retain
  claimRef: {namespace: lab, name: data}
  hostPath: {path: /srv/data}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: lab}
spec: {accessModes: [ReadWriteOnce], storageClassName: kept, volumeName: data, resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: keeper, namespace: lab}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: keeper}}
  template:
    metadata: {labels: {app: keeper}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: keeper
        image: busybox:1.36
        imagePullPolicy: IfNotPresent
        command: [sh, -c, "[ -e /data/done ] || { head -c 300000 /dev/urandom > /data/f; sync; touch /data/done; }; sleep 100000"]
        readinessProbe: {exec: {command: [test, -e, /data/done]}, periodSeconds: 1}
        volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
"#;

/// A host with a cluster on it.
pub trait Ground {
    /// blackstart on that host, in the folder of the plan.
    fn program(&self, words: &[&str]) -> Command {
        self.remembering(&self.state(), words)
    }
    /// The same with a state directory.
    fn remembering(&self, state: &Path, words: &[&str]) -> Command;
    /// Its state directory, as it is seen from here.
    fn state(&self) -> PathBuf;
    fn kill(&self, pid: i32);
    /// All kept data, by their digests.
    fn data(&self) -> String;
    /// What is new with each cluster: the UID of kube-system, its authority.
    fn marks(&self) -> Vec<String>;
    /// What is on the host that neither the cluster nor its data are; empty when nothing was left behind.
    fn left(&self) -> Vec<String>;
}

pub fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

pub const RECOVER: [&str; 4] = ["recover", "plan.yaml", "--confirm", NAME];

/// The journal of the newest run, as far as it can be read at this moment.
fn story(ground: &dyn Ground) -> Option<(PathBuf, Vec<Record>)> {
    let runs = std::fs::read_dir(ground.state().join(NAME)).ok()?;
    let run = runs.flatten().map(|entry| entry.path()).filter(|path| path.join("journal").exists()).max()?;
    let bytes = std::fs::read(run.join("journal")).ok()?;
    Some((run, reader::read(&bytes).ok()?.records))
}

/// The newest run whose journal has a head.
pub fn has_begun(ground: &dyn Ground) -> Option<PathBuf> {
    story(ground).filter(|(_, records)| !records.is_empty()).map(|(run, _)| run)
}

/// The process that works on the run.
fn runner(records: &[Record]) -> Option<i32> {
    records.iter().rev().find_map(|record| match record {
        Record::Begin(begin) => Some(begin.runner.pid),
        Record::Resume(resume) => Some(resume.runner.pid),
        Record::Step { .. } | Record::Notice { .. } | Record::End { .. } => None,
    })
}

/// Steps that were done again although their end had been seen.
fn twice(records: &[Record]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut twice = Vec::new();
    for record in records {
        let Record::Step { step, did, .. } = record else { continue };
        match did {
            Did::Prove { .. } | Did::Found { .. } => drop(seen.insert(step.clone())),
            Did::Touch { why, .. } if seen.contains(step) => twice.push(format!("{step}: {why}")),
            _ => {}
        }
    }
    twice
}

/// One recovery to its end, and what it took.
pub fn recovers(ground: &dyn Ground, told: &str) -> f64 {
    let (data, marks) = (ground.data(), ground.marks());
    let begun = Instant::now();
    let output = ended(ground, start(ground, &RECOVER));
    let took = begun.elapsed().as_secs_f64();
    assert_eq!(output.status.code(), Some(0), "{told}: {}", said(&output));
    is_new_with_old_data(ground, told, &data, &marks);
    println!("recovery {told}: {took:.1} s with what is looked at before; {}", times(ground));
    took
}

/// All of it is new but for the data, nothing was done twice, nothing is left.
fn is_new_with_old_data(ground: &dyn Ground, told: &str, data: &str, marks: &[String]) {
    assert_eq!(ground.data(), data, "{told}: the data have changed");
    for (now, before) in ground.marks().iter().zip(marks) {
        assert_ne!(now, before, "{told}: it is the old one");
    }
    let (_, records) = story(ground).unwrap();
    assert_eq!(twice(&records), Vec::<String>::new(), "{told}");
    assert_eq!(ground.left(), Vec::<String>::new(), "{told}: left behind");
}

/// What the report says of where the time went.
fn times(ground: &dyn Ground) -> String {
    let output = ground.program(&["report", "--output", "json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    let steps = report["steps"].as_array().unwrap().iter();
    let steps: Vec<String> = steps
        .map(|step| format!("{} {:.1}", step["id"].as_str().unwrap(), step["busy_seconds"].as_f64().unwrap()))
        .collect();
    let seconds = |key: &str| report[key].as_f64().unwrap();
    let (cpu, gaps) = (seconds("cpu_seconds"), seconds("gaps_seconds"));
    // The goal is 0.5 in a release on a machine with nothing else to do.
    assert!(cpu + gaps < 5.0, "ours: {cpu:.3} s of processor and {gaps:.3} s of gaps");
    format!(
        "{:.1} s from confirmed to verified: {}; ours {:.0} ms: {:.0} of processor, {:.0} of gaps",
        seconds("seconds"),
        steps.join(", "),
        1000.0 * (cpu + gaps),
        1000.0 * cpu,
        1000.0 * gaps
    )
}

/// Killed, and where.
struct Cut {
    at: Duration,
    doing: String,
}

/// Lets it go on for a random time and kills its runner. None when it was over before.
fn cut(ground: &dyn Ground, mut child: Child, before: usize, at: Duration) -> Option<Cut> {
    let begun = Instant::now();
    let pid = loop {
        let known = story(ground).filter(|(_, records)| records.len() > before);
        // A resumption is known by its own record, and the beginning by the head of a new journal.
        if let Some(pid) = known.and_then(|(_, records)| runner(&records[before..])) {
            break pid;
        }
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it began: {}",
            said(&child.wait_with_output().unwrap())
        );
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not begin");
        std::thread::sleep(Duration::from_millis(5));
    };
    let until = Instant::now() + at;
    while Instant::now() < until && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(3));
    }
    if child.try_wait().unwrap().is_some() {
        let over = child.wait_with_output().unwrap();
        assert!(over.status.success(), "{:?} {}", over.status, said(&over));
        return None;
    }
    ground.kill(pid);
    let ended = child.wait_with_output().unwrap();
    if ended.status.success() {
        return None;
    }
    let (_, records) = story(ground).unwrap();
    let last = records.iter().rev().find_map(|record| match record {
        Record::Step { step, did, .. } => Some(format!("{step} {did:.0?}").chars().take(40).collect::<String>()),
        _ => None,
    });
    Some(Cut { at, doing: last.unwrap_or_else(|| "nothing so far".to_owned()) })
}

/// What it says when it is over, which it has to be in time.
pub fn ended(ground: &dyn Ground, mut child: Child) -> Output {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > LONGEST {
            let (_, records) = story(ground).unwrap();
            let last: Vec<_> = records.iter().rev().take(5).collect();
            child.kill().unwrap();
            panic!(
                "not over after {LONGEST:?}; the last records: {last:?}; {}",
                said(&child.wait_with_output().unwrap())
            );
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

pub fn start(ground: &dyn Ground, words: &[&str]) -> Child {
    ground.program(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Recoveries that are killed at random moments, once or twice each, and resumed until they are green.
pub fn killed(ground: &dyn Ground, told: &str, count: usize, longest: f64) {
    let mut dice = Dice(common::seed(&format!("killed recoveries {told}")));
    let (mut recoveries, mut kills, mut tried) = (0, 0, 0);
    while recoveries < count {
        tried += 1;
        assert!(tried <= 3 * count, "{told}: it is nearly always over before it is killed");
        let (data, marks) = (ground.data(), ground.marks());
        let runs = story(ground).map(|(run, _)| run);
        let at = |dice: &mut Dice| Duration::from_millis(dice.roll((longest * 1000.0) as usize) as u64);
        let moment = at(&mut dice);
        let child = start(ground, &RECOVER);
        // The head of the journal that comes next.
        while story(ground).map(|(run, _)| run) == runs && !child_is_over(&child) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let Some(first) = cut(ground, child, 0, moment) else {
            println!("killed recovery {told}: at {moment:?} it was over before");
            is_new_with_old_data(ground, told, &data, &marks);
            continue;
        };
        let mut words = format!("after {:.1} s ({})", first.at.as_secs_f64(), first.doing);
        kills += 1;
        recoveries += 1;
        let mut over = false;
        if dice.roll(3) == 0 {
            let records = story(ground).unwrap().1.len();
            let moment = at(&mut dice);
            match cut(ground, start(ground, &["resume"]), records, moment) {
                Some(second) => {
                    words += &format!(", and after {:.1} s more ({})", second.at.as_secs_f64(), second.doing);
                    kills += 1;
                }
                None => over = true,
            }
        }
        let begun = Instant::now();
        if !over {
            let output = ended(ground, start(ground, &["resume"]));
            assert!(output.status.success(), "{told}, killed {words}: {:?} {}", output.status, said(&output));
        }
        println!("killed recovery {told}: {words}; resumed in {:.1} s", begun.elapsed().as_secs_f64());
        is_new_with_old_data(ground, &format!("{told}, killed {words}"), &data, &marks);
    }
    println!("killed recoveries {told}: {recoveries} of {count} green, {kills} kills, 0 left behind");
}

fn child_is_over(child: &Child) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", child.id())).map_or(true, |stat| stat.contains(") Z "))
}

/// Processes of this host that carry the mark of a run.
pub fn marked() -> Vec<String> {
    let read = |entry: std::fs::DirEntry| std::fs::read(entry.path().join("environ")).unwrap_or_default();
    let all: Vec<u8> = std::fs::read_dir("/proc").unwrap().flatten().flat_map(read).collect();
    marked_in(&String::from_utf8_lossy(&all).replace('\0', "\n"))
}

/// The same, of the environments of all processes.
pub fn marked_in(environments: &str) -> Vec<String> {
    environments.lines().filter(|line| line.starts_with("BLACKSTART_RUN_DIR=")).map(str::to_owned).collect()
}
