//! `accept` in a plan: what is accepted is shown, reported and refuses nothing; what has ended does again.

use crate::common::Lab;

const STEPS: &str = "  - {id: say, kind: command, repeatable: true, run: [./not-there], verify: ['true']}\n";

fn lab(accept: &str) -> Lab {
    let lab = Lab::new(STEPS);
    lab.write("world/none", "");
    lab.write("plan.yaml", &format!("name: {}\n{accept}steps:\n{STEPS}", lab.name));
    lab
}

fn entry(until: &str) -> String {
    format!("accept:\n  - {{id: F81, object: Step say, reason: it is made on the day, until: {until}}}\n")
}

#[test]
fn what_is_accepted_is_shown_with_its_reason_and_counts_no_more() {
    let lab = lab(&entry("2999-01-01"));
    lab.run(&["check", "plan.yaml"]).code(0).says("0 warnings").says("1 accepted");
    lab.run(&["plan", "plan.yaml"]).code(0).says("accepted until 2999-01-01: F81 Step say (it is made on the day)");
    let json: serde_json::Value =
        serde_json::from_str(&lab.run(&["plan", "plan.yaml", "--output", "json"]).out).unwrap();
    assert_eq!((json["findings"].as_array().unwrap().len(), &json["accepted"][0]["id"]), (0, &"F81".into()));
    lab.recover().says("accepted until 2999-01-01: F81  Step say: ");
    let report = lab.run(&["report"]);
    report.says("accepted until 2999-01-01: F81  Step say: ");
}

#[test]
fn one_that_has_ended_or_is_about_nothing_is_told_at_its_line() {
    let ended = lab(&entry("2020-01-01"));
    ended.run(&["check", "plan.yaml"]).code(0).says("F98  plan.yaml:3").says("has ended on 2020-01-01").says("F81");
    let other = lab(&entry("2999-01-01").replace("Step say", "Step other"));
    other.run(&["check", "plan.yaml"]).code(0).says("no such finding is there any more").says("F81");
}

#[test]
fn an_error_that_is_accepted_refuses_no_more_until_the_day_comes() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: apps}\nspec:\n  containers: [{name: a, image: registry.example.org/a:1, envFrom: [{secretRef: {name: none}}]}]\n";
    for (until, code) in [("2999-01-01", 0), ("2020-01-01", 3)] {
        let accept = format!("accept: [{{id: F01, object: Pod apps/a, reason: it is a trial, until: {until}}}]\n");
        let lab = lab(&accept);
        lab.write("k/a.yaml", &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: apps}}\n---\n{pod}"));
        let steps = "cluster: {provider: sandbox}\nsteps:\n  - {id: k, kind: manifests, path: k}\n";
        lab.write("plan.yaml", &format!("name: {}\n{accept}{steps}", lab.name));
        lab.run(&["check", "plan.yaml"]).code(code);
        let refused = "an error was found before anything was begun";
        let told = lab.command(&["recover", "plan.yaml", "--confirm", "another"]).output().unwrap();
        let told = crate::common::Told::of(told).code(3);
        match code {
            0 => told.says("accepted until 2999-01-01: F01").never_says(refused),
            _ => told.says(refused),
        };
    }
}

#[test]
fn a_comment_in_the_plan_itself_is_heard_too() {
    let lab = lab("");
    let plan =
        lab.read("plan.yaml").replace("steps:\n", "steps:\n  # blackstart: accept F81 until 2999-01-01: as above\n");
    lab.write("plan.yaml", &plan);
    lab.run(&["check", "plan.yaml"]).code(0).says("0 warnings").says("1 accepted");
}
