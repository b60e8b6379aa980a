//! The same through the real binary: each step writes a line when it begins and one when it ends.

use crate::common::{self, Dice, Lab};
use crate::{Case, Fate};

const ACT: &str = "\
echo begin $1 >> world/log
sleep 0.0$3
echo end $1 >> world/log
[ $2 = Works ] || { [ $2 = WorksLater ] && [ -e world/$1.tried ]; } || { : > world/$1.tried; exit 1; }
: > world/$1
";

fn fate(case: &Case, step: usize) -> String {
    let (fate, pause) = (case.fates[step], 1 + step % 5);
    let tries = if fate == Fate::WorksLater { ", repeatable: true, retries: 1" } else { "" };
    format!("kind: command, run: [./act, s{step}, {fate:?}, \"{pause}\"], verify: [test, -e, world/s{step}]{tries}")
}

/// Reads the log against the graph. `exit` is how the run ended.
fn check(case: &Case, log: &str, exit: i32) -> Result<(), String> {
    let count = case.needs.len();
    let (mut begun, mut ended, mut open) = (vec![0; count], vec![0; count], 0_usize);
    for line in log.lines() {
        let (what, step) = line.split_once(" s").ok_or("a torn line")?;
        let step: usize = step.parse().map_err(|_| "a torn line")?;
        if what == "end" {
            ended[step] += 1;
            open -= 1;
            continue;
        }
        begun[step] += 1;
        open += 1;
        if open > case.jobs {
            return Err(format!("{open} at once, and {} may be", case.jobs));
        }
        for need in &case.needs[step] {
            let fate = case.fates[*need];
            // One that works later has to have ended twice.
            let wants = match fate {
                Fate::Skipped => 0,
                Fate::WorksLater => 2,
                _ => 1,
            };
            if ended[*need] < wants || !fate.lets_go() {
                return Err(format!("s{step} begins before s{need} lets it go"));
            }
        }
    }
    let reached = case.reached();
    let stops = reached.iter().any(|step| case.fates[*step].stops_all());
    for step in 0..count {
        let wants = match case.fates[step] {
            _ if !reached.contains(&step) => 0,
            Fate::Skipped => 0,
            Fate::WorksLater => 2,
            _ => 1,
        };
        if begun[step] > wants || ended[step] != begun[step] || begun[step] < wants && !stops {
            return Err(format!("s{step} began {} times, ended {}, and {wants} is right", begun[step], ended[step]));
        }
    }
    let whole = reached.len() == count && case.fates.iter().all(|fate| fate.lets_go());
    if exit != i32::from(!whole) {
        return Err(format!("exit {exit}, and whole is {whole}"));
    }
    Ok(())
}

#[test]
fn random_graphs_through_the_real_binary_keep_their_order_and_contain_their_failures() {
    let seed = common::seed("model_engine");
    let count: u64 = if common::long() { 60 } else { 12 };
    let queue = std::sync::Mutex::new(0..count);
    let wrong = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(number) = queue.lock().unwrap().next() else { return };
                    let mut dice = Dice(seed.wrapping_mul(1000) + number);
                    let case =
                        Case::random(&mut dice, &[Fate::Fails, Fate::FailsAlone, Fate::Skipped, Fate::WorksLater]);
                    let lab = Lab::new(&case.steps(|step| fate(&case, step)));
                    lab.script("act", ACT);
                    let jobs = case.jobs.to_string();
                    let told = lab.run(&["recover", "plan.yaml", "--confirm", &lab.name, "--jobs", &jobs]);
                    if let Err(why) = check(&case, &lab.read("world/log"), told.code) {
                        wrong.lock().unwrap().push(format!("{number}: {why}\n{case:?}\n{}", told.all()));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    println!("random graphs: {count}, {} failures", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Seen red: logs that tell of the wrong order, of a second time, of a failure that spreads, of too many at once.
#[test]
fn a_log_that_breaks_a_rule_is_noticed() {
    let needs = vec![[].into(), [0].into(), [].into()];
    let fates = vec![Fate::FailsAlone, Fate::Works, Fate::Works];
    let case = Case { needs, fates, said: vec![0; 3], file: vec![0, 1, 2], jobs: 1 };
    let log = |steps: &[&str]| steps.iter().map(|line| format!("{line}\n")).collect::<String>();
    let good = ["begin s0", "end s0", "begin s2", "end s2"];
    assert_eq!(check(&case, &log(&good), 1), Ok(()));
    assert!(check(&case, &log(&good), 0).is_err(), "exit 0 with a failure");
    let bad: [&[&str]; 5] = [
        &["begin s0", "end s0", "begin s1", "end s1", "begin s2", "end s2"],
        &["begin s0", "begin s2", "end s0", "end s2"],
        &["begin s0", "end s0"],
        &["begin s0", "end s0", "begin s2", "end s2", "begin s2", "end s2"],
        &["begin s0", "end s0", "begin s2"],
    ];
    for bad in bad {
        assert!(check(&case, &log(bad), 1).is_err(), "{bad:?}");
    }
    let works = Case { fates: vec![Fate::Works; 3], jobs: 3, ..case };
    let early = ["begin s0", "begin s1", "end s0", "end s1", "begin s2", "end s2"];
    assert!(check(&works, &log(&early), 0).is_err_and(|why| why.contains("before s0")));
}
