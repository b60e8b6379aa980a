//! In a sandbox: what Argo CD would bring is there, and that it was not Argo CD that brought it is said.

use crate::drills::Home;
use crate::lab::{STEPS, deployment, write};

#[test]
fn a_drill_brings_what_argo_cd_would_and_says_that_it_was_not_exercised() {
    let Some(home) = Home::new("a drill of Applications") else { return };
    write(&home, STEPS);
    let run = home.drill(&[]).is_green();
    let verified = run.events("step.verified");
    let saw = verified.iter().find(|event| event["step"] == "argocd").unwrap().to_string();
    assert!(
        saw.contains("6 Applications rendered and applied here, 5 workloads ready; Argo CD not exercised"),
        "{saw}"
    );
    let not = run.finished()["not_exercised"].to_string();
    assert!(not.contains("Argo CD not exercised: 6 Applications rendered from the work tree"), "{not}");
}

#[test]
fn a_child_that_the_api_server_refuses_is_told_with_its_file() {
    let Some(home) = Home::new("a broken child") else { return };
    write(&home, STEPS);
    home.lab.write(
        "gitops/inner/inner.yaml",
        &deployment("inner").replace("spec:\n  selector", "spec:\n  replicas: many\n  selector"),
    );
    let run = home.drill(&[]).code(1);
    let why = run.failure("argocd");
    assert!(why.contains("gitops/inner/inner.yaml") && why.contains("Deployment inner/inner"), "{why}");
}
