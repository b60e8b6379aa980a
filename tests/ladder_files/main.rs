//! The ladder with files beside the cluster: where a fault comes from, what the files know about what is missing, and patches
//! that git itself takes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/written.rs"]
mod written;

mod patches;
mod told;
mod volumes;

use blackstart::checks::ladder::{Apply, Mend, Standing, Trouble, climb};
use blackstart::checks::live::Live;
use blackstart::manifests::Papers;
use blackstart::model::{ObjectId, Stamp};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ladder");

/// The cluster of a fixture, and the moment at which it is stuck.
fn seen(name: &str) -> (Live, ObjectId, Stamp, Value) {
    let text = std::fs::read_to_string(Path::new(FOLDER).join(format!("{name}.json"))).unwrap();
    let fixture: Value = serde_json::from_str(&text).unwrap();
    let mut live = Live::new();
    fixture["objects"].as_array().unwrap().iter().for_each(|object| assert!(live.insert(object.clone())));
    let id = &fixture["expected"];
    let text = |at: usize| id[at].as_str();
    let id = ObjectId::new(text(0).unwrap(), text(1).unwrap(), text(2), text(3).unwrap());
    let now = Stamp::read(fixture["now"].as_str().unwrap()).unwrap();
    (live, id, now, fixture)
}

fn stuck(live: &Live, id: &ObjectId, papers: &[&Papers], now: Stamp) -> Box<Trouble> {
    match climb(live, id, papers, now, None) {
        Standing::Stuck(trouble) => trouble,
        other => panic!("{id} is not stuck: {other:?}"),
    }
}

/// What git makes of a file with a patch.
fn applied(path: &str, text: &str, patch: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, text).unwrap();
    std::fs::write(folder.path().join("p.patch"), patch).unwrap();
    let git = |words: &[&str]| {
        let told = Command::new("git").args(words).current_dir(folder.path()).output().unwrap();
        assert!(told.status.success(), "git {words:?}: {}\n{patch}", String::from_utf8_lossy(&told.stderr));
    };
    git(&["init", "-q"]);
    git(&["apply", "--whitespace=error-all", "p.patch"]);
    std::fs::read_to_string(file).unwrap()
}

fn diffed(mend: &Mend, path: &str, text: &str) -> (String, String) {
    let patch = mend.diff(path, text).unwrap_or_else(|| panic!("no patch for {path}"));
    assert_eq!(patch.how, Apply::Git);
    let after = applied(path, text, &patch.text);
    (patch.text, after)
}

const STORAGE: &str = "apiVersion: v1
kind: PersistentVolume
metadata:
  name: appdata-pv
spec:
  storageClassName: manual
  capacity: {storage: 50Gi}
  accessModes: [ReadWriteOnce]
  local: {path: /srv/appdata-pv}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: data-pv}
spec:
  storageClassName: manual
  capacity: {storage: 900Gi}
  accessModes: [ReadOnlyMany]
  local: {path: /srv/data-pv}
";

const CLAIM: &str = "apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: appdata, namespace: apps}
spec:
  storageClassName: manual
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 50Gi}}
  selector:
    matchLabels: {environment: prod}
";
