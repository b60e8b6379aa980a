//! Drills whose way to the API server is bad. They end green and are right, or they end red and say why; they never hang, and
//! are never green and wrong: the cluster is asked afterwards by another way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;
#[path = "support/drills.rs"]
mod drills;
#[path = "support/meddler.rs"]
mod meddler;
#[path = "support/world.rs"]
mod world;

use blackstart::checks::ladder::Standing;
use blackstart::manifests::read_all;
use blackstart::model::ObjectId;
use blackstart::steps::{apply, survey};
use blackstart::sys::Look;
use blackstart::sys::kube::Kube;
use common::Dice;
use drills::{Going, Home, PLAN, Run};
use meddler::{Meddler, Schedule, schedules};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Far more than a drill takes on a good way, and less than the steps would have.
const ENOUGH: Duration = Duration::from_secs(240);

/// What is not as the plan says, seen without anybody in between.
fn wrong(home: &Home, meddler: &Meddler) -> Vec<String> {
    let read = read_all(Look::new(), &home.lab.path("plans"), "plans/", &[vec!["kubernetes".to_owned()]]);
    let papers = read.unwrap_or_else(|wrongs| panic!("{wrongs:?}")).remove(0);
    world::run(async {
        let kube = Kube::connect(Look::new(), &meddler.real_kubeconfig()).await.unwrap();
        let compared = apply::compare(&kube, Look::new(), &papers, &world::pace(60), &|_| {}).await;
        let mut wrong: Vec<String> = compared.hitches.iter().map(ToString::to_string).collect();
        let wanted = survey::expected(&papers, &[]);
        match survey::look(&kube, &wanted, &papers, &world::pace(60)).await {
            survey::Seen::AllStand(standings) => {
                let bad = standings.iter().filter(|(_, standing)| !matches!(standing, Standing::Ready(_)));
                wrong.extend(bad.map(|(id, standing)| format!("{id}: {standing:?}")));
            }
            survey::Seen::Stuck(_) | survey::Seen::Over(..) | survey::Seen::Lost(_) => wrong.push("not seen".into()),
        }
        assert!(compared.same > 60 || !wrong.is_empty(), "{}", compared.same);
        wrong
    })
}

/// One drill on a bad way.
fn meddled(schedule: Schedule, seed: u64) -> Option<Run> {
    let home = Home::new("drills on a bad way")?;
    let told = format!("{} (seed {seed})", schedule.name);
    let meddler = Meddler::new(home.lab.folder.path(), &home.program, schedule, seed);
    let go = |words: &[&str]| {
        let mut command = home.command(words);
        command.env("BLACKSTART_SANDBOX", &meddler.program);
        Going::of(command)
    };
    let run = go(&["drill", PLAN, "--keep", "--output", "json"]).end_within(ENOUGH);
    let (done, took) = (meddler.done(), run.took.as_secs_f64());
    println!("{told}: exit {} after {took:.1} s, {:?}", run.code, done);
    assert!(meddler.harmed() > 8, "{told}: only {done:?}");
    match run.code {
        0 => {
            let wrong = wrong(&home, &meddler);
            assert!(wrong.is_empty(), "{told}: green, and {wrong:#?}\n{}", run.out);
        }
        1 => {
            let failed = run.events("step.failed");
            assert!(
                failed.iter().any(|event| event["reason"].as_str().is_some_and(|why| why.len() > 20)),
                "{told}: {}",
                run.out
            );
        }
        code => panic!("{told}: exit {code}\n{}", run.all()),
    }
    let sockets = home.sockets();
    home.reap().code(0);
    home.nothing_is_left(&sockets);
    Some(run)
}

#[test]
fn on_a_bad_way_a_drill_is_green_and_right_or_red_and_loud() {
    let seed = common::seed("drills on a bad way");
    let mut dice = Dice(seed);
    let bad: Vec<Schedule> =
        schedules().into_iter().filter(|schedule| schedule.name != "a server that is broken").collect();
    let count = if common::long() { 30 } else { 3 };
    let mut ends = [0, 0];
    for point in 0..count {
        // The first is always the one with everything in it.
        let schedule = bad[if point == 0 { 0 } else { dice.roll(bad.len()) }].clone();
        let Some(run) = meddled(schedule, dice.roll(1 << 30) as u64) else { return };
        ends[usize::from(run.code != 0)] += 1;
    }
    println!("drills on a bad way: {} green and right, {} red and loud, 0 failures", ends[0], ends[1]);
    assert!(ends[0] > 0, "not one of them came through");
}

#[test]
fn a_server_that_answers_nothing_well_makes_the_drill_red_and_never_green() {
    let schedule = schedules().into_iter().find(|schedule| schedule.name == "a server that is broken").unwrap();
    let Some(run) = meddled(schedule, common::seed("broken server")) else { return };
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.all().contains("500"), "{}", run.all());
}

#[test]
fn a_server_that_goes_away_for_good_is_waited_for_as_long_as_the_step_has_time_and_then_named() {
    for (kind, step, fails) in [("step.verified", "secrets", "gitlab"), ("step.started", "workloads", "workloads")] {
        let Some(home) = Home::new("a server that goes away") else { return };
        home.edit(PLAN, |plan| {
            let timed = |line: &str| match line.strip_prefix("  - {id:").and_then(|rest| rest.strip_suffix('}')) {
                Some(rest) => format!("  - {{id:{rest}, timeout: 15s}}\n"),
                None => format!("{line}\n"),
            };
            plan.lines().map(timed).collect()
        });
        let good = Schedule { name: "good, then gone", shares: Vec::new() };
        let meddler = Meddler::new(home.lab.folder.path(), &home.program, good, 1);
        let mut command = home.command(&["drill", PLAN, "--output", "json"]);
        command.env("BLACKSTART_SANDBOX", &meddler.program);
        let mut going = Going::of(command);
        assert!(going.hears(Duration::from_secs(90), |event| event["type"] == kind && event["step"] == step));
        meddler.breaks();
        let began = Instant::now();
        let run = going.end_within(Duration::from_secs(90)).code(1);
        println!("gone after {step}: red {:.1} s later", began.elapsed().as_secs_f64());
        let why: String = run.events("step.failed").iter().map(|event| format!("{event}\n")).collect();
        assert!(why.contains("500") || why.contains("not heard"), "{fails}: {why}");
        home.reap().code(0);
        home.nothing_is_left(&BTreeSet::new());
    }
}

#[test]
fn a_drill_through_a_way_that_spoils_nothing_is_green() {
    let Some(home) = Home::new("a good way") else { return };
    let meddler = Meddler::new(home.lab.folder.path(), &home.program, Schedule { name: "good", shares: Vec::new() }, 1);
    let mut command = home.command(&["drill", PLAN, "--keep", "--output", "json"]);
    command.env("BLACKSTART_SANDBOX", &meddler.program);
    let run = Going::of(command).end().is_green();
    // What is asked after a bad way is answered by what is there: one object less is seen.
    assert_eq!(wrong(&home, &meddler), Vec::<String>::new());
    let gone = ObjectId::new("v1", "ConfigMap", Some("apps"), "website");
    world::run(async { world::World::at(&meddler.real_kubeconfig()).await.other_deletes(&gone).await });
    assert!(wrong(&home, &meddler).iter().any(|wrong| wrong.contains("ConfigMap apps/website")));
    home.reap().code(0);
    println!("a good way: {:.1} s, {:?}", run.took.as_secs_f64(), meddler.done());
    home.nothing_is_left(&BTreeSet::new());
}
