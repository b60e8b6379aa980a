//! F39, F44: rights of those who deploy. Who may write roles may still grant no right that he has not himself; and who waits
//! for what he deployed has to be allowed to watch it.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::{Severity, Spot};
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    ids: &["F39", "F44"],
    pages: &[cause(
        "F44",
        "A deployer that may not watch",
        "helm --wait, kubectl rollout status and their like watch what they deployed: the pods, the ReplicaSets, the events. \
         Who may make Deployments and not watch these sees nothing happen, and waits until its time is over, though all \
         is well.",
        "Add the verbs get, list and watch on pods, events and replicasets to its role.",
    )],
    look,
};

const GROUP: &str = "rbac.authorization.k8s.io";

fn look(ground: &Ground<'_>, told: &mut Told) {
    for ((_, deployer), roles) in deployers(ground) {
        // What Kubernetes brings itself, or something else than a file makes, may allow all that is missed here.
        let Some(roles) = roles.into_iter().collect::<Option<Vec<&Object>>>() else { continue };
        grants(&roles, deployer, told);
        waits(&roles, deployer, told);
    }
}

/// The roles of each ServiceAccount that deploys, by its namespace and name; None for one that is in no file.
fn deployers<'o>(ground: &Ground<'o>) -> BTreeMap<(&'o str, &'o str), Vec<Option<&'o Object>>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for kind in ["RoleBinding", "ClusterRoleBinding"] {
        for binding in ground.of_kind(GROUP, kind) {
            let role = |field: &str| binding.root.text_at(&["roleRef", field]).unwrap_or_default();
            let home = if role("kind") == "Role" { binding.namespace() } else { None };
            let role = ground.find(GROUP, role("kind"), home, role("name")).map(|role| -> &Object { role });
            for subject in each(&binding.root, "subjects") {
                let name = subject.text_at(&["name"]).unwrap_or_default();
                if subject.text_at(&["kind"]) == Some("ServiceAccount") && deploys(name) {
                    let space = subject.text_at(&["namespace"]).or(binding.namespace()).unwrap_or_default();
                    found.entry((space, name)).or_default().push(role);
                }
            }
        }
    }
    found
}

/// Operators write roles too, and hold what is in them. A deployer is told by its name.
fn deploys(account: &str) -> bool {
    let words: Vec<&str> = account.split(['-', '_', '.']).collect();
    let known = [
        "deploy", "deployer", "ci", "cicd", "cd", "runner", "helm", "pipeline", "github", "gitlab", "jenkins", "drone",
    ];
    let known = known.into_iter().chain(["woodpecker", "tekton", "terraform", "arc", "actions", "deployment"]);
    known.into_iter().any(|name| words.contains(&name))
}

fn has(rule: &Node, list: &str, words: &[&str]) -> bool {
    each(rule, list).filter_map(Node::text).any(|word| word == "*" || words.contains(&word))
}

/// The role and the place of the rule that allows this. What is allowed of some names only counts where `named` says so.
fn allows<'o>(
    roles: &[&'o Object],
    (group, what): (&str, &str),
    verbs: &[&str],
    named: bool,
) -> Option<(&'o Object, Spot)> {
    let rule = |rule: &&Node| {
        (named || rule.get("resourceNames").is_none_or(|names| names.items().is_empty()))
            && has(rule, "apiGroups", &[group])
            && has(rule, "resources", &[what])
            && has(rule, "verbs", verbs)
    };
    roles.iter().find_map(|role| Some((*role, each(&role.root, "rules").find(rule)?.at)))
}

const WRITES: [&str; 3] = ["create", "patch", "update"];

fn grants(roles: &[&Object], deployer: &str, told: &mut Told) {
    let kinds = [(["roles", "clusterroles"], "escalate"), (["rolebindings", "clusterrolebindings"], "bind")];
    for (written, verb) in kinds {
        let found = written.into_iter().find_map(|what| Some((what, allows(roles, (GROUP, what), &WRITES, false)?)));
        let Some((what, (role, at))) = found else { continue };
        // Both verbs are asked of the role, also where it is the binding that is written.
        if ["roles", "clusterroles"].into_iter().any(|role| allows(roles, (GROUP, role), &[verb], true).is_some()) {
            continue;
        }
        let message = format!(
            "lets ServiceAccount {deployer} write {what} and has not the verb {verb}: it can grant no right that it has not \
             itself"
        );
        let fix = format!("add the verb {verb} on roles and clusterroles, or let an administrator apply the {what}");
        told.say("F39", Severity::Warning, role, role.place_at(at), message, fix);
    }
}

fn waits(roles: &[&Object], deployer: &str, told: &mut Told) {
    let Some((role, at)) = allows(roles, ("apps", "deployments"), &WRITES, false) else { return };
    let wanted = [("apps", "replicasets"), ("", "pods"), ("", "events")];
    let lacks = wanted.into_iter().filter(|what| allows(roles, *what, &["watch"], false).is_none());
    let lacks = lacks.map(|(_, what)| what).collect::<Vec<_>>().join(", ");
    if !lacks.is_empty() {
        let message = format!("lets ServiceAccount {deployer} make Deployments and not watch {lacks}");
        let fix = format!("add get, list and watch on {lacks}, without which helm --wait waits in vain");
        told.say("F44", Severity::Note, role, role.place_at(at), message, fix);
    }
}
