//! Credentials come before who asks with them: an Application whose repository cannot be read is tried again minutes later.

use super::file::PlanFile;
use crate::manifests::Papers;
use crate::manifests::facts::{Link, Links};
use crate::model::Fact;
use crate::steps::secrets;

/// Adds what no manifest says: Argo CD reads the Secrets of its own namespace when it first looks at an Application.
pub fn join(file: &PlanFile, papers: &[Papers], links: &mut Links) {
    for (to, step) in file.steps.iter().enumerate() {
        let Some(space) = step.kind.awaits_secrets_in() else { continue };
        let givers = file.steps.iter().zip(papers).enumerate();
        for (from, (_, papers)) in givers.filter(|(_, (step, _))| step.kind.name() == secrets::NAME) {
            let Some(object) = papers.objects.iter().find(|object| object.namespace() == Some(space)) else { continue };
            links.edges.retain(|link| !(link.from == from && link.to == to));
            links.edges.push(Link {
                from,
                to,
                fact: Fact::of("secret", &format!("{space}/{}", object.name())),
                because: format!("Argo CD reads {} with its first Application", object.id),
                at: object.place(),
                firm: true,
            });
        }
    }
    links.edges.sort_by_key(|link| link.to);
}
