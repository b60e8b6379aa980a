//! What objects give and need: the edges between steps, and each finding turned red by its own fault and by nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod order;
mod unmet;

use blackstart::checks::references::check;
use blackstart::manifests::facts::links;
use blackstart::manifests::{Papers, facts, read_all};
use blackstart::model::{Finding, Severity};
use blackstart::sys::Look;
use std::fs;
use tempfile::TempDir;

/// The papers of steps, each written as one file `0.yaml`, `1.yaml`, …
fn papers(steps: &[&str]) -> Vec<Papers> {
    let folder = TempDir::new().unwrap();
    let wanted: Vec<Vec<String>> = (0..steps.len()).map(|at| vec![format!("{at}.yaml")]).collect();
    for (name, text) in wanted.iter().zip(steps) {
        fs::write(folder.path().join(&name[0]), text).unwrap();
    }
    read_all(Look::new(), folder.path(), "", &wanted).unwrap_or_else(|wrongs| panic!("{wrongs:#?}"))
}

/// `from → to: reason (place)`, with a `~` where the order is not firm.
fn edges(steps: &[&str]) -> Vec<String> {
    let links = links(&papers(steps));
    let told = |link: &facts::Link| {
        let arrow = if link.firm { "→" } else { "~" };
        format!("{} {arrow} {}: {} ({}) [{}]", link.from, link.to, link.because, link.at, link.fact)
    };
    links.edges.iter().map(told).collect()
}

fn findings(steps: &[&str]) -> Vec<Finding> {
    let papers = papers(steps);
    let named: Vec<(&str, &Papers)> = papers.iter().map(|papers| ("step", papers)).collect();
    check(&named, &|_| false)
}

fn told(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let Finding { id, place, object, message, .. } = finding;
    format!("{id} {severity} {place} {object}: {message}")
}

const APPS: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n";

/// A Deployment whose pods refer to everything that pods can refer to.
const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  template:
    spec:
      serviceAccountName: web
      priorityClassName: high
      runtimeClassName: gvisor
      imagePullSecrets: [{name: registry}]
      initContainers:
        - name: init
          envFrom: [{secretRef: {name: init}}]
      containers:
        - volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}, {name: c, mountPath: /c}, {name: d, mountPath: /d}]
          env:
            - name: A
              valueFrom: {secretKeyRef: {name: db, key: password}}
            - name: B
              valueFrom: {configMapKeyRef: {name: settings, key: b, optional: true}}
          envFrom: [{configMapRef: {name: all}}]
      volumes:
        - {name: a, secret: {secretName: files, items: [{key: k, path: p}]}}
        - {name: b, configMap: {name: conf}}
        - {name: c, projected: {sources: [{secret: {name: inside}}, {configMap: {name: inside}}]}}
        - {name: d, persistentVolumeClaim: {claimName: data}}
";
