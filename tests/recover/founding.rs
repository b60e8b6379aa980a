//! The four mistakes of the first outage, each in a plan that would make its cluster with k3d: each is refused before anything is
//! touched, and how long that takes is measured.

use crate::common::Lab;
use crate::fakes::Fakes;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// The example of this repository as a plan for k3d, with some of the changes that made the outage.
fn world(changes: &[&str], more: &str) -> Fakes {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lab = Lab::new("  - {id: x, kind: probe, run: ['true']}\n");
    copy(&root.join("plans/kubernetes"), &lab.path("plans/kubernetes"));
    copy(&root.join("secrets.example"), &lab.path("secrets.example"));
    fs::set_permissions(lab.path("secrets.example/identity.txt"), fs::Permissions::from_mode(0o600)).unwrap();
    let founding = root.join("tests/check/founding/changes");
    let target = lab.path("plans/kubernetes");
    for change in [&["k3d.yaml"], changes].concat() {
        match founding.join(change).is_dir() {
            true => copy(&founding.join(change), &target.join(change)),
            false => drop(fs::copy(founding.join(change), target.join(change)).unwrap()),
        }
    }
    // Ports, folders and ranges of the machine that runs this test are not what it is about.
    let config =
        fs::read_to_string(target.join("k3d.yaml")).unwrap().replace("name: homelab", &format!("name: {}", lab.name));
    fs::write(target.join("k3d.yaml"), config).unwrap();
    let plan = fs::read_to_string(root.join("plans/homelab.yaml")).unwrap();
    let plan = plan.replace("name: homelab", &format!("name: {}", lab.name));
    let plan = plan
        .replace("{provider: sandbox, config: cluster/sandbox.yaml}", "{provider: k3d, config: kubernetes/k3d.yaml}");
    fs::write(lab.path("plans/homelab.yaml"), format!("{plan}{more}")).unwrap();
    Fakes::on(lab)
}

/// It is refused for this, nothing is touched, and a person knows it in less than a second, whatever else is still asked.
#[track_caller]
fn refused(what: &str, fakes: &Fakes, words: &[&str]) {
    let mut best = Duration::MAX;
    // Of a machine that is busy the quietest moment counts.
    for _ in 0..3 {
        let began = Instant::now();
        let mut child =
            fakes.command(&["recover", "plans/homelab.yaml", "--confirm", &fakes.lab.name]).spawn().unwrap();
        let mut told = String::new();
        let mut known = None;
        for line in BufReader::new(child.stderr.take().unwrap()).lines() {
            let line = line.unwrap();
            if known.is_none() && line.starts_with("REFUSED  ") {
                known = Some(began.elapsed());
            }
            told.push_str(&line);
            told.push('\n');
        }
        assert_eq!(child.wait().unwrap().code(), Some(3), "{told}");
        for word in words {
            assert!(told.contains(word), "{word} is not said:\n{told}");
        }
        best = best.min(known.unwrap());
        fakes.is_untouched();
    }
    println!("{what}: refused in {} ms", best.as_millis());
    assert!(best < Duration::from_secs(1), "{what}: {best:?}");
}

#[test]
fn without_its_mistakes_the_plan_has_none_of_their_errors() {
    let fakes = world(&[], "");
    let told = fakes.run(&["recover", "plans/homelab.yaml", "--confirm", "another name"]);
    for id in ["F02  ", "F03  ", "F04  ", "F19  ", "F25  ", "wait for each other"] {
        assert!(!told.err.contains(id), "{id}: {}", told.err);
    }
    fakes.is_untouched();
}

#[test]
fn registries_that_only_a_restart_would_read_are_refused() {
    let fakes = world(&["registries.yaml"], "");
    let file = "F19  plans/kubernetes/registries.yaml:1";
    refused("F19 registries", &fakes, &[file, "its nodes would have to be restarted to read it"]);
    // Given when the cluster is made, it is none.
    let path = fakes.lab.path("plans/homelab.yaml");
    let plan = fs::read_to_string(&path).unwrap();
    let given = plan.replace(
        "config: kubernetes/k3d.yaml}",
        "config: kubernetes/k3d.yaml, registries: kubernetes/registries.yaml}",
    );
    fs::write(&path, given).unwrap();
    let told = fakes.run(&["recover", "plans/homelab.yaml", "--confirm", "another name"]);
    assert!(!told.err.contains("would have to be restarted"), "{}", told.err);
}

#[test]
fn pods_that_their_namespace_refuses_are_refused() {
    let fakes = world(&["networking"], "");
    refused(
        "F03 Pod Security",
        &fakes,
        &["F03  plans/kubernetes/networking/cloudflared.yaml:55", "violates PodSecurity"],
    );
}

#[test]
fn claims_that_no_volume_serves_are_refused() {
    let fakes = world(&["cluster/storage.yaml"], "");
    // The step of the example puts the label on; on that morning nobody did.
    let path = fakes.lab.path("plans/homelab.yaml");
    let plan = fs::read_to_string(&path).unwrap().replace(", labels: {environment: prod}", "");
    fs::write(path, plan).unwrap();
    refused("F04 claims", &fakes, &["F04  plans/kubernetes/apps/claims.yaml:8", "lacks label environment=prod"]);
}

#[test]
fn secrets_that_nobody_can_open_any_more_are_refused() {
    let fakes = world(&["secrets"], "  - {id: sealed, kind: manifests, path: kubernetes/secrets}\n");
    refused("F02 sealed secrets", &fakes, &["F02  plans/kubernetes/secrets/"]);
}

#[test]
fn secrets_that_come_from_a_pipeline_in_the_cluster_are_refused_with_the_whole_circle() {
    let fakes = world(&[], "");
    let path = fakes.lab.path("plans/homelab.yaml");
    let plan = fs::read_to_string(&path).unwrap();
    // Only the pipeline seals them, and the pipeline waits for what they open.
    let plan =
        plan.replace("{id: secrets, kind: secrets}", "{id: secrets, kind: secrets, requires: [capability/pipeline]}");
    let plan =
        plan.replace("{id: gitlab, kind: manifests,", "{id: gitlab, kind: manifests, provides: [capability/pipeline],");
    fs::write(path, plan).unwrap();
    refused("F25 circle", &fakes, &["these steps wait for each other", "secrets", "gitlab"]);
}
