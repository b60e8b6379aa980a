//! F19: a registry that only the nodes' own file makes reachable, and a cluster that is made without that file. Whoever adds it
//! later restarts the node, and with it everything.

use super::cluster::{Cluster, Maker};
use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::repository::{Beside, Sorted};
use crate::model::{Finding, Place, Severity};
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    ids: &["F19"],
    pages: &[cause(
        "F19",
        "A registry that nodes are not told of",
        "Nodes of k3s read registries.yaml when they start. A registry that was added to a running cluster is known to the \
         file and not to the node, so somebody restarts the node; in k3d the node is a container, and all of its pods die \
         with it, the way in among them. A cluster that is made anew without the file pulls from nowhere.",
        "Give the file when the cluster is made: `registries` in the config file of k3d, or of the plan's cluster.",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    let Some(cluster) = ground.cluster.as_ref().filter(|cluster| cluster.maker == Maker::K3d) else { return };
    let files: Vec<&Beside> = ground.besides(Sorted::Registries).collect();
    let given = |file: &Beside| {
        let name = file.file.rsplit('/').next().unwrap_or(&file.file);
        cluster.registries.contains(name)
    };
    images(ground, cluster, &|host| files.iter().any(|file| given(file) && names(file, host)), told);
    // A file whose words stand in the config as well is given by that.
    for file in files.into_iter().filter(|file| cluster.registries.is_empty() && !given(file)) {
        let place = Place { file: file.file.clone(), spot: file.root.at };
        told.add(Finding {
            id: "F19",
            severity: Severity::Warning,
            place,
            object: file.file.clone(),
            message: format!(
                "is not given to cluster {} when it is made ({}:{}): its nodes would have to be restarted to read it",
                cluster.name, cluster.place.file, cluster.place.spot.line
            ),
            fix: "name it in the config of k3d, registries: {config: registries.yaml}, or as `registries` of the plan's cluster"
                .to_owned(),
            patch: None,
        });
    }
}

/// Whether a file of registries says something of this host.
fn names(file: &Beside, host: &str) -> bool {
    let of = |part: &str| file.root.get(part).map_or(&[][..], |node| node.fields());
    of("mirrors").iter().chain(of("configs")).any(|field| &*field.name == host)
}

/// Images from a registry that lies on the host, and can be found from a node only where the node is told how.
fn images(ground: &Ground<'_>, cluster: &Cluster, is_given: &dyn Fn(&str) -> bool, told: &mut Told) {
    let mut hosts: BTreeMap<&str, usize> = BTreeMap::new();
    for workload in &ground.workloads {
        for (_, container) in workload.containers() {
            let Some(image) = container.field("image") else { continue };
            let Some(host) = image.node.text().and_then(|image| image.split_once('/')).map(|(host, _)| host) else {
                continue;
            };
            let local = host.split(':').next().is_some_and(|name| name == "localhost" || name.ends_with(".localhost"));
            if !local || cluster.registries.contains(host) || is_given(host) {
                continue;
            }
            let count = hosts.entry(host).or_default();
            *count += 1;
            // Once for each registry.
            if *count == 1 {
                told.say(
                    "F19",
                    Severity::Error,
                    workload.object,
                    workload.object.place_at(image.at),
                    format!(
                        "its image comes from {host}, which the nodes of cluster {} are not told of ({}:{})",
                        cluster.name, cluster.place.file, cluster.place.spot.line
                    ),
                    format!("name {host} under `registries` of the config with which the cluster is made"),
                );
            }
        }
    }
}
