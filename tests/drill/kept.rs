//! A cluster that stays: because the drill failed, or because it was told to.

use crate::drills::Home;
use crate::world;
use blackstart::manifests::read_all;
use blackstart::model::{ObjectId, Stamp};
use blackstart::sys::{Look, procfs};
use std::collections::BTreeMap;
use std::time::Duration;

/// Every object of the plan, as it is in the cluster.
fn versions(home: &Home) -> BTreeMap<String, String> {
    let read = read_all(Look::new(), &home.lab.path("plans"), "plans/", &[vec!["kubernetes".to_owned()]]);
    let papers = read.unwrap_or_else(|wrongs| panic!("{wrongs:?}")).remove(0);
    let ids: Vec<ObjectId> = papers.objects.iter().map(|object| object.id.clone()).collect();
    assert!(ids.len() > 60, "{}", ids.len());
    world::run(async {
        let world = world::World::at(&home.kubeconfig()).await;
        let mut versions = BTreeMap::new();
        for id in ids {
            versions.insert(id.to_string(), world.version(&id).await);
        }
        versions
    })
}

#[test]
fn the_same_plan_once_more_into_a_kept_cluster_moves_no_object_and_says_so() {
    let Some(home) = Home::new("plan twice") else { return };
    let first = home.drill(&["--keep"]).is_green();
    let left = first.finished()["left"].to_string();
    assert!(left.contains("which ends by itself in 1 h"), "{left}");
    let uid = home.about().unwrap()["uid"].clone();
    // What controllers still have to say about it they say now.
    std::thread::sleep(Duration::from_secs(3));
    let before = versions(&home);
    let second = home.drill(&["--again"]).is_green();
    assert_eq!(uid, home.about().unwrap()["uid"]);
    let after = versions(&home);
    let moved: Vec<&String> = before.iter().filter(|(id, version)| after[*id] != **version).map(|(id, _)| id).collect();
    assert!(moved.is_empty(), "moved: {moved:?}");
    for step in
        ["namespaces", "definitions", "storage", "secrets", "networking", "gitlab", "apps", "backups", "monitoring"]
    {
        let said = second.lines.iter().map(|line| &line.event).filter(|event| event["step"] == step);
        let said: String = said.map(|event| format!("{event}\n")).collect();
        assert!(said.contains("nothing had to be changed"), "{step} does not say so:\n{said}");
    }
    println!("plan twice: {} objects, none moved; {:.1} s the second time", before.len(), second.took.as_secs_f64());
    // Hardly anything was done in it: how long that takes is still what the first drill says.
    let plan = home.does(&["plan", "plans/homelab.yaml", "--mode", "drill", "--output", "json"]).code(0);
    let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
    let cluster = plan["steps"].as_array().unwrap().iter().find(|step| step["id"] == "cluster").unwrap();
    assert!(cluster["expected_seconds"].as_f64().unwrap() > 0.5, "{cluster}");
    // Made from another file than the plan now names, it is not the plan's cluster any more.
    let file = home.lab.path("plans/cluster/sandbox.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("images:", "domain: other.local\nimages:")).unwrap();
    let refused = home.drill(&["--again"]).code(3).says("is another than the plan's");
    assert!(refused.took < Duration::from_secs(5));
    let sockets = home.sockets();
    home.reap().code(0).says("1 sandbox removed");
    home.nothing_is_left(&sockets);
    // Now there is none to go into.
    let refused = home.drill(&["--again"]).code(3).says("has left a cluster standing");
    assert!(refused.took < Duration::from_secs(5));
}

#[test]
fn a_kept_cluster_lives_until_its_deadline_or_until_it_is_reaped_and_no_longer() {
    let Some(home) = Home::new("kept cluster") else { return };
    home.drill(&["--keep"]).is_green();
    let about: serde_json::Value = {
        let folder = &home.folders()[0];
        serde_json::from_slice(&std::fs::read(folder.join("sandbox.json")).unwrap()).unwrap()
    };
    let ahead = ahead(about["deadline"].as_str().unwrap());
    assert!((3300..=3600).contains(&ahead), "its deadline is {ahead} s ahead");
    let sockets = home.sockets();
    assert!(!sockets.is_empty(), "it does not live");
    // The look for what is left over sees the parts of the cluster, not only the program that we started.
    let seen = procfs::everything_of(Look::new(), "/no/run", about["dir"].as_str().unwrap());
    for part in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "node"] {
        assert!(seen.iter().any(|(_, line)| line.contains(&format!("component {part}"))), "{part}: {seen:?}");
    }
    // The run has come to its end all the same.
    home.does(&["resume"]).code(2).says("no run that could go on");
    home.reap().code(0).says("1 sandbox removed");
    home.nothing_is_left(&sockets);
    home.reap().code(0).says("0 sandboxes removed");
}

/// How many seconds there are until this moment.
fn ahead(moment: &str) -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Stamp::read(moment).unwrap().0 / 1000 - i64::try_from(since.as_secs()).unwrap()
}

#[test]
fn a_failed_drill_keeps_its_cluster_and_goes_on_in_it_once_the_file_is_mended() {
    let Some(home) = Home::new("failed drill") else { return };
    let file = "plans/kubernetes/apps/jellyfin.yaml";
    let good = home.lab.read(file);
    home.edit(file, |text| text.replace("jellyfin/jellyfin:10.10.7", "jellyfin/jellyfin:10.10.77"));
    let run = home.drill(&[]).code(1);
    let finished = run.finished();
    assert_eq!((&finished["outcome"], &finished["failed"]), (&"failed".into(), &1.into()), "{finished}");
    assert!(finished["left"].to_string().contains("which ends by itself in 1 h"), "{finished}");
    let next = finished["next"].to_string();
    for words in ["kubectl --kubeconfig", "blackstart drill --reap", "blackstart resume"] {
        assert!(next.contains(words), "{words}: {next}");
    }
    assert!(run.failure("workloads").contains("jellyfin/jellyfin:10.10.77"), "{}", run.failure("workloads"));
    // It lives on without us, and what it logged is still there.
    let uid = home.about().unwrap()["uid"].clone();
    assert_eq!(home.folders().len(), 1);
    let folder = home.lab.runs()[0].clone();
    assert!(folder.join("log/cluster.log").exists() && folder.join("report.md").exists());

    // Gone on with as it is, it fails again, and keeps the cluster again.
    home.resume().code(1);
    std::fs::write(home.lab.path(file), good).unwrap();
    let run = home.resume().is_green();
    assert_eq!(home.about().unwrap()["uid"], uid, "it went on in another cluster");
    let apps = run.lines.iter().map(|line| &line.event).find(|event| event["step"] == "apps").unwrap();
    assert!(apps.to_string().contains("stale: its inputs have changed"), "{apps}");
    let verified = run.events("step.verified");
    let gitlab = verified.iter().find(|event| event["step"] == "gitlab").unwrap();
    assert_eq!(gitlab["how"], "kept", "{gitlab}");
    home.nothing_is_left(&Default::default());
}
