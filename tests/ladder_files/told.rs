//! What the files know about what is missing, stopped, or made by somebody.

use crate::written::papers;
use crate::{diffed, seen, stuck};
use blackstart::checks::ladder::{Heals, Standing, climb};
use blackstart::checks::live::Live;
use blackstart::model::{ObjectId, Stamp};
use serde_json::json;

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
