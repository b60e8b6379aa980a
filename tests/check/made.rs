//! What no file holds and a controller makes is told to who asks, and which cluster is meant is not guessed.

use crate::desk::Desk;

const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default}
spec:
  containers:
  - name: web
    image: registry.example.org/web:1
    resources: {requests: {cpu: 10m, memory: 16Mi}}
    envFrom: [{secretRef: {name: web-tls}}]
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: web-tls, namespace: default}
spec: {encryptedData: {}}
";

#[test]
fn what_a_controller_makes_is_listed_for_who_asks() {
    let desk = Desk::new();
    desk.write("a.yaml", POD);
    let made = desk.json(&["."])["made"].clone();
    assert_eq!(made[0]["what"], "Secret default/web-tls", "{made}");
    assert_eq!((&made[0]["by"], &made[0]["by_line"]), (&"SealedSecret default/web-tls".into(), &11.into()));
    let told = desk.run(&["check", ".", "-v"]);
    told.says("  Secret default/web-tls  made by SealedSecret default/web-tls (a.yaml:11)");
    desk.run(&["check", "."]).never_says("made by");
}

#[test]
fn of_two_clusters_none_is_taken_for_the_one_that_is_meant() {
    let desk = Desk::new();
    let pod = POD.replace("spec:\n  containers", "spec:\n  nodeSelector: {disk: ssd}\n  containers");
    let k3d =
        |name: &str| format!("apiVersion: k3d.io/v1alpha5\nkind: Simple\nmetadata: {{name: {name}}}\nservers: 1\n");
    desk.write("a.yaml", &pod).write("k3d.yaml", &k3d("home"));
    assert!(desk.found(&["."]).iter().any(|found| found.starts_with("F79 error")), "one is known");
    desk.write("tests/k3d.yaml", &k3d("trial"));
    assert!(!desk.found(&["."]).iter().any(|found| found.starts_with("F79")), "of two none is");
}
