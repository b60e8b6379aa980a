//! F02 and F25: SealedSecrets whose key lives in the cluster alone, and the pipeline that would seal them anew, which does too.

use super::ground::{Ground, Workload};
use super::{Rule, Told};
use crate::manifests::repository::{Beside, Sorted};
use crate::manifests::{Node, Object};
use crate::model::{Finding, Place, Severity, Spot};
use std::sync::Arc;

pub const RULE: Rule = Rule { ids: &["F02"], pages: &[], look };

const KEY: &str = "sealedsecrets.bitnami.com/sealed-secrets-key";

fn look(ground: &Ground<'_>, told: &mut Told) {
    let sealed = ground.of_kind("bitnami.com", "SealedSecret");
    let Some(first) = sealed.first() else { return };
    let is_key = |object: &&Arc<Object>| {
        object.root.walk(&["metadata", "labels"]).is_some_and(|labels| labels.get(KEY).is_some())
    };
    if ground.keeps_keys || ground.of_kind("", "Secret").iter().any(is_key) {
        return;
    }
    let who = match sealed.len() {
        1 => "is".to_owned(),
        2 => "it and another are".to_owned(),
        count => format!("it and {} others are", count - 1),
    };
    let severity = if ground.whole { Severity::Error } else { Severity::Warning };
    told.say(
        "F02",
        severity,
        first,
        first.place(),
        format!(
            "{who} opened only with the key of the cluster that sealed: no file keeps it, and a new one makes another"
        ),
        "take the key while there is a cluster: blackstart secrets import --from-cluster",
    );
    for file in ground.beside.iter().filter(|file| file.sort == Sorted::Pipeline) {
        if let Some((at, server)) = sealer(&file.root).zip(server(ground)) {
            circle(file, at, server, told);
        }
    }
}

/// Where a pipeline seals.
fn sealer(node: &Node) -> Option<Spot> {
    if node.text().is_some_and(|text| text.contains("kubeseal")) {
        return Some(node.at);
    }
    node.items().iter().find_map(sealer).or_else(|| node.fields().iter().find_map(|field| sealer(&field.node)))
}

/// What runs pipelines in this cluster: a server before a runner.
fn server<'g, 'o>(ground: &'g Ground<'o>) -> Option<&'g Workload<'o>> {
    let runs = |words: &'static [&'static str]| {
        ground.workloads.iter().filter(|workload| workload.serves()).find(|workload| {
            let mut images = workload.containers().filter_map(|(_, container)| container.text_at(&["image"]));
            images.any(|image| words.iter().any(|word| image.contains(word)))
        })
    };
    runs(&["gitlab/gitlab-ee", "gitlab/gitlab-ce", "gitlab-webservice", "gitea/gitea", "forgejo/forgejo"])
        .or_else(|| runs(&["gitlab-runner", "actions-runner", "act_runner"]))
}

fn circle(file: &Beside, at: Spot, server: &Workload<'_>, told: &mut Told) {
    let stands = server.object.place();
    told.add(Finding {
        id: "F25",
        severity: Severity::Error,
        place: Place { file: file.file.clone(), spot: at },
        object: file.file.clone(),
        message: format!(
            "secrets are sealed anew by a pipeline, and what runs it lives in the cluster that needs them: {} ({}:{})",
            server.object.id, stands.file, stands.spot.line
        ),
        fix: "keep the secrets outside, encrypted with age, and seal where you stand: blackstart secrets init"
            .to_owned(),
        patch: None,
    });
}
