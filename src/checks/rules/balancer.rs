//! F12: Services that wait for an address which nobody gives. Argo CD counts them as not yet healthy, for ever.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::model::Severity;

pub const RULE: Rule = Rule {
    ids: &["F12"],
    pages: &[cause(
        "F12",
        "A load balancer that never gets its address",
        "A Service of type LoadBalancer asks somebody outside of Kubernetes for an address. k3s brings a small program for it, \
         which is often switched off in favour of another that is not there yet. The Service works all the same from within; \
         but Argo CD calls its Application Progressing until the address is there, and who waits for Healthy waits for ever.",
        "Leave servicelb on, bring MetalLB or kube-vip in an earlier step, or make the Service a ClusterIP.",
    )],
    look,
};

/// Programs that give addresses, by a word in the name of their image, chart or kind of objects.
const GIVERS: [&str; 7] = ["metallb", "kube-vip", "cilium", "purelb", "openelb", "loxilb", "klipper"];

fn look(ground: &Ground<'_>, told: &mut Told) {
    let Some(off) = ground.cluster.as_ref().and_then(|cluster| cluster.disabled.get("servicelb")) else { return };
    let waiting: Vec<_> = ground
        .of_kind("", "Service")
        .iter()
        .filter(|service| service.root.text_at(&["spec", "type"]) == Some("LoadBalancer"))
        // Its class says who gives the address.
        .filter(|service| service.root.walk(&["spec", "loadBalancerClass"]).is_none())
        .collect();
    if waiting.is_empty() || is_given(ground) {
        return;
    }
    let delivery = ground.delivery();
    for service in waiting {
        let place = service.place_of(&["spec", "type"]);
        let by = delivery.of_file(&service.file).find(|one| one.object.kind() == "Application");
        let (severity, waits) = match by {
            Some(one) => (Severity::Error, format!("{} never gets Healthy", one.object.id)),
            None => (Severity::Warning, "it stays without one".to_owned()),
        };
        let message = format!(
            "wants an address and nobody gives one, servicelb is disabled ({}:{}): {waits}",
            off.file, off.spot.line
        );
        let fix = "leave servicelb on, add what gives addresses (MetalLB, kube-vip), or write type: ClusterIP";
        told.say("F12", severity, service, place, message, fix);
    }
}

/// Whether something in the files gives addresses.
fn is_given(ground: &Ground<'_>) -> bool {
    let known = |text: &str| GIVERS.iter().any(|giver| text.contains(giver));
    ground.objects.iter().any(|object| {
        known(object.id.group())
            || match object.kind() {
                "Application" | "ApplicationSet" | "HelmRelease" | "HelmChart" | "Namespace" | "Deployment"
                | "DaemonSet" | "Kustomization" => known(object.name()),
                _ => false,
            }
    })
}
