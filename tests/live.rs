//! The copy of a cluster: whatever order the changes come in, it shows the last state of each object, and no value of a Secret.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::checks::live::Live;
use blackstart::model::ObjectId;
use proptest::prelude::*;
use serde_json::{Value, json};

fn object(kind: &str, name: &str, owner: Option<&str>) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "apps", "uid": format!("{kind}-{name}")}});
    if let Some(owner) = owner {
        object["metadata"]["ownerReferences"] =
            json!([{"kind": "Set", "name": owner, "uid": format!("Set-{owner}"), "controller": true}]);
    }
    object
}

fn id(kind: &str, name: &str) -> ObjectId {
    ObjectId::new("v1", kind, Some("apps"), name)
}

fn event(name: &str, about: &str, uid: &str, at: u32) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": "apps"}, "reason": "R", "message": name, "type": "Warning",
        "involvedObject": {"kind": "Pod", "namespace": "apps", "name": about, "uid": uid}, "lastTimestamp": format!("2026-11-21T09:00:{at:02}Z")})
}

fn owned(live: &Live, owner: &str) -> Vec<String> {
    let Some(owner) = live.get(&id("Set", owner)) else { return Vec::new() };
    live.owned_by(owner, "Pod").map(|pod| pod.name().to_owned()).collect()
}

#[test]
fn an_object_is_found_by_name_by_uid_and_by_its_owner() {
    let mut live = Live::new();
    for new in [object("Set", "one", None), object("Pod", "b", Some("one")), object("Pod", "a", Some("one"))] {
        assert!(live.insert(new));
    }
    assert_eq!(live.len(), 3);
    assert_eq!(owned(&live, "one"), ["a", "b"]);
    assert_eq!(live.by_uid("Pod-a").unwrap().name(), "a");
    assert_eq!(live.owner_of(live.get(&id("Pod", "a")).unwrap()).unwrap().name(), "one");
    assert!(live.find("", "Pod", "apps", "a").is_some() && live.find("apps", "Pod", "apps", "a").is_none());
    assert!(live.find("", "Pod", "other", "a").is_none());
    assert_eq!(live.of_kind("", "Pod").count(), 2);
    assert_eq!(live.of_kind_in("", "Pod", "other").count(), 0);
    assert!(live.remove(&id("Pod", "a")) && !live.remove(&id("Pod", "a")));
    assert_eq!((owned(&live, "one"), live.len(), live.by_uid("Pod-a").is_none()), (vec!["b".to_owned()], 2, true));
}

#[test]
fn an_object_that_changed_its_owner_is_owned_by_the_new_one() {
    let mut live = Live::new();
    for new in [
        object("Set", "one", None),
        object("Set", "two", None),
        object("Pod", "a", Some("one")),
        object("Pod", "a", Some("two")),
    ] {
        live.insert(new);
    }
    assert_eq!((owned(&live, "one"), owned(&live, "two")), (vec![], vec!["a".to_owned()]));
}

#[test]
fn two_kinds_of_one_name_are_told_apart_by_their_group() {
    let mut live = Live::new();
    let mut other = object("Service", "web", None);
    other["apiVersion"] = json!("serving.example.org/v1");
    live.insert(object("Service", "web", None));
    live.insert(other);
    assert_eq!((live.len(), live.of_kind("", "Service").count()), (2, 1));
    // The version of the API is no part of the name.
    assert!(live.get(&ObjectId::new("serving.example.org/v2", "Service", Some("apps"), "web")).is_some());
}

#[test]
fn events_come_in_order_and_only_those_of_this_very_object() {
    let mut live = Live::new();
    live.insert(object("Pod", "db-0", None));
    for new in [
        event("late", "db-0", "Pod-db-0", 9),
        event("early", "db-0", "Pod-db-0", 3),
        event("of-the-old-one", "db-0", "Pod-xx-0", 5),
    ] {
        assert!(live.insert(new));
    }
    live.insert(json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "new-api", "namespace": "apps"}, "reason": "R",
        "note": "(combined from similar events): new-api", "regarding": {"kind": "Pod", "namespace": "apps", "name": "db-0"},
        "eventTime": "2026-11-21T09:00:05.123456Z", "series": {"count": 7, "lastObservedTime": "2026-11-21T09:00:07.000000Z"}}));
    let pod = live.get(&id("Pod", "db-0")).unwrap();
    let told: Vec<(String, u64)> =
        live.events_of(pod).iter().map(|event| (event.message.to_owned(), event.count)).collect();
    assert_eq!(told, [("early".to_owned(), 1), ("new-api".to_owned(), 7), ("late".to_owned(), 1)]);
    assert!(live.remove(&id("Event", "late")) && !live.remove(&id("Event", "late")));
    assert_eq!(live.events_of(live.get(&id("Pod", "db-0")).unwrap()).len(), 2);
    // Said again, it takes the place of what was said before.
    live.insert(event("early", "db-0", "Pod-db-0", 30));
    let pod = live.get(&id("Pod", "db-0")).unwrap();
    assert_eq!(live.events_of(pod).iter().map(|event| event.message).collect::<Vec<_>>(), ["new-api", "early"]);
    assert_eq!(live.len(), 1, "events are no objects");
}

#[test]
fn no_value_of_a_secret_is_kept_in_an_object_and_each_is_hidden_in_texts() {
    let mut live = Live::new();
    let mut secret = object("Secret", "db", None);
    secret["data"] = json!({"password": "Y2FuYXJ5LTQ3MTE=", "short": "eA==", "lines": "Zmlyc3QtY2FuYXJ5LWxpbmUKc2Vjb25kLWNhbmFyeS1saW5lCg==", "binary": "//79/Pv6"});
    secret["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": "canary-4711", "other": "kept"});
    live.insert(secret);
    let mut config = object("ConfigMap", "conf", None);
    config["data"] = json!({"a.conf": "x = 1"});
    live.insert(config);
    let shown = live.get(&id("Secret", "db")).unwrap().value.to_string();
    assert!(
        !shown.contains("canary")
            && !shown.contains("Y2FuYXJ5")
            && shown.contains("password")
            && shown.contains("kept"),
        "{shown}"
    );
    let told = live.hide("apps", "it was canary-4711, or Y2FuYXJ5LTQ3MTE= or second-canary-line, x");
    assert_eq!(told, "it was (hidden), or (hidden) or (hidden), x");
    assert_eq!(live.hide("other", "canary-4711"), "canary-4711", "a Secret is known in its namespace");
    live.remove(&id("Secret", "db"));
    assert_eq!(live.hide("apps", "canary-4711"), "canary-4711");
}

#[test]
fn what_has_no_name_is_not_taken() {
    let mut live = Live::new();
    assert!(
        !live.insert(json!({"kind": "Pod"}))
            && !live.insert(json!(7))
            && !live.insert(json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}}))
    );
    assert!(!live.insert(json!({"items": [object("Pod", "a", None), {"kind": "Pod"}]})) && live.len() == 1);
}

#[derive(Clone, Debug)]
enum Change {
    Insert(u8, Option<u8>),
    Remove(u8),
}

proptest! {
    /// Changes one by one lead to what the last states alone would lead to.
    #[test]
    fn changes_add_up(changes in proptest::collection::vec(prop_oneof![
        (0_u8..6, proptest::option::of(0_u8..3)).prop_map(|(name, owner)| Change::Insert(name, owner)),
        (0_u8..6).prop_map(Change::Remove),
    ], 0..40)) {
        let (mut live, mut last) = (Live::new(), std::collections::BTreeMap::new());
        for owner in 0..3 { live.insert(object("Set", &owner.to_string(), None)); }
        for change in changes {
            match change {
                Change::Insert(name, owner) => {
                    live.insert(object("Pod", &name.to_string(), owner.map(|owner| owner.to_string()).as_deref()));
                    last.insert(name, owner);
                }
                Change::Remove(name) => {
                    prop_assert_eq!(live.remove(&id("Pod", &name.to_string())), last.remove(&name).is_some());
                }
            }
        }
        prop_assert_eq!(live.len(), last.len() + 3);
        for owner in 0..3_u8 {
            let wanted: Vec<String> = last.iter().filter(|(_, of)| **of == Some(owner)).map(|(name, _)| name.to_string()).collect();
            prop_assert_eq!(owned(&live, &owner.to_string()), wanted);
        }
        prop_assert_eq!(live.all().count(), live.len());
    }
}
