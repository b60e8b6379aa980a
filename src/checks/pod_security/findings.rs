//! F03 in files: pods that the namespace they go into will refuse, and labels that the server refuses themselves.

use super::exempt::{Exemptions, maker};
use super::level::{Level, Malformed, Mode, Policies, Policy, Version};
use super::namespaces::{Known, Labels, Namespace};
use super::pod::{Pod, Seen};
use super::registry::{NEWEST, evaluate};
use super::remedy::{edit, remedy};
use super::{Violation, refusal, warning};
use crate::checks::ladder::Mend;
use crate::checks::told::Told;
use crate::manifests::{Node, Object, Papers};
use crate::model::{Finding, Place, Severity, Unknown};
use std::collections::BTreeMap;
use std::sync::Arc;

pub const ID: &str = "F03";

/// What is known of the server that will judge.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Its version is 1.N: what `latest` means to it, and the newest edition it has.
    pub newest: u64,
    /// What holds in a namespace without labels.
    pub defaults: Policies,
    pub exemptions: Exemptions,
    /// Under whose name the objects of files are made.
    pub user: Option<String>,
    /// The version of the server, where somebody has named it.
    pub server: Option<u64>,
    /// What every namespace shall be held against, whatever its labels say.
    pub asked: Option<Policy>,
}

impl Default for Rules {
    fn default() -> Self {
        let (defaults, exemptions) = (Policies::default(), Exemptions::default());
        Self { newest: NEWEST, defaults, exemptions, user: None, server: None, asked: None }
    }
}

/// Holds the pods of all papers against the labels of their namespaces: those that the papers make, and `more` that come
/// otherwise. A namespace of which nobody knows the labels is not guessed at.
pub fn check(papers: &[Papers], more: &[Namespace], rules: &Rules) -> Told {
    let known = Known::of(papers, more);
    let mut eye = Eye { rules, known: &known, told: Told::default(), dark: BTreeMap::new() };
    for namespace in known.all() {
        eye.labels(namespace);
        eye.no_text(namespace);
    }
    for (first, second) in &known.torn {
        eye.torn(first, second);
    }
    papers.iter().flat_map(|papers| &papers.objects).for_each(|object| eye.object(object));
    eye.dark();
    eye.told
}

/// Where the pods of an object are described. A PodTemplate makes none, and the server warns of it all the same.
fn template(object: &Object) -> Option<(&Node, bool)> {
    match (object.id.group(), object.kind()) {
        ("", "PodTemplate") => object.root.get("template").map(|node| (node, false)),
        _ => object.pod_template().map(|(node, _)| (node, true)),
    }
}

struct Eye<'c> {
    rules: &'c Rules,
    known: &'c Known,
    told: Told,
    /// By namespace of unknown labels: the first object that some level would refuse, and how many there are.
    dark: BTreeMap<String, (Place, String, Level, usize)>,
}

impl Eye<'_> {
    fn say(
        &mut self,
        severity: Severity,
        place: Place,
        object: String,
        message: String,
        fix: String,
    ) -> &mut Option<Mend> {
        self.told.add(Finding { id: ID, severity, place, object, message, fix, patch: None })
    }

    fn labels(&mut self, namespace: &Namespace) {
        let (_, malformed) = namespace.policies(self.rules.defaults);
        for Malformed { label, value, must } in &malformed {
            let told = Malformed { label, value: value.clone(), must };
            let message = format!("the server makes no namespace with such a label: {told}");
            let place = match *label == super::level::ENFORCE {
                true => namespace.enforced_at.clone(),
                false => namespace.place.clone(),
            };
            let object = format!("Namespace {}", namespace.name);
            self.say(Severity::Error, place, object, message, format!("mend the value of {label}: it {must}"));
        }
    }

    fn no_text(&mut self, namespace: &Namespace) {
        for label in &namespace.no_text {
            let message = format!("the server makes no namespace whose label {label} is no text");
            let object = format!("Namespace {}", namespace.name);
            self.say(Severity::Error, namespace.place.clone(), object, message, "put its value in quotes".to_owned());
        }
    }

    fn torn(&mut self, first: &Namespace, second: &Namespace) {
        let message = format!(
            "its Pod Security labels are others at {}:{}: which of them will hold is left to chance",
            second.place.file, second.place.spot.line
        );
        let fix = "give both places the same labels, or leave them to one".to_owned();
        self.say(Severity::Error, first.place.clone(), format!("Namespace {}", first.name), message, fix);
    }

    fn object(&mut self, object: &Arc<Object>) {
        let Some((root, makes)) = template(object) else { return };
        let name = object.namespace().unwrap_or("default");
        let (policies, whole, label) = match self.known.labels(name) {
            Labels::Of(namespace) => {
                let (policies, malformed) = namespace.policies(self.rules.defaults);
                (policies, malformed.is_empty() && namespace.no_text.is_empty(), Some(&namespace.enforced_at))
            }
            Labels::Bare => (self.rules.defaults, true, None),
            Labels::Unknown if self.rules.asked.is_some() => (self.rules.defaults, true, None),
            Labels::Unknown => return self.unknown(object, root, name),
        };
        // What is wrong there is told at the namespace; which of its levels pods would meet is not known before.
        if !whole || self.known.is_torn(name) {
            return;
        }
        let is_pod = object.kind() == "Pod";
        let written = if is_pod { Seen::Pod } else { Seen::Template };
        let refused = makes && !self.spared(object, root, maker(object.kind())) && {
            let label = label.filter(|_| policies.enforce.level != self.rules.defaults.enforce.level);
            self.enforced(object, root, policies.enforce, label)
        };
        if self.spared(object, root, None) {
            return;
        }
        let mut told = if refused { vec![policies.enforce] } else { Vec::new() };
        if makes && !refused && !self.spared(object, root, maker(object.kind())) {
            told.extend(self.asked(object, root));
        }
        for (mode, severity) in [(Mode::Warn, Severity::Note), (Mode::Audit, Severity::Note)] {
            let policy = policies.of(mode);
            // A pod that is refused is not warned of; of the same level nothing is told twice.
            let again = told.iter().any(|other| policy.same(*other)) || (refused && is_pod && mode == Mode::Warn);
            let Some(pod) = Pod::of(root, written).filter(|_| !again) else { continue };
            let broken = evaluate(&pod, policy, self.rules.newest);
            if let Some(first) = broken.first() {
                told.push(policy);
                let sentence = warning(policy, &broken);
                let message = match mode {
                    Mode::Warn => format!("is let in with a warning: {sentence}"),
                    Mode::Audit | Mode::Enforce => format!("is let in with a line in the audit log: {sentence}"),
                };
                let (fix, mend) = self.fix(object, &pod, policy, None);
                *self.say(severity, object.place_at(first.at), object.id.to_string(), message, fix) = mend;
            }
        }
    }

    /// Whether the configuration of the plugin says not to look. `maker` makes the pods; without one it is whoever applies.
    fn spared(&self, object: &Object, root: &Node, maker: Option<&str>) -> bool {
        let user = maker.or(self.rules.user.as_deref());
        let class = root.text_at(&["spec", "runtimeClassName"]);
        self.rules.exemptions.of(user, object.namespace().unwrap_or("default"), class).is_some()
    }

    /// Whether pods are refused.
    fn enforced(&mut self, object: &Arc<Object>, root: &Node, policy: Policy, label: Option<&Place>) -> bool {
        let Some(pod) = Pod::of(root, Seen::Pod) else { return false };
        let broken = evaluate(&pod, policy, self.rules.newest);
        let Some(first) = broken.first() else { return false };
        let none = object.root.walk(&["spec", "replicas"]).and_then(Node::whole) == Some(0);
        let (severity, told) = match (object.kind() == "Pod", none) {
            (true, _) => (Severity::Error, "is refused"),
            (false, false) => (Severity::Error, "its pods are refused"),
            (false, true) => (Severity::Warning, "its pods are refused once it has replicas"),
        };
        let message = format!("{told}: {}", refusal(policy, &broken));
        let (fix, mend) = self.fix(object, &pod, policy, label);
        *self.say(severity, object.place_at(first.at), object.id.to_string(), message, fix) = mend;
        true
    }

    /// Whether pods would be refused if their namespace had the level that somebody asks about.
    fn asked(&mut self, object: &Arc<Object>, root: &Node) -> Option<Policy> {
        let policy = self.rules.asked?;
        let pod = Pod::of(root, Seen::Pod)?;
        let broken = evaluate(&pod, policy, self.rules.newest);
        let first = broken.first()?;
        let message = format!("would be refused with the level asked about: {}", refusal(policy, &broken));
        let (fix, mend) = self.fix(object, &pod, policy, None);
        *self.say(Severity::Warning, object.place_at(first.at), object.id.to_string(), message, fix) = mend;
        Some(policy)
    }

    /// What to do, and the change that does it.
    fn fix(
        &self,
        object: &Arc<Object>,
        pod: &Pod<'_>,
        policy: Policy,
        label: Option<&Place>,
    ) -> (String, Option<Mend>) {
        let newest = self.rules.newest;
        let remedy = remedy(pod, policy, newest);
        let told = |violation: &Violation| format!("{} ({})", violation.reason, violation.detail);
        let at = label.map_or(String::new(), |place| format!(" ({}:{})", place.file, place.spot.line));
        if let Some(level) = remedy.level_needed(pod, policy, newest) {
            let left: Vec<String> = remedy.stubborn.iter().map(told).collect();
            let left = left.join(", ");
            let what = "Do without it, or give the namespace level";
            return (format!("no security context takes this away: {left}. {what} {level}{at}"), None);
        }
        let Some(edit) = edit(object, policy, newest) else {
            return ("set in the pod template what the message asks for".to_owned(), None);
        };
        let sets: Vec<String> = edit.sets.iter().map(|set| format!("{}: {}", set.way, set.value)).collect();
        let blank = match remedy.blank.is_empty() {
            true => String::new(),
            false => format!(
                "; which user the image wants is not known ({}): where it is root or a name, give runAsUser a number too",
                remedy.blank.join(", ")
            ),
        };
        let told = format!("set {}{blank}", sets.join(", "));
        let name = format!("{ID}-{}", object.name());
        (told, Some(Mend::new(object, edit.sets, &name).noting(edit.notes)))
    }

    /// An object in a namespace of which nobody says the labels.
    fn unknown(&mut self, object: &Object, root: &Node, namespace: &str) {
        let Some(pod) = Pod::of(root, Seen::Pod).filter(|_| !self.spared(object, root, maker(object.kind()))) else {
            return;
        };
        let broken = |level| !evaluate(&pod, Policy::new(level, Version::Latest), self.rules.newest).is_empty();
        let Some(level) = [Level::Baseline, Level::Restricted].into_iter().find(|level| broken(*level)) else { return };
        let first = || (object.place(), object.id.to_string(), level, 0);
        let entry = self.dark.entry(namespace.to_owned()).or_insert_with(first);
        entry.2 = entry.2.min(level);
        entry.3 += 1;
    }

    fn dark(&mut self) {
        for (namespace, (place, object, level, count)) in std::mem::take(&mut self.dark) {
            let others = if count > 1 { format!("; {count} objects in it break some level") } else { String::new() };
            self.told.unknowns.push(Unknown {
                id: ID,
                place,
                object,
                message: format!("would be refused by a namespace that enforces {level} or more{others}"),
                missing: format!("the labels of namespace {namespace}, which no file makes"),
            });
        }
    }
}
