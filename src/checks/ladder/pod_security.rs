//! F03: what the API server said when it refused a pod for its namespace's Pod Security level, read clause by clause.

use super::cause::{Cause, Sight};
use super::edit::{Edit, Set};
use super::scene::Scene;
use super::way::Way;
use crate::checks::live::Item;
use crate::checks::pod_security::remedy::{blank_note, passes, remedy, tree};
use crate::checks::pod_security::{DEFAULT_CAPABILITIES, Level, Pod, Policy, Remedy, Seen, Version};
use crate::model::ObjectId;
use serde_json::Value;

/// One thing that is not allowed: what, and on which containers or volumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    pub reason: String,
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub level: String,
    pub version: String,
    pub clauses: Vec<Clause>,
}

const FRAME: &str = "violates PodSecurity \"";

/// None when the text is no such refusal.
pub fn read(message: &str) -> Option<Refusal> {
    let rest = &message[message.find(FRAME)? + FRAME.len()..];
    let (policy, rest) = rest.split_once('"')?;
    let (level, version) = policy.split_once(':')?;
    let clauses = clauses(rest.strip_prefix(':').unwrap_or(rest));
    Some(Refusal { level: level.to_owned(), version: version.to_owned(), clauses })
}

/// `reason (detail), reason (detail)`; brackets and quotes may stand within a detail.
fn clauses(text: &str) -> Vec<Clause> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches([' ', ',']);
    while let Some(open) = rest.find(" (") {
        let reason = rest[..open].trim().to_owned();
        let inner = &rest[open + 2..];
        let (mut depth, mut quoted, mut end) = (1_u32, false, inner.len());
        for (at, c) in inner.char_indices() {
            match c {
                '"' => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                end = at;
                break;
            }
        }
        found.push(Clause { reason, detail: inner[..end].to_owned() });
        rest = inner.get(end + 1..).unwrap_or_default().trim_start_matches([' ', ',']);
    }
    // A reason without a detail, as some have it.
    if !rest.trim().is_empty() {
        found.push(Clause { reason: rest.trim().to_owned(), detail: String::new() });
    }
    found
}

/// Reasons that a security context in the template takes away.
const MENDABLE: &[&str] = &[
    "allowPrivilegeEscalation != false",
    "unrestricted capabilities",
    "runAsNonRoot != true",
    "runAsUser=0",
    "seccompProfile",
];
/// Reasons for which only the lowest level will do.
const PRIVILEGED: &[&str] =
    &["host namespaces", "hostPath volumes", "hostPort", "privileged", "hostProcess", "procMount"];

impl Refusal {
    fn policy(&self) -> Option<Policy> {
        Some(Policy::new(Level::parse(&self.level)?, Version::parse(&self.version)?))
    }
    fn reasons(&self) -> String {
        self.clauses.iter().map(|clause| clause.reason.as_str()).collect::<Vec<_>>().join(", ")
    }
    fn stubborn(&self) -> Vec<&Clause> {
        let added = |clause: &&Clause| clause.detail.contains("must not include");
        self.clauses.iter().filter(|clause| !MENDABLE.contains(&clause.reason.as_str()) || added(clause)).collect()
    }
    /// The level that the namespace would have to have for what no patch of the pod takes away.
    fn level_needed(&self) -> &'static str {
        let lowest = |clause: &&Clause| {
            PRIVILEGED.contains(&clause.reason.as_str())
                || clause.detail.contains("\"hostPath\"")
                || adds_more(&clause.detail)
        };
        match self.stubborn().iter().any(lowest) || self.level == "baseline" {
            true => "privileged",
            false => "baseline",
        }
    }
}

/// Capabilities that even `baseline` does not let one add.
fn adds_more(detail: &str) -> bool {
    let Some((_, names)) = detail.split_once("must not include ") else { return false };
    let names = names.split(" in ").next().unwrap_or_default();
    names.split('"').skip(1).step_by(2).any(|name| !DEFAULT_CAPABILITIES.contains(&name))
}

/// `maker` is the object that tried to make the pod.
pub fn cause<'a>(scene: &Scene<'a>, maker: &'a Item, namespace: &str, message: &str, whole: &str) -> Option<Sight> {
    let refusal = read(message)?;
    let origin = scene.origin(maker);
    let level = format!("{}:{}", refusal.level, refusal.version);
    let told = format!(
        "pods are refused: namespace {namespace} enforces Pod Security {level}, and they break it by {}",
        refusal.reasons()
    );
    let template = origin.template.unwrap_or_default();
    let stubborn = refusal.stubborn();
    let first = refusal.clauses.first().map_or("", |clause| clause.reason.as_str());
    let cause = |fix: String| {
        let cause = Cause::new("F03", &origin.item.id, told.clone(), fix);
        cause.field_in_pod(scene, maker, &field(first)).raw(whole)
    };
    let labelled = || {
        let id = ObjectId::new("v1", "Namespace", None, namespace);
        let place = scene.paper(&id).map(|paper| {
            let label = Way::to(&["metadata", "labels", "pod-security.kubernetes.io/enforce"]);
            format!(" ({})", label.place(paper))
        });
        place.unwrap_or_default()
    };
    if !stubborn.is_empty() {
        let what: Vec<String> =
            stubborn.iter().map(|clause| format!("{} ({})", clause.reason, clause.detail)).collect();
        let fix = format!(
            "no security context takes this away: {}. Do without it, or set pod-security.kubernetes.io/enforce of namespace \
             {namespace} to {}{}",
            what.join(", "),
            refusal.level_needed(),
            labelled(),
        );
        return Some(cause(fix).sight());
    }
    let (sets, blank) = mending(&refusal, Way::to(template).find(&origin.item.value));
    let mut edit = Edit::of(&origin.item.id);
    for set in sets {
        edit = edit.set(set.way.under(template), set.value);
    }
    let helps = refusal.policy().is_some_and(|policy| {
        !edit.sets.is_empty() && passes(template, &origin.item.value, &edit.sets, policy, STRICTEST)
    });
    if !helps {
        // The template as it is now would be let in, or cannot be read: nothing is offered that would not help.
        let asked: Vec<&str> = refusal.clauses.iter().map(|clause| clause.detail.as_str()).collect();
        let fix = format!("in the pod template of {}: {}", origin.item.id, asked.join("; "));
        return Some(cause(fix).sight());
    }
    let mut fix = "set what is missing in the pod template; the patch sets that and nothing else".to_owned();
    for image in &blank {
        edit = edit.note(blank_note(image));
    }
    if !blank.is_empty() {
        let images = blank.join(", ");
        fix.push_str(&format!(". It leaves runAsUser blank: which user the image wants is not known ({images})"));
    }
    Some(cause(fix).mended_by(scene, edit).sight())
}

/// What `latest` is to the server that refused is not known. Of what a security context mends, this edition asks for the
/// most: those before it ask for less, and those behind it let pods with users of their own do more.
const STRICTEST: u64 = 34;

/// What to set in a template, and the images whose user has to be known and is not.
fn mending(refusal: &Refusal, template: &Value) -> (Vec<Set>, Vec<String>) {
    let tree = tree(template);
    let pod = tree.as_ref().and_then(|tree| Pod::of(tree, Seen::Pod));
    match pod.zip(refusal.policy()) {
        Some((pod, policy)) => {
            let Remedy { sets, blank, stubborn: _ } = remedy(&pod, policy, STRICTEST);
            (sets, blank)
        }
        None => (Vec::new(), Vec::new()),
    }
}

/// Where people look for what is missing.
fn field(reason: &str) -> Way {
    match reason {
        "host namespaces" | "hostPath volumes" | "restricted volume types" => Way::to(&["spec"]),
        _ => Way::to(&["spec", "securityContext"]),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_clause_of_a_refusal_is_read() {
        let text = r#"Error creating: pods "w-x" is forbidden: violates PodSecurity "restricted:v1.31": host namespaces (hostNetwork=true), unrestricted capabilities (containers "a", "b" must set securityContext.capabilities.drop=["ALL"]; container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add), restricted volume types (volume "v" uses restricted volume type "hostPath"), seccompProfile (pod or containers "a", "b" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#;
        let refusal = read(text).unwrap();
        assert_eq!((refusal.level.as_str(), refusal.version.as_str()), ("restricted", "v1.31"));
        let reasons: Vec<&str> = refusal.clauses.iter().map(|clause| clause.reason.as_str()).collect();
        assert_eq!(
            reasons,
            ["host namespaces", "unrestricted capabilities", "restricted volume types", "seccompProfile"]
        );
        assert!(refusal.clauses[1].detail.ends_with("securityContext.capabilities.add"));
        assert_eq!(refusal.level_needed(), "privileged");
        assert!(read("pods \"x\" is forbidden: exceeded quota: q").is_none());
    }

    #[test]
    fn the_level_that_is_needed_is_the_least_that_will_do() {
        let needed = |clauses: &str| {
            read(&format!("violates PodSecurity \"restricted:latest\": {clauses}")).unwrap().level_needed()
        };
        assert_eq!(
            needed(
                r#"unrestricted capabilities (container "a" must not include "CHOWN" in securityContext.capabilities.add)"#
            ),
            "baseline"
        );
        assert_eq!(
            needed(
                r#"unrestricted capabilities (container "a" must not include "NET_ADMIN" in securityContext.capabilities.add)"#
            ),
            "privileged"
        );
        assert_eq!(needed(r#"restricted volume types (volume "v" uses restricted volume type "nfs")"#), "baseline");
    }
}
