//! Findings over files: what a namespace refuses, what it warns of, labels that the server does not take, and what is not known.

use crate::world::papers;
use blackstart::checks::pod_security::{Exemptions, Level, Namespace, Policies, Policy, Rules, Version, check};
use blackstart::checks::told::Told;
use blackstart::model::{Place, Severity, Spot};

fn found(text: &str, more: &[Namespace], rules: &Rules) -> Told {
    check(&[papers(text)], more, rules)
}

/// `severity place object: message`
fn told(text: &str) -> Vec<String> {
    said(&found(text, &[], &Rules::default()))
}

fn said(found: &Told) -> Vec<String> {
    let severity = |severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let finding = |finding: &blackstart::model::Finding| {
        assert_eq!(finding.id, "F03");
        format!("{} {} {}: {}", severity(finding.severity), finding.place.spot.line, finding.object, finding.message)
    };
    found.faults.iter().map(|fault| finding(&fault.finding)).collect()
}

fn namespace(labels: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: apps\n  labels:\n{labels}---\n")
}

fn label(name: &str, value: &str) -> String {
    format!("    pod-security.kubernetes.io/{name}: {value}\n")
}

const LAX: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: apps}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: x\n        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsNonRoot: true}\n";
const SENTENCE: &str = "seccompProfile (pod or container \"web\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")";

#[test]
fn what_a_namespace_enforces_is_an_error_at_the_object() {
    let text = namespace(&label("enforce", "restricted")) + LAX;
    let found = found(&text, &[], &Rules::default());
    assert_eq!(
        said(&found),
        [format!(
            "error 13 Deployment apps/web: its pods are refused: violates PodSecurity \"restricted:latest\": {SENTENCE}"
        )]
    );
    assert_eq!(
        found.faults[0].finding.fix,
        "set spec.template.spec.securityContext.seccompProfile.type: \"RuntimeDefault\""
    );
    let green =
        text.replace("    spec:\n", "    spec:\n      securityContext: {seccompProfile: {type: RuntimeDefault}}\n");
    assert!(told(&green).is_empty());
    assert!(told(&(namespace(&label("enforce", "baseline")) + LAX)).is_empty());
}

#[test]
fn what_a_namespace_warns_of_and_audits_is_a_note() {
    let said = told(&(namespace(&label("warn", "restricted")) + LAX));
    assert_eq!(
        said,
        [format!(
            "note 13 Deployment apps/web: is let in with a warning: would violate PodSecurity \"restricted:latest\": {SENTENCE}"
        )]
    );
    let said = told(
        &(namespace(
            &(label("enforce", "baseline") + &label("audit", "restricted") + &label("audit-version", "v1.24")),
        ) + LAX),
    );
    assert_eq!(
        said,
        [format!(
            "note 15 Deployment apps/web: is let in with a line in the audit log: would violate PodSecurity \"restricted:v1.24\": {SENTENCE}"
        )]
    );
    // The same is not told twice.
    let all = label("enforce", "restricted") + &label("audit", "restricted") + &label("warn", "restricted");
    assert_eq!(told(&(namespace(&all) + LAX)).len(), 1);
}

#[test]
fn a_label_that_the_server_does_not_take_is_an_error_of_the_namespace() {
    let said = told(&(namespace(&label("enforce", "strict")) + LAX));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("error 6 Namespace apps: the server makes no namespace with such a label: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of"), "{said:?}");
    assert!(told(&namespace(&label("enforce-version", "latest"))).is_empty());
    assert_eq!(told(&namespace(&label("enforce-version", "'1.24'"))).len(), 1);
    // Without quotes that is a number, which no label can be.
    let said = told(&(namespace(&label("enforce-version", "1.24")) + LAX));
    assert_eq!(
        said,
        [
            "error 4 Namespace apps: the server makes no namespace whose label pod-security.kubernetes.io/enforce-version is no text"
        ]
    );
}

#[test]
fn a_namespace_that_no_file_makes_is_not_guessed_at() {
    let found = found(LAX, &[], &Rules::default());
    assert!(found.faults.is_empty());
    assert_eq!(found.unknowns.len(), 1);
    assert_eq!(found.unknowns[0].missing, "the labels of namespace apps, which no file makes");
    // What passes every level is let in whatever they are.
    let good =
        LAX.replace("    spec:\n", "    spec:\n      securityContext: {seccompProfile: {type: RuntimeDefault}}\n");
    assert!(check(&[papers(&good)], &[], &Rules::default()).unknowns.is_empty());
    // Those that every cluster has are known to have no labels.
    let standing = check(&[papers(&LAX.replace("namespace: apps", "namespace: kube-system"))], &[], &Rules::default());
    assert!(standing.faults.is_empty() && standing.unknowns.is_empty());
}

#[test]
fn two_sources_that_give_a_namespace_other_labels_are_an_error() {
    let place = Place { file: "app.yaml".into(), spot: Spot { line: 7, column: 1 } };
    let other = |level: &str| Namespace {
        name: "apps".into(),
        labels: vec![("pod-security.kubernetes.io/enforce".into(), level.into())],
        no_text: Vec::new(),
        place: place.clone(),
        enforced_at: place.clone(),
    };
    let text = namespace(&label("enforce", "baseline")) + LAX;
    assert!(found(&text, &[other("baseline")], &Rules::default()).faults.is_empty());
    let said = said(&found(&text, &[other("restricted")], &Rules::default()));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("its Pod Security labels are others at app.yaml:7"), "{said:?}");
    // A namespace that a step makes is known as well as one of a file.
    assert_eq!(found(LAX, &[other("restricted")], &Rules::default()).faults.len(), 1);
}

#[test]
fn what_the_configuration_exempts_is_not_looked_at() {
    let text = namespace(&label("enforce", "restricted"))
        + &LAX.replace("    spec:\n", "    spec:\n      runtimeClassName: kata\n");
    let with = |exemptions: Exemptions| found(&text, &[], &Rules { exemptions, ..Rules::default() }).faults.len();
    let list = |name: &str| vec![name.to_owned()];
    assert_eq!(with(Exemptions::default()), 1);
    assert_eq!(with(Exemptions { namespaces: list("apps"), ..Default::default() }), 0);
    assert_eq!(with(Exemptions { runtime_classes: list("kata"), ..Default::default() }), 0);
    let maker = "system:serviceaccount:kube-system:replicaset-controller";
    // Who makes the pods is spared; who makes the Deployment is warned of them all the same.
    let rest = found(
        &text,
        &[],
        &Rules { exemptions: Exemptions { usernames: list(maker), ..Default::default() }, ..Rules::default() },
    );
    assert!(said(&rest).iter().all(|told| told.starts_with("note")) && rest.faults.len() == 1, "{rest:?}");
}

#[test]
fn the_defaults_of_the_server_hold_where_no_label_does() {
    let policy = Policy::new(Level::Restricted, Version::Minor(24));
    let rules = Rules { defaults: Policies { enforce: policy, ..Policies::default() }, ..Rules::default() };
    let bare = "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n---\n".to_owned() + LAX;
    let said = said(&found(&bare, &[], &rules));
    assert!(said.len() == 1 && said[0].contains("violates PodSecurity \"restricted:v1.24\""), "{said:?}");
    assert!(told(&bare).is_empty());
}

#[test]
fn every_kind_that_makes_pods_is_looked_at_and_each_by_its_own_rule() {
    let labelled = namespace(&label("enforce", "baseline"));
    let template = "{metadata: {labels: {a: b}}, spec: {hostPID: true, containers: [{name: a, image: x}]}}";
    let kinds = [
        ("apps/v1", "Deployment", format!("spec: {{template: {template}}}"), "error"),
        ("apps/v1", "ReplicaSet", format!("spec: {{template: {template}}}"), "error"),
        ("apps/v1", "StatefulSet", format!("spec: {{template: {template}}}"), "error"),
        ("apps/v1", "DaemonSet", format!("spec: {{template: {template}}}"), "error"),
        ("batch/v1", "Job", format!("spec: {{template: {template}}}"), "error"),
        ("batch/v1", "CronJob", format!("spec: {{jobTemplate: {{spec: {{template: {template}}}}}}}"), "error"),
        ("v1", "ReplicationController", format!("spec: {{template: {template}}}"), "error"),
        ("v1", "Pod", "spec: {hostPID: true, containers: [{name: a, image: x}]}".to_owned(), "error"),
        // These make no pods now, or never.
        ("apps/v1", "Deployment", format!("spec: {{replicas: 0, template: {template}}}"), "warning"),
        ("v1", "PodTemplate", format!("template: {template}"), "note"),
    ];
    for (version, kind, rest, severity) in kinds {
        let text =
            format!("{labelled}apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x, namespace: apps}}\n{rest}\n");
        let said = told(&text);
        assert_eq!(said.len(), 1, "{kind}: {said:?}");
        assert!(said[0].starts_with(severity), "{kind}: {said:?}");
        assert!(said[0].ends_with("\"baseline:latest\": host namespaces (hostPID=true)"), "{said:?}");
        assert!(told(&text.replace("hostPID: true, ", "")).is_empty(), "{kind}");
    }
}

#[test]
fn what_no_security_context_takes_away_is_told_with_the_level_and_its_label() {
    let text = namespace(&label("enforce", "restricted"))
        + &LAX.replace("    spec:\n", "    spec:\n      hostNetwork: true\n");
    let found = found(&text, &[], &Rules::default());
    assert_eq!(
        found.faults[0].finding.fix,
        "no security context takes this away: host namespaces (hostNetwork=true). Do without it, or give the namespace level privileged (set.yaml:6)"
    );
}
