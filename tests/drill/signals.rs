//! Ctrl-C and SIGTERM in a drill.

use crate::drills::{Going, Home, Run};
use std::time::Duration;

/// A drill at work, and the sockets of its cluster.
fn at(home: &Home, step: &str) -> Going {
    let mut going = home.go_drill(&[]);
    going.until_verified(step);
    going
}

#[track_caller]
fn interrupted(run: Run) -> Run {
    let run = run.code(5);
    let finished = run.finished();
    assert_eq!(finished["outcome"], "interrupted", "{finished}");
    assert!(finished["next"].to_string().contains("blackstart resume"), "{finished}");
    run
}

/// What was stopped is left standing, is gone on with in the same cluster, and is taken down in the end.
#[track_caller]
fn goes_on_to_the_end(home: &Home) {
    let before = home.about().unwrap();
    let run = home.resume().is_green();
    assert_eq!(before["uid"], home.about().unwrap()["uid"], "another cluster, though the old one lives:\n{}", run.out);
    home.nothing_is_left(&Default::default());
}

#[test]
fn ctrl_c_once_lets_running_steps_end_and_leaves_a_cluster_to_go_on_in() {
    let Some(home) = Home::new("Ctrl-C once") else { return };
    let going = at(&home, "namespaces");
    going.signal("INT");
    let run = interrupted(going.end_within(Duration::from_secs(60))).says("SIGINT");
    assert!(run.finished()["left"].to_string().contains("which ends by itself in 1 h"), "{}", run.finished());
    assert_eq!(home.folders().len(), 1);
    goes_on_to_the_end(&home);
}

#[test]
fn ctrl_c_twice_ends_it_now_and_it_can_be_gone_on_with() {
    let Some(home) = Home::new("Ctrl-C twice") else { return };
    let going = at(&home, "networking");
    going.signal("INT");
    std::thread::sleep(Duration::from_millis(100));
    if going.pid() > 0 {
        going.signal("INT");
    }
    interrupted(going.end_within(Duration::from_secs(20)));
    goes_on_to_the_end(&home);
}

#[test]
fn sigterm_stops_a_drill_as_ctrl_c_does() {
    let Some(home) = Home::new("SIGTERM") else { return };
    let going = at(&home, "namespaces");
    going.signal("TERM");
    interrupted(going.end_within(Duration::from_secs(60))).says("SIGTERM");
    goes_on_to_the_end(&home);
}

#[test]
fn ctrl_c_while_the_cluster_is_being_made_leaves_nothing_running() {
    let Some(home) = Home::new("Ctrl-C at the start") else { return };
    let mut going = home.go_drill(&[]);
    let begun = |event: &serde_json::Value| event["type"] == "step.started" && event["step"] == "cluster";
    assert!(going.hears(Duration::from_secs(30), begun));
    std::thread::sleep(Duration::from_millis(700));
    let sockets = home.sockets();
    going.signal("INT");
    interrupted(going.end_within(Duration::from_secs(30)));
    if home.about().is_none() {
        home.nothing_is_left(&sockets);
    }
    home.resume().is_green();
    home.nothing_is_left(&Default::default());
}
