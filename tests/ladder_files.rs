//! The ladder with files beside the cluster: where a fault comes from, what the files know about what is missing, and patches
//! that git itself takes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/written.rs"]
mod written;

use blackstart::checks::ladder::{Apply, Heals, Mend, Standing, Trouble, climb, gather, survey};
use blackstart::checks::live::Live;
use blackstart::manifests::{Papers, reread};
use blackstart::model::{ObjectId, Stamp};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use written::papers;

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

const TUNNEL: &str = r#"# The way in.
apiVersion: v1
kind: Namespace
metadata:
  name: networking
  labels:
    pod-security.kubernetes.io/enforce: restricted
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cloudflared
  namespace: networking
spec:
  replicas: 1
  template:
    metadata:
      labels: {app: cloudflared}
    spec:
      # One is enough.
      containers:
        - name: cloudflared
          image: cloudflare/cloudflared:2025.9.1
          # As the makers say.
          args: [tunnel, run]
          env:
            - name: TUNNEL_TOKEN
              value: canary-4711
"#;

#[test]
fn a_pod_security_fault_leads_to_its_file_and_git_takes_the_patch() {
    let (live, id, now, _) = seen("F03");
    let papers = papers(&[("k/networking/cloudflared.yaml", TUNNEL)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert_eq!(trouble.place.as_ref().unwrap().to_string(), "k/networking/cloudflared.yaml:19:5");
    let mend = trouble.mend.as_ref().unwrap();
    assert_eq!(mend.file(), "k/networking/cloudflared.yaml");
    let (patch, after) = diffed(mend, "k/networking/cloudflared.yaml", TUNNEL);
    let wanted = TUNNEL
        .replace(
            "      # One is enough.\n",
            "      securityContext:\n        runAsNonRoot: true\n        seccompProfile:\n          type: RuntimeDefault\n      # One is enough.\n",
        )
        .replace(
            "          # As the makers say.\n",
            "          securityContext:\n            allowPrivilegeEscalation: false\n            capabilities:\n              drop: [ALL]\n            runAsUser: 65532\n          # As the makers say.\n",
        );
    assert_eq!(after, wanted, "{patch}");
    assert!(!patch.contains("canary"), "{patch}");
}

#[test]
fn a_security_context_that_is_half_there_gets_the_other_half() {
    let (live, id, now, _) = seen("F03");
    // Written in flow style, with one value that has to change.
    let text = TUNNEL
        .replace(
            "          # As the makers say.\n",
            "          securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: true}\n",
        )
        .replace("      # One is enough.\n", "      securityContext:\n        fsGroup: 1000 # as on the disk\n");
    let papers = papers(&[("c.yaml", &text)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert_eq!(trouble.place.as_ref().unwrap().to_string(), "c.yaml:20:7");
    // Two changes of one line are not followed; one of each kind on lines of their own is.
    assert!(trouble.mend.as_ref().unwrap().diff("c.yaml", &text).is_none());
    let text = text
        .replace("{readOnlyRootFilesystem: true, allowPrivilegeEscalation: true}", "{readOnlyRootFilesystem: true}");
    let papers = written::papers(&[("c.yaml", &text)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    let (_, after) = diffed(trouble.mend.as_ref().unwrap(), "c.yaml", &text);
    assert!(after.contains("securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsUser: 65532, readOnlyRootFilesystem: true}\n"), "{after}");
    assert!(after.contains("        runAsNonRoot: true\n        seccompProfile:\n          type: RuntimeDefault\n        fsGroup: 1000 # as on the disk\n"), "{after}");
}

#[test]
fn a_file_that_cannot_be_followed_line_by_line_gets_no_patch() {
    let (live, id, now, _) = seen("F03");
    let offered = |text: &str| {
        let papers = papers(&[("c.yaml", text)]);
        stuck(&live, &id, &[&papers], now).mend.unwrap().diff("c.yaml", text)
    };
    assert!(offered(TUNNEL).is_some());
    assert!(offered(&TUNNEL.replace('\n', "\r\n")).is_none());
    let container = "        - name: cloudflared\n          image: cloudflare/cloudflared:2025.9.1\n";
    let flow = "        - {name: cloudflared,\n           image: 'cloudflare/cloudflared:2025.9.1'}\n        - name: other\n          image: x\n";
    let text = TUNNEL.replace(container, flow);
    let after = applied("c.yaml", &text, &offered(&text).unwrap().text);
    assert!(after.contains("- {securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsUser: 65532}, name: cloudflared,\n"), "{after}");
    // A text in quotes that holds what would be changed is not taken for it.
    let quoted = "        - \"name\": cloudflared\n          \"image\": cloudflare/cloudflared:2025.9.1\n";
    let after = offered(&TUNNEL.replace(container, quoted))
        .map(|patch| applied("c.yaml", &TUNNEL.replace(container, quoted), &patch.text));
    assert!(after.is_none_or(|after| reread(&after).is_some()));
    // A file that has changed since it was read is not touched.
    let papers = papers(&[("c.yaml", TUNNEL)]);
    let mend = stuck(&live, &id, &[&papers], now).mend.unwrap();
    assert!(mend.diff("c.yaml", &TUNNEL.replace("replicas: 1", "replicas: 2")).is_none());
    assert!(mend.diff("c.yaml", &format!("\n{TUNNEL}")).is_none());
}

#[test]
fn a_patch_never_shows_the_value_of_an_environment_variable() {
    let (live, id, now, _) = seen("F03");
    let text = TUNNEL.replace(
        "          # As the makers say.\n          args: [tunnel, run]\n          env:\n            - name: TUNNEL_TOKEN\n              value: canary-4711\n",
        "          args: [tunnel]\n",
    );
    // Above the place of the change now.
    let text = text.replace(
        "        - name: cloudflared\n",
        "        - env:\n            - name: TUNNEL_TOKEN\n              value: |\n                canary-4711\n                canary-4712\n          name: cloudflared\n",
    );
    let papers = papers(&[("c.yaml", &text)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    let (patch, after) = diffed(trouble.mend.as_ref().unwrap(), "c.yaml", &text);
    assert!(!patch.contains("canary-471"), "{patch}");
    assert!(after.contains("runAsUser: 65532") && after.contains("canary-4712"));
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

#[test]
fn a_missing_label_is_named_at_the_claim_and_mended_at_the_volume() {
    let (live, id, now, _) = seen("F04");
    let papers = papers(&[("storage.yaml", STORAGE), ("claims.yaml", CLAIM)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert_eq!(trouble.place.as_ref().unwrap().to_string(), "claims.yaml:8:3");
    let mend = trouble.mend.as_ref().unwrap();
    assert_eq!(mend.file(), "storage.yaml");
    let (_, after) = diffed(mend, "k/storage.yaml", STORAGE);
    assert!(
        after.starts_with(
            "apiVersion: v1\nkind: PersistentVolume\nmetadata:\n  labels:\n    environment: prod\n  name: appdata-pv\n"
        ),
        "{after}"
    );
}

#[test]
fn a_volume_whose_file_is_right_may_still_be_applied() {
    let (live, id, now, _) = seen("F04");
    let labelled = STORAGE.replace("  name: appdata-pv\n", "  name: appdata-pv\n  labels: {environment: prod}\n");
    let papers = papers(&[("storage.yaml", &labelled), ("claims.yaml", CLAIM)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert_eq!((trouble.id, trouble.heals), ("F04", Heals::May));
    assert!(
        trouble
            .fix
            .starts_with("PersistentVolume appdata-pv in storage.yaml:1:1 would fit as it stands there: apply it"),
        "{}",
        trouble.fix
    );
    let early = climb(&live, &id, &[&papers], Stamp(now.0 - 180_000), None);
    assert!(matches!(early, Standing::Waiting { .. }), "{early:?}");
}

#[test]
fn a_claim_that_a_stateful_set_made_is_found_in_its_template() {
    let set = "apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: apps}
spec:
  template: {spec: {containers: [{name: db, image: db}]}}
  volumeClaimTemplates:
    - metadata: {name: log}
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 60Gi}}
";
    let mut live = Live::new();
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data-db-0", "namespace": "apps"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "resources": {"requests": {"storage": "60Gi"}}}, "status": {"phase": "Pending"}});
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "db-pv"},
        "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "50Gi"}, "nfs": {"path": "/x"}}, "status": {"phase": "Available"}});
    assert!(live.insert(json!({"kind": "List", "apiVersion": "v1", "items": [claim, volume]})));
    let papers = papers(&[("db.yaml", set)]);
    let id = ObjectId::new("v1", "PersistentVolumeClaim", Some("apps"), "data-db-0");
    let trouble = stuck(&live, &id, &[&papers], Stamp(0));
    assert_eq!(trouble.field.as_deref(), Some("spec.volumeClaimTemplates[1].spec.resources.requests.storage"));
    assert_eq!(trouble.place.as_ref().unwrap().to_string(), "db.yaml:11:32");
}

#[test]
fn what_is_missing_is_told_by_what_the_files_know_of_it() {
    let (live, id, now, _) = seen("F01-secret");
    let said = |files: &[(&str, &str)]| {
        let papers = papers(files);
        stuck(&live, &id, &[&papers], now)
    };
    let deployment = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  template:
    spec:
      containers:
        - name: other
          image: x
        - name: web
          image: y
          env:
            - {name: A, value: b}
            - name: PASSWORD
              valueFrom:
                secretKeyRef:
                  name: db
                  key: password
";
    let trouble = said(&[("web.yaml", deployment)]);
    assert_eq!(trouble.message, "Secret apps/db is not there, and no file of the plan makes it");
    assert_eq!(trouble.place.unwrap().to_string(), "web.yaml:18:19");
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: apps}\nstringData: {password: canary-4711}\n";
    let trouble = said(&[("web.yaml", deployment), ("secrets.yaml", secret)]);
    assert_eq!(trouble.message, "Secret apps/db is not there though secrets.yaml:1:1 has it");
    assert!(!format!("{:?} {} {}", trouble.raw, trouble.message, trouble.fix).contains("canary"));
    assert_eq!(said(&[]).message, "Secret apps/db is not there");
}

#[test]
fn a_cron_job_that_its_file_does_not_suspend_was_stopped_by_somebody() {
    let file = |suspend: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: backup, namespace: apps}}\nspec:\n  schedule: '0 3 * * *'\n{suspend}"
        )
    };
    let object = |suspend: bool| json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "backup", "namespace": "apps"}, "spec": {"suspend": suspend}});
    let id = ObjectId::new("batch/v1", "CronJob", Some("apps"), "backup");
    let stand = |suspended: bool, text: &str| {
        let mut live = Live::new();
        live.insert(object(suspended));
        climb(&live, &id, &[&papers(&[("b.yaml", text)])], Stamp(0), None)
    };
    let Standing::Stuck(trouble) = stand(true, &file("")) else { panic!("not stuck") };
    assert_eq!(
        (trouble.id, trouble.heals, trouble.place.unwrap().to_string().as_str()),
        ("F92", Heals::Never, "b.yaml:4:1")
    );
    assert!(trouble.patch.unwrap().text.ends_with("spec:\n  suspend: false\n"));
    let (_, after) = diffed(&trouble.mend.unwrap(), "b.yaml", &file(""));
    assert!(after.contains("spec:\n  suspend: false\n  schedule"), "{after}");
    for (suspended, text) in [(true, file("  suspend: true\n")), (false, file(""))] {
        let standing = stand(suspended, &text);
        assert!(matches!(standing, Standing::Ready(_)), "{standing:?}");
    }
    let missing = climb(&Live::new(), &id, &[], Stamp(0), None);
    assert!(matches!(missing, Standing::Waiting { .. }));
}

#[test]
fn what_cannot_be_changed_in_place_is_changed_in_its_file_only() {
    let (live, id, now, _) = seen("F05");
    let text = CLAIM.replace("  storageClassName: manual\n", "");
    let papers = papers(&[("claims.yaml", &text)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert!(trouble.patch.is_none() && trouble.fix.contains("delete it, apply it again"));
    let (_, after) = diffed(trouble.mend.as_ref().unwrap(), "claims.yaml", &text);
    assert!(after.contains("spec:\n  storageClassName: \"\"\n  accessModes"), "{after}");
}

#[test]
fn twenty_pods_that_wait_for_one_label_are_one_trouble() {
    let (live, _, now, fixture) = seen("F04");
    let mut live = live;
    let mut expected = vec![ObjectId::new("apps/v1", "Deployment", Some("apps"), "web")];
    for number in 1..20 {
        for object in fixture["objects"].as_array().unwrap() {
            if ["Deployment", "ReplicaSet", "Pod"].iter().any(|kind| object["kind"] == *kind) {
                let text = object.to_string().replace("web", &format!("web{number}"));
                assert!(live.insert(serde_json::from_str(&text).unwrap()));
            }
        }
        expected.push(ObjectId::new("apps/v1", "Deployment", Some("apps"), &format!("web{number}")));
    }
    expected.push(ObjectId::new("v1", "PersistentVolumeClaim", Some("apps"), "appdata"));
    let standings = survey(&live, &expected, &[], now, None);
    let gathered = gather(&standings);
    assert_eq!(gathered.len(), 1, "{gathered:#?}");
    assert_eq!((gathered[0].trouble.id, gathered[0].affected.len()), ("F04", 21));
    assert_eq!(gathered[0].trouble.chain.len(), 2, "the way that tells most is kept");
}

#[test]
fn a_list_within_brackets_is_replaced_and_another_is_left_alone() {
    let (live, id, now, _) = seen("F06-access");
    let papers = papers(&[("storage.yaml", STORAGE)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    let (_, after) = diffed(trouble.mend.as_ref().unwrap(), "storage.yaml", STORAGE);
    assert!(
        after.contains("  accessModes: [ReadWriteOnce, ReadWriteMany]\n  local: {path: /srv/appdata-pv}"),
        "{after}"
    );
    let block = STORAGE.replace("  accessModes: [ReadWriteOnce]\n", "  accessModes:\n    - ReadWriteOnce\n");
    let papers = written::papers(&[("storage.yaml", &block)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert!(trouble.mend.as_ref().unwrap().diff("storage.yaml", &block).is_none());
}

#[test]
fn to_apply_a_file_again_is_no_advice_where_another_has_the_volume() {
    let (live, id, now, _) = seen("F06-taken");
    let papers = papers(&[("storage.yaml", STORAGE)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert_eq!((trouble.id, trouble.heals), ("F06", Heals::Never));
    assert!(!trouble.fix.contains("apply it"), "{}", trouble.fix);
    let (live, id, now, _) = seen("F04-no-volume");
    let unclassed = STORAGE.replace("  storageClassName: manual\n", "");
    let papers = written::papers(&[("storage.yaml", &unclassed)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert_eq!((trouble.id, trouble.heals), ("F04", Heals::May));
    assert!(trouble.fix.contains("storage.yaml:1:1 would fit as it stands there: apply it"), "{}", trouble.fix);
}

#[test]
fn a_request_for_a_certificate_stands_for_itself() {
    let (live, _, now, _) = seen("F71");
    let id = ObjectId::new("certificates.k8s.io/v1", "CertificateSigningRequest", None, "csr-1");
    assert_eq!(stuck(&live, &id, &[], now).id, "F71");
    let early = climb(&live, &id, &[], Stamp(now.0 - 150_000), None);
    assert!(matches!(early, Standing::Waiting { .. }), "{early:?}");
    let mut answered = Live::new();
    answered.insert(json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "csr-1"},
        "status": {"conditions": [{"type": "Approved", "status": "True"}]}}));
    assert!(matches!(climb(&answered, &id, &[], now, None), Standing::Ready(_)));
}

#[test]
fn a_value_that_is_written_once_for_two_places_gets_no_patch() {
    let (live, id, now, _) = seen("F03");
    let shared = TUNNEL
        .replace("      # One is enough.\n", "      securityContext: &shared\n        runAsGroup: 1\n")
        .replace("          # As the makers say.\n", "          securityContext: *shared\n");
    let papers = papers(&[("c.yaml", &shared)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert!(trouble.patch.is_some(), "the cluster can be mended all the same");
    assert!(trouble.mend.unwrap().diff("c.yaml", &shared).is_none());
}

#[test]
fn what_was_missing_and_is_there_now_is_waited_for() {
    let (mut live, id, now, _) = seen("F01-secret");
    assert!(
        live.insert(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "apps"}}))
    );
    let standing = climb(&live, &id, &[], now, None);
    assert!(matches!(&standing, Standing::Waiting { why } if why.contains("Secret db is there now")), "{standing:?}");
    // Volumes were mounted since: what was said before is past.
    let (mut live, id, now, _) = seen("F31-host-path");
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "pulling", "namespace": "apps"}, "reason": "Pulling", "type": "Normal",
        "involvedObject": {"kind": "Pod", "namespace": "apps", "name": "web-6b8f-x1"}, "message": "Pulling image", "lastTimestamp": "2026-11-21T09:03:00Z"});
    assert!(live.insert(event));
    let standing = climb(&live, &id, &[], now, None);
    assert!(matches!(standing, Standing::Waiting { .. }), "{standing:?}");
}
