//! A hand that makes, reads and removes objects of the real cluster, many at once.

use futures_util::future::join_all;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::core::Request;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// What the server takes longest over is the way to it.
const AT_ONCE: usize = 16;

pub struct Hand(kube::Client);

impl Hand {
    pub async fn at(kubeconfig: &Path) -> Self {
        let file = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
        let config = kube::Config::from_custom_kubeconfig(file, &Default::default()).await.unwrap();
        Self(kube::Client::try_from(config).unwrap())
    }

    /// Makes an object, and gives what the server says where it does not take it.
    pub async fn make(&self, body: &Value) -> Result<(), (u16, String)> {
        self.post(body, false).await
    }
    /// What would come of it.
    pub async fn would_make(&self, body: &Value) -> Result<(), (u16, String)> {
        self.post(body, true).await
    }
    async fn post(&self, body: &Value, dry_run: bool) -> Result<(), (u16, String)> {
        let how = PostParams { dry_run, ..PostParams::default() };
        let ask = Request::new(path(body)).create(&how, body.to_string().into_bytes()).unwrap();
        match self.0.request::<Value>(ask).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(said)) => Err((said.code, said.message)),
            Err(error) => panic!("{error}\n{body}"),
        }
    }
    pub async fn make_all(&self, bodies: &[Value]) -> Vec<Result<(), (u16, String)>> {
        let mut ends = Vec::new();
        for several in bodies.chunks(AT_ONCE) {
            ends.extend(join_all(several.iter().map(|body| self.make(body))).await);
        }
        ends
    }
    pub async fn would_make_all(&self, bodies: &[Value]) -> Vec<Result<(), (u16, String)>> {
        let mut ends = Vec::new();
        for several in bodies.chunks(AT_ONCE) {
            ends.extend(join_all(several.iter().map(|body| self.would_make(body))).await);
        }
        ends
    }
    /// What must be there for the others.
    pub async fn ground(&self, bodies: &[Value]) {
        for (body, end) in bodies.iter().zip(self.make_all(bodies).await) {
            assert!(end.is_ok(), "{end:?}\n{body}");
        }
    }
    /// A namespace that takes pods.
    pub async fn room(&self, name: &str) {
        let body = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.ground(&[body]).await;
        let accounts = format!("/api/v1/namespaces/{name}/serviceaccounts");
        self.until(30, async || !self.list(&accounts).await.is_empty()).await;
    }
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let ask = Request::new(path).list(&ListParams::default()).unwrap();
        let mut list: Value = self.0.request(ask).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        match list["items"].take() {
            Value::Array(items) => items,
            other => panic!("{path}: {other}"),
        }
    }
    /// Removes all at a path that carry this label, and waits until they are gone.
    pub async fn clear(&self, path: &str, label: &str) {
        let which = ListParams::default().labels(label);
        let ask = || Request::new(path).delete_collection(&DeleteParams::default().grace_period(0), &which).unwrap();
        self.0.request::<Value>(ask()).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        let left = async || {
            let ask = Request::new(path).list(&which).unwrap();
            let list: Value = self.0.request(ask).await.unwrap();
            list["items"].as_array().is_some_and(Vec::is_empty)
        };
        assert!(self.until(60, left).await, "{path}: they do not go");
    }
    /// Asks again until it is so, at most for so many seconds.
    pub async fn until(&self, seconds: u64, is_so: impl AsyncFn() -> bool) -> bool {
        let end = Instant::now() + Duration::from_secs(seconds);
        loop {
            if is_so().await {
                return true;
            }
            if Instant::now() > end {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

/// Where objects of a kind are made.
fn path(body: &Value) -> String {
    let (version, kind) = (body["apiVersion"].as_str().unwrap(), body["kind"].as_str().unwrap());
    let plural = match kind.to_lowercase() {
        name if name.ends_with("ss") => format!("{name}es"),
        name if name.ends_with('y') => format!("{}ies", name.trim_end_matches('y')),
        name => format!("{name}s"),
    };
    let base = if version == "v1" { "/api/v1".to_owned() } else { format!("/apis/{version}") };
    match body["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{base}/namespaces/{namespace}/{plural}"),
        None => format!("{base}/{plural}"),
    }
}
