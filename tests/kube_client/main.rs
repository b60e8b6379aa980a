//! The client against a scripted fake of an API server: busy, away, cut off, slow, refusing, and what comes of each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/fake_api.rs"]
mod fake_api;

mod asking;
mod watching;
mod ways;

use blackstart::model::ObjectId;
use blackstart::sys::Look;
use blackstart::sys::kube::{Change, Kube};
use blackstart::sys::pace::{Brake, Halt, Pace};
use fake_api::Fake;
use serde_json::{Value, json};
use std::future::Future;
use std::time::Duration;

const ONE: &str = "/api/v1/namespaces/a/configmaps/one";
const PATCH: &str = "/api/v1/namespaces/a/configmaps/one?fieldManager=blackstart&fieldValidation=Strict*";
const LIST: &str = "/api/v1/namespaces/a/configmaps?limit=500*";
const WATCH: &str = "/api/v1/namespaces/a/configmaps?watch=true*";

fn run<T>(work: impl Future<Output = T>) -> T {
    let limited = async { tokio::time::timeout(Duration::from_secs(40), work).await.expect("the test hangs") };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(limited)
}

async fn to(fake: &Fake) -> Kube {
    Kube::connect(Look::new(), &fake.kubeconfig()).await.unwrap()
}

/// The brake that nobody pulls must not be let go of: that is as if it were pulled.
fn pace(seconds: f64) -> Pace {
    Box::leak(Box::new(Brake::default())).pace(Duration::from_secs_f64(seconds), Halt::Now)
}

fn one() -> ObjectId {
    ObjectId::new("v1", "ConfigMap", Some("a"), "one")
}

fn map(name: &str, version: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "a", "uid": format!("uid-{name}"), "resourceVersion": version}})
}

fn list(version: &str, items: &[Value]) -> Value {
    json!({"kind": "ConfigMapList", "metadata": {"resourceVersion": version}, "items": items})
}

fn event(what: &str, object: &Value) -> Value {
    json!({"type": what, "object": object})
}

fn names(changes: &[Change]) -> Vec<String> {
    let name = |change: &Change| match change {
        Change::Is(object) => {
            let about = &object["metadata"];
            format!("{} is {}", about["name"].as_str().unwrap(), about["resourceVersion"].as_str().unwrap())
        }
        Change::Gone(id) => format!("{} is gone", id.name),
        Change::Synced => "synced".to_owned(),
        Change::Lost { .. } => "lost".to_owned(),
    };
    changes.iter().map(name).collect()
}
