//! The certificate that this cluster's controller seals and opens for: that of the newest key that is active in it.

use crate::model::{Hidden, Stamp};
use crate::secrets::{Certificate, Vault};
use crate::sys::kube::{About, Kube, Trouble};
use crate::sys::{clock, crypto};

/// The label of the keys that a controller loads when it starts. Any other value it passes over.
pub const ACTIVE: &str = "sealedsecrets.bitnami.com/sealed-secrets-key=active";

/// What a key is called that was made anew for this cluster: no store has it.
pub const FRESH: &str = "sealed-secrets-key-blackstart";

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
    let mut keys = Vec::new();
    for key in active(kube).await.map_err(|trouble| trouble.to_string())? {
        let live = kube.secret(&key.namespace, &key.name).await.map_err(|trouble| trouble.to_string())?;
        let wrong = |why: &str| format!("sealing key {}/{}: {why}", key.namespace, key.name);
        let live = live.ok_or_else(|| wrong("is gone"))?;
        let text = live.value("tls.crt").ok_or_else(|| wrong("has no tls.crt"))?;
        keys.push((format!("{}/{}", key.namespace, key.name), Hidden::new(text.reveal().to_vec())));
    }
    newest(keys, clock::now())
}

/// The controller takes the one that is valid since last, and so do we. Only of that one it matters whether it may still be
/// used: the older ones are there to open what was sealed for them.
fn newest(keys: Vec<(String, Hidden)>, now: Stamp) -> Result<Current, String> {
    let mut newest: Option<(String, crypto::Certificate, Hidden)> = None;
    for (name, pem) in keys {
        let read = crypto::Certificate::from_pem(pem.reveal()).map_err(|why| format!("sealing key {name}: {why}"))?;
        if newest.as_ref().is_none_or(|(_, known, _)| known.not_before < read.not_before) {
            newest = Some((name, read, pem));
        }
    }
    let Some((name, read, pem)) = newest else {
        return Err("no sealing key is active in the cluster: a step of kind sealing puts it there".to_owned());
    };
    let certificate = Certificate::checked(read, now).map_err(|why| format!("sealing key {name}: {why}"))?;
    Ok(Current { certificate, pem })
}

/// Keys that are active and that the store does not know: a controller that renewed its key seals and opens with another.
pub async fn strange(kube: &Kube, vault: &Vault) -> Option<String> {
    let active = active(kube).await.ok()?;
    let ours = |key: &About| key.name == FRESH || vault.expected(&key.namespace, &key.name).is_some();
    let strange = active.iter().find(|key| !ours(key))?;
    Some(format!(
        "Secret {}/{} is an active sealing key that is not in the store: has the controller renewed its key? \
         start it with --key-renew-period=0",
        strange.namespace, strange.name
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::secrets::Key;

    /// The certificate of a key that was made in this year, and is valid for ten.
    fn of(year: u32) -> (String, Hidden) {
        let made = Stamp::read(&format!("{year}-01-01T00:00:00Z")).unwrap();
        let (key, _) = Key::generate("kube-system", "key", made).map_err(|why| why.to_string()).unwrap();
        (format!("kube-system/key-{year}"), key.certificate.unwrap().pem())
    }

    #[test]
    fn an_older_key_whose_certificate_has_run_out_is_in_nobodys_way() {
        let now = Stamp::read("2026-06-01T00:00:00Z").unwrap();
        let pem = of(2020);
        let text = Hidden::new(pem.1.reveal().to_vec());
        let current = newest(vec![of(2012), pem, of(2018)], now).unwrap();
        assert!(current.pem.same(&text) && current.certificate.not_before().rfc3339().starts_with("20"));
        let told = newest(vec![of(2012), of(2014)], now).err().unwrap();
        assert!(told.contains("kube-system/key-2014: expired on"), "{told}");
        assert!(newest(Vec::new(), now).err().unwrap().contains("no sealing key is active"));
    }
}
