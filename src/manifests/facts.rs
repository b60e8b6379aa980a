//! What objects give and need, and which papers have to wait for which others because of that.

pub use super::givers::{Given, gives, makes_namespace};
pub use super::keys::Keys;
pub use super::needs::{Want, wants};
pub use super::standing::{Standing, standing};

use super::kinds::Scopes;
use super::{Object, Papers};
use crate::model::{Fact, Place};
use std::collections::HashMap;

/// One papers' need of another's, the first of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The index of the papers that give.
    pub from: usize,
    /// The index of those that want.
    pub to: usize,
    pub fact: Fact,
    pub because: String,
    pub at: Place,
    /// One that is not firm is a good order and no more: leave it out where it would close a cycle.
    pub firm: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Sorted by who wants, then by where; at most one from each giver to each that wants, a firm one before others.
    pub edges: Vec<Link>,
    /// What nobody gives, no file and no cluster, and which would be bad.
    pub unmet: Vec<(usize, Want)>,
}

/// Who gives what, over all papers.
#[derive(Debug, Default)]
pub struct Givers(HashMap<Fact, Vec<Giver>>);

#[derive(Clone, Debug)]
pub struct Giver {
    pub papers: usize,
    pub generated: bool,
}

impl Givers {
    pub fn of<'p>(all: impl Iterator<Item = &'p Papers>) -> Self {
        let mut givers: HashMap<Fact, Vec<Giver>> = HashMap::new();
        for (papers, of) in all.enumerate() {
            for given in of.objects.iter().flat_map(|object| gives(object)) {
                let known = givers.entry(given.fact).or_default();
                let generated = given.generated;
                let same = known.iter().position(|giver| giver.papers == papers);
                match same {
                    Some(at) => known[at].generated &= generated,
                    // What several papers would have made is waited for in the first.
                    None if generated && !known.is_empty() => {}
                    None => known.push(Giver { papers, generated }),
                }
            }
        }
        for known in givers.values_mut() {
            if known.iter().any(|giver| !giver.generated) {
                known.retain(|giver| !giver.generated);
            }
        }
        Self(givers)
    }
    pub fn get(&self, fact: &Fact) -> &[Giver] {
        self.0.get(fact).map_or(&[], |givers| givers)
    }
}

/// The kinds that all papers together define.
pub fn scopes(all: &[Papers]) -> Scopes<'_> {
    Scopes::of(all.iter().flat_map(|papers| papers.objects.iter()).map(|object| -> &Object { object }))
}

/// Which papers wait for which, and what they wait for in vain.
pub fn links(all: &[Papers]) -> Links {
    let (givers, scopes) = (Givers::of(all.iter()), scopes(all));
    let mut links = Links::default();
    // Where the link from each papers to those at hand lies.
    let mut made: HashMap<usize, usize> = HashMap::new();
    for (to, papers) in all.iter().enumerate() {
        made.clear();
        for want in papers.objects.iter().flat_map(|object| wants(object, &scopes)) {
            let known = givers.get(&want.fact);
            if known.is_empty() {
                if want.unmet.is_some() && standing(&want.fact) == Standing::No {
                    links.unmet.push((to, want));
                }
                continue;
            }
            if known.iter().any(|giver| giver.papers == to) {
                continue;
            }
            for giver in known {
                let from = giver.papers;
                let link = || {
                    let Want { fact, because, at, firm, .. } = want.clone();
                    Link { from, to, fact, because, at, firm }
                };
                match made.get(&from) {
                    Some(before) if want.firm && !links.edges[*before].firm => links.edges[*before] = link(),
                    Some(_) => {}
                    None => {
                        made.insert(from, links.edges.len());
                        links.edges.push(link());
                    }
                }
            }
        }
    }
    links
}
