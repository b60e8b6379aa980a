//! Whether the controller may do what it is there for, in every namespace that has a Secret to come. Without it the controller
//! says so in its log alone, and the Secrets do not come.

use super::controller::account;
use crate::manifests::Papers;
use crate::sys::Look;
use crate::sys::kube::{Deed, Kube, Trouble, many};
use std::collections::BTreeSet;

const NEEDED: [(&str, &str, &str); 5] = [
    ("list", "bitnami.com", "sealedsecrets"),
    ("watch", "bitnami.com", "sealedsecrets"),
    ("get", "", "secrets"),
    ("create", "", "secrets"),
    ("update", "", "secrets"),
];

/// What the controller may not do and would have to, in words; nothing where its manifests do not show who it is.
pub async fn lacking(
    look: Look,
    kube: &Kube,
    own: &Papers,
    spaces: &BTreeSet<String>,
) -> Result<Option<String>, Trouble> {
    let Some((home, account)) = account(own) else { return Ok(None) };
    // Its keys it finds and makes at home.
    let own = [Deed { verb: "list", group: "", resource: "secrets", namespace: home }];
    let there = spaces
        .iter()
        .flat_map(|namespace| NEEDED.map(|(verb, group, resource)| Deed { verb, group, resource, namespace }));
    let deeds: Vec<Deed<'_>> = own.into_iter().chain(there).collect();
    let asked = many(&deeds, async |deed| kube.may(look, home, account, deed).await).await;
    let mut lacks = Vec::new();
    for (deed, may) in deeds.iter().zip(asked) {
        if !may? {
            lacks.push(deed);
        }
    }
    Ok(lacks.first().map(|first| {
        let more = match lacks.len() {
            1 => String::new(),
            n => format!(", and {} things more", n - 1),
        };
        format!(
            "ServiceAccount {home}/{account} may not {} {} in namespace {}{more}: see the roles of the controller's manifests",
            first.verb, first.resource, first.namespace
        )
    }))
}
