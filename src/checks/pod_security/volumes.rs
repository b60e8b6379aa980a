//! The checks of volumes: those of the node, and all that are not on the list of `restricted`.

use super::pod::{Pod, there};
use super::registry::Broken;
use super::words::{listed, plural};
use crate::manifests::Node;
use crate::manifests::pods::each;
use std::collections::BTreeSet;

/// What `restricted` lets a pod mount.
const FINE: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Every other kind, in the order in which the plugin looks for them.
const OTHERS: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

fn name(volume: &Node) -> &str {
    volume.text_at(&["name"]).unwrap_or_default()
}

pub fn host_path(pod: &Pod<'_>, _: u64) -> Broken {
    let bad: Vec<&Node> = each(pod.spec, "volumes").filter(|volume| there(volume, &["hostPath"]).is_some()).collect();
    let at = bad.first()?.nearest(&["hostPath"]);
    let detail =
        format!("{} {}", plural("volume", "volumes", bad.len()), listed(bad.iter().map(|volume| name(volume))));
    Some(("hostPath volumes", detail, at))
}

/// A volume of no kind is an `emptyDir`: the server makes it one before the plugin looks.
pub fn kinds(pod: &Pod<'_>, _: u64) -> Broken {
    let kind = |volume: &Node| {
        let is = |kind: &&&str| there(volume, &[**kind]).is_some();
        if FINE.iter().any(|kind| is(&kind)) { None } else { OTHERS.iter().find(is).copied() }
    };
    let bad: Vec<(&Node, &str)> =
        each(pod.spec, "volumes").filter_map(|volume| Some((volume, kind(volume)?))).collect();
    let (first, of) = bad.first()?;
    let at = first.nearest(&[of]);
    let types: BTreeSet<&str> = bad.iter().map(|(_, kind)| *kind).collect();
    let detail = format!(
        "{} {} {} {} {}",
        plural("volume", "volumes", bad.len()),
        listed(bad.iter().map(|(volume, _)| name(volume))),
        plural("uses", "use", bad.len()),
        plural("restricted volume type", "restricted volume types", types.len()),
        listed(&types)
    );
    Some(("restricted volume types", detail, at))
}
