//! Which networks and containers die, and which of the plan's ways in is the one that is used now.

use crate::checks::access::Dying;
use crate::checks::before::{self, Range};
use crate::checks::rules::cluster::{Cluster, Maker};
use crate::model::InUse;
use crate::plan::file::Way;
use crate::steps::cluster::contract::{Part, Sort, Standing};
use crate::sys::{Look, sockets};

/// What the files say: the ranges of pods and Services.
pub fn planned(cluster: Option<&Cluster>, elsewhere: bool) -> Dying {
    let ranges = cluster.map(before::ranges_of).unwrap_or_default();
    let named =
        |(whose, text, range, _): (&str, String, Range, _)| (range, format!("the range of its {whose}, {text}"));
    let pods = !elsewhere && cluster.is_some_and(|cluster| cluster.maker == Maker::K3s);
    Dying { networks: ranges.into_iter().map(named).collect(), pods, ..Dying::default() }
}

/// And what stands there: its containers, and the ranges of its networks, which are those of their bridges.
pub fn stands(look: Look, standing: &Standing, dying: &mut Dying) {
    let of = |sort: Sort| standing.parts.iter().filter(move |part| part.sort == sort);
    dying.containers.extend(of(Sort::Container).map(|part| part.id.clone()));
    let routes = sockets::routes(look);
    for network in of(Sort::Network) {
        let bridge = bridge(network);
        let told = format!("network {}", network.name);
        let own: Vec<Range> = routes.iter().filter(|route| route.device == bridge).map(Range::of_route).collect();
        match own.is_empty() {
            true => dying.hidden.push(told),
            false => dying.networks.extend(own.into_iter().map(|range| (range, told.clone()))),
        }
    }
}

/// What Docker calls the bridge of a network of its own.
fn bridge(network: &Part) -> String {
    format!("br-{}", network.id.get(..12).unwrap_or(&network.id))
}

/// For each way in whether it is used now. Of several on the same side nobody can say which.
pub fn in_use(ways: &[Way], session: &InUse) -> Vec<Option<bool>> {
    let inside = match session {
        InUse::Yes(_) => true,
        InUse::No(_) => false,
        InUse::Unknown(_) => return vec![None; ways.len()],
    };
    let only = ways.iter().filter(|way| way.inside == inside).count() == 1;
    let one = |way: &Way| match (way.inside == inside, only) {
        (false, _) => Some(false),
        (true, true) => Some(true),
        (true, false) => None,
    };
    ways.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Spot;

    #[test]
    fn of_several_ways_on_one_side_nobody_can_say_which_is_used() {
        let way = |name: &str, inside| Way {
            name: name.to_owned(),
            inside,
            told: String::new(),
            at: Spot { line: 1, column: 1 },
        };
        let ways = [way("tunnel", true), way("console", false), way("lan", false)];
        let yes = InUse::Yes(String::new());
        assert_eq!(in_use(&ways, &yes), [Some(true), Some(false), Some(false)]);
        assert_eq!(in_use(&ways, &InUse::No(String::new())), [Some(false), None, None]);
        assert_eq!(in_use(&ways[..2], &InUse::No(String::new())), [Some(false), Some(true)]);
        assert_eq!(in_use(&ways, &InUse::Unknown(String::new())), [None, None, None]);
    }
}
