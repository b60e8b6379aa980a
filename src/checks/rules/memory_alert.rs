//! F42: alerts on memory that count what the kernel keeps for files as if it were used.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::pods::each;
use crate::model::Severity;

pub const RULE: Rule = Rule {
    ids: &["F42"],
    pages: &[cause(
        "F42",
        "An alert that takes the cache for use",
        "Linux fills free memory with copies of files and gives it back on demand. An alert on MemFree, or on what a \
         hypervisor sees of a guest, fires on every healthy host after some days, and people learn not to look.",
        "Alert on node_memory_MemAvailable_bytes, or on swapping.",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    let rules = [("monitoring.coreos.com", "PrometheusRule"), ("operator.victoriametrics.com", "VMRule")];
    for object in rules.into_iter().flat_map(|(group, kind)| ground.of_kind(group, kind)) {
        let Some(spec) = object.root.get("spec") else { continue };
        for rule in each(spec, "groups").flat_map(|group| each(group, "rules")) {
            let (Some(alert), Some(asked)) = (rule.text_at(&["alert"]), rule.field("expr")) else { continue };
            let text = asked.node.text().unwrap_or_default();
            let bare = text.contains("node_memory_MemFree_bytes")
                && !["MemAvailable", "Cached", "Buffers"].iter().any(|word| text.contains(word));
            let guest = text.contains("pve_memory_usage_bytes");
            if bare || guest {
                let counts = if bare { "MemFree" } else { "what the hypervisor sees" };
                let message = format!("alert {alert} looks at {counts}, in which the cache of files counts as used");
                let fix = "ask for node_memory_MemAvailable_bytes";
                told.say("F42", Severity::Note, object, object.place_at(asked.at), message, fix);
            }
        }
    }
}
