//! Upstream's controller, as a process, over a real API server: it loads the key that we made, seals nothing anew, and opens
//! what we sealed.

use crate::sandbox::{Sandbox, not_run, own};
use crate::world::{World, run};
use crate::{judge, today};
use blackstart::model::ObjectId;
use blackstart::secrets::{Certificate, Document, Key, Scope, manifest, seal};
use blackstart::sys::base64;
use blackstart::sys::crypto;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const CRD: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: sealedsecrets.bitnami.com}
spec:
  group: bitnami.com
  scope: Namespaced
  names: {plural: sealedsecrets, singular: sealedsecret, kind: SealedSecret, listKind: SealedSecretList}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      subresources: {status: {}}
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: v1
kind: Namespace
metadata: {name: lab}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: controller, namespace: kube-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: controller}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: controller, namespace: kube-system}]
---
apiVersion: v1
kind: Secret
metadata: {name: controller-token, namespace: kube-system, annotations: {kubernetes.io/service-account.name: controller}}
type: kubernetes.io/service-account-token
"#;

/// Ended, and everything that it says at hand, when it goes.
struct Controller {
    child: Child,
    log: std::path::PathBuf,
}

impl Controller {
    /// In a mount namespace of its own, because it takes its token from one place only. None where that may not be made.
    fn start(program: &Path, sandbox: &Sandbox, token: &Value, folder: &Path) -> Option<Controller> {
        let place = folder.join("account");
        std::fs::create_dir(&place).unwrap();
        for (name, key) in [("token", "token"), ("ca.crt", "ca.crt")] {
            let bytes = base64::decode(token["data"][key].as_str().unwrap()).unwrap();
            std::fs::write(place.join(name), bytes.reveal()).unwrap();
        }
        let words = ["--user", "--map-root-user", "--mount"];
        if !Command::new("unshare").args(words).arg("true").status().is_ok_and(|status| status.success()) {
            return None;
        }
        let script = "mount -t tmpfs none /run && mkdir -p /run/secrets/kubernetes.io && \
                      cp -r \"$1\" /run/secrets/kubernetes.io/serviceaccount && exec \"$2\" --key-renew-period=0 \
                      --kubeclient-qps=100 --kubeclient-burst=200 --listen-addr=127.0.0.1:0 \
                      --listen-metrics-addr=127.0.0.1:0";
        let address = sandbox.about["server"].as_str().unwrap().trim_start_matches("https://");
        let (host, port) = address.rsplit_once(':').unwrap();
        let log = folder.join("log");
        let file = std::fs::File::create(&log).unwrap();
        let mut command = Command::new("unshare");
        command.args(words).args(["sh", "-c", script, "sh"]).arg(&place).arg(program).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("POD_NAMESPACE", "kube-system");
        command.env("KUBERNETES_SERVICE_HOST", host).env("KUBERNETES_SERVICE_PORT", port);
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        Some(Controller { child: command.spawn().unwrap(), log })
    }
    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn until<T>(what: &str, said: impl Fn() -> String, ask: impl AsyncFn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(40), "waited in vain for {what}: {}", said());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn id(kind: &str, namespace: &str, name: &str) -> ObjectId {
    let version = if kind == "SealedSecret" { "bitnami.com/v1alpha1" } else { "v1" };
    ObjectId::new(version, kind, Some(namespace), name)
}

/// One of each scope, with bytes that are no text, nothing, and a type of its own.
fn secrets() -> Vec<Document> {
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: plain, namespace: lab, labels: {app: web}}\n\
                data: {bytes: AP/+gA==, none: ''}\nstringData: {word: 'it is so', 'y': 'no'}\n---\n\
                apiVersion: v1\nkind: Secret\nmetadata: {name: wide, namespace: lab}\ntype: example.org/mine\n\
                immutable: true\nstringData: {a: b}\n---\n\
                apiVersion: v1\nkind: Secret\nmetadata: {name: everywhere, namespace: lab, annotations: {note: kept}}\n\
                stringData: {a: c}\n";
    let mut documents = crate::documents(text);
    for (document, scope) in documents.iter_mut().zip(Scope::ALL) {
        scope.mark(&mut document.annotations);
    }
    documents
}

#[test]
fn the_real_controller_opens_what_we_sealed_with_the_key_that_we_made() {
    const TEST: &str = "the_real_controller_opens_what_we_sealed_with_the_key_that_we_made";
    let Some(program) = judge::controller(TEST) else { return };
    let Some(sandbox) = own(TEST, &["--no-unseal"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    run(async {
        let world = World::at(&sandbox.kubeconfig).await;
        world.apply(CRD).await;
        let (_, made) = Key::generate("kube-system", "sealed-secrets-key-home", today()).unwrap();
        let text = manifest::yaml(&made);
        world.apply(std::str::from_utf8(text.reveal()).unwrap()).await;
        let token = id("Secret", "kube-system", "controller-token");
        let token = until("a token", String::new, async || {
            let token = world.get(&token).await;
            token["data"]["token"].is_string().then_some(token)
        });
        let token = token.await;
        let Some(controller) = Controller::start(&program, &sandbox, &token, folder.path()) else {
            return not_run(TEST, "this user may not make a mount namespace");
        };
        until(
            "the controller",
            || controller.said(),
            async || controller.said().contains("registered private key").then_some(()),
        )
        .await;
        let read = crypto::Certificate::from_pem(made.entries["tls.crt"].value.reveal()).unwrap();
        let certificate = Certificate::checked(read, today()).unwrap_or_else(|unfit| panic!("{unfit}"));
        for document in secrets() {
            world.other_applies("test", &seal(&document, &certificate).unwrap()).await;
        }
        for document in secrets() {
            let (namespace, name) = (document.id.namespace.as_deref().unwrap(), &*document.id.name);
            let sealed = id("SealedSecret", namespace, name);
            let sealed = until(
                name,
                || controller.said(),
                async || {
                    let sealed = world.get(&sealed).await;
                    (sealed["status"]["observedGeneration"] == sealed["metadata"]["generation"]).then_some(sealed)
                },
            );
            let sealed = sealed.await;
            assert_eq!(sealed["status"]["conditions"][0]["status"], "True", "{}", controller.said());
            let live = world.get(&document.id).await;
            let values: Value = document
                .entries
                .iter()
                .map(|(key, entry)| (key.clone(), json!(base64::encode(entry.value.reveal()))))
                .collect::<serde_json::Map<_, _>>()
                .into();
            assert_eq!(live["data"], values, "{name}");
            assert_eq!((&live["type"], live["immutable"] == json!(true)), (&json!(document.sort), document.immutable));
            assert_eq!(live["metadata"]["ownerReferences"][0]["uid"], sealed["metadata"]["uid"], "{name}");
            for (key, value) in &document.labels {
                assert_eq!(live["metadata"]["labels"][key], *value);
            }
        }
        // With renewal off it made no key beside ours.
        assert_eq!(controller.said().matches("registered private key").count(), 1, "{}", controller.said());
        assert!(!controller.said().contains("New key written"), "{}", controller.said());
        println!("sealing: the real controller opened {} of {}", secrets().len(), secrets().len());
    });
}
