//! The sealing keys of a cluster that is about to be deleted: what git holds sealed is opened by them and by nothing else. Those that
//! the store has are counted; the others go into a file that is encrypted for those who can open the store.

use crate::model::Hidden;
use crate::secrets::amend;
use crate::secrets::store::SEALING_KEY;
use crate::secrets::text::Fresh;
use crate::steps::scene::Scene;
use crate::sys::files;
use crate::sys::kube::{Kube, LiveSecret, Trouble};
use std::path::Path;

const FILE: &str = "sealing-keys.yaml.age";

/// What became of them, a line each. An error is one of this host, or of keys that nobody could bring back.
pub async fn keep(kube: &Kube, scene: &Scene<'_>, folder: &Path) -> Result<Vec<String>, String> {
    let keys = match scene.pace.keep(read(kube)).await {
        Ok(Ok(keys)) => keys,
        Ok(Err(trouble)) => return Ok(vec![format!("no sealing key was saved: {trouble}")]),
        Err(_) => return Ok(vec!["no sealing key was saved: broken off".to_owned()]),
    };
    let Some(vault) = scene.vault else {
        return Ok(match keys.len() {
            0 => Vec::new(),
            count => vec![format!("{count} sealing keys die with the cluster: the plan has no store to keep them in")],
        });
    };
    let is_kept = |key: &LiveSecret| {
        let (namespace, name) = (&*key.metadata.namespace, &*key.metadata.name);
        key.values().all(|(entry, value)| vault.is(namespace, name, entry, value))
    };
    let (kept, new): (Vec<&LiveSecret>, Vec<&LiveSecret>) = keys.iter().partition(|key| is_kept(key));
    let mut told = Vec::new();
    if !kept.is_empty() {
        told.push(format!("{} of {} sealing keys are in the store", kept.len(), keys.len()));
    }
    if new.is_empty() {
        return Ok(told);
    }
    let fresh: Vec<Fresh<'_>> = new.iter().map(|key| fresh(key)).collect();
    let plain = amend::append(&Hidden::new(Vec::new()), &fresh).ok_or("the sealing keys cannot be written down")?;
    let path = folder.join(FILE);
    let written = vault
        .close(&plain)
        .and_then(|cipher| files::replace(scene.touch, &path, &cipher).map_err(|error| error.to_string()));
    written.map_err(|why| format!("{}: {why}", path.display()))?;
    told.push(format!(
        "{} sealing keys that the store lacks are saved, encrypted for its recipients; into the store with: cp {} {}/ && \
         blackstart secrets rotate",
        new.len(),
        path.display(),
        vault.shown()
    ));
    Ok(told)
}

async fn read(kube: &Kube) -> Result<Vec<LiveSecret>, Trouble> {
    let mut keys = Vec::new();
    for about in kube.secrets_with(None, SEALING_KEY).await? {
        // One that goes while it is looked at is none that opens anything.
        keys.extend(kube.secret(&about.namespace, &about.name).await?);
    }
    Ok(keys)
}

fn fresh(key: &LiveSecret) -> Fresh<'_> {
    Fresh {
        namespace: &key.metadata.namespace,
        name: &key.metadata.name,
        sort: &key.sort,
        labels: &key.metadata.labels,
        annotations: &key.metadata.annotations,
        immutable: false,
        entries: key.values().collect(),
    }
}
