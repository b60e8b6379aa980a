//! What tests against a real API server share: papers out of a text, a second hand that changes things under another name,
//! and time.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::manifests::{Papers, read_all};
use blackstart::model::ObjectId;
use blackstart::steps::apply::{self, Applied, Compared};
use blackstart::sys::kube::Kube;
use blackstart::sys::pace::{Brake, Halt, Pace};
use blackstart::sys::{Look, Touch};
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Resource};
use kube::discovery::ApiResource;
use serde_json::Value;
use std::cell::RefCell;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

pub fn run<T>(work: impl Future<Output = T>) -> T {
    let limited = async { tokio::time::timeout(Duration::from_secs(120), work).await.expect("the test hangs") };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(limited)
}

/// The brake that nobody pulls must not be let go of: that is as if it were pulled.
pub fn pace(seconds: u64) -> Pace {
    Box::leak(Box::new(Brake::default())).pace(Duration::from_secs(seconds), Halt::Now)
}

/// What a step would have read of a file with this text, named `set.yaml`.
pub fn papers(text: &str) -> Papers {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("set.yaml"), text).unwrap();
    let read = read_all(Look::new(), folder.path(), "", &[vec!["set.yaml".to_owned()]]);
    read.unwrap_or_else(|wrongs| panic!("{wrongs:?}")).remove(0)
}

/// One cluster, looked at by us and changed by others.
pub struct World {
    pub kube: Kube,
    pub touch: Touch,
    /// The hand of the others.
    client: kube::Client,
    /// What was told on the way.
    pub said: RefCell<Vec<String>>,
}

impl World {
    pub async fn at(kubeconfig: &Path) -> Self {
        let kube = Kube::connect(Look::new(), kubeconfig).await.unwrap();
        let file = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
        let config = kube::Config::from_custom_kubeconfig(file, &Default::default()).await.unwrap();
        let client = kube::Client::try_from(config).unwrap();
        Self { kube, touch: Touch::granted(), client, said: RefCell::default() }
    }
    pub async fn apply(&self, text: &str) -> Applied {
        self.apply_within(text, 60).await
    }
    pub async fn apply_within(&self, text: &str, seconds: u64) -> Applied {
        let say = |text: &str| self.said.borrow_mut().push(text.to_owned());
        apply::apply(&self.kube, &self.touch, &papers(text), &pace(seconds), &say).await
    }
    pub async fn compare(&self, text: &str) -> Compared {
        apply::compare(&self.kube, Look::new(), &papers(text), &pace(60), &|_| {}).await
    }
    /// All must go well, with these counts.
    #[track_caller]
    pub fn went(end: &Applied, created: usize, changed: usize, unchanged: usize) {
        assert!(end.hitches.is_empty(), "{:#?}", end.hitches);
        assert_eq!((end.created, end.changed, end.unchanged), (created, changed, unchanged), "{end}");
    }
    pub async fn get(&self, id: &ObjectId) -> Value {
        self.kube.get(id).await.unwrap().unwrap_or_else(|| panic!("{id} is not there"))
    }
    pub async fn version(&self, id: &ObjectId) -> String {
        self.get(id).await["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
    }

    async fn kind(&self, id: &ObjectId) -> ApiResource {
        let resource = self.kube.resource(&id.api_version, &id.kind).await.unwrap();
        ApiResource {
            group: id.group().to_owned(),
            version: id.version().to_owned(),
            api_version: id.api_version.to_string(),
            kind: id.kind.to_string(),
            plural: resource.plural,
        }
    }
    async fn api(&self, id: &ObjectId) -> Api<DynamicObject> {
        let (client, kind) = (self.client.clone(), self.kind(id).await);
        match &id.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &kind),
            None => Api::all_with(client, &kind),
        }
    }
    /// Another applies this under its own name, and takes what it wants.
    pub async fn other_applies(&self, manager: &str, body: &Value) {
        let id = ObjectId::of(body).unwrap();
        let how = PatchParams::apply(manager).force();
        self.api(&id).await.patch(&id.name, &how, &Patch::Apply(body)).await.unwrap();
    }
    /// The same, but what is somebody else's stays so: then it is an error.
    pub async fn other_offers(&self, manager: &str, body: &Value) -> Result<(), String> {
        let id = ObjectId::of(body).unwrap();
        let done = self.api(&id).await.patch(&id.name, &PatchParams::apply(manager), &Patch::Apply(body)).await;
        done.map(drop).map_err(|error| error.to_string())
    }
    /// Another changes this as `kubectl edit` would.
    pub async fn other_edits(&self, manager: &str, id: &ObjectId, patch: &Value) {
        let how = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
        self.api(id).await.patch(&id.name, &how, &Patch::Merge(patch)).await.unwrap();
    }
    /// What would come of it if another made this: where the server does not let it in, its code and its words. It may be no
    /// object that anybody could read.
    pub async fn other_would_make(&self, body: &Value) -> Result<(), (u16, String)> {
        let id = ObjectId::of(body).unwrap();
        let path = DynamicObject::url_path(&self.kind(&id).await, id.namespace.as_deref());
        let how = PostParams { dry_run: true, ..PostParams::default() };
        let ask = kube::core::Request::new(path).create(&how, body.to_string().into_bytes()).unwrap();
        match self.client.request::<Value>(ask).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(said)) => Err((said.code, said.message)),
            Err(error) => panic!("{error}\n{body}"),
        }
    }
    pub async fn other_deletes(&self, id: &ObjectId) {
        self.api(id).await.delete(&id.name, &DeleteParams::default()).await.unwrap();
    }
}
