//! Findings of one kind that one remedy mends are told together, the first of them in full: what is wrong twelve times over is
//! one thing to do, and must not hide the others.

use super::finding::Finding;
use std::collections::HashMap;

/// So many of a group are shown.
const SHOWN: usize = 3;

/// Findings that are mended alike, in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike<'f> {
    pub all: Vec<&'f Finding>,
}

/// The groups, in the order of the first of each.
pub fn alike<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Vec<Alike<'f>> {
    let mut groups: Vec<Alike<'f>> = Vec::new();
    let mut known: HashMap<(&str, &str), usize> = HashMap::new();
    for finding in findings {
        let at = *known.entry((finding.id, &finding.fix)).or_insert_with(|| {
            groups.push(Alike { all: Vec::new() });
            groups.len() - 1
        });
        groups[at].all.push(finding);
    }
    groups
}

impl<'f> Alike<'f> {
    /// Those that are shown, and how many are not. To fold a single one away saves nothing.
    pub fn shown(&self, whole: bool) -> (&[&'f Finding], usize) {
        match whole || self.all.len() <= SHOWN + 1 {
            true => (&self.all, 0),
            false => (&self.all[..SHOWN], self.all.len() - SHOWN),
        }
    }

    /// What mends all of them.
    pub fn fix(&self) -> &'f str {
        self.all.first().map_or("", |first| &first.fix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Place, Severity, Spot};

    fn finding(object: &str, fix: &str) -> Finding {
        Finding {
            id: "F02",
            severity: Severity::Error,
            place: Place { file: "a.yaml".into(), spot: Spot { line: 1, column: 1 } },
            object: object.into(),
            message: "is shut".into(),
            fix: fix.into(),
            patch: None,
        }
    }

    #[test]
    fn what_one_remedy_mends_is_one_group_and_four_are_not_folded() {
        let mut findings: Vec<Finding> = (0..4).map(|n| finding(&format!("a{n}"), "open it")).collect();
        findings.insert(1, finding("b", "mend it"));
        let groups = alike(&findings);
        assert_eq!(
            groups.iter().map(|group| (group.fix(), group.all.len())).collect::<Vec<_>>(),
            [("open it", 4), ("mend it", 1)]
        );
        assert_eq!(groups[0].shown(false).1, 0);
        findings.push(finding("a4", "open it"));
        let groups = alike(&findings);
        assert_eq!((groups[0].shown(false).0.len(), groups[0].shown(false).1), (3, 2));
        assert_eq!((groups[0].shown(true).0.len(), groups[0].shown(true).1), (5, 0));
    }
}
