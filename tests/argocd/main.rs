//! Argo CD as it is in life: its own controllers as pods of a stand-in host, and the git server outside of it. The tests run one
//! after another, each in a copy of this program on that host.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../hosts/k3s_host.rs"]
mod k3s_host;
mod rig;
#[path = "../support/sandbox.rs"]
mod sandbox;
mod step;

use rig::{Repository, application};
use std::time::Duration;

#[test]
fn a_root_and_its_children_become_green_on_a_real_argo_cd() {
    if !rig::inside("a_root_and_its_children_become_green_on_a_real_argo_cd") {
        return;
    }
    rig::install();
    let repository = Repository::new("home/green");
    for (child, files) in [("plain", rig::PLAIN), ("drawn", rig::KUSTOMIZE), ("chart", rig::CHART)] {
        repository.write(&format!("apps/{child}.yaml"), &application(child, &repository.url, child));
        for (name, text) in files {
            repository.write(&format!("{child}/{name}"), text);
        }
    }
    let commit = repository.push("all of it");
    rig::apply(&application("root", &repository.url, "apps"));
    let took = rig::green(&["chart", "drawn", "plain", "root"], &commit, Duration::from_secs(120));
    println!("argo cd: root and three children green after {:.1} s", took.as_secs_f64());

    // A child of which git knows no branch is Healthy all the same: whoever asks for health only is told so.
    repository.write("apps/lost.yaml", &application("lost", &repository.url, "plain").replace(": main", ": nowhere"));
    repository.push("a branch that is not there");
    rig::refresh("root");
    let lost = rig::until(Duration::from_secs(60), || {
        let all = rig::applications();
        let lost = all.iter().find(|one| one["metadata"]["name"] == "lost")?;
        // It tells the condition first, and how it stands a moment later.
        let said = lost["status"]["conditions"][0]["message"].is_string();
        (said && lost["status"]["sync"]["status"] == "Unknown").then(|| lost.clone())
    });
    assert_eq!(lost["status"]["health"]["status"], "Healthy", "{lost}");
    let said = lost["status"]["conditions"][0]["message"].as_str().unwrap();
    assert!(said.contains("unable to resolve 'nowhere' to a commit SHA"), "{said}");

    // A git server that is down makes what was green Unknown and leaves it Healthy; nobody was asked for a push meanwhile.
    let pushes = rig::git_counts()["pushes"].clone();
    rig::git_is("down");
    rig::refresh("plain");
    let plain = rig::until(Duration::from_secs(60), || {
        let all = rig::applications();
        let plain = all.iter().find(|one| one["metadata"]["name"] == "plain")?;
        (plain["status"]["sync"]["status"] == "Unknown").then(|| plain.clone())
    });
    assert_eq!(plain["status"]["health"]["status"], "Healthy", "{plain}");
    assert_eq!(plain["status"]["conditions"][0]["type"], "ComparisonError", "{plain}");
    rig::git_is("up");
    assert_eq!(rig::git_counts()["pushes"], pushes);
    rig::refresh("plain");
    rig::until(Duration::from_secs(60), || {
        let all = rig::applications();
        let plain = all.iter().find(|one| one["metadata"]["name"] == "plain")?;
        (plain["status"]["sync"]["status"] == "Synced").then_some(())
    });
}
