//! The admission plugin's own configuration, where a file has it: what holds without labels, and whom it does not look at.

use super::exempt::Exemptions;
use super::findings::Rules;
use super::level::{Level, Policies, Policy, Version};
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use std::sync::Arc;

impl Rules {
    /// As the one configuration among these files says. Where there are several, which of them a server is started with is
    /// not known, and none of them counts.
    #[must_use]
    pub fn configured(mut self, tools: &[Arc<Object>]) -> Self {
        let mut all = tools.iter().filter_map(|object| configuration(object));
        if let (Some(root), None) = (all.next(), all.next()) {
            self.defaults = defaults(root.get("defaults"));
            let names = |key: &str| {
                let list = root.get("exemptions").into_iter().flat_map(|exempt| each(exempt, key));
                list.filter_map(|name| name.text().map(str::to_owned)).collect()
            };
            self.exemptions = Exemptions {
                usernames: names("usernames"),
                namespaces: names("namespaces"),
                runtime_classes: names("runtimeClasses"),
            };
        }
        self
    }
}

/// What is about this plugin in a file.
fn configuration(object: &Object) -> Option<&Node> {
    match (object.id.group(), object.kind()) {
        ("pod-security.admission.config.k8s.io", "PodSecurityConfiguration") => Some(&object.root),
        ("apiserver.config.k8s.io", "AdmissionConfiguration") => each(&object.root, "plugins")
            .find(|plugin| plugin.text_at(&["name"]) == Some("PodSecurity"))
            .and_then(|plugin| plugin.get("configuration")),
        _ => None,
    }
}

fn defaults(node: Option<&Node>) -> Policies {
    let of = |mode: &str| {
        let text = |key: &str| node.and_then(|node| node.text_at(&[key])).unwrap_or_default().to_owned();
        let level = Level::parse(&text(mode)).unwrap_or(Level::Privileged);
        Policy::new(level, Version::parse(&text(&format!("{mode}-version"))).unwrap_or(Version::Latest))
    };
    Policies { enforce: of("enforce"), audit: of("audit"), warn: of("warn") }
}
