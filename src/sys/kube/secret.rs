//! Secrets on the wire. Their values go out and come in as `Hidden`, and one Secret is asked for at a time; where only names
//! are wanted, the server is asked for nothing else.

use super::ask::{Ask, encoded};
use super::objects::{Force, absent};
use super::{Kube, MANAGER, Trouble};
use crate::model::{Hidden, ObjectId};
use crate::sys::{Touch, base64};
use http::Method;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const APPLY: &str = "application/apply-patch+yaml";
/// Names, labels and owners without what is in it.
const ABOUT: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// A Secret as it is in the cluster.
#[derive(Deserialize)]
pub struct LiveSecret {
    pub metadata: About,
    #[serde(rename = "type", default)]
    pub sort: String,
    #[serde(default, rename = "data")]
    values: Option<BTreeMap<String, Wire>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    pub name: String,
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub resource_version: String,
    #[serde(default)]
    pub creation_timestamp: Option<String>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    #[serde(default)]
    pub owner_references: Vec<Parent>,
    /// When it was told to go. It is there until nobody holds it any more.
    pub deletion_timestamp: Option<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Parent {
    pub kind: String,
    pub name: String,
    pub uid: String,
}

struct Wire(Hidden);

impl<'de> Deserialize<'de> for Wire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = Box::<str>::deserialize(deserializer)?;
        let value = base64::decode(&text);
        crate::model::hidden::wipe(&mut text);
        value.map(Wire).ok_or_else(|| D::Error::custom("not base64"))
    }
}

impl LiveSecret {
    pub fn values(&self) -> impl Iterator<Item = (&str, &Hidden)> {
        self.values.iter().flatten().map(|(key, wire)| (key.as_str(), &wire.0))
    }
    pub fn value(&self, key: &str) -> Option<&Hidden> {
        self.values.as_ref()?.get(key).map(|wire| &wire.0)
    }
}

#[derive(Deserialize)]
struct List {
    /// A server writes null where there is none.
    items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Item {
    metadata: About,
}

impl Kube {
    /// None when there is no such Secret, or no such namespace.
    pub async fn secret(&self, namespace: &str, name: &str) -> Result<Option<LiveSecret>, Trouble> {
        let id = ObjectId::new("v1", "Secret", Some(namespace), name);
        absent(self.json(&Ask::get(self.path(&id).await?)).await)
    }

    /// What the Secrets with this label are called, in one namespace or in all; their values stay where they are.
    pub async fn secrets_with(&self, namespace: Option<&str>, label: &str) -> Result<Vec<About>, Trouble> {
        let path = self.collection("v1", "Secret", namespace.map(Some)).await?;
        let path = format!("{path}?labelSelector={}", encoded(label));
        let list: List = self.json(&Ask { accept: ABOUT, ..Ask::get(path) }).await?;
        Ok(list.items.into_iter().flatten().map(|item| item.metadata).collect())
    }

    /// Applies a Secret whose body is JSON text. What a server says about it can quote it, so its words are not kept.
    pub async fn apply_secret(&self, _: &Touch, id: &ObjectId, body: &Hidden, force: Force) -> Result<About, Trouble> {
        let force = if force == Force::Yes { "&force=true" } else { "" };
        let path = format!("{}?fieldManager={MANAGER}&fieldValidation=Strict{force}", self.path(id).await?);
        let sent: Value = json!({"apiVersion": "v1", "kind": "Secret"});
        let (method, body) = (Method::PATCH, body.reveal().to_vec());
        let ask = Ask { method, content: APPLY, body, sent: Some(&sent), ..Ask::get(path) };
        let live: LiveSecret = self.json(&ask).await?;
        Ok(live.metadata)
    }
}
