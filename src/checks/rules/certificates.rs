//! F22: certificates that are asked anew of a public authority at every rebuild, which answers only so often.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::{Fact, Severity};
use std::collections::{BTreeMap, BTreeSet, HashSet};

pub const RULE: Rule = Rule {
    ids: &["F22"],
    pages: &[cause(
        "F22",
        "Certificates that are used up",
        "The certificates live in Secrets that only the cluster has. Each rebuild asks for all of them anew. Let's Encrypt \
         gives five for the same names in a week, and fifty for a domain; who rehearses recovery on a Friday has none on \
         Sunday: rateLimited, too many certificates.",
        "Carry the TLS Secrets and the account key over, in the encrypted store; let drills ask the staging server.",
    )],
    look,
};

/// Servers that count.
const PUBLIC: &[&str] = &["acme-v02.api.letsencrypt.org"];

/// The same names, and all names, that are given in a week.
const SAME: usize = 5;
const ALL: usize = 50;

fn look(ground: &Ground<'_>, told: &mut Told) {
    let issuers = ["Issuer", "ClusterIssuer"].map(|kind| ground.of_kind("cert-manager.io", kind));
    let public = |issuer: &Object| {
        issuer
            .root
            .text_at(&["spec", "acme", "server"])
            .is_some_and(|server| PUBLIC.iter().any(|host| server.contains(host)))
    };
    let issuers: Vec<_> = issuers.into_iter().flatten().filter(|issuer| public(issuer)).collect();
    if issuers.is_empty() || !ground.whole {
        return;
    }
    let (asked, kept) = (asked(ground), kept(ground));
    let is_lost = |one: &Asked| {
        let fact = || Fact::of("secret", &format!("{}/{}", one.space, one.secret));
        !kept.contains(&(one.space.as_str(), one.secret.as_str())) && !(ground.elsewhere)(&fact())
    };
    for issuer in issuers {
        let of = |one: &&Asked| {
            one.kind == issuer.kind()
                && one.issuer == issuer.name()
                && (one.kind == "ClusterIssuer" || Some(&*one.space) == issuer.namespace())
        };
        let mine: Vec<&Asked> = asked.iter().filter(of).filter(|one| is_lost(one)).collect();
        let Some(first) = mine.first() else { continue };
        let mut same: BTreeMap<&BTreeSet<String>, usize> = BTreeMap::new();
        mine.iter().for_each(|one| *same.entry(&one.names).or_default() += 1);
        let most = same.values().copied().max().unwrap_or(0);
        let over = most > SAME || mine.len() > ALL;
        let severity = if over { Severity::Warning } else { Severity::Note };
        let count = match mine.len() {
            1 => format!(
                "1 certificate is asked anew at each rebuild: Secret {}/{} is in no file",
                first.space, first.secret
            ),
            n => format!(
                "{n} certificates are asked anew at each rebuild: Secret {}/{} and {} more are in no file",
                first.space,
                first.secret,
                n - 1
            ),
        };
        let tail = match (most > SAME, over) {
            (true, _) => format!("; {most} of them for the same names, of which {SAME} are given in a week"),
            (false, true) => format!("; of one domain {ALL} are given in a week"),
            (false, false) => String::new(),
        };
        let fix = "keep the TLS Secrets in the encrypted store, and let drills use a staging issuer";
        told.say("F22", severity, issuer, issuer.place_of(&["spec", "acme", "server"]), format!("{count}{tail}"), fix);
    }
}

struct Asked {
    kind: &'static str,
    issuer: String,
    space: String,
    secret: String,
    names: BTreeSet<String>,
}

fn asked(ground: &Ground<'_>) -> Vec<Asked> {
    let texts = |nodes: &mut dyn Iterator<Item = &Node>| nodes.filter_map(Node::text).map(str::to_owned).collect();
    let space = |object: &Object| object.namespace().unwrap_or("default").to_owned();
    let mut found = Vec::new();
    for one in ground.of_kind("cert-manager.io", "Certificate") {
        let Some(spec) = one.root.get("spec") else { continue };
        let kind = match spec.text_at(&["issuerRef", "kind"]) {
            Some("ClusterIssuer") => "ClusterIssuer",
            Some(_) | None => "Issuer",
        };
        if let (Some(issuer), Some(secret)) = (spec.text_at(&["issuerRef", "name"]), spec.text_at(&["secretName"])) {
            let names = texts(&mut each(spec, "dnsNames"));
            found.push(Asked { kind, issuer: issuer.to_owned(), space: space(one), secret: secret.to_owned(), names });
        }
    }
    for one in ground.of_kind("networking.k8s.io", "Ingress") {
        let Some(notes) = one.root.walk(&["metadata", "annotations"]) else { continue };
        let ways = [("cert-manager.io/cluster-issuer", "ClusterIssuer"), ("cert-manager.io/issuer", "Issuer")];
        let Some((issuer, kind)) = ways.iter().find_map(|(key, kind)| Some((notes.text_at(&[key])?, *kind))) else {
            continue;
        };
        for tls in one.root.get("spec").into_iter().flat_map(|spec| each(spec, "tls")) {
            let Some(secret) = tls.text_at(&["secretName"]) else { continue };
            let names = texts(&mut each(tls, "hosts"));
            found.push(Asked { kind, issuer: issuer.to_owned(), space: space(one), secret: secret.to_owned(), names });
        }
    }
    // Several ingresses may share one Secret.
    let mut seen = BTreeSet::new();
    found.retain(|one| seen.insert((one.space.clone(), one.secret.clone())));
    found
}

/// The Secrets that come over from the old cluster, or from a store.
fn kept<'o>(ground: &Ground<'o>) -> HashSet<(&'o str, &'o str)> {
    let mut found = HashSet::new();
    for (group, kind) in [("", "Secret"), ("bitnami.com", "SealedSecret"), ("external-secrets.io", "ExternalSecret")] {
        for object in ground.of_kind(group, kind) {
            let name = object.root.text_at(&["spec", "target", "name"]).unwrap_or(object.name());
            found.insert((object.namespace().unwrap_or("default"), name));
        }
    }
    found
}
