//! What /proc says of other processes: whether one is still the same, and which ones carry our mark.

use super::Look;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;

/// A process, told apart from a later one with the same pid by the tick at which it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    pub pid: i32,
    pub started: u64,
}

/// The environment variables that mark every process of a step.
pub const MARK_RUN: &str = "BLACKSTART_RUN_DIR";
pub const MARK_STEP: &str = "BLACKSTART_STEP";

struct Stat {
    state: u8,
    group: i32,
    started: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    read_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The name of a program stands in brackets and may itself hold brackets and spaces: the fields are counted behind the last one.
fn read_stat(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some(Stat {
        state: *fields.first()?.as_bytes().first()?,
        group: fields.get(2)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// The process with this pid, as it is now.
pub fn identify(_: Look, pid: i32) -> Option<Process> {
    stat(pid).map(|stat| Process { pid, started: stat.started })
}

/// True when this very process still runs. A zombie has ended.
pub fn alive(_: Look, process: Process) -> bool {
    stat(process.pid).is_some_and(|stat| stat.started == process.started && !matches!(stat.state, b'Z' | b'X'))
}

/// True when anything lives in the group that this process led. While it does, the group's number is given to nobody else.
pub fn group_lives(_: Look, leader: Process) -> bool {
    if stat(leader.pid).is_some_and(|now| now.started != leader.started) {
        return false;
    }
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.any(|pid| stat(pid).is_some_and(|now| now.group == leader.pid && !matches!(now.state, b'Z' | b'X')))
}

/// The live group leaders that carry the mark of this run, by step. A leader is what we started; what it started in
/// turn is in its group. Earliest first, so that a daemon which made itself a leader does not come before its parent.
pub fn marked(_: Look, run: &str) -> BTreeMap<String, Vec<Process>> {
    let mut found: BTreeMap<String, Vec<Process>> = BTreeMap::new();
    let wanted = format!("{MARK_RUN}={run}");
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        let Some(now) = stat(pid).filter(|stat| stat.group == pid && !matches!(stat.state, b'Z' | b'X')) else {
            continue;
        };
        let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { continue };
        let mut variables = environment.split(|byte| *byte == 0);
        if !variables.clone().any(|variable| variable == wanted.as_bytes()) {
            continue;
        }
        let prefix = format!("{MARK_STEP}=");
        let step = variables.find_map(|variable| variable.strip_prefix(prefix.as_bytes()));
        if let Some(step) = step {
            let step = String::from_utf8_lossy(step).into_owned();
            found.entry(step).or_default().push(Process { pid, started: now.started });
        }
    }
    found.values_mut().for_each(|list| list.sort_by_key(|process| (process.started, process.pid)));
    found
}

/// Every live process that carries the mark of this run, whoever started it, with its command line; and every one that
/// lives in this folder, by what its environment says: the parts of a sandbox get no mark of ours.
pub fn everything_of(_: Look, run: &str, folder: &str) -> Vec<(i32, String)> {
    let (wanted, within) = (format!("{MARK_RUN}={run}"), format!("={folder}/"));
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut found = Vec::new();
    for pid in pids.filter(|pid| *pid != own) {
        let lives = stat(pid).is_some_and(|now| !matches!(now.state, b'Z' | b'X'));
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let names_it = |variable: &[u8]| {
            let value = variable.iter().position(|byte| *byte == b'=').map(|at| &variable[at..]);
            variable == wanted.as_bytes() || value.is_some_and(|value| value.starts_with(within.as_bytes()))
        };
        if lives && environment.split(|byte| *byte == 0).any(names_it) {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            found.push((pid, String::from_utf8_lossy(&line).replace('\0', " ").trim_end().to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_brackets_in_its_name_is_read_right() {
        let fields: Vec<String> = (4..=52).map(|n| n.to_string()).collect();
        let text = format!("7 (a) b (c) S {}", fields.join(" "));
        let stat = read_stat(&text).map(|stat| (stat.state, stat.group, stat.started));
        assert_eq!(stat, Some((b'S', 5, 22)));
    }

    #[test]
    fn this_process_is_alive_and_another_with_its_pid_is_not() {
        let look = Look::new();
        let me = identify(look, i32::try_from(std::process::id()).unwrap_or(0));
        let me = me.unwrap_or(Process { pid: 0, started: 0 });
        assert!(alive(look, me));
        assert!(!alive(look, Process { started: me.started + 1, ..me }));
    }
}
