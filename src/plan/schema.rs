//! The plan file as a JSON Schema, made from the very table that the reader reads by, so that the two cannot drift apart.

use crate::model::id::LONGEST;
use crate::model::{Provider, fact};
use crate::steps::keys::{self, Key, Shape};
use crate::steps::{KINDS, cluster, manifests, storage, tunnel, workloads};
use serde_json::{Map, Value, json};

fn shape(shape: Shape) -> Value {
    let entry = || json!({"type": "string", "pattern": "^secret/[^/\\s]+/[^/\\s]+/[^/\\s]+$"});
    let text = || json!({"type": ["string", "number", "boolean"]});
    let argv = || json!({"type": "array", "minItems": 1, "items": text()});
    let id = || json!({"type": "string", "pattern": format!("^[a-z0-9][a-z0-9-]{{0,{}}}$", LONGEST - 1)});
    match shape {
        Shape::Id => id(),
        Shape::Ids => json!({"type": "array", "items": id()}),
        Shape::Facts => {
            let kinds: Vec<&str> = fact::WRITTEN.iter().map(|(kind, _)| *kind).collect();
            let pattern = format!("^({})/[A-Za-z0-9._:/-]{{1,200}}$", kinds.join("|"));
            json!({"type": "array", "items": {"type": "string", "pattern": pattern}})
        }
        Shape::Argv => argv(),
        Shape::WordOrArgv(words) => json!({"anyOf": [{"enum": words}, argv()]}),
        Shape::Word(words) => json!({"enum": words}),
        Shape::Span => {
            json!({"type": "string", "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "minLength": 2})
        }
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Count(most) => json!({"type": "integer", "minimum": 0, "maximum": most}),
        Shape::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Shape::Text => json!({"type": "string", "minLength": 1}),
        Shape::Env => json!({
            "type": "object",
            "propertyNames": {"pattern": "^(?!BLACKSTART_)[A-Za-z_][A-Za-z0-9_]*$"},
            "additionalProperties": text(),
        }),
        Shape::Pairs => json!({"type": "object", "additionalProperties": text()}),
        Shape::Names => json!({"type": "array", "items": {"type": "string", "pattern": "^[a-z0-9.-]{1,253}$"}}),
        Shape::Entry => entry(),
        Shape::Entries => json!({
            "type": "object",
            "propertyNames": {"pattern": "^(?!BLACKSTART_)[A-Za-z_][A-Za-z0-9_]*$"},
            "additionalProperties": entry(),
        }),
        Shape::Paths => {
            let path = json!({"type": "string", "minLength": 1});
            json!({"anyOf": [path, {"type": "array", "minItems": 1, "items": path}]})
        }
        Shape::Cluster => json!({
            "type": "object",
            "properties": properties(&[keys::CLUSTER]),
            "required": required(&[keys::CLUSTER]),
            "additionalProperties": false,
            "allOf": Provider::ALL.map(of_provider),
        }),
        Shape::Drill => json!({
            "type": "object",
            "properties": properties(&[keys::DRILL]),
            "required": required(&[keys::DRILL]),
            "additionalProperties": false,
        }),
        Shape::Places => json!({"type": "array", "items": {"type": "string", "pattern": "^[^*/ ]+:[0-9]{1,5}$"}}),
        Shape::Data => {
            json!({"type": "array", "items": {"type": "string", "pattern": "^(/.|[A-Za-z0-9][A-Za-z0-9_.-]+$)"}})
        }
        Shape::Secrets => json!({
            "type": "object",
            "properties": properties(&[keys::SECRETS]),
            "required": required(&[keys::SECRETS]),
            "additionalProperties": false,
        }),
        Shape::Access => json!({
            "type": "object",
            "propertyNames": id(),
            "additionalProperties": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "properties": {
                    "inside": {"type": "string", "minLength": 1, "description": "What it runs in, and dies with."},
                    "outside": {"type": "string", "minLength": 1, "description": "Where it is, in words."},
                },
                "additionalProperties": false,
            },
        }),
        Shape::Accept => json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": properties(&[keys::ACCEPT]),
                "required": required(&[keys::ACCEPT]),
                "additionalProperties": false,
            },
        }),
        Shape::Host => json!({"type": "string", "pattern": "^[A-Za-z0-9@._:\\[\\]][A-Za-z0-9@._:\\[\\]-]*$"}),
        Shape::Day => json!({"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
        Shape::Finding => json!({"type": "string", "pattern": "^F[0-9]{2}$"}),
        Shape::Kind => {
            let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            json!({"enum": kinds})
        }
        Shape::Steps => json!({"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}}),
    }
}

/// What `cluster` needs and may not have where this provider makes it.
fn of_provider(provider: Provider) -> Value {
    let foreign = keys::OF_PROVIDERS.iter().filter(|(_, whose)| !whose.contains(&provider));
    let mut without: Vec<Value> = foreign.map(|(key, _)| json!({"not": {"required": [key]}})).collect();
    // A list of rules may not be empty.
    without.push(json!(true));
    let wanted: &[&str] = if provider == Provider::K3d { &["config"] } else { &[] };
    json!({
        "if": {"properties": {"provider": {"const": provider.as_str()}}},
        "then": {"required": wanted, "allOf": without},
    })
}

/// What a way in needs, and which keys it has no use for. The first is meant where none is named.
fn of_way(way: &str, needed: &[&str], more: &[&str]) -> Value {
    let own = |key: &&Key| key.name != "through" && !needed.contains(&key.name) && !more.contains(&key.name);
    let foreign = tunnel::KEYS.iter().filter(own);
    let mut without: Vec<Value> = foreign.map(|key| json!({"not": {"required": [key.name]}})).collect();
    without.push(json!(true));
    let mut is_it = json!({"properties": {"through": {"const": way}}});
    if tunnel::USES.first().is_none_or(|(first, ..)| *first != way) {
        is_it["required"] = json!(["through"]);
    }
    json!({"if": is_it, "then": {"required": needed, "allOf": without}})
}

fn properties(keys: &[&[Key]]) -> Value {
    let all = keys.iter().flat_map(|keys| keys.iter());
    let entries = all.map(|key| {
        let mut value = shape(key.shape);
        value["description"] = json!(key.doc);
        (key.name.to_owned(), value)
    });
    Value::Object(entries.collect::<Map<_, _>>())
}

fn required(keys: &[&[Key]]) -> Vec<&'static str> {
    keys.iter().flat_map(|keys| keys.iter()).filter(|key| key.required).map(|key| key.name).collect()
}

/// Kinds that a plan without a cluster cannot have, and that cannot come before it.
const ON_THE_CLUSTER: &[&str] = &[manifests::NAME, storage::NAME, tunnel::NAME, workloads::NAME];

pub fn schema() -> Value {
    let each = |rule: Value| json!({"properties": {"steps": {"items": rule}}});
    let kinds: Vec<Value> = KINDS
        .iter()
        .map(|kind| {
            let keys = [keys::STEP, kind.keys];
            let mut step = json!({
                "title": format!("kind {}", kind.name),
                "description": kind.doc,
                "type": "object",
                "properties": properties(&keys),
                "required": required(&keys),
                "additionalProperties": false,
            });
            step["properties"]["kind"]["enum"] = json!([kind.name]);
            if ON_THE_CLUSTER.contains(&kind.name)
                && let Some(keys) = step["properties"].as_object_mut()
            {
                keys.remove("before");
            }
            if kind.name == crate::steps::probe::NAME {
                let one = |key: &str| json!({"required": [key]});
                step["oneOf"] = json!([one("http"), one("tcp"), one("run")]);
                step["dependentRequired"] = json!({"status": ["http"]});
            }
            if kind.name == crate::steps::command::NAME {
                // Only what may be done twice can be tried again.
                step["if"] = json!({"required": ["retries"], "properties": {"retries": {"minimum": 1}}});
                step["then"] = json!({"required": ["repeatable"], "properties": {"repeatable": {"const": true}}});
            }
            if kind.name == tunnel::NAME {
                step["allOf"] = tunnel::USES.iter().map(|(way, needed, more)| of_way(way, needed, more)).collect();
            }
            step
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "blackstart plan",
        "type": "object",
        "properties": properties(&[keys::PLAN]),
        "required": required(&[keys::PLAN]),
        "additionalProperties": false,
        "if": {"required": ["cluster"]},
        "then": each(json!({"properties": {"id": {"not": {"enum": cluster::OWN}}}})),
        "else": each(json!({
            "properties": {"kind": {"not": {"enum": ON_THE_CLUSTER}}},
            "not": {"required": ["before"]},
        })),
        "$defs": {"step": {"oneOf": kinds}},
    })
}
