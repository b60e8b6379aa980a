//! What can be known to be wrong with the files of k3s before anything is touched. k3s itself skips what it does not know.

use super::snapshot::{self, Sort};
use crate::manifests::{self, Node};
use crate::model::{Finding, Place, Severity, Spot};
use crate::steps::cluster::blueprint::Blueprint;
use crate::steps::cluster::k3d::registries::Registries;
use crate::steps::fields;
use crate::sys::{Look, files};
use std::path::Path;

/// Every key that a server of k3s is known to take, 1.25 to 1.34. A newer one may take more.
#[rustfmt::skip]
const KEYS: &[&str] = &[
    "advertise-address", "advertise-port", "agent-token", "agent-token-file", "airgap-extra-registry", "alsologtostderr",
    "apiserver-port", "bind-address", "cluster-cidr", "cluster-dns", "cluster-domain", "cluster-init", "cluster-reset",
    "cluster-reset-restore-path", "config", "container-runtime-endpoint", "data-dir", "datastore-cafile",
    "datastore-certfile", "datastore-endpoint", "datastore-keyfile", "debug", "default-local-storage-path",
    "default-runtime", "disable", "disable-agent", "disable-apiserver", "disable-cloud-controller",
    "disable-controller-manager", "disable-default-registry-endpoint", "disable-etcd", "disable-helm-controller",
    "disable-kube-proxy", "disable-network-policy", "disable-scheduler", "docker", "egress-selector-mode",
    "embedded-registry", "enable-pprof", "etcd-arg", "etcd-disable-snapshots", "etcd-expose-metrics", "etcd-s3",
    "etcd-s3-access-key", "etcd-s3-bucket", "etcd-s3-bucket-lookup-type", "etcd-s3-config-secret", "etcd-s3-endpoint",
    "etcd-s3-endpoint-ca", "etcd-s3-folder", "etcd-s3-insecure", "etcd-s3-proxy", "etcd-s3-region", "etcd-s3-retention",
    "etcd-s3-secret-key", "etcd-s3-session-token", "etcd-s3-skip-ssl-verify", "etcd-s3-timeout", "etcd-snapshot-compress",
    "etcd-snapshot-dir", "etcd-snapshot-name", "etcd-snapshot-reconcile-interval", "etcd-snapshot-retention",
    "etcd-snapshot-schedule-cron", "flannel-backend", "flannel-cni-conf", "flannel-conf", "flannel-external-ip",
    "flannel-iface", "flannel-ipv6-masq", "helm-job-image", "https-listen-port", "image-credential-provider-bin-dir",
    "image-credential-provider-config", "image-service-endpoint", "kine-tls", "kube-apiserver-arg",
    "kube-cloud-controller-arg", "kube-cloud-controller-manager-arg", "kube-controller-arg", "kube-controller-manager-arg",
    "kube-proxy-arg", "kube-scheduler-arg", "kubelet-arg", "lb-server-port", "log", "multi-cluster-cidr", "node-external-dns",
    "node-external-ip", "node-internal-dns", "node-ip", "node-label", "node-name", "node-taint", "nonroot-devices",
    "pause-image", "prefer-bundled-bin", "private-registry", "protect-kernel-defaults", "resolv-conf", "rootless",
    "secrets-encryption", "secrets-encryption-provider", "selinux", "server", "service-cidr", "service-node-port-range",
    "servicelb-namespace", "snapshotter", "supervisor-metrics", "supervisor-port", "system-default-registry", "tls-san",
    "tls-san-security", "token", "token-file", "vmodule", "vpn-auth", "vpn-auth-file", "with-node-id", "write-kubeconfig",
    "write-kubeconfig-group", "write-kubeconfig-mode",
    // Short for others.
    "c", "d", "l", "o", "s", "t", "v",
];
/// The first that has etcd 3.6.
const SIX: (u64, u64) = (1, 34);

pub fn of(look: Look, blueprint: &Blueprint) -> Vec<Finding> {
    let mut found = Found { name: &blueprint.name, list: Vec::new() };
    if let Some(config) = &blueprint.config {
        let (documents, _) = manifests::nodes_of(&config.bytes);
        let at = |spot| Place { file: config.shown.clone(), spot };
        documents.first().into_iter().flat_map(Node::fields).for_each(|field| found.key(&field.name, at(field.at)));
        if let (Some(token), Some((_, place))) = (&blueprint.token, named_token(blueprint)) {
            let message = format!("the token is given twice: here, and as {token} in the plan");
            found.say("F24", Severity::Error, place.clone(), message, "take it out here: the store keeps it");
        }
    }
    if let Some(named) = &blueprint.registries {
        match Registries::read(&named.bytes, &named.shown, 0) {
            Err((place, why)) => {
                found.say("F19", Severity::Error, place, format!("its registries cannot be read: {why}"), "mend it")
            }
            Ok(registries) => found.registries(look, &registries, blueprint.host.is_none()),
        }
    }
    found.snapshot(look, blueprint);
    found.list
}

/// What k3s's config says of the token, and where.
fn named_token(blueprint: &Blueprint) -> Option<&(String, Place)> {
    let flags = &blueprint.planned().flags;
    ["token", "token-file", "t"].into_iter().find_map(|key| flags.get(key))
}

struct Found<'a> {
    name: &'a str,
    list: Vec<Finding>,
}

impl Found<'_> {
    fn say(&mut self, id: &'static str, severity: Severity, place: Place, message: String, fix: &str) {
        let (object, fix) = (format!("cluster {}", self.name), fix.to_owned());
        self.list.push(Finding { id, severity, place, object, message, fix, patch: None });
    }

    fn key(&mut self, name: &str, place: Place) {
        let bare = name.trim_end_matches('+');
        if KEYS.contains(&bare) {
            return;
        }
        let near = fields::nearest(bare, KEYS.iter().copied().filter(|key| key.len() > 1));
        // A word that is like none of them may be of a k3s that is newer than this list.
        let severity = if near.is_empty() { Severity::Warning } else { Severity::Error };
        let message = format!("k3s knows no key `{name}`{near}: it skips it, and says so in its log only");
        let message = message.replace("?: it", "? It");
        self.say("F75", severity, place, message, "mend the key, or take it out");
    }

    fn registries(&mut self, look: Look, registries: &Registries, here: bool) {
        for (place, why) in registries.wrong() {
            let message = format!("{why}; k3s takes what it does not know without a word");
            self.say("F19", Severity::Error, place, message, "mend the key, or take it out");
        }
        for field in registries.files().into_iter().filter(|_| here) {
            let path = field.node.text().unwrap_or_default();
            if path.starts_with('/') && !files::exists(look, Path::new(path)) {
                let message = format!("{path} is not on this host: nothing is pulled from that registry");
                self.say("F19", Severity::Error, registries.place(field.at), message, "put the file there");
            }
        }
    }

    fn snapshot(&mut self, look: Look, blueprint: &Blueprint) {
        let Some((path, shown)) = &blueprint.snapshot else { return };
        if blueprint.token.is_none() && named_token(blueprint).is_none() {
            let message = format!(
                "{shown} opens only with the token that it was made under, and that is nowhere but on the host: with its disk \
                 the snapshot is lost"
            );
            let fix = "keep the token in the encrypted store, and name it as `token` of the plan's cluster";
            self.say("F24", Severity::Warning, blueprint.place.clone(), message, fix);
        }
        // What cannot be read is told when the plan is; what is packed nobody looks into but k3s.
        let old = snapshot::check(look, path) == Ok(Sort::Whole) && snapshot::of_etcd_3_5(look, path) == Ok(true);
        if !old {
            return;
        }
        let version = blueprint.install.as_ref().and_then(|program| snapshot::version_in(look, program).ok().flatten());
        let place = Place { file: shown.clone(), spot: Spot { line: 1, column: 1 } };
        let fix =
            "restore it with a k3s before 1.34 that has etcd 3.5.26, take another, and go on with that; or accept it";
        match version {
            Some((text, number)) if number >= SIX => {
                let message = format!("was written by etcd 3.5, and k3s {text} has 3.6: it may not start with it");
                self.say("F56", Severity::Error, place, message, fix);
            }
            Some(_) => {}
            None => {
                let message =
                    "was written by etcd 3.5: k3s 1.34 and later have 3.6, and may not start with it".to_owned();
                self.say("F56", Severity::Warning, place, message, fix);
            }
        }
    }
}
