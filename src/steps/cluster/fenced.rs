//! The fence of a drill as the maker of its cluster uses it: put up around a network on which nothing is yet, proven from its
//! nodes, read at the end. Whose network it is, is not known here.

use crate::checks::drill::Allowed;
use crate::model::count::many;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::sys::fence::{self, Fence, Gate, Heard, Order};
use crate::sys::{Look, Touch, files};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

const FILE: &str = "fence.json";
const LOWERED: &str = "fence-lowered.json";
const LARGEST: u64 = 4 << 20;
/// An address that nobody has, by agreement: what is sent there can only be seen by the fence.
const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 443);
/// A port of this host that is asked for in vain.
const ECHO: u16 = 7;
/// So many destinations are told one by one.
const TOLD: usize = 20;

/// A fence as it was put up, kept in the folder of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    pub fence: Fence,
    pub gates: Vec<Gate>,
    /// Places that were opened because somebody named them for the drill.
    pub lifted: Vec<String>,
    /// Whether questions about names go around it.
    pub hole: bool,
}

impl Raised {
    pub fn read(look: Look, run: &Path) -> Result<Option<Self>, String> {
        let path = run.join(FILE);
        match files::read(look, &path, LARGEST) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| format!("{}: {error}", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }
    fn write(&self, touch: &Touch, run: &Path) -> Result<(), String> {
        let text = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        let path = run.join(FILE);
        files::replace(touch, &path, &text).map_err(|error| format!("{}: {error}", path.display()))
    }
    /// Names with the addresses that are open, one line an address: for the host aliases of nodes and CoreDNS.
    pub fn pins(&self) -> BTreeMap<IpAddr, Vec<String>> {
        let mut pins: BTreeMap<IpAddr, Vec<String>> = BTreeMap::new();
        for gate in self.gates.iter().filter(|gate| gate.host.trim_matches(['[', ']']).parse::<IpAddr>().is_err()) {
            for address in &gate.addresses {
                let names = pins.entry(*address).or_default();
                if !names.contains(&gate.host) {
                    names.push(gate.host.clone());
                }
            }
        }
        pins
    }
}

/// Puts the fence around the network with this id, whose interface is `bridge`. Nothing may be on it yet.
pub async fn raise(scene: &Scene<'_>, network: &str, bridge: &str, allowed: &Allowed) -> Result<Raised, Mishap> {
    let look = scene.touch.look();
    let wanted: Vec<(String, u16)> = allowed.openings.iter().map(|one| (one.host.clone(), one.port)).collect();
    let found = fence::resolve(look, &wanted).await;
    let mut gates = Vec::new();
    for ((host, port), found) in wanted.into_iter().zip(found) {
        match found {
            Ok(addresses) => gates.push(Gate { host, port, addresses }),
            // It stays shut; whoever needs it fails at it, with its name.
            Err(why) => (scene.say)(format!("fence: {host}:{port} stays shut: its name was not resolved: {why}")),
        }
    }
    let resolvers = fence::resolvers(look);
    let order = Order { network, bridge, gates: &gates, resolvers: &resolvers.outside };
    let refused =
        |why: String| Mishap::failed(format!("the fence was not put up, so nothing was started: {why}"), false);
    let fence = fence::up(scene.touch, &order).await.map_err(refused)?;
    let lifted = allowed.openings.iter().filter(|one| one.lifted).map(|one| format!("{}:{}", one.host, one.port));
    let raised = Raised { fence, gates, lifted: lifted.collect(), hole: !resolvers.on_host.is_empty() };
    if let Err(why) = raised.write(scene.touch, scene.run) {
        // Nobody would find it again.
        fence::down(scene.touch, &raised.fence).await.map_err(refused)?;
        return Err(refused(why));
    }
    (scene.say)(format!("fence: up on {bridge}, {} open", many(raised.gates.len(), "place")));
    Ok(raised)
}

/// Tries it from the network of these processes, each the first of a node: what is denied must be silent and must have been
/// counted by the fence, or it was not the fence that was silent. `host` is this host's own address on the bridge, which a
/// node always finds its way to. Says what was tried.
pub async fn prove(look: Look, raised: &Raised, host: IpAddr, nodes: &[(String, i32)]) -> Result<String, String> {
    fence::stands(look, &raised.fence).await?;
    let mut open = None;
    for (name, pid) in nodes {
        for to in [SocketAddr::new(host, ECHO), NOBODY] {
            let before = seen(look, raised, to).await?;
            let heard = fence::probe(look, *pid, to).await?;
            let counted = seen(look, raised, to).await? > before;
            let stopped = match heard {
                Heard::Silence => counted,
                // A host without a way to anywhere says so before its fence is asked.
                Heard::Refused(_) => to == NOBODY && !counted,
                Heard::Answered => false,
            };
            if !stopped {
                return Err(format!("a packet of node {name} to {to} was not stopped by the fence: {heard:?}"));
            }
        }
        let places = raised.gates.iter().flat_map(|gate| gate.addresses.iter().map(move |address| (gate, *address)));
        for (gate, address) in places.take(if open.is_none() { 4 } else { 0 }) {
            if fence::probe(look, *pid, SocketAddr::new(address, gate.port)).await? == Heard::Answered {
                open = Some(format!("{}:{}", gate.host, gate.port));
                break;
            }
        }
    }
    let through = open.map_or_else(|| "no open place answered".to_owned(), |place| format!("{place} answers"));
    Ok(format!("the fence stands: this host and {NOBODY} are denied from {}, {through}", many(nodes.len(), "node")))
}

/// How many packets to this place were denied.
async fn seen(look: Look, raised: &Raised, to: SocketAddr) -> Result<u64, String> {
    let counts = fence::counts(look, &raised.fence).await?;
    let of_it = counts.denied.iter().filter(|one| one.to == to.ip() && one.port == Some(to.port()));
    Ok(of_it.map(|one| one.packets).sum())
}

/// What the report says of it when the drill is over. A fence that does not stand is a failure of the drill.
pub async fn told(look: Look, raised: &Raised) -> Result<Vec<String>, String> {
    fence::stands(look, &raised.fence).await?;
    let counts = fence::counts(look, &raised.fence).await?;
    let mut lines: Vec<String> =
        raised.lifted.iter().map(|place| format!("fence lifted by the plan for {place}")).collect();
    if raised.hole {
        lines.push("questions about names went around the fence: the resolver is a process of this host".to_owned());
    }
    lines.push(match counts.packets {
        0 => "the fence denied nothing".to_owned(),
        n => format!("the fence denied {} to {}", many_packets(n), many(counts.denied.len(), "destination")),
    });
    lines.extend(counts.denied.iter().take(TOLD).map(|one| format!("denied: {one}")));
    if counts.denied.len() > TOLD {
        lines.push(format!("and {} more", counts.denied.len() - TOLD));
    }
    if counts.turned_away > 0 {
        lines.push(format!("{} from elsewhere were turned away", many_packets(counts.turned_away)));
    }
    Ok(lines)
}

fn many_packets(count: u64) -> String {
    many(usize::try_from(count).unwrap_or(usize::MAX), "packet")
}

/// Takes it down, when nothing is on its network any more.
pub async fn lower(scene: &Scene<'_>, raised: &Raised) -> Result<(), Mishap> {
    let late = |why: String| Mishap::failed(format!("the fence is still there: {why}"), true);
    fence::down(scene.touch, &raised.fence).await.map_err(late)?;
    // What it was stays in the folder of the run; nobody looks for it any more.
    files::rename(scene.touch, &scene.run.join(FILE), &scene.run.join(LOWERED)).map_err(|error| late(error.to_string()))
}
