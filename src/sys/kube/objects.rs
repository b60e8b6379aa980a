//! Objects: read, applied, deleted, and the words of their containers.

use super::ask::{Ask, encoded};
use super::{Kube, MANAGER, Trouble};
use crate::model::ObjectId;
use crate::sys::{Look, Touch};
use http::Method;
use k8s_openapi::ByteString;
use serde::Deserialize;
use serde_json::{Value, json};

/// JSON is YAML.
const APPLY: &str = "application/apply-patch+yaml";
const MERGE: &str = "application/merge-patch+json";
const PAGE: usize = 500;

/// What happens with fields that somebody else owns and that the apply would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// Nothing is changed; the answer is who owns what.
    No,
    /// They become ours.
    Yes,
}

/// A list, and the moment it is from.
#[derive(Debug, Default)]
pub struct Listed {
    pub items: Vec<Value>,
    pub version: String,
}

#[derive(Deserialize)]
struct Page {
    metadata: PageAbout,
    items: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageAbout {
    #[serde(default)]
    resource_version: String,
    #[serde(default)]
    r#continue: String,
}

impl Kube {
    /// The version of the server, as `v1.34.4`.
    pub async fn version(&self) -> Result<String, Trouble> {
        let answer: Value = self.json(&Ask::get("/version".to_owned())).await?;
        let text = answer["gitVersion"].as_str().map(str::to_owned);
        text.ok_or_else(|| Trouble::Unreadable("/version: has no gitVersion".to_owned()))
    }

    /// What tells this cluster from any other: the UID of its namespace kube-system.
    pub async fn uid(&self) -> Result<String, Trouble> {
        let system = ObjectId::new("v1", "Namespace", None, "kube-system");
        let uid = self.get(&system).await?.and_then(|system| Some(system["metadata"]["uid"].as_str()?.to_owned()));
        uid.ok_or_else(|| Trouble::Unreadable("the cluster has no namespace kube-system yet".to_owned()))
    }

    /// None when there is no such object, or no such namespace.
    pub async fn get(&self, id: &ObjectId) -> Result<Option<Value>, Trouble> {
        absent(self.json(&Ask::get(self.path(id).await?)).await)
    }

    /// All objects of a kind, in this namespace or, without one, in all.
    pub async fn list(&self, api_version: &str, kind: &str, namespace: Option<&str>) -> Result<Vec<Value>, Trouble> {
        Ok(self.listed(api_version, kind, namespace, None).await?.items)
    }

    /// Page by page. Where the first page has become too old to be gone on from, anew.
    pub(super) async fn listed(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: Option<&str>,
    ) -> Result<Listed, Trouble> {
        let path = self.collection(api_version, kind, namespace.map(Some)).await?;
        let only = name.map_or_else(String::new, |name| format!("&fieldSelector=metadata.name={}", encoded(name)));
        let (mut list, mut anew, mut token) = (Listed::default(), 2, String::new());
        loop {
            let more = if token.is_empty() { String::new() } else { format!("&continue={}", encoded(&token)) };
            let page: Page = match self.json(&Ask::get(format!("{path}?limit={PAGE}{only}{more}"))).await {
                Ok(page) => page,
                Err(trouble) if anew > 0 && !token.is_empty() && is_gone(&trouble) => {
                    (list, anew, token) = (Listed::default(), anew - 1, String::new());
                    continue;
                }
                Err(trouble) => return Err(trouble),
            };
            list.items.extend(page.items.unwrap_or_default().into_iter().map(|item| named(item, api_version, kind)));
            list.version = page.metadata.resource_version;
            token = page.metadata.r#continue;
            if token.is_empty() {
                return Ok(list);
            }
        }
    }

    /// Makes the fields of this object ours and what they say, on the server. Doing it again changes nothing.
    pub async fn apply(&self, _: &Touch, body: &Value, force: Force) -> Result<Value, Trouble> {
        self.patched(body, force, "").await
    }

    /// What an apply would answer, with nothing changed.
    pub async fn apply_dry(&self, _: Look, body: &Value, force: Force) -> Result<Value, Trouble> {
        self.patched(body, force, "&dryRun=All").await
    }

    async fn patched(&self, body: &Value, force: Force, dry: &str) -> Result<Value, Trouble> {
        let path = self.path(&id(body)?).await?;
        let force = if force == Force::Yes { "&force=true" } else { "" };
        let path = format!("{path}?fieldManager={MANAGER}&fieldValidation=Strict{force}{dry}");
        self.json(&Ask::with(Method::PATCH, path, APPLY, body)).await
    }

    /// Writes some fields of an object that others keep, and leaves all else to them.
    pub async fn merge(&self, _: &Touch, id: &ObjectId, patch: &Value) -> Result<Value, Trouble> {
        let path = format!("{}?fieldManager={MANAGER}", self.path(id).await?);
        self.json(&Ask::with(Method::PATCH, path, MERGE, patch)).await
    }

    /// Takes our name out of the books of an object: what we wrote stays, and from now on is somebody else's. False where
    /// nobody else is in the books, or we are not.
    pub async fn let_go(&self, touch: &Touch, id: &ObjectId) -> Result<bool, Trouble> {
        let Some(live) = self.get(id).await? else { return Ok(false) };
        let entries = live["metadata"]["managedFields"].as_array().map(Vec::as_slice).unwrap_or_default();
        let (ours, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry["manager"] == MANAGER);
        if ours.is_empty() || others.is_empty() {
            return Ok(false);
        }
        // Only of the object as it was read: who has written since has other books.
        let about = json!({"resourceVersion": live["metadata"]["resourceVersion"], "managedFields": others});
        self.merge(touch, id, &json!({"metadata": about})).await.map(|_| true)
    }

    /// Asks for the end of the object that has this name now, and of what belongs to it. It may take its time: finalizers
    /// come first. False when there was none.
    pub async fn delete(&self, _: &Touch, id: &ObjectId) -> Result<bool, Trouble> {
        let Some(live) = self.get(id).await? else { return Ok(false) };
        // With its UID the question can be asked twice: what has come under this name since is another object.
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
            "preconditions": {"uid": live["metadata"]["uid"]}});
        let ask = Ask::with(Method::DELETE, self.path(id).await?, super::ask::JSON, &options);
        match absent(self.json::<Value>(&ask).await) {
            Ok(answer) => Ok(answer.is_some()),
            Err(Trouble::Refused(refusal)) if refusal.code == 409 && refusal.message.contains("Precondition") => {
                Ok(true)
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// The last lines that a container wrote, or the one before it of the same name. An empty name is the only container.
    pub async fn logs(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        previous: bool,
        tail: i64,
    ) -> Result<String, Trouble> {
        let pod = self.path(&ObjectId::new("v1", "Pod", Some(namespace), pod)).await?;
        let only = if container.is_empty() { String::new() } else { format!("&container={}", encoded(container)) };
        let path = format!("{pod}/log?tailLines={tail}&previous={previous}{only}");
        self.text(&Ask { accept: "*/*", ..Ask::get(path) }).await
    }
}

/// An absent object is an answer and no trouble.
pub(super) fn absent<T>(answer: Result<T, Trouble>) -> Result<Option<T>, Trouble> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Trouble::Refused(refusal)) if refusal.code == 404 => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

/// True when the server no longer knows the moment that we would go on from.
pub fn is_gone(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Refused(refusal) if refusal.code == 410 || refusal.reason == "Expired")
}

/// In a list, objects do not repeat what they are.
pub fn named(mut item: Value, api_version: &str, kind: &str) -> Value {
    if let Some(fields) = item.as_object_mut() {
        fields.entry("apiVersion").or_insert_with(|| api_version.into());
        fields.entry("kind").or_insert_with(|| kind.into());
    }
    item
}

fn id(body: &Value) -> Result<ObjectId, Trouble> {
    ObjectId::of(body).ok_or_else(|| Trouble::NoName("an object without apiVersion, kind or name".to_owned()))
}

/// Bytes as they stand in the data of a Secret.
pub fn base64(bytes: &[u8]) -> String {
    match serde_json::to_value(ByteString(bytes.to_vec())) {
        Ok(Value::String(text)) => text,
        Ok(_) | Err(_) => String::new(),
    }
}

pub(super) fn base64_decode(text: &str) -> Option<Vec<u8>> {
    serde_json::from_value::<ByteString>(text.into()).ok().map(|bytes| bytes.0)
}
