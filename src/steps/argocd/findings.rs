//! What the files show to be wrong with an Argo CD before there is a cluster.

use super::ArgoCd;
use crate::manifests::brought::Brought;
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::{Finding, Place, Severity, Spot, Unknown};

const PROJECT: &str = "apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata.name: default, \
                       spec: {sourceRepos: ['*'], destinations: [{namespace: '*', server: '*'}], \
                       clusterResourceWhitelist: [{group: '*', kind: '*'}]}";

pub fn of(step: &ArgoCd) -> Vec<Finding> {
    let mut findings = Vec::new();
    if step.roots.is_empty() {
        findings.push(Finding {
            id: "F34",
            severity: Severity::Error,
            place: Place { file: step.shown.clone(), spot: Spot { line: 1, column: 1 } },
            object: step.shown.clone(),
            message: "holds no Application and no ApplicationSet: Argo CD would come up and bring nothing".to_owned(),
            fix: "write the root Application into it, or name the file that has it".to_owned(),
            patch: None,
        });
    }
    findings.extend(projectless(step));
    findings
}

/// The API server makes the project `default`; where there is none, nobody does.
fn projectless(step: &ArgoCd) -> Option<Finding> {
    let runs = |word: &str| step.own.objects.iter().any(|object| runs(object, word));
    let made = step.papers.of_kind("AppProject").any(|project| project.name() == "default");
    if made || runs("argocd-server") || !runs("argocd-application-controller") {
        return None;
    }
    let project = |object: &Object| object.root.text_at(&["spec", "project"]).unwrap_or("default").to_owned();
    let first = step.brought.applications.iter().map(|one| &one.object).find(|one| project(one) == "default")?;
    Some(Finding {
        id: "F100",
        severity: Severity::Error,
        place: first.place_of(&["spec", "project"]),
        object: first.id.to_string(),
        message: "is of project default, which nobody makes: this Argo CD has no API server, which would".to_owned(),
        fix: format!("write it into the manifests of Argo CD: {PROJECT}"),
        patch: None,
    })
}

/// Whether a container of it is started as this program.
fn runs(object: &Object, word: &str) -> bool {
    let Some(spec) = object.pod_template().and_then(|(template, _)| template.get("spec")) else { return false };
    let words = |container: &Node| {
        ["command", "args"]
            .iter()
            .flat_map(|list| each(container, list))
            .filter_map(Node::text)
            .any(|own| own == word || own.ends_with(&format!("/{word}")))
    };
    object.name() == word || each(spec, "containers").any(words)
}

/// What Applications bring and cannot be told from here.
pub fn unknowns(brought: &Brought) -> Vec<Unknown> {
    let one = |one: &crate::manifests::repository::Unread| Unknown {
        id: "F97",
        place: one.place.clone(),
        object: one.object.clone(),
        message: one.why.clone(),
        missing: one.missing.clone(),
    };
    brought.unread.iter().map(one).collect()
}
