//! Many objects, few causes: twenty pods that wait for one claim are one trouble.

use super::trouble::{Standing, Trouble};
use crate::model::ObjectId;
use std::collections::HashMap;

/// A trouble, and all that it holds up.
#[derive(Debug)]
pub struct Gathered<'a> {
    pub trouble: &'a Trouble,
    pub affected: Vec<&'a ObjectId>,
}

/// In the order in which each was first met.
pub fn gather(standings: &[(ObjectId, Standing)]) -> Vec<Gathered<'_>> {
    let mut all: Vec<Gathered<'_>> = Vec::new();
    let mut known: HashMap<(&str, &ObjectId, &str), usize> = HashMap::new();
    for (id, standing) in standings {
        let trouble = match standing {
            Standing::Stuck(trouble) => &**trouble,
            Standing::Ready(_) | Standing::Waiting { .. } | Standing::Slow { .. } => continue,
        };
        let at = *known.entry((trouble.id, &trouble.object, &trouble.message)).or_insert_with(|| {
            all.push(Gathered { trouble, affected: Vec::new() });
            all.len() - 1
        });
        all[at].affected.push(id);
        // Of the ways that lead there, the longest tells most.
        if trouble.chain.len() > all[at].trouble.chain.len() {
            all[at].trouble = trouble;
        }
    }
    all
}
