//! F95: classes of storage that make volumes by something that no file brings.

use super::ground::Ground;
use super::{Rule, Told};
use crate::manifests::{Node, Object};
use crate::model::{Place, Severity};

pub const RULE: Rule = Rule { ids: &["F95"], pages: &[], look };

/// A provisioner by a part of its name, and the words that its pods, or the charts that bring it, have in their names.
const KNOWN: &[(&str, &[&str])] = &[
    ("rancher.io/local-path", &["local-path"]),
    ("driver.longhorn.io", &["longhorn"]),
    ("nfs.csi.k8s.io", &["nfsplugin", "csi-driver-nfs", "csi-nfs"]),
    ("smb.csi.k8s.io", &["smbplugin", "csi-driver-smb", "csi-smb"]),
    ("nfs-subdir-external-provisioner", &["nfs-subdir", "nfs-client"]),
    ("openebs.io", &["openebs"]),
    ("csi.ceph.com", &["ceph"]),
    ("topolvm.io", &["topolvm"]),
    ("csi.san.synology.com", &["synology"]),
    ("democratic-csi", &["democratic-csi"]),
    ("ebs.csi.aws.com", &["ebs-csi"]),
    ("csi.hetzner.cloud", &["hcloud-csi"]),
    ("directpv-min-io", &["directpv"]),
    ("linstor.csi.linbit.com", &["linstor", "piraeus"]),
    ("csi.proxmox.sinextra.dev", &["proxmox-csi"]),
];

fn look(ground: &Ground<'_>, told: &mut Told) {
    left_out(ground, told);
    if !ground.whole {
        return;
    }
    for class in ground.of_kind("storage.k8s.io", "StorageClass") {
        let maker = class.root.text_at(&["provisioner"]).unwrap_or_default();
        let known = KNOWN.iter().find(|(part, _)| maker.contains(part));
        let Some((part, words)) = known else { continue };
        let of_cluster = *part == "rancher.io/local-path"
            && ground.cluster.as_ref().is_none_or(|cluster| cluster.brings("local-storage"));
        if of_cluster || brought(ground, maker, words) || hides(ground) {
            continue;
        }
        let place = class.place_of(&["provisioner"]);
        let message = format!("its volumes are made by {maker}, which no file brings");
        let fix = format!("add what brings {} to the files, before the claims of this class", words[0]);
        told.say("F95", Severity::Warning, class, place, message, fix);
    }
}

/// Whether objects may be hidden behind others: charts, and what Argo CD or Flux fetches.
fn hides(ground: &Ground<'_>) -> bool {
    let makers = [
        ("helm.cattle.io", "HelmChart"),
        ("helm.toolkit.fluxcd.io", "HelmRelease"),
        ("kustomize.toolkit.fluxcd.io", "Kustomization"),
        ("argoproj.io", "Application"),
        ("argoproj.io", "ApplicationSet"),
    ];
    makers.into_iter().any(|(group, kind)| !ground.of_kind(group, kind).is_empty())
}

fn brought(ground: &Ground<'_>, maker: &str, words: &[&str]) -> bool {
    let has = |text: &str| words.iter().any(|word| text.contains(word));
    ground.find("storage.k8s.io", "CSIDriver", None, maker).is_some()
        || ground.workloads.iter().any(|workload| {
            let mut images = workload.containers().filter_map(|(_, one)| one.get("image").and_then(Node::text));
            has(workload.object.name()) || images.any(has)
        })
}

/// Claims of local-path, where the cluster is made without it.
fn left_out(ground: &Ground<'_>, told: &mut Told) {
    let Some(cluster) = &ground.cluster else { return };
    let Some(said) = cluster.disabled.get("local-storage") else { return };
    let own = ground.of_kind("storage.k8s.io", "StorageClass").iter().any(|class| class.name() == "local-path");
    let of_it = |class: &Node| class.text() == Some("local-path");
    let kept = ground.of_kind("", "PersistentVolume").iter();
    if own
        || hides(ground)
        || kept.into_iter().any(|one| one.root.walk(&["spec", "storageClassName"]).is_some_and(of_it))
    {
        return;
    }
    let mut say = |object: &Object, place: Place| {
        let message =
            format!("asks for class local-path, and the cluster is made without it ({}:{})", said.file, said.spot.line);
        let fix = "let k3s bring local-storage, or add the class and its provisioner to the files";
        told.say("F95", Severity::Error, object, place, message, fix);
    };
    for claim in ground.of_kind("", "PersistentVolumeClaim") {
        if claim.root.walk(&["spec", "storageClassName"]).is_some_and(of_it) {
            say(claim, claim.place_of(&["spec", "storageClassName"]));
        }
    }
    for set in ground.of_kind("apps", "StatefulSet") {
        let templates = set.root.walk(&["spec", "volumeClaimTemplates"]).map_or(&[][..], Node::items);
        for template in
            templates.iter().filter_map(|one| one.walk(&["spec", "storageClassName"])).filter(|one| of_it(one))
        {
            say(set, set.place_at(template.at));
        }
    }
}
