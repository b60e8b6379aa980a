//! The certificate that this cluster's controller seals and opens for: that of the newest key that is active in it.

use crate::model::Hidden;
use crate::secrets::{Certificate, Vault};
use crate::sys::clock;
use crate::sys::kube::{About, Kube, Trouble};

/// The label of the keys that a controller loads when it starts. Any other value it passes over.
pub const ACTIVE: &str = "sealedsecrets.bitnami.com/sealed-secrets-key=active";

/// What is active now, by name.
pub async fn active(kube: &Kube) -> Result<Vec<About>, Trouble> {
    kube.secrets_with(None, ACTIVE).await
}

/// A certificate, and its text.
pub struct Current {
    pub certificate: Certificate,
    pub pem: Hidden,
}

pub async fn current(kube: &Kube) -> Result<Current, String> {
    let mut newest: Option<Current> = None;
    for key in active(kube).await.map_err(|trouble| trouble.to_string())? {
        let live = kube.secret(&key.namespace, &key.name).await.map_err(|trouble| trouble.to_string())?;
        let wrong = |why: String| format!("sealing key {}/{}: {why}", key.namespace, key.name);
        let live = live.ok_or_else(|| wrong("is gone".to_owned()))?;
        let text = live.value("tls.crt").ok_or_else(|| wrong("has no tls.crt".to_owned()))?;
        let certificate = Certificate::from_pem(text.reveal(), clock::now()).map_err(|why| wrong(why.to_string()))?;
        // The controller takes the one that is valid since last, and so do we.
        if newest.as_ref().is_none_or(|known| known.certificate.not_before() < certificate.not_before()) {
            let pem = Hidden::new(text.reveal().to_vec());
            newest = Some(Current { certificate, pem });
        }
    }
    newest.ok_or_else(|| "no sealing key is active in the cluster: a step of kind sealing puts it there".to_owned())
}

/// Keys that are active and that the store does not know: a controller that renewed its key seals and opens with another.
pub async fn strange(kube: &Kube, vault: &Vault) -> Option<String> {
    let active = active(kube).await.ok()?;
    let strange = active.iter().find(|key| vault.expected(&key.namespace, &key.name).is_none())?;
    Some(format!(
        "Secret {}/{} is an active sealing key that is not in the store: has the controller renewed its key? \
         start it with --key-renew-period=0",
        strange.namespace, strange.name
    ))
}
