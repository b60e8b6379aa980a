//! Every cause that the ladder can name, seen red by its own fault: a fixture a cause, each looked at before the fault shows,
//! while it may still heal, when it is stuck, when it is mended, and when the object is not there at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::checks::causes::{self, CAUSES};
use blackstart::checks::ladder::{self, Heals, Standing, Trouble};
use blackstart::checks::live::Live;
use blackstart::model::{ObjectId, Stamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// Version and kind, namespace, name.
type Id = (String, String, Option<String>, String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    tells: String,
    expected: Id,
    /// What the API server said to whoever applied the object; else the object is climbed from.
    said: Option<String>,
    now: String,
    /// A moment at which it may still heal.
    early: Option<String>,
    /// Kinds of which all is in here.
    #[serde(default)]
    listed: Vec<String>,
    #[serde(default)]
    logs: Map<String, Value>,
    /// Texts that must not be seen in anything that is said.
    #[serde(default)]
    hidden: Vec<String>,
    stuck: Stuck,
    objects: Vec<Value>,
    /// What is otherwise before the fault shows: no events yet, and these states.
    before: Vec<Value>,
    /// What is otherwise when it is mended.
    well: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stuck {
    id: String,
    object: String,
    heals: String,
    says: Vec<String>,
    #[serde(default)]
    fix: Vec<String>,
    field: Option<String>,
    #[serde(default)]
    chain: Vec<String>,
    #[serde(default)]
    raw: Vec<String>,
    /// Not there: nothing is said about it. Null: there is none.
    #[serde(default, deserialize_with = "told")]
    patch: Option<Option<String>>,
}

fn told<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(from).map(Some)
}

fn fixtures() -> Vec<(String, Fixture)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ladder");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        (name.clone(), serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    names.into_iter().map(read).collect()
}

fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else { return *into = patch.clone() };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let into = into.as_object_mut().unwrap();
    for (key, value) in patch {
        match value {
            Value::Null => {
                into.remove(key);
            }
            _ => merge(into.entry(key).or_insert(Value::Null), value),
        }
    }
}

fn same(one: &Value, other: &Value) -> bool {
    let name = |value: &Value| {
        let meta = &value["metadata"];
        (value["apiVersion"].clone(), value["kind"].clone(), meta["namespace"].clone(), meta["name"].clone())
    };
    name(one) == name(other)
}

impl Fixture {
    fn id(&self) -> ObjectId {
        ObjectId::new(&self.expected.0, &self.expected.1, self.expected.2.as_deref(), &self.expected.3)
    }
    fn with(&self, changes: &[Value], events: bool) -> Vec<Value> {
        let mut objects: Vec<Value> =
            self.objects.iter().filter(|object| events || object["kind"] != "Event").cloned().collect();
        for change in changes {
            match objects.iter_mut().find(|object| same(object, change)) {
                Some(object) => merge(object, change),
                None => objects.push(change.clone()),
            }
        }
        objects
    }
    fn look(&self, objects: Vec<Value>, now: &str) -> Standing {
        self.look_as_usual(objects, now, None)
    }
    fn look_as_usual(&self, objects: Vec<Value>, now: &str, usual: Option<Duration>) -> Standing {
        let mut live = Live::new();
        objects.into_iter().for_each(|object| assert!(live.insert(object)));
        self.listed.iter().for_each(|kind| live.listed(kind));
        for (whose, lines) in &self.logs {
            let [space, pod, container] = whose.split('/').collect::<Vec<_>>()[..] else { panic!("{whose}") };
            let lines = lines.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned());
            live.hear(space, pod, container, lines.collect());
        }
        let now = Stamp::read(now).unwrap();
        match &self.said {
            Some(said) => ladder::refused(&live, &self.id(), said, &[], now),
            None => ladder::climb(&live, &self.id(), &[], now, usual),
        }
    }
}

fn stuck(name: &str, standing: Standing) -> Box<Trouble> {
    match standing {
        Standing::Stuck(trouble) => trouble,
        other => panic!("{name} is not stuck: {other:?}"),
    }
}

fn holds(name: &str, what: &str, text: &str, parts: &[String]) {
    for part in parts {
        assert!(text.contains(part), "{name}: {what} lacks {part:?}:\n{text}");
    }
}

#[test]
fn each_cause_is_named_with_its_object_field_and_way() {
    for (name, fixture) in fixtures() {
        let trouble = stuck(&name, fixture.look(fixture.objects.clone(), &fixture.now));
        let stuck = &fixture.stuck;
        let all = format!("{name} ({}): {trouble:#?}", fixture.tells);
        assert_eq!(trouble.id, stuck.id, "{all}");
        assert_eq!(trouble.object.to_string(), stuck.object, "{all}");
        assert_eq!(format!("{:?}", trouble.heals), stuck.heals, "{all}");
        holds(&name, "the message", &trouble.message, &stuck.says);
        holds(&name, "the fix", &trouble.fix, &stuck.fix);
        holds(&name, "what was said", &trouble.raw.join("\n"), &stuck.raw);
        if let Some(field) = &stuck.field {
            assert_eq!(trouble.field.as_deref(), Some(field.as_str()), "{all}");
        }
        let chain: Vec<String> = trouble.chain.iter().map(|hop| hop.object.clone()).collect();
        assert!(stuck.chain.is_empty() || chain == stuck.chain, "{all}");
        if let Some(patch) = &stuck.patch {
            assert_eq!(trouble.patch.as_ref().map(|patch| patch.text.as_str()), patch.as_deref(), "{all}");
        }
        for canary in &fixture.hidden {
            assert!(!format!("{trouble:?}").contains(canary), "{canary} is shown: {all}");
        }
        assert!(!trouble.fix.is_empty() && !trouble.message.is_empty() && !trouble.message.contains("  "), "{all}");
        assert!(trouble.chain.iter().all(|hop| !hop.says.is_empty()), "{all}");
    }
}

#[test]
fn what_may_heal_is_waited_for_and_what_never_heals_is_not() {
    for (name, fixture) in fixtures() {
        match fixture.stuck.heals.as_str() {
            "Never" => {
                let objects = fixture.objects.clone();
                let trouble =
                    stuck(&name, fixture.look_as_usual(objects, &fixture.now, Some(Duration::from_secs(3600))));
                assert_eq!(trouble.heals, Heals::Never, "{name}");
            }
            "May" if fixture.said.is_none() => {
                let early =
                    fixture.early.as_ref().unwrap_or_else(|| panic!("{name} has no moment at which it may heal"));
                let standing = fixture.look(fixture.objects.clone(), early);
                assert!(matches!(standing, Standing::Waiting { .. }), "{name} at {early}: {standing:?}");
                let usual = Some(Duration::from_secs(3600));
                let standing = fixture.look_as_usual(fixture.objects.clone(), &fixture.now, usual);
                let young = matches!(standing, Standing::Slow { usual, .. } if usual.as_secs() == 3600);
                assert!(young, "{name} takes no longer than it always does: {standing:?}");
            }
            "May" => {}
            other => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn before_the_fault_shows_it_is_waited_for() {
    for (name, fixture) in fixtures().into_iter().filter(|(_, fixture)| !fixture.before.is_empty()) {
        let standing = fixture.look(fixture.with(&fixture.before, false), &fixture.now);
        assert!(matches!(standing, Standing::Waiting { .. }), "{name}: {standing:?}");
    }
}

#[test]
fn what_is_mended_is_ready_whatever_was_said_before() {
    for (name, fixture) in fixtures().into_iter().filter(|(_, fixture)| fixture.said.is_none()) {
        let standing = fixture.look(fixture.with(&fixture.well, true), &fixture.now);
        assert!(matches!(standing, Standing::Ready(_)), "{name}: {standing:?}");
    }
}

#[test]
fn what_is_not_there_is_waited_for() {
    for (name, fixture) in fixtures().into_iter().filter(|(_, fixture)| fixture.said.is_none()) {
        let id = fixture.id();
        let others = fixture.objects.iter().filter(|object| {
            object["kind"] != *id.kind
                || object["metadata"]["name"] != *id.name
                || object["metadata"]["namespace"].as_str() != id.namespace.as_deref()
        });
        let others: Vec<Value> = others.filter(|object| object["kind"] != "Namespace").cloned().collect();
        let standing = fixture.look(others, &fixture.now);
        assert!(
            matches!(&standing, Standing::Waiting { why } if why.contains("is not there yet")),
            "{name}: {standing:?}"
        );
    }
}

#[test]
fn every_cause_in_the_table_is_seen_red_and_no_other_is_named() {
    let seen: BTreeSet<String> = fixtures().into_iter().map(|(_, fixture)| fixture.stuck.id).collect();
    let table: BTreeSet<String> = CAUSES.iter().map(|cause| cause.id.to_owned()).collect();
    // Needs a file beside the cluster: it is held in tests/ladder_files.
    let with_files = BTreeSet::from(["F92".to_owned()]);
    assert_eq!(seen.union(&with_files).cloned().collect::<BTreeSet<_>>(), table, "left: fixtures, right: the table");
    let ids: Vec<&str> = CAUSES.iter().map(|cause| cause.id).collect();
    assert!(ids.is_sorted(), "the table is ordered by id");
    assert!(causes::find("f03").is_some() && causes::find("F00").is_none());
}

#[test]
fn each_name_of_a_fixture_begins_with_its_cause() {
    for (name, fixture) in fixtures() {
        assert_eq!(name.split('-').next().unwrap(), fixture.stuck.id, "{name}");
    }
}
