//! What is asked about the server: a stricter level, another version, the configuration of its plugin.

use crate::desk::{Desk, STRICT, lax};

const BARE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n";

#[test]
fn a_level_that_is_asked_about_is_held_against_every_pod() {
    let desk = Desk::new();
    desk.write("a.yaml", &format!("{BARE}---\n{}", lax("one")));
    assert_eq!(desk.found(&["."]), [""; 0]);
    assert_eq!(desk.found(&[".", "--pod-security", "baseline"]), [""; 0]);
    assert_eq!(desk.found(&[".", "--pod-security", "restricted"]), ["F03 warning a.yaml:16"]);
    let told = desk.run(&["check", ".", "--pod-security", "restricted:v1.24"]).code(0);
    told.says("would be refused with the level asked about: violates PodSecurity \"restricted:v1.24\"");
    // What is refused anyway is told once; a namespace of which nobody knows the labels is asked about too.
    desk.write("a.yaml", &format!("{STRICT}---\n{}", lax("one")));
    assert_eq!(desk.found(&[".", "--pod-security", "restricted"]), ["F03 error a.yaml:19"]);
    desk.write("a.yaml", &lax("one"));
    assert!(desk.found(&[".", "--pod-security", "restricted"]).contains(&"F03 warning a.yaml:12".to_owned()));
    desk.run(&["check", ".", "--pod-security", "strict"]).code(2).says("privileged, baseline or restricted");
    desk.run(&["check", ".", "--pod-security", "baseline:1"]).code(2).says("latest, or like v1.31");
}

#[test]
fn what_a_named_version_still_serves_is_not_told() {
    let desk = Desk::new();
    let budget = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a, namespace: apps}\n";
    desk.write("a.yaml", &format!("{BARE}---\n{budget}"));
    desk.run(&["check", "."]).code(3).says("Kubernetes 1.34 has no PodDisruptionBudget in policy/v1beta1");
    let told = desk.run(&["check", ".", "--cluster-version", "v1.29"]).code(3);
    told.says("Kubernetes 1.29 has no PodDisruptionBudget in policy/v1beta1");
    assert_eq!(desk.found(&[".", "--cluster-version", "v1.24.3+k3s1"]), [""; 0]);
    desk.run(&["check", ".", "--cluster-version", "new"]).code(2).says("write it as v1.31");
}

#[test]
fn an_edition_that_the_named_version_does_not_have_yet_is_its_newest() {
    let desk = Desk::new();
    let sysctl = "    spec:\n      securityContext: {sysctls: [{name: net.ipv4.tcp_rmem, value: \"1\"}]}\n";
    let text = lax("one").replace("    spec:\n", sysctl);
    desk.write("a.yaml", &format!("{}---\n{text}", STRICT.replace("restricted", "baseline")));
    assert_eq!(desk.found(&["."]), [""; 0]);
    assert_eq!(desk.found(&[".", "--cluster-version", "v1.31"]), ["F03 error a.yaml:18"]);
}

#[test]
fn the_configuration_of_the_plugin_is_read_where_there_is_one() {
    let desk = Desk::new();
    desk.write("a.yaml", &format!("{BARE}---\n{}", lax("one")));
    let config = |exempt: &str| {
        format!(
            "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n  - name: PodSecurity\n    configuration:\n      apiVersion: pod-security.admission.config.k8s.io/v1\n      kind: PodSecurityConfiguration\n      defaults: {{enforce: restricted, enforce-version: latest}}\n      exemptions: {{namespaces: [{exempt}]}}\n"
        )
    };
    desk.write("admission.yaml", &config("kube-system"));
    assert_eq!(desk.found(&["."]), ["F03 error a.yaml:16"]);
    assert!(desk.json(&["."])["unknowns"].as_array().unwrap().is_empty(), "it needs no name");
    desk.write("admission.yaml", &config("apps"));
    assert_eq!(desk.found(&["."]), [""; 0]);
    // Which of two a server is started with is not known.
    desk.write("admission.yaml", &config("kube-system")).write("other.yaml", &config("kube-system"));
    assert_eq!(desk.found(&["."]), [""; 0]);
}

#[test]
fn the_command_that_writes_patches_asks_what_was_asked() {
    let desk = Desk::new();
    desk.write("a.yaml", &format!("{BARE}---\n{}", lax("one")));
    desk.write("my base.json", "{\"schema\": \"blackstart.baseline/1\", \"findings\": []}");
    let words = ["check", ".", "--pod-security", "restricted", "--cluster-version", "v1.31.2"];
    let next = "next   blackstart check . --pod-security restricted:latest --cluster-version v1.31";
    desk.run(&words).code(0).says(&format!("{next} --fix DIR"));
    let told = desk.run(&[&words[..], &["--baseline", "my base.json"]].concat()).code(0);
    told.says(&format!("{next} --baseline 'my base.json' --fix DIR"));
}
