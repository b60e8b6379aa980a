//! What is sealed comes after the key that it is sealed for, whoever defines the kind.

use super::file::PlanFile;
use crate::checks::sealed;
use crate::manifests::Papers;
use crate::manifests::facts::{Link, Links};
use crate::model::{Fact, Finding, Severity};
use crate::secrets::store::Held;
use crate::steps::fields::Fault;
use crate::steps::{sealing, secrets};

const SEALED: &str = "SealedSecret";

fn first(papers: &Papers) -> Option<&crate::manifests::Object> {
    papers
        .objects
        .iter()
        .map(|object| &**object)
        .find(|object| (object.id.group(), object.kind()) == ("bitnami.com", SEALED))
}

/// Adds what no manifest says: a controller opens what was sealed for a key that it had when it started.
pub fn join(file: &PlanFile, papers: &[Papers], links: &mut Links) {
    let givers = || file.steps.iter().enumerate().filter(|(_, step)| step.kind.name() == sealing::NAME);
    for (to, papers) in papers.iter().enumerate() {
        let Some(object) = first(papers) else { continue };
        for (from, giver) in givers().filter(|(from, _)| *from != to) {
            if links.edges.iter().any(|link| link.from == from && link.to == to && link.firm) {
                continue;
            }
            // What seals by itself needs the certificate; of what lies in files the controller takes its time.
            let firm = file.steps[to].kind.name() == secrets::NAME;
            links.edges.retain(|link| !(link.from == from && link.to == to));
            links.edges.push(Link {
                from,
                to,
                fact: Fact::of("sealing-key", giver.id.as_str()),
                because: format!("{} is opened with its key", object.id),
                at: object.place(),
                firm,
            });
        }
    }
    links.edges.sort_by_key(|link| link.to);
}

/// What the files carry that a key made anew would never open, and what they and the store both have.
pub fn findings(file: &PlanFile, papers: &[Papers], held: &[Held]) -> Vec<Finding> {
    let mut findings = sealed::twice(papers, held);
    if file.steps.iter().any(|step| step.kind.name() == sealing::NAME && !step.kind.wants_store()) {
        let message = "was sealed for a key of before, and `key: fresh` brings one that does not open it";
        let fix =
            "put the sealing key into the store: blackstart secrets import --from-cluster, as long as there is one";
        findings.extend(sealed::all(papers, held).map(|object| Finding {
            id: sealed::SHUT,
            severity: Severity::Error,
            place: object.place(),
            object: object.id.to_string(),
            message: message.to_owned(),
            fix: fix.to_owned(),
            patch: None,
        }));
    }
    findings
}

/// Steps that seal, in a plan where nothing would open it.
pub fn lacking(file: &PlanFile) -> Vec<Fault> {
    let has = file.steps.iter().any(|step| step.kind.name() == sealing::NAME);
    let seals = file.steps.iter().filter(|step| {
        !has && step.kind.name() == secrets::NAME && step.kind.papers().is_some_and(|papers| first(papers).is_some())
    });
    let advice = "no step of kind sealing brings a key and a controller: add one, or write seal: false";
    seals.map(|step| Fault { at: step.at, text: format!("step {} seals its secrets, and {advice}", step.id) }).collect()
}
