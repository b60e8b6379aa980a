//! Where a sealed value opens: under its own name, anywhere in its namespace, or everywhere.

use std::collections::BTreeMap;

const NAMESPACE_WIDE: &str = "sealedsecrets.bitnami.com/namespace-wide";
const CLUSTER_WIDE: &str = "sealedsecrets.bitnami.com/cluster-wide";
/// A scope is in force where its annotation says exactly this.
const YES: &str = "true";

/// The wider, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    Strict,
    NamespaceWide,
    ClusterWide,
}

impl Scope {
    pub const ALL: [Scope; 3] = [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide];

    /// What these annotations say. Of both the wider one counts, as it does for the controller.
    pub fn of(annotations: &BTreeMap<String, String>) -> Self {
        Self::said(annotations).into_iter().max().unwrap_or(Scope::Strict)
    }
    /// Every scope that these annotations name as theirs.
    pub fn said(annotations: &BTreeMap<String, String>) -> Vec<Self> {
        let says = |name: &str| annotations.get(name).is_some_and(|value| value == YES);
        Self::ALL.into_iter().filter(|scope| scope.annotation().is_some_and(says)).collect()
    }
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Strict => "strict",
            Scope::NamespaceWide => "namespace-wide",
            Scope::ClusterWide => "cluster-wide",
        }
    }
    pub fn annotation(self) -> Option<&'static str> {
        match self {
            Scope::Strict => None,
            Scope::NamespaceWide => Some(NAMESPACE_WIDE),
            Scope::ClusterWide => Some(CLUSTER_WIDE),
        }
    }
    /// Makes annotations say this scope and no other.
    pub fn mark(self, annotations: &mut BTreeMap<String, String>) {
        annotations.retain(|name, _| name != NAMESPACE_WIDE && name != CLUSTER_WIDE);
        annotations.extend(self.annotation().map(|name| (name.to_owned(), YES.to_owned())));
    }
    /// What is bound into the sealed value, so that it opens nowhere else. Upstream's page on its cryptography leaves the
    /// slash out; its code does not.
    pub fn label(self, namespace: &str, name: &str) -> Vec<u8> {
        match self {
            Scope::Strict => format!("{namespace}/{name}").into_bytes(),
            Scope::NamespaceWide => namespace.as_bytes().to_vec(),
            Scope::ClusterWide => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_say_the_scope_and_the_wider_one_counts() {
        let of = |pairs: &[(&str, &str)]| {
            Scope::of(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        assert_eq!(of(&[]), Scope::Strict);
        assert_eq!(of(&[(NAMESPACE_WIDE, "true")]), Scope::NamespaceWide);
        assert_eq!(of(&[(NAMESPACE_WIDE, "true"), (CLUSTER_WIDE, "true")]), Scope::ClusterWide);
        for no in ["True", "yes", "", "false"] {
            assert_eq!(of(&[(CLUSTER_WIDE, no), (NAMESPACE_WIDE, no)]), Scope::Strict, "{no}");
        }
    }

    #[test]
    fn a_mark_is_read_back_and_takes_others_away() {
        for before in Scope::ALL {
            for scope in Scope::ALL {
                let mut annotations = BTreeMap::from([("kept".to_owned(), "x".to_owned())]);
                before.mark(&mut annotations);
                scope.mark(&mut annotations);
                assert_eq!(Scope::of(&annotations), scope);
                assert_eq!(annotations.len(), if scope == Scope::Strict { 1 } else { 2 });
            }
        }
    }

    #[test]
    fn the_label_is_what_the_scope_binds() {
        let labels = Scope::ALL.map(|scope| String::from_utf8_lossy(&scope.label("n", "s")).into_owned());
        assert_eq!(labels, ["n/s", "n", ""]);
    }
}
