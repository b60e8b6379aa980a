//! The repository as it stood on the morning of the first outage: the example with its four mistakes. All four are found, and
//! nothing else.

use crate::common::{self, binary};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target)
        } else {
            fs::copy(entry.path(), target).map(drop).unwrap()
        }
    }
}

/// The repository, with a `.git` that says that it is all there is.
pub fn repository() -> (tempfile::TempDir, PathBuf) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("kubernetes");
    copy(&root.join("plans/kubernetes"), &all);
    copy(&root.join("tests/check/founding/changes"), &all);
    fs::create_dir(all.join(".git")).unwrap();
    (folder, all)
}

fn check(folder: &Path, words: &[&str]) -> (common::Told, Duration) {
    let mut command = Command::new(binary());
    command.arg("check").args(words).current_dir(folder).env("XDG_STATE_HOME", folder.join("state"));
    let began = Instant::now();
    let told = common::Told::of(command.output().unwrap());
    (told, began.elapsed())
}

#[test]
fn all_four_mistakes_of_the_first_outage_are_found_and_nothing_else() {
    let (folder, _) = repository();
    let (told, _) = check(folder.path(), &["kubernetes", "--output", "json"]);
    let said: Value = serde_json::from_str(&told.code(3).out).unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = said["findings"].as_array().unwrap().iter().map(|finding| {
        let file = text(finding, "file");
        format!("{} {} {}:{}", text(finding, "id"), text(finding, "severity"), file, finding["line"])
    });
    let mut findings: Vec<String> = findings.collect();
    findings.sort();
    let wanted = [
        // The claims of twenty pods found no volume.
        "F04 error kubernetes/apps/claims.yaml:8",
        "F04 error kubernetes/apps/claims.yaml:25",
        // The tunnel and the agent were let in before their namespace became strict.
        "F03 error kubernetes/networking/cloudflared.yaml:55",
        "F03 error kubernetes/networking/gitlab-agent.yaml:24",
        // The key of all secrets died with the cluster, and so did the pipeline that would have sealed them anew.
        "F02 error kubernetes/secrets/alert-webhook-sealed-secret.yaml:1",
        "F25 error kubernetes/.gitlab-ci.yml:16",
        // Where it began: a file that a node reads when it starts.
        "F19 warning kubernetes/registries.yaml:2",
    ];
    let mut wanted = wanted.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!(findings, wanted, "{said:#}");
    assert_eq!(said["unknowns"], Value::Array(Vec::new()));
}

#[test]
fn it_takes_less_than_a_tenth_of_a_second() {
    let (folder, _) = repository();
    // What takes longest is the first time that files are read; of a machine that is busy the quietest moment counts.
    let best = (0..20).map(|_| check(folder.path(), &["kubernetes"]).1).min().unwrap();
    println!("the repository of the first outage is checked in {} ms", best.as_millis());
    assert!(best < Duration::from_millis(100), "{best:?}");
}
