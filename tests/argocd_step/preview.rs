//! What is known of Applications when a plan is read: without a cluster, a process or a network.

use crate::drills::{Home, PLAN};
use crate::lab::{STEPS, app, write};
use serde_json::Value;

fn plan(home: &Home) -> Value {
    let run = home.does(&["plan", PLAN, "--mode", "drill", "--output", "json"]).code(0);
    serde_json::from_str(&run.out).unwrap()
}

fn step<'p>(plan: &'p Value, id: &str) -> &'p Value {
    plan["steps"].as_array().unwrap().iter().find(|step| step["id"] == id).unwrap()
}

#[test]
fn a_plan_knows_every_application_that_comes_of_the_root() {
    let Some(home) = Home::new("Applications of a plan") else { return };
    write(&home, STEPS);
    let shown = plan(&home);
    let summary = step(&shown, "argocd")["summary"].as_str().unwrap().to_owned();
    // root, web, nested and what it makes, and the two of the set; the controller and what each of four brings.
    assert_eq!(summary, "apply Argo CD and 1 root, wait for 6 Applications with 5 workloads");
    let needs = step(&shown, "workloads")["needs"].to_string();
    assert!(needs.contains("argocd"), "{needs}");
}

#[test]
fn what_a_program_would_have_to_make_is_told_as_not_known() {
    let Some(home) = Home::new("unknown sources") else { return };
    write(&home, STEPS);
    home.lab.write("gitops/web/kustomization.yaml", "resources: [web.yaml]\n");
    let chart = app("chart", "x", "").replace("path: x", "chart: redis").replace("/me/lab.git", "/charts");
    home.lab.write("gitops/apps/chart.yaml", &chart);
    let shown = plan(&home);
    let summary = step(&shown, "argocd")["summary"].as_str().unwrap().to_owned();
    assert!(summary.ends_with("; 2 of their sources are not known from files alone"), "{summary}");
    let unknowns = shown["unknowns"].to_string();
    for words in ["put together by kustomize or helm", "chart redis main from https://git.example.org/charts"] {
        assert!(unknowns.contains(words), "{words}: {unknowns}");
    }
}

#[test]
fn without_an_api_server_somebody_has_to_write_the_project() {
    let Some(home) = Home::new("a missing project") else { return };
    write(&home, STEPS);
    let found = |home: &Home| {
        let findings = plan(home)["findings"].clone();
        findings.as_array().unwrap().iter().find(|one| one["id"] == "F100").cloned()
    };
    assert_eq!(found(&home), None);
    home.edit("gitops/argocd/core.yaml", |text| text.replace("{name: default}", "{name: other}"));
    let finding = found(&home).unwrap();
    assert_eq!((&finding["severity"], &finding["line"]), (&"error".into(), &5.into()), "{finding}");
    assert!(finding["file"].as_str().unwrap().ends_with("gitops/root.yaml"), "{finding}");
    home.edit("gitops/argocd/core.yaml", |text| text.to_owned() + "---\n" + &crate::lab::deployment("argocd-server"));
    assert_eq!(found(&home), None);
}

#[test]
fn a_root_without_an_application_brings_nothing_and_is_an_error() {
    let Some(home) = Home::new("an empty root") else { return };
    write(&home, STEPS);
    home.lab.write("gitops/root.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: root}\n");
    let findings = plan(&home)["findings"].to_string();
    assert!(findings.contains("holds no Application and no ApplicationSet"), "{findings}");
}

#[test]
fn the_secrets_of_its_namespace_come_before_argo_cd() {
    let Some(home) = Home::new("credentials first") else { return };
    // The store of the example has Secrets in other namespaces only; one of these is Argo CD's here.
    let steps = "  - {id: namespaces, kind: manifests, path: kubernetes/cluster/namespaces.yaml}
  - {id: sealed-secrets, kind: sealing, path: kubernetes/sealed-secrets}
  - {id: secrets, kind: secrets}
  - {id: argocd, kind: argocd, path: ../gitops/argocd, root: ../gitops/root.yaml, namespace: networking}
";
    write(&home, steps);
    let shown = plan(&home);
    let needs = step(&shown, "argocd")["needs"].as_array().unwrap().clone();
    let of_secrets = needs.iter().find(|need| need["step"] == "secrets").unwrap_or_else(|| panic!("{needs:?}"));
    assert!(of_secrets["because"].as_str().unwrap().contains("with its first Application"), "{of_secrets}");
}
