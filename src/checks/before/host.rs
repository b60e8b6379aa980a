//! F15 and F26: whether this host can bear a cluster of containers: its kernel's modules and limits, and its memory. Everything
//! is read from the kernel; nothing is tried.

use super::{Answers, Asked};
use crate::model::{Place, Severity};
use crate::sys::facts::Facts;
use crate::sys::host;

/// With less, pods that watch files fail one by one, with words that name something else.
const INSTANCES: u64 = 512;
const WATCHES: u64 = 65_536;
/// What one server of k3s takes by itself, with nothing in it.
const MEMORY: u64 = 1 << 30;

/// Two clocks that are further apart, in seconds, do not agree on what is valid.
const CLOCK: i64 = 30;
const THIS: &str = "this host";

/// What the kernel tells of itself.
struct Kernel {
    release: String,
    has_modules: bool,
    loads_modules: bool,
    instances: Option<u64>,
    watches: Option<u64>,
    one_tree: bool,
    memory: Option<(u64, u64)>,
}

pub fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    if let Some((cluster, host, facts)) = asked.far() {
        match facts {
            Ok(facts) => {
                judge(&Kernel::of(facts), &cluster.place, host, asked.takes_its_place(), &mut answers);
                let ahead = facts.clock.map(|clock| clock - crate::sys::clock::now().0 / 1000);
                if let Some(ahead) = ahead.filter(|ahead| ahead.abs() > CLOCK) {
                    let message = format!("its clock and that of this host are {} s apart", ahead.abs());
                    let fix = "set the one that is wrong (timedatectl set-ntp true): certificates are made by it";
                    answers.say("F66", Severity::Error, cluster.place.clone(), host, message, fix);
                }
            }
            Err(why) => {
                let message = format!("whether it can bear a cluster is not known: {why}");
                answers.unknown("F15", cluster.place.clone(), host, message, "its answer");
            }
        }
        return answers;
    }
    let Some(cluster) = asked.here() else {
        answers.unasked.push("whether this host can bear a cluster: none is made on it".to_owned());
        return answers;
    };
    let look = asked.look;
    let (release, has_modules) = host::kernel(look);
    let kernel = Kernel {
        release,
        has_modules,
        loads_modules: host::has_modules(look),
        instances: host::setting(look, "fs/inotify/max_user_instances"),
        watches: host::setting(look, "fs/inotify/max_user_watches"),
        one_tree: host::has_one_tree_of_groups(look),
        memory: host::memory(look),
    };
    judge(&kernel, &cluster.place, THIS, asked.takes_its_place(), &mut answers);
    answers
}

impl Asked<'_> {
    /// Who stands there now gives its memory back before the new one is made.
    fn takes_its_place(self) -> bool {
        self.scene.dying.is_some_and(|dying| !dying.containers.is_empty() || dying.pods)
    }
}

impl Kernel {
    fn of(facts: &Facts) -> Self {
        Self {
            release: facts.kernel.clone(),
            has_modules: facts.has_modules,
            loads_modules: facts.loads_modules,
            instances: facts.instances,
            watches: facts.watches,
            one_tree: facts.one_tree,
            memory: facts.memory,
        }
    }
}

fn judge(kernel: &Kernel, place: &Place, host: &str, takes_its_place: bool, answers: &mut Answers) {
    let mut say = |id, severity, message: String, fix: &str| {
        answers.say(id, severity, place.clone(), host, message, fix);
    };
    let release = &kernel.release;
    if kernel.loads_modules && !kernel.has_modules {
        let message = format!(
            "the modules of its kernel {release} are not there: it was updated and runs on until it is started anew"
        );
        say("F15", Severity::Error, message, "start this host anew first, while the old cluster still works");
    }
    for (name, is, wanted) in
        [("max_user_instances", kernel.instances, INSTANCES), ("max_user_watches", kernel.watches, WATCHES)]
    {
        if let Some(is) = is.filter(|is| *is < wanted) {
            let message = format!("fs.inotify.{name} is {is}: pods will fail with \"too many open files\"");
            say("F15", Severity::Warning, message, &format!("sysctl -w fs.inotify.{name}={wanted}"));
        }
    }
    if !kernel.one_tree {
        let message = "it counts processes by cgroup v1, which kubelets of today refuse unless they are told otherwise";
        say("F15", Severity::Warning, message.to_owned(), "start it with systemd.unified_cgroup_hierarchy=1");
    }
    match kernel.memory {
        Some((free, all)) => {
            let told = format!("{} MiB of {} MiB free", free >> 20, all >> 20);
            if free < MEMORY && !takes_its_place {
                let message = format!("has little memory for a cluster: {told}");
                say("F26", Severity::Warning, message, "end what is not needed: a node without memory throws pods out");
            }
            answers.figures.push(("memory".to_owned(), told));
        }
        None => {
            let message = "how much memory is free is not known";
            answers.unknown("F26", place.clone(), host, message, "/proc/meminfo");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Spot;

    fn well() -> Kernel {
        Kernel {
            release: "6.1.0".to_owned(),
            has_modules: true,
            loads_modules: true,
            instances: Some(INSTANCES),
            watches: Some(WATCHES),
            one_tree: true,
            memory: Some((MEMORY, 4 * MEMORY)),
        }
    }
    #[track_caller]
    fn says(kernel: &Kernel, takes_its_place: bool, wanted: &[&str]) {
        let mut answers = Answers::default();
        let place = Place { file: "k3d.yaml".to_owned(), spot: Spot { line: 1, column: 1 } };
        judge(kernel, &place, THIS, takes_its_place, &mut answers);
        let told: Vec<String> = answers
            .told
            .faults
            .iter()
            .map(|fault| &fault.finding)
            .map(|one| format!("{} {:?} {}", one.id, one.severity, one.message))
            .collect();
        assert_eq!(told.len(), wanted.len(), "{told:?}");
        for wanted in wanted {
            assert!(told.iter().any(|told| told.contains(wanted)), "{wanted}: {told:?}");
        }
    }

    #[test]
    fn a_kernel_without_its_modules_bears_no_cluster() {
        says(&well(), false, &[]);
        says(
            &Kernel { has_modules: false, ..well() },
            false,
            &["F15 Error the modules of its kernel 6.1.0 are not there"],
        );
        // A kernel that has everything in itself needs none.
        says(&Kernel { has_modules: false, loads_modules: false, ..well() }, false, &[]);
    }

    #[test]
    fn limits_that_are_too_low_are_told_with_the_command_that_raises_them() {
        says(&Kernel { instances: Some(128), ..well() }, false, &["F15 Warning fs.inotify.max_user_instances is 128"]);
        says(&Kernel { watches: Some(8192), ..well() }, false, &["F15 Warning fs.inotify.max_user_watches is 8192"]);
        says(&Kernel { one_tree: false, ..well() }, false, &["F15 Warning it counts processes by cgroup v1"]);
    }

    #[test]
    fn memory_that_the_old_cluster_gives_back_is_counted_as_free() {
        let tight = Kernel { memory: Some((MEMORY - 1, 4 * MEMORY)), ..well() };
        says(&tight, false, &["F26 Warning has little memory"]);
        says(&tight, true, &[]);
    }
}
