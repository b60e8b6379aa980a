//! Which volumes can serve a claim, found without looking at all of them; and who gets which where several want one.

use super::Volume;
use crate::checks::binder::{ClaimFacts, VolumeFacts, matches};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

/// The volumes by what a claim finds them by.
pub struct Shelf<'v> {
    volumes: &'v [Volume<'v>],
    by_name: HashMap<&'v str, usize>,
    /// By namespace and name.
    by_claim: HashMap<String, Vec<usize>>,
    /// Those that are kept for nobody.
    by_class: HashMap<&'v str, Vec<usize>>,
    /// What was found for claims that ask for the same.
    found: RefCell<HashMap<String, Rc<[usize]>>>,
}

impl<'v> Shelf<'v> {
    pub fn of(volumes: &'v [Volume<'v>]) -> Self {
        let (mut by_name, mut by_claim, mut by_class) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (at, Volume { facts, .. }) in volumes.iter().enumerate() {
            by_name.insert(&*facts.name, at);
            match &facts.claim {
                Some(claim) => {
                    by_claim.entry(claim.to_string()).or_insert_with(Vec::new).push(at);
                }
                None => by_class.entry(&*facts.class).or_insert_with(Vec::new).push(at),
            }
        }
        Self { volumes, by_name, by_claim, by_class, found: RefCell::default() }
    }
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }
    pub fn has_class(&self, class: &str) -> bool {
        self.volumes.iter().any(|volume| *volume.facts.class == *class)
    }
    pub fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
    /// The volumes whose claimRef names this claim, whether or not they can serve it.
    pub fn kept_for(&self, claim: &ClaimFacts) -> &[usize] {
        self.by_claim.get(&format!("{}/{}", claim.namespace, claim.name)).map_or(&[], Vec::as_slice)
    }
    /// The same where no pod is waited for: there the binder goes through the volumes by how many access modes they have, and takes
    /// a free one with fewer before it comes to the one that is kept.
    pub fn serving_at_once(&self, claim: &ClaimFacts) -> Rc<[usize]> {
        let serving = self.serving(claim);
        let modes = |at: usize| self.volumes[at].facts.modes.len();
        let kept = serving.iter().copied().filter(|at| self.volumes[*at].facts.claim.is_some());
        let Some(fewest) = kept.map(modes).min().filter(|_| claim.volume.is_none()) else { return serving };
        let of_class = self.by_class.get(claim.class.as_deref().unwrap_or_default()).into_iter().flatten().copied();
        let nearer = of_class.filter(|at| modes(*at) < fewest && matches(claim, &self.volumes[*at].facts).is_ok());
        let nearer: Vec<usize> = nearer.collect();
        if nearer.is_empty() { serving } else { [&serving[..], &nearer].concat().into() }
    }
    /// Those that can serve the claim, the smallest first. One that is kept for it is taken before all others. Claims that ask
    /// for the same share one list.
    pub fn serving(&self, claim: &ClaimFacts) -> Rc<[usize]> {
        let can = |at: &usize| matches(claim, &self.volumes[*at].facts).is_ok();
        if let Some(name) = &claim.volume {
            return self.named(name).into_iter().filter(can).collect();
        }
        let kept: Vec<usize> = self.kept_for(claim).iter().copied().filter(can).collect();
        if !kept.is_empty() {
            return kept.into();
        }
        // Of volumes that are kept for nobody the name of the claim says nothing.
        let ClaimFacts { class, size, modes, block, selector, attributes, .. } = claim;
        let asked = format!("{:?}", (class, size, modes, block, selector, attributes));
        if let Some(found) = self.found.borrow().get(&asked) {
            return Rc::clone(found);
        }
        let of_class = self.by_class.get(claim.class.as_deref().unwrap_or_default());
        let mut free: Vec<usize> = of_class.into_iter().flatten().copied().filter(can).collect();
        free.sort_by(|a, b| {
            let key = |at: &usize| -> &VolumeFacts { &self.volumes[*at].facts };
            (&key(a).size, &key(a).name).cmp(&(&key(b).size, &key(b).name))
        });
        let free: Rc<[usize]> = free.into();
        self.found.borrow_mut().insert(asked, Rc::clone(&free));
        free
    }
}

/// Gives as many claims as possible a volume each: for every claim the one it gets, none for those that are left over. Who
/// stands first is served first, and is asked to take another volume before somebody goes without.
pub fn assign(wants: &[&[usize]]) -> Vec<Option<usize>> {
    let mut holder: HashMap<usize, usize> = HashMap::new();
    let mut given: Vec<Option<usize>> = vec![None; wants.len()];
    // Who can take as many volumes as there are claims is never short: it chooses last, and nobody has to move for it.
    let (wide, narrow): (Vec<usize>, Vec<usize>) =
        (0..wants.len()).partition(|claim| wants[*claim].len() >= wants.len());
    // Volumes whose holders have nowhere to go: that was found out for one claim and holds for all that come later.
    let mut stuck: HashSet<usize> = HashSet::new();
    for claim in narrow {
        // Breadth first: which claim would have to move for which volume.
        let mut came: HashMap<usize, usize> = HashMap::new();
        let mut queue = VecDeque::from([claim]);
        let mut free = None;
        'search: while let Some(asking) = queue.pop_front() {
            for volume in wants[asking] {
                if stuck.contains(volume) || came.contains_key(volume) {
                    continue;
                }
                came.insert(*volume, asking);
                match holder.get(volume) {
                    Some(other) => queue.push_back(*other),
                    None => {
                        free = Some(*volume);
                        break 'search;
                    }
                }
            }
        }
        if free.is_none() {
            stuck.extend(came.keys());
        }
        while let Some(volume) = free {
            let Some(taker) = came.get(&volume).copied() else { break };
            free = given[taker].replace(volume);
            holder.insert(volume, taker);
            if taker == claim {
                break;
            }
        }
    }
    for claim in wide {
        given[claim] = wants[claim].iter().copied().find(|volume| !holder.contains_key(volume));
        holder.extend(given[claim].map(|volume| (volume, claim)));
    }
    given
}

/// Those that want any volume that this one wants: it too.
pub fn rivals(wants: &[&[usize]], of: &[usize]) -> Vec<usize> {
    let own: HashSet<usize> = of.iter().copied().collect();
    (0..wants.len()).filter(|other| wants[*other].iter().any(|volume| own.contains(volume))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_possible_are_served_and_the_last_goes_without() {
        let given = |wants: &[&[usize]]| assign(wants);
        assert_eq!(given(&[&[0], &[0]]), [Some(0), None]);
        assert_eq!(given(&[&[0, 1], &[0]]), [Some(1), Some(0)]);
        assert_eq!(given(&[&[0, 1], &[0, 2], &[0], &[1]]), [Some(1), Some(2), Some(0), None]);
        assert_eq!(given(&[&[0, 1], &[1, 2], &[0], &[1]]).iter().flatten().count(), 3);
        assert_eq!(given(&[]), []);
    }
}
