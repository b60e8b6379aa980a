//! Volumes and claims: which file of the two is wrong, and what is applied again.

use crate::written::{self, papers};
use crate::{CLAIM, STORAGE, diffed, seen, stuck};
use blackstart::checks::ladder::{Heals, Standing, climb, gather, survey};
use blackstart::checks::live::Live;
use blackstart::model::{ObjectId, Stamp};
use serde_json::json;

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
