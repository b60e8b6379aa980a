//! What only a cluster has is brought into the store, once, and nothing else is.

use crate::fake_api::{Fake, Reply};
use crate::lab::Lab;
use serde_json::{Value, json};

fn listed() -> Value {
    let one = |namespace: &str, name: &str, sort: &str, more: Value| {
        let mut about = json!({"name": name, "namespace": namespace});
        about.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"metadata": about, "type": sort, "data": {"k": "Y2FuYXJ5LTk5", "bin": "AAEC"}})
    };
    let label = |state: &str| json!({"labels": {"sealedsecrets.bitnami.com/sealed-secrets-key": state}});
    let items = [
        one(
            "apps",
            "mine",
            "Opaque",
            json!({"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "canary-99"}}),
        ),
        one("apps", "db", "Opaque", json!({})),
        one("apps", "in-plan", "Opaque", json!({})),
        one("apps", "owned", "Opaque", json!({"ownerReferences": [{"kind": "SealedSecret", "name": "owned"}]})),
        one("apps", "sh.helm.release.v1.a.v1", "helm.sh/release.v1", json!({})),
        one("kube-system", "key-a", "kubernetes.io/tls", label("active")),
        one("kube-system", "key-b", "kubernetes.io/tls", label("compromised")),
        one("kube-system", "token", "kubernetes.io/service-account-token", json!({})),
    ];
    json!({"kind": "SecretList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items})
}

#[test]
fn what_only_the_cluster_has_is_brought_once() {
    let lab = Lab::filled();
    let plain = "apiVersion: v1\nkind: Secret\nmetadata: {name: in-plan, namespace: apps}\n";
    lab.write(
        "kubernetes/all.yaml",
        &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: apps}}\n---\n{plain}"),
    );
    let plan = "name: lab\ncluster: {provider: sandbox}\nsteps:\n  - {id: a, kind: manifests, path: ../kubernetes}\n";
    lab.write("plans/lab.yaml", plan);
    let import = || {
        let fake = Fake::new(vec![("GET", "/api/v1/secrets*", Reply::Json(200, listed()))]);
        let kubeconfig = fake.kubeconfig();
        let told = lab.run(&["import", "--from-cluster", "--kubeconfig", kubeconfig.to_str().unwrap()]);
        fake.done();
        told.never_says("canary").never_says("Y2FuYXJ5")
    };
    let told = import().code(0).says("3 Secrets brought, 5 left").says("apps/owned: made from SealedSecret owned");
    let told = told.says("apps/db: secrets/apps-db.yaml.age has it, with other values than the cluster");
    told.says("kubernetes/all.yaml:5:1 has it").says("kube-system/key-b   2 keys, sealing key");
    let text = lab.open("apps/mine");
    assert!(
        text.contains("k: \"canary-99\"") && text.contains("bin: AAEC") && !text.contains("last-applied"),
        "{text}"
    );
    let keys = &lab.list()["files"][3];
    assert_eq!(keys["file"], "secrets/sealing-keys.yaml.age");
    assert_eq!(
        (&keys["secrets"][0]["sealing_key"], &keys["secrets"][1]["sealing_key"]),
        (&json!("active"), &json!("compromised"))
    );
    let before = lab.files();
    import()
        .code(0)
        .says("0 Secrets brought, 8 left")
        .says("apps/mine: secrets/imported-apps.yaml.age has it, with the same values");
    assert!(lab.files() == before);
    lab.run(&["import", "--kubeconfig", "x"]).code(2);
    lab.run(&["import", "--from-cluster", "--kubeconfig", "none"]).code(1);
}
