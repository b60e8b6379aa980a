//! Whether somebody may do something, by the server's own word. It records nothing.

use super::ask::{Ask, JSON};
use super::{Kube, Trouble};
use crate::sys::Look;
use http::Method;
use serde::Deserialize;
use serde_json::json;

/// What somebody would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed<'a> {
    pub verb: &'a str,
    pub group: &'a str,
    pub resource: &'a str,
    pub namespace: &'a str,
}

#[derive(Deserialize)]
struct Review {
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    allowed: bool,
}

impl Kube {
    /// Whether this ServiceAccount may do it.
    pub async fn may(&self, _: Look, namespace: &str, account: &str, deed: &Deed<'_>) -> Result<bool, Trouble> {
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": format!("system:serviceaccount:{namespace}:{account}"),
                "groups": ["system:serviceaccounts", format!("system:serviceaccounts:{namespace}"), "system:authenticated"],
                "resourceAttributes": {
                    "verb": deed.verb, "group": deed.group, "resource": deed.resource, "namespace": deed.namespace,
                },
            },
        });
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews".to_owned();
        let review: Review = self.json(&Ask::with(Method::POST, path, JSON, &body)).await?;
        Ok(review.status.allowed)
    }
}
