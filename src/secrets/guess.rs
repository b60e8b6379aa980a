//! Why something does not open, found out without a cluster. The controller has one sentence for a wrong key, a wrong name, a
//! wrong namespace and a wrong scope; who holds keys and knows names can try them, and tell which it is.

use super::document::Fault;
use super::key::{ACTIVE, Key, LABEL};
use super::open::{Parts, Shut, Tried, Why};
use super::scope::Scope;
use super::sealed::Sealed;
use crate::model::Spot;
use std::cell::Cell;
use std::collections::BTreeSet;

/// So many times a key is tried for one SealedSecret: with 4096 bits some seconds at the most.
pub const TRIES: usize = 1000;
/// So many for all that are guessed with the same names.
pub const TRIES_OF_ALL: usize = 5 * TRIES;
/// What is left to each when these are spent: enough for other scopes and a few keys.
const FEWEST: usize = 12;

/// What may have been meant instead.
#[derive(Clone, Debug, Default)]
pub struct Around {
    pub names: BTreeSet<String>,
    pub namespaces: BTreeSet<String>,
    /// How often a key was tried already. A whole folder that was sealed for a key that nobody holds must not take an hour.
    pub spent: Cell<usize>,
}

/// The reason for one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    pub at: Spot,
    /// The value's key in the Secret.
    pub value: String,
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The text itself is not, or no longer, a sealed value.
    Text(Why),
    /// It opens, but otherwise than it will be applied.
    Opens { as_what: Meant, by: By },
    /// Nothing we hold opens it.
    Nothing(Nothing),
}

/// What the label says that opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// As it is declared: only the key is in the way.
    Declared,
    /// The same name and namespace, with another scope.
    Scope(Scope),
    /// Another name or namespace.
    Elsewhere { scope: Scope, namespace: String, name: String },
}

/// The key that opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// One that the controller will have.
    Installed,
    /// One that will not be installed.
    Left(String),
    /// One that the controller does not load, for what its label says.
    Inactive { key: String, mark: Option<String> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nothing {
    pub keys: usize,
    /// How many bits the key has that it was sealed for.
    pub bits: usize,
    /// True where a key of this size was there to be tried.
    pub fitting: bool,
    /// False where more names were to be tried than is good.
    pub all: bool,
}

/// A reason for each value that stayed shut. `installed` are the keys that the controller will have, `left` all others that
/// are held.
pub fn guess(sealed: &Sealed, shut: &[Shut], installed: &[&Key], left: &[&Key], around: &Around) -> Vec<Guess> {
    let mut labels = labels(sealed, around);
    let keys: Vec<(&Key, bool)> =
        installed.iter().map(|key| (*key, true)).chain(left.iter().map(|key| (*key, false))).collect();
    let allowed = TRIES.min(TRIES_OF_ALL.saturating_sub(around.spent.get())).max(FEWEST);
    let mut tries = allowed;
    let reasons = shut.iter().map(|shut| {
        let parts = match (shut.why, sealed.values.get(&shut.key).map(|text| Parts::of(&text.text))) {
            (Why::NoKey, Some(Ok(parts))) => parts,
            (why, _) => return Reason::Text(why),
        };
        let (reason, found) = search(&parts, &keys, &labels, &mut tries);
        // What is true of one value is most likely true of the next.
        if let Some(found) = found {
            labels[..=found].rotate_right(1);
        }
        reason
    });
    let reasons: Vec<Reason> = reasons.collect();
    around.spent.set(around.spent.get() + allowed - tries);
    let guesses = shut.iter().zip(reasons);
    guesses.map(|(shut, reason)| Guess { at: shut.at, value: shut.key.clone(), reason }).collect()
}

/// The reason, and which of the labels it was.
fn search(
    parts: &Parts,
    keys: &[(&Key, bool)],
    labels: &[(Meant, Vec<u8>)],
    tries: &mut usize,
) -> (Reason, Option<usize>) {
    // What was sealed has whole bytes, also where the key has some bits less.
    let fits = |(key, _): &&(&Key, bool)| key.private.public().bits().div_ceil(8) * 8 == parts.bits();
    let mut all = true;
    'labels: for (i, (meant, label)) in labels.iter().enumerate() {
        for (key, installed) in keys.iter().filter(fits) {
            if *tries == 0 {
                all = false;
                break 'labels;
            }
            *tries -= 1;
            match parts.open(key, label) {
                Tried::Opened(_) => {
                    let opens = Reason::Opens { as_what: meant.clone(), by: by(key, *installed) };
                    return (opens, Some(i));
                }
                Tried::Damaged => return (Reason::Text(Why::Damaged), Some(i)),
                Tried::Shut => {}
            }
        }
    }
    let fitting = keys.iter().any(|key| fits(&key));
    (Reason::Nothing(Nothing { keys: keys.len(), bits: parts.bits(), fitting, all }), None)
}

fn by(key: &Key, installed: bool) -> By {
    match (key.active, installed) {
        (true, true) => By::Installed,
        (true, false) => By::Left(key.name.clone()),
        (false, _) => By::Inactive { key: key.name.clone(), mark: key.mark.clone() },
    }
}

/// Everything that may have been meant, the likely first: as declared, other scopes, `default`, each namespace and name of
/// the plan, both together.
fn labels(sealed: &Sealed, around: &Around) -> Vec<(Meant, Vec<u8>)> {
    let (namespace, name) = (sealed.id.namespace.as_deref().unwrap_or_default(), &*sealed.id.name);
    let mut labels = vec![(Meant::Declared, sealed.scope.label(namespace, name))];
    let scopes = Scope::ALL.iter().filter(|scope| **scope != sealed.scope);
    labels.extend(scopes.map(|scope| (Meant::Scope(*scope), scope.label(namespace, name))));
    let spaces: Vec<&str> = ["default"]
        .into_iter()
        .chain(around.namespaces.iter().map(String::as_str).filter(|n| *n != "default"))
        .collect();
    let names = || around.names.iter().map(String::as_str);
    let mut seen: BTreeSet<Vec<u8>> = labels.iter().map(|(_, label)| label.clone()).collect();
    let mut add = |scope: Scope, namespace: &str, name: &str| {
        let label = scope.label(namespace, name);
        if seen.insert(label.clone()) {
            labels.push((Meant::Elsewhere { scope, namespace: namespace.to_owned(), name: name.to_owned() }, label));
        }
    };
    for space in &spaces {
        add(Scope::Strict, space, name);
        add(Scope::NamespaceWide, space, name);
    }
    names().for_each(|other| add(Scope::Strict, namespace, other));
    for space in &spaces {
        names().for_each(|other| add(Scope::Strict, space, other));
    }
    labels
}

impl Guess {
    /// The reason in words with its place, and what to do. No value of a Secret is in it.
    pub fn told(&self, sealed: &Sealed) -> (Fault, String) {
        let value = &self.value;
        let namespace = sealed.id.namespace.as_deref().unwrap_or_default();
        let anew = format!("seal Secret {namespace}/{} anew from its plaintext", sealed.id.name);
        let (at, text, advice) = match &self.reason {
            Reason::Text(why) => (self.at, spoilt(*why).to_owned(), anew),
            Reason::Opens { as_what, by } => {
                let (meant, at, advice) = meant(sealed, as_what, self.at, &anew);
                let (key, key_advice) = key_told(by);
                let text = [Some(meant), key].into_iter().flatten().filter(|part| !part.is_empty());
                let text = text.collect::<Vec<_>>().join("; and ");
                (at, text, key_advice.into_iter().chain(advice).collect::<Vec<_>>().join("; "))
            }
            Reason::Nothing(nothing) => (self.at, nothing.told(), anew),
        };
        (Fault { at, text: format!("spec.encryptedData.{value}: {text}") }, advice)
    }
}

fn spoilt(why: Why) -> &'static str {
    match why {
        Why::NotBase64 => "is not base64: a placeholder, or damaged",
        Why::TooShort => "is too short for a sealed value: a placeholder, or cut off",
        Why::Damaged => "is damaged: a key opens its head, but what follows is not what was sealed",
        Why::NoKey => "does not open",
    }
}

fn meant(sealed: &Sealed, meant: &Meant, at: Spot, anew: &str) -> (String, Spot, Option<String>) {
    match meant {
        Meant::Declared => (String::new(), at, None),
        Meant::Scope(scope) => {
            let text = format!(
                "was sealed {}, and the SealedSecret's own metadata says {}",
                scope.as_str(),
                sealed.scope.as_str()
            );
            (text, sealed.scope_at, Some(annotate(sealed, *scope)))
        }
        Meant::Elsewhere { scope, namespace, name } => {
            let applied = format!("{}/{}", sealed.id.namespace.as_deref().unwrap_or_default(), sealed.id.name);
            let text = match scope {
                Scope::Strict => format!("was sealed for {namespace}/{name}, and is applied as {applied}"),
                Scope::NamespaceWide | Scope::ClusterWide => {
                    format!("was sealed for the namespace {namespace}, and is applied as {applied}")
                }
            };
            (text, at, Some(format!("{anew}, or give it back the place that it was sealed for")))
        }
    }
}

/// How its own annotations come to say this scope.
fn annotate(sealed: &Sealed, was: Scope) -> String {
    // The widest that is said counts, so what is wider has to go.
    let wider = sealed.says.iter().filter(|says| **says > was).filter_map(|says| says.annotation());
    let wider: Vec<&str> = wider.collect();
    let out = (!wider.is_empty()).then(|| format!("take out of metadata.annotations: {}", wider.join(" and ")));
    let name = was.annotation().filter(|_| !sealed.says.contains(&was));
    let add = name.map(|name| format!("add to metadata.annotations, beside spec: {name}: \"true\""));
    let again =
        "where it is applied already, start its controller anew, which passes over what changes outside of spec";
    out.into_iter().chain(add).chain([again.to_owned()]).collect::<Vec<_>>().join("; ")
}

fn key_told(by: &By) -> (Option<String>, Option<String>) {
    match by {
        By::Installed => (None, None),
        By::Left(key) => {
            (Some(format!("opens with the key {key}, which will not be installed")), Some(format!("install {key} too")))
        }
        By::Inactive { key, mark } => {
            let says = mark.as_deref().map_or("it has none".to_owned(), |mark| format!("it says {mark}"));
            (
                Some(format!("opens with the key {key}, which the controller does not load for its label: {says}")),
                Some(format!("label {key} with {LABEL}={ACTIVE}, if it is to be trusted")),
            )
        }
    }
}

impl Nothing {
    fn told(&self) -> String {
        let Nothing { keys, bits, .. } = self;
        let keys = match keys {
            0 => return "there is no key to open it with".to_owned(),
            1 => "the one key that is held does not open it".to_owned(),
            several => format!("none of the {several} keys that are held opens it"),
        };
        match (self.fitting, self.all) {
            (false, _) => format!("{keys}: it was sealed for one of {bits} bits, or is damaged"),
            (true, true) => {
                format!("{keys}, whatever the scope, name or namespace: it was sealed for another, or is damaged")
            }
            (true, false) => format!(
                "{keys} as what is most likely: it was sealed for another key, for a name that was not tried, or is damaged"
            ),
        }
    }
}
