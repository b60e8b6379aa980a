//! Random Secrets: names, scopes, types, notes with odd characters, values of any bytes up to the largest that a server
//! takes.

use blackstart::model::{Hidden, ObjectId, Spot};
use blackstart::secrets::{Document, Entry, Scope};
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What a Secret may hold at most, by the server's rule.
pub const LARGEST: usize = 1 << 20;

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z0-9]{1,8})?"
}

fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just("default".to_owned()), "[a-z]([a-z0-9-]{0,30}[a-z0-9])?"]
}

fn key() -> impl Strategy<Value = String> {
    // Words and numbers of YAML among them.
    let odd = ["y", "no", "null", "0644", "1e3", "tls.key", ".a", "-", "_"].map(str::to_owned).to_vec();
    prop_oneof![3 => "[A-Za-z0-9._-]{1,40}", 1 => prop::sample::select(odd)]
        .prop_filter("a key that a server takes", |key| blackstart::secrets::document::is_key(key))
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => Just(Vec::new()),
        4 => prop::collection::vec(any::<u8>(), 0..40),
        2 => "\\PC{0,60}".prop_map(String::into_bytes),
        // Long ones are made of few numbers: what is in them matters less than how long they are.
        2 => (0..=most, any::<u8>(), any::<u8>()).prop_map(|(length, start, step)| {
            (0..length).map(|at| start.wrapping_add(u8::try_from(at % 251).unwrap().wrapping_mul(step))).collect()
        }),
    ]
}

fn notes() -> impl Strategy<Value = BTreeMap<String, String>> {
    // Not every character: upstream's kubeseal cannot write DEL and its like as YAML.
    btree_map("[a-z]{1,8}(\\.io/[a-z]{1,8})?", "(\\PC|[\n\t\x01\"']){0,30}", 0..4)
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map("[a-z]{1,8}(\\.io/[a-z]{1,8})?", "([A-Za-z0-9]{1,20})?", 0..4)
}

fn sort() -> impl Strategy<Value = String> {
    let known = ["Opaque", "kubernetes.io/tls", "kubernetes.io/dockerconfigjson", "example.org/mine"];
    prop::sample::select(known.map(str::to_owned).to_vec())
}

/// The Secret and its scope, which its annotations say.
pub struct Sample(pub Document, pub Scope);

/// Its values stay out of what is said of a failure.
impl std::fmt::Debug for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.0.id, self.1.as_str())
    }
}

pub fn secret() -> impl Strategy<Value = Sample> {
    let scope = prop::sample::select(Scope::ALL.to_vec());
    let parts = (name(), namespace(), sort(), labels(), notes(), any::<bool>(), scope);
    let several = btree_map(key(), bytes(8 << 10), 1..6);
    let large = (key(), bytes(LARGEST)).prop_map(|(key, value)| BTreeMap::from([(key, value)]));
    let values = prop_oneof![4 => several, 1 => large];
    (parts, values).prop_map(|((name, namespace, sort, labels, mut annotations, immutable, scope), values)| {
        scope.mark(&mut annotations);
        let at = Spot { line: 1, column: 1 };
        let entry = |(key, value): (String, Vec<u8>)| (key, Entry { at, value: Hidden::new(value) });
        let entries = values.into_iter().map(entry).collect();
        let id = ObjectId::new("v1", "Secret", Some(&namespace), &name);
        Sample(Document { id, at, sort, labels, annotations, immutable, entries }, scope)
    })
}

/// What differs between two Secrets, by name and never by value.
pub fn difference(one: &Document, other: &Document) -> Option<String> {
    let mut parts = vec![
        ("id", one.id == other.id),
        ("type", one.sort == other.sort),
        ("labels", one.labels == other.labels),
        ("annotations", one.annotations == other.annotations),
        ("immutable", one.immutable == other.immutable),
        ("keys", one.entries.keys().eq(other.entries.keys())),
    ];
    let same = |(a, b): (&Entry, &Entry)| a.value.same(&b.value);
    parts.push(("values", one.entries.values().zip(other.entries.values()).all(same)));
    let wrong: Vec<&str> = parts.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect();
    (!wrong.is_empty()).then(|| wrong.join(", "))
}
