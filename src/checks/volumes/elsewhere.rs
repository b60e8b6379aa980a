//! A volume that only some nodes reach, and pods that may go to others: a class that waits for its first pod and has a
//! provisioner gives them an empty volume there. Pods that no file shows it does not see.

use super::Eye;
use super::demand::Claim;
use super::kept::labels;
use crate::checks::binder::ClaimFacts;
use crate::checks::names::listed;
use crate::checks::rules::ground::Workload;
use crate::checks::rules::nodes::Nodes;
use crate::manifests::pods::each;
use crate::model::Severity;

impl<'o> Eye<'_, 'o> {
    /// Whether that was said: these volumes serve the claim, and perhaps none of them is taken.
    pub fn elsewhere(&mut self, claim: &Claim<'o>, facts: &ClaimFacts, serving: &[usize], maker: &str) -> bool {
        let ground = self.ground;
        let Some(cluster) = ground.cluster.as_ref() else { return false };
        let volumes: Vec<_> = serving.iter().map(|at| &self.volumes[*at].facts).collect();
        let waits = facts.class.as_deref().is_some_and(|class| self.classes.waits(class));
        // What is named on either side is bound before any pod is looked at, and then the pod goes where its volume is.
        let is_named = facts.volume.is_some() || volumes.iter().any(|volume| volume.claim.is_some());
        if !waits || is_named || volumes.iter().any(|volume| volume.nodes.is_free()) {
            return false;
        }
        let reached: Vec<&str> = cluster
            .nodes
            .iter()
            .filter(|node| volumes.iter().any(|volume| volume.nodes.holds(&labels(node))))
            .map(|node| node.name.as_str())
            .collect();
        let nodes = Nodes::of(cluster);
        let mut mounts = ground.workloads_in(&facts.namespace).filter(|workload| mounts(workload, claim));
        let astray = mounts.find_map(|workload| {
            let open = nodes.open_to(workload);
            open.into_iter().find(|node| !reached.contains(&node.name.as_str())).map(|node| (workload, node))
        });
        // Where no node at all reaches it, that is what is said.
        let Some((workload, node)) = astray.filter(|_| !reached.is_empty()) else { return false };
        let names: Vec<&str> = volumes.iter().map(|volume| &*volume.name).collect();
        let message = format!(
            "{} can be reached from {} only, and {} may go to {}: there {maker} makes it an empty volume",
            listed(&names, 3),
            reached.join(", "),
            workload.object.id,
            node.name
        );
        let fix = "name the claim in the claimRef of its volume: namespace and name, no uid".to_owned();
        self.say(claim, "F85", Severity::Warning, message, fix);
        true
    }
}

fn mounts(workload: &Workload<'_>, claim: &Claim<'_>) -> bool {
    std::ptr::eq(workload.object, claim.object)
        || each(workload.spec, "volumes").any(|volume| {
            volume.text_at(&["persistentVolumeClaim", "claimName"]).is_some_and(|name| *name == *claim.facts.name)
        })
}
