//! F74: budgets that allow no pod to be moved. A node that is drained waits for such a budget for ever.

use super::ground::{Ground, Workload};
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::checks::selector::Selector;
use crate::manifests::{Node, Object, Value};
use crate::model::Severity;

pub const RULE: Rule = Rule {
    ids: &["F74"],
    pages: &[cause(
        "F74",
        "A budget that lets no pod go",
        "A PodDisruptionBudget asks for as many pods as there are, or for no disruption at all. Nobody notices before a node \
         is to be drained: the drain waits for ever, and with it whatever waits for the drain.",
        "Run one pod more than the budget asks for, or let one go: maxUnavailable: 1.",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    for budget in ground.of_kind("policy", "PodDisruptionBudget") {
        let Some(selector) = budget.root.walk(&["spec", "selector"]) else { continue };
        let selector = Selector::of_labels(&selector.json());
        let namespace = budget.namespace().unwrap_or("default");
        let covered: Vec<&Workload<'_>> = ground
            .workloads_in(namespace)
            .filter(|workload| workload.serves() && selector.holds(&workload.labels()))
            .collect();
        let Some(pods) =
            covered.iter().map(|workload| workload.replicas()).sum::<Option<i64>>().filter(|pods| *pods > 0)
        else {
            continue;
        };
        if let Some((field, message)) = blocked(budget, pods) {
            let fix = match pods {
                1 => "give the workload a second replica, or take the budget away: one pod cannot be moved and stay"
                    .to_owned(),
                _ => format!("let one of the {pods} pods go: maxUnavailable: 1"),
            };
            let place = budget.place_of(&["spec", field]);
            told.say("F74", Severity::Warning, budget, place, message, fix);
        }
    }
}

/// The field that keeps every pod where it is, and how.
fn blocked(budget: &Object, pods: i64) -> Option<(&'static str, String)> {
    let spec = budget.root.get("spec")?;
    let share = |node: &Node| match &node.value {
        Value::Whole(number) => Some(*number),
        // Both kinds of shares are rounded up.
        Value::Text(text) => {
            let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
            Some(percent.checked_mul(pods)?.checked_add(99)? / 100)
        }
        Value::Nothing | Value::Flag(_) | Value::Real(_) | Value::List(_) | Value::Map(_) => None,
    };
    let covers = if pods == 1 { "its one pod".to_owned() } else { format!("its {pods} pods") };
    if let Some(least) = spec.get("minAvailable").and_then(share) {
        return (least >= pods)
            .then(|| ("minAvailable", format!("lets none of {covers} go: minAvailable keeps {least}")));
    }
    let most = spec.get("maxUnavailable").and_then(share)?;
    (most <= 0).then(|| ("maxUnavailable", format!("lets none of {covers} go: maxUnavailable is 0")))
}
