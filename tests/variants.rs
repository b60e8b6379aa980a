//! The example with one fault each: what the files show is refused before anything is begun, what only a cluster shows is
//! told by its first cause, with its place, early. The example itself has none of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;
#[path = "support/drills.rs"]
mod drills;
#[path = "support/variant.rs"]
mod variant;
#[path = "support/watcher.rs"]
mod watcher;
#[path = "support/world.rs"]
mod world;

use blackstart::checks::ladder::{self, Standing};
use blackstart::checks::live::Live;
use blackstart::sys::clock;
use drills::{Home, PLAN, Run};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;
use variant::{Variant, all};

/// A cause is told long before a step has waited all its time.
const EARLY: Duration = Duration::from_secs(150);

/// Does this with every variant of a kind, some at once; what went wrong is told of all of them.
fn each(expect: &str, check: impl Fn(&Variant) -> Result<(), String> + Sync) -> usize {
    let variants: Vec<Variant> = all().into_iter().filter(|variant| variant.expect == expect).collect();
    let (queue, faults) = (Mutex::new(variants.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(variant) = queue.lock().unwrap().next() else { return };
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(variant)));
                    let told = |panic: Box<dyn std::any::Any + Send>| {
                        let text = panic.downcast_ref::<String>().cloned();
                        Err(text.or_else(|| Some((*panic.downcast_ref::<&str>()?).to_owned())).unwrap_or_default())
                    };
                    if let Err(why) = done.unwrap_or_else(told) {
                        faults.lock().unwrap().push(format!("{}: {why}", variant.name));
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), variants.len(), faults.join("\n\n"));
    variants.len()
}

/// Whether what is told of a fault is what the variant wants to hear.
fn is_told(variant: &Variant, found: &Value) -> bool {
    let text = |key: &str| found[key].as_str().unwrap_or_default();
    let words = format!("{} {}", text("message"), text("fix")).to_lowercase();
    let file = variant.file.as_ref().map(|file| match file.strip_prefix("../../") {
        Some(file) => file.to_owned(),
        None => format!("plans/kubernetes/{file}"),
    });
    // A file of the store often has its one Secret from its first line on.
    let sealed = file.as_ref().is_some_and(|file| file.ends_with(".age"));
    text("id") == variant.fault
        && text("object") == variant.object
        && found["file"].as_str() == file.as_deref()
        && (variant.file.is_none() || found["line"].as_u64().is_some_and(|line| line > 1 || sealed))
        && words.contains(&variant.says.to_lowercase())
}

#[test]
fn what_the_files_show_is_refused_and_nothing_is_begun() {
    let count = each("refused", |variant| {
        let Some(home) = Home::with_room("variants that are refused", 0) else { return Ok(()) };
        variant.put(&home);
        let plan = home.does(&["plan", PLAN, "--mode", "drill", "--output", "json"]).code(0);
        let plan: Value = serde_json::from_str(&plan.out).unwrap();
        let findings = plan["findings"].as_array().unwrap();
        let told = findings.iter().any(|found| found["severity"] == "error" && is_told(variant, found));
        if !told {
            return Err(format!("{variant:#?} is not among {findings:#?}"));
        }
        let run = home.drill(&[]).code(3).says(&variant.fault).says(&variant.object);
        assert!(run.took < Duration::from_secs(10) && run.out.is_empty(), "{run:?}");
        assert!(home.lab.runs().is_empty() && home.about().is_none(), "a run was begun");
        home.nothing_is_left(&BTreeSet::new());
        Ok(())
    });
    println!("variants: {count} refused before anything was begun");
}

/// The first causes that a drill told, and how long after the step that told them had begun.
fn causes(run: &Run) -> Vec<(Value, Duration)> {
    let began = |step: &Value| {
        run.lines.iter().find(|line| line.event["type"] == "step.started" && line.event["step"] == *step).unwrap().at
    };
    let found = run.lines.iter().filter(|line| line.event["type"] == "finding");
    let after = |line: &drills::Line| line.at.duration_since(began(&line.event["step"])).unwrap_or_default();
    found.map(|line| (line.event.clone(), after(line))).collect()
}

#[test]
fn what_only_a_cluster_shows_is_told_by_its_first_cause_and_early() {
    let count = each("cause", |variant| {
        let Some(home) = Home::new("variants with a cause") else { return Ok(()) };
        variant.put(&home);
        if variant.applies.is_some() {
            return refused_to_another(&home, variant);
        }
        let accepted = variant.accept(&home);
        let run = home.drill(&[]);
        let found = causes(&run);
        // The step that brings the controller of the secrets waits for its pods as well.
        let failed = run.events("step.failed").first().map(|event| event["step"].as_str().unwrap().to_owned());
        let failure = failed.map_or_else(String::new, |step| run.failure(&step));
        let Some((_, after)) = found.iter().find(|(found, _)| is_told(variant, found)) else {
            return Err(format!("{variant:#?} is not among {found:#?}\nexit {}\n{failure}", run.code));
        };
        // One fault, one cause: what it holds up is told with it.
        let ids: BTreeSet<String> = found.iter().map(|(found, _)| found["id"].to_string()).collect();
        assert_eq!(ids.len(), 1, "{found:#?}");
        assert_eq!(found.len(), 1, "told more than once: {found:#?}");
        println!(
            "{}: {} told {:.1} s after the look began, red after {:.1} s{}",
            variant.name,
            variant.fault,
            after.as_secs_f64(),
            run.took.as_secs_f64(),
            if accepted > 0 { "; in the files before that" } else { "" }
        );
        let run = run.code(1);
        assert!(run.took < EARLY, "only after {:?}", run.took);
        // People read the same in the last words of the step.
        for words in [&variant.fault, &variant.object, &variant.says] {
            assert!(failure.to_lowercase().contains(&words.to_lowercase()), "{words:?} is not in\n{failure}");
        }
        let sockets = home.sockets();
        home.reap().code(0).says("1 sandbox removed");
        home.nothing_is_left(&sockets);
        Ok(())
    });
    println!("variants: {count} told by their first cause");
}

/// The example is drilled green without this one file, and then somebody who may do less applies it.
fn refused_to_another(home: &Home, variant: &Variant) -> Result<(), String> {
    home.drill(&["--keep"]).is_green();
    let text = std::fs::read_to_string(home.kubeconfig()).unwrap();
    let other = home.lab.path("other");
    let (before, user) = text.rsplit_once("  user:\n").unwrap();
    let who = variant.who.as_deref().unwrap();
    std::fs::write(&other, format!("{before}  user:\n    as: {who}\n{user}")).unwrap();
    let file = variant.folder.join("changes").join(variant.applies.as_deref().unwrap());
    let text = std::fs::read_to_string(file).unwrap();
    let applied = world::run(async { world::World::at(&other).await.apply(&text).await });
    home.reap().code(0);
    home.nothing_is_left(&BTreeSet::new());
    let hitch = applied.hitches.iter().find(|hitch| format!("{} {}", hitch.id.kind, hitch.id.name) == variant.named());
    let Some(hitch) = hitch else { return Err(format!("{} is not refused: {applied:#?}", variant.object)) };
    let papers = world::papers(&text);
    match ladder::refused(&Live::new(), &hitch.id, &hitch.what, &[&papers], clock::now()) {
        Standing::Stuck(trouble) => {
            let told = format!("{} {}", trouble.message, trouble.fix).to_lowercase();
            assert_eq!((trouble.id, trouble.object.to_string()), (&*variant.fault, variant.object.clone()));
            assert!(told.contains(&variant.says), "{told}");
            println!("{}: {} told of what was refused", variant.name, trouble.id);
            Ok(())
        }
        other => Err(format!("{other:?}: {}", hitch.what)),
    }
}

/// The commands that are offered, as they are written.
fn patches_of(run: &Run) -> Vec<String> {
    let told = run.failure("workloads");
    told.lines().filter_map(|line| line.trim().strip_prefix("patch")).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn patches_that_are_offered_are_taken_and_the_drill_goes_on_to_green() {
    let takers = ["kubectl apply --server-side -f ", "git -C "];
    for (name, taker) in ["pod-security-tunnel", "image-user-by-name"].iter().flat_map(|n| takers.map(|t| (*n, t))) {
        let Some(home) = Home::new("offered patches") else { return };
        let variant = all().into_iter().find(|variant| variant.name == name).unwrap();
        variant.put(&home);
        variant.accept(&home);
        let run = home.drill(&[]).code(1);
        let offered = patches_of(&run);
        let line = offered.iter().find(|line| line.starts_with(taker));
        let line = line.unwrap_or_else(|| panic!("{name}: no patch for {taker}:\n{}", run.failure("workloads")));
        let words: Vec<&str> = line.split(' ').collect();
        if taker.starts_with("kubectl") {
            let text = std::fs::read_to_string(words.last().unwrap()).unwrap();
            let body: Value = serde_saphyr::from_str(&text).unwrap();
            world::run(async { world::World::at(&home.kubeconfig()).await.other_offers("kubectl", &body).await })
                .unwrap_or_else(|why| panic!("{name}: the server does not take it: {why}\n{body:#}"));
        } else {
            // As it was written, from whatever folder.
            let told = Command::new(words[0]).args(&words[1..]).current_dir("/").output().unwrap();
            assert!(told.status.success(), "{name}: {line}: {}", String::from_utf8_lossy(&told.stderr));
        }
        let uid = home.about().unwrap()["uid"].clone();
        let run = home.resume().is_green();
        assert_eq!(uid, home.about().unwrap()["uid"]);
        println!("{name}: {taker}: taken, and {:.1} s later all stands", run.took.as_secs_f64());
        home.nothing_is_left(&BTreeSet::new());
    }
}

#[test]
fn a_cause_is_told_within_two_seconds_of_kubernetes_showing_it() {
    let Some(home) = Home::new("time to a cause") else { return };
    // Of the last files that are applied, so that what is shown is looked at as soon as it is there.
    let variant = all().into_iter().find(|variant| variant.name == "node-selector-nobody-has").unwrap();
    variant.put(&home);
    variant.accept(&home);
    let mut going = home.go_drill(&[]);
    going.until_verified("namespaces");
    let shown = watcher::first_event(&home.kubeconfig(), |event| {
        let name = event["involvedObject"]["name"].as_str().unwrap_or_default();
        event["reason"] == "FailedScheduling" && name.starts_with("jellyfin")
    });
    let run = going.end().code(1);
    let shown = shown.join().unwrap().expect("Kubernetes has shown nothing");
    let at = |kind: &str, step: &str| {
        let line = run.lines.iter().find(|line| line.event["type"] == kind && line.event["step"] == step);
        line.unwrap_or_else(|| panic!("{kind} {step}:\n{}", run.out)).at
    };
    let told = at("finding", "workloads");
    let since = told.duration_since(shown).unwrap_or_default();
    println!("time to a cause: {:.2} s after Kubernetes showed it", since.as_secs_f64());
    assert!(since < Duration::from_secs(2), "{since:?}");
    home.reap().code(0);
    home.nothing_is_left(&BTreeSet::new());
}

#[test]
fn the_example_itself_has_no_finding() {
    let Some(home) = Home::with_room("example without findings", 0) else { return };
    for mode in ["drill", "recover"] {
        let plan = home.does(&["plan", PLAN, "--mode", mode, "--output", "json"]).code(0);
        let plan: Value = serde_json::from_str(&plan.out).unwrap();
        assert_eq!(plan["findings"], serde_json::json!([]), "{mode}");
    }
}

#[test]
fn a_changed_file_is_a_copy_of_the_examples_with_few_lines_changed() {
    const MOST: usize = 35;
    if !common::have("git", "guard of the variants") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut compared = 0;
    for variant in all() {
        for file in variant.changes() {
            let original = root.join("plans/kubernetes").join(&file);
            if !original.exists() {
                continue;
            }
            let words = ["diff", "--no-index", "--numstat", "--"];
            let mut git = Command::new("git");
            git.args(words).arg(&original).arg(variant.folder.join("changes").join(&file));
            let told = common::told(&mut git).out;
            let lines: usize = told.split_whitespace().take(2).map(|count| count.parse::<usize>().unwrap()).sum();
            assert!((1..=MOST).contains(&lines), "{}: {file} differs in {lines} lines: copy it anew", variant.name);
            compared += 1;
        }
    }
    assert!(compared > 15, "{compared}");
}
