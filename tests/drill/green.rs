//! A drill of the example as it is.

use crate::drills::Home;
use std::collections::BTreeSet;
use std::time::Duration;

#[test]
fn a_drill_of_the_example_is_green_and_nothing_is_left_of_it() {
    let Some(home) = Home::new("green drill") else { return };
    let mut going = home.go_drill(&[]);
    going.until_verified("namespaces");
    let sockets = home.sockets();
    assert!(sockets.len() >= 3, "where does the cluster listen? {sockets:?}");
    assert_eq!(home.folders().len(), 1);
    let run = going.end().is_green();
    home.nothing_is_left(&sockets);

    // Nothing but events is on stdout, and each is of this run and in its order.
    let id = home.lab.runs()[0].file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(run.out.lines().count(), run.lines.len(), "{}", run.out);
    for (at, line) in run.lines.iter().enumerate() {
        let event = &line.event;
        assert_eq!((&event["schema"], &event["run"]), (&"blackstart.event/1".into(), &id.as_str().into()), "{event}");
        assert_eq!(event["seq"], at as u64 + 1, "{event}");
    }
    assert_eq!(run.events("step.verified").len(), 12);
    assert!(run.events("step.failed").is_empty() && run.events("finding").is_empty(), "{}", run.out);
    let notices = run.events("notice");
    let torn = notices.iter().any(|notice| notice["message"] == "torn down: 0 processes, 0 folders, 0 ports left");
    assert!(torn, "{notices:?}");

    // What a sandbox cannot show is named, and not among what was verified.
    let finished = run.finished();
    assert_eq!((&finished["mode"], &finished["left"]), (&"drill".into(), &serde_json::json!([])));
    let named: Vec<&str> =
        finished["not_exercised"].as_array().unwrap().iter().map(|not| not["reason"].as_str().unwrap()).collect();
    for words in ["no container ran", "no image was pulled", "no packet went", "own root"] {
        assert!(named.iter().any(|reason| reason.contains(words)), "{words}: {named:?}");
    }
    println!("green drill: {:.1} s", run.took.as_secs_f64());

    // The reports are there and say the same.
    let folder = &home.lab.runs()[0];
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("report.json")).unwrap()).unwrap();
    assert_eq!((&json["outcome"], &json["verified"]), (&"verified".into(), &12.into()));
    assert_eq!(json["not_exercised"], finished["not_exercised"]);
    for report in ["report.md", "report.html"] {
        let text = std::fs::read_to_string(folder.join(report)).unwrap();
        assert!(text.contains(&home.lab.name) && text.contains("no container ran"), "{report}:\n{text}");
    }
    // There is nothing to go on with, and nothing to remove.
    home.does(&["resume", &id]).code(0).says("nothing to resume");
    home.reap().code(0).says("0 sandboxes removed");
}

#[test]
fn a_job_that_is_cleared_away_when_it_is_done_keeps_nobody_waiting() {
    let Some(home) = Home::new("Job that is cleared away") else { return };
    home.edit("plans/kubernetes/apps/migrate.yaml", |text| {
        text.replacen("spec:\n", "spec:\n  ttlSecondsAfterFinished: 1\n", 1)
    });
    // Something else takes longer, so that the Job is long gone when all the rest stands.
    home.edit("plans/kubernetes/apps/jellyfin.yaml", |text| {
        text.replacen("spec:\n", "spec:\n  minReadySeconds: 8\n", 1)
    });
    let run = home.drill(&[]).is_green();
    assert!(run.took < Duration::from_secs(90), "{:?}", run.took);
    home.nothing_is_left(&BTreeSet::new());
}
