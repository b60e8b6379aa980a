//! What the axis promises, on summaries made by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::model::{Digest, Mode, RunId, Stamp};
use crate::report::summary::Part;

fn ran(parts: &[(f64, f64)], goal: Option<f64>) -> Summary {
    let part = |(from, to): &(f64, f64)| Part {
        at: Stamp(0),
        from: *from,
        to: *to,
        version: String::new(),
        jobs: 4,
        cpu: None,
    };
    Summary {
        run: RunId::new("2026-11-03T02-11-07").unwrap(),
        plan: "homelab".into(),
        mode: Mode::Drill,
        digest: Digest::try_from("00".repeat(32)).unwrap(),
        version: "0.1.0".into(),
        started: Stamp(0),
        goal,
        expected: None,
        seconds: 0.0,
        ending: None,
        steps: Vec::new(),
        longest: Vec::new(),
        parts: parts.iter().map(part).collect(),
        notices: Vec::new(),
    }
}

#[test]
fn a_night_between_two_parts_does_not_swallow_them() {
    let axis = Axis::of(&ran(&[(0.0, 150.0), (34_000.0, 34_150.0)], None));
    let pause = &axis.pauses[0];
    assert!(pause.width < 7.0, "the pause takes {} %", pause.width);
    assert_eq!((pause.from, pause.seconds, pause.part), (150.0, 33_850.0, 1));
    assert!((axis.place(75.0) - pause.left / 2.0).abs() < 0.01);
    assert!((axis.place(34_150.0) - 100.0).abs() < 0.01);
}

#[test]
fn a_goal_far_behind_the_end_is_not_drawn_and_a_near_one_gets_its_room() {
    assert_eq!(Axis::of(&ran(&[(0.0, 391.0)], Some(1200.0))).goal, None);
    let near = Axis::of(&ran(&[(0.0, 1000.0)], Some(1200.0))).goal.unwrap();
    assert!(near > 95.0 && near < 100.0, "{near}");
    let passed = Axis::of(&ran(&[(0.0, 2400.0)], Some(1200.0))).goal.unwrap();
    assert!((passed - 50.0).abs() < 0.01);
}

#[test]
fn ticks_are_few_and_round() {
    for end in [0.0, 0.4, 3.0, 59.0, 391.0, 5000.0, 400_000.0, 300_000_000.0] {
        let axis = Axis::of(&ran(&[(0.0, end)], None));
        assert!((1..=9).contains(&axis.ticks.len()), "{end}: {} ticks", axis.ticks.len());
        assert!(axis.ticks.iter().all(|tick| (0.0..=100.0).contains(&tick.left)));
    }
    let labels: Vec<String> = Axis::of(&ran(&[(0.0, 391.0)], None)).ticks.into_iter().map(|tick| tick.label).collect();
    assert_eq!(labels, ["0:00", "1:00", "2:00", "3:00", "4:00", "5:00", "6:00"]);
}

#[test]
fn a_hundred_resumes_leave_most_of_the_width_to_work() {
    let parts: Vec<(f64, f64)> = (0..100).map(|i| (f64::from(i) * 1000.0, f64::from(i) * 1000.0 + 10.0)).collect();
    let axis = Axis::of(&ran(&parts, None));
    let paused: f64 = axis.pauses.iter().map(|pause| pause.width).sum();
    assert!(paused < 25.0, "{paused} % are pauses");
}
