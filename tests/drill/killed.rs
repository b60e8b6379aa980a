//! A drill that is killed as nothing can prevent, and one whose cluster dies under it.

use crate::common::{self, Dice};
use crate::drills::{Home, Run};
use std::time::{Duration, Instant};

/// When the drill is killed: after so many events, and so much later.
fn moment(dice: &mut Dice) -> (usize, Duration) {
    // Most of the time goes by while the cluster comes up and while it comes to rest; events mark what is between.
    let late = if dice.roll(2) == 0 { 4000 } else { 300 };
    (dice.roll(62), Duration::from_millis(dice.roll(late) as u64))
}

/// Whether it was killed before it was over.
fn kill_at(home: &Home, events: usize, later: Duration) -> bool {
    let mut going = home.go_drill(&[]);
    going.hears(Duration::from_secs(60), |event| event["seq"].as_u64().is_some_and(|seq| seq as usize >= events));
    std::thread::sleep(later);
    if going.is_over() {
        going.end().is_green();
        return false;
    }
    let sockets = home.sockets();
    going.kill();
    let dead = going.end();
    assert_eq!(dead.code, -1, "{}", dead.all());
    // The cluster notices by itself that it has lost who started it.
    home.nothing_is_left(&sockets);
    true
}

/// As a person would who types what is told: `resume`, or the drill anew where nothing was begun.
fn bring_to_an_end(home: &Home) -> Run {
    let run = home.resume();
    match run.code {
        2 => {
            assert!(run.all().contains("no run"), "{}", run.all());
            home.drill(&[])
        }
        _ => run,
    }
}

#[test]
fn killed_at_any_moment_nothing_is_left_and_resume_ends_green_in_a_new_cluster() {
    let seed = common::seed("killed drill");
    let mut dice = Dice(seed);
    let (count, mut killed, mut stale, mut tried) = (if common::long() { 30 } else { 2 }, 0, 0, 0);
    while killed < count {
        let Some(home) = Home::new("killed drill") else { return };
        let (events, later) = moment(&mut dice);
        let told = format!("point {tried}: after {events} events and {later:?}");
        tried += 1;
        assert!(tried <= 3 * count, "the drill is nearly always over before it is killed");
        if !kill_at(&home, events, later) {
            println!("{told}: it was over before");
            continue;
        }
        killed += 1;
        let before = home.about();
        let run = bring_to_an_end(&home);
        println!("{told}: exit {} after {:.1} s", run.code, run.took.as_secs_f64());
        if run.all().contains("nothing to resume") {
            run.code(0);
        } else {
            let run = run.is_green();
            if let (Some(before), Some(now)) = (&before, home.about()) {
                assert_ne!(before["uid"], now["uid"], "{told}: it is the cluster that was lost");
            }
            stale += usize::from(run.all().contains("stale: the cluster that it was done in is gone"));
        }
        home.nothing_is_left(&Default::default());
        assert!(home.lab.runs().len() <= 2);
    }
    println!("killed drills: {killed} of {count} killed, {stale} said what was stale, 0 failures");
}

#[test]
fn what_was_done_in_the_lost_cluster_is_said_to_be_stale_and_is_done_again() {
    let Some(home) = Home::new("stale steps") else { return };
    let mut going = home.go_drill(&[]);
    going.until_verified("gitlab");
    let sockets = home.sockets();
    going.kill();
    going.end();
    home.nothing_is_left(&sockets);
    let run = home.resume().is_green();
    let started = run.events("step.started");
    for step in ["namespaces", "storage", "secrets", "networking", "gitlab"] {
        let why = started.iter().find(|event| event["step"] == step).map(|event| event["reason"].to_string());
        let why = why.unwrap_or_else(|| panic!("{step} was not done again:\n{}", run.out));
        assert!(why.contains("stale: the cluster that it was done in is gone"), "{step}: {why}");
    }
    assert_eq!(run.finished()["verified"], 12);
    home.nothing_is_left(&Default::default());
}

#[test]
fn a_cluster_that_dies_under_the_drill_makes_it_red_at_once_and_is_named() {
    for step in ["secrets", "apps"] {
        let Some(home) = Home::new("sandbox that dies") else { return };
        let mut going = home.go_drill(&[]);
        going.until_verified(step);
        let sockets = home.sockets();
        let processes = home.processes();
        // Its keeper, and in the other run the part without which nothing can be asked.
        let part = if step == "secrets" { "blackstart-sandbox up " } else { "component etcd" };
        let (pid, _) = processes.iter().find(|(_, line)| line.contains(part)).unwrap();
        common::signal(u32::try_from(*pid).unwrap(), "KILL");
        let killed = Instant::now();
        let run = going.end_within(Duration::from_secs(60)).code(1);
        let after = killed.elapsed();
        let failed = run.events("step.failed");
        assert!(!failed.is_empty(), "{}", run.out);
        assert!(run.all().contains("the sandbox has ended"), "{}", run.all());
        println!("{part} killed after {step}: red {:.1} s later", after.as_secs_f64());
        assert!(after < Duration::from_secs(20), "{after:?}");
        home.nothing_is_left(&sockets);
        home.resume().is_green();
        home.nothing_is_left(&Default::default());
    }
}
