//! A fake: no provider, but one that says of a cluster what a test tells it to, and makes and deletes nothing.

use blackstart::checks::access::Dying;
use blackstart::engine::stake::memory::Memory;
use blackstart::engine::stake::{self, Stake, Wanted};
use blackstart::model::digest::Digester;
use blackstart::model::{Finding, Place, Provider, Spot};
use blackstart::plan::file::Way;
use blackstart::steps::cluster::contract::{Blast, Contract, Exists, Part, Sort, Standing};
use blackstart::steps::contract::{Mishap, Seen, Work};
use blackstart::steps::scene::Scene;
use blackstart::steps::target::Up;
use blackstart::sys::access::Session;
use blackstart::sys::{Look, side};
use std::time::Duration;

pub const SERVER: &str = "1111111111111111111111111111111111111111111111111111111111111111";
pub const LB: &str = "2222222222222222222222222222222222222222222222222222222222222222";
pub const NETWORK: &str = "3333333333333333333333333333333333333333333333333333333333333333";

/// What it says.
pub struct Lasting {
    pub provider: Provider,
    pub exists: Exists,
    pub blast: Blast,
}

impl Contract for Lasting {
    fn provider(&self) -> Provider {
        self.provider
    }
    fn summary(&self) -> String {
        "1 server".to_owned()
    }
    fn reaches(&self) -> String {
        "nothing".to_owned()
    }
    fn add_to(&self, _: Look, _: &mut Digester) -> Result<(), String> {
        Ok(())
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(1)
    }
    fn programs(&self) -> Vec<&str> {
        Vec::new()
    }
    fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }
    fn exists<'a>(&'a self, _: Look) -> Work<'a, Exists> {
        Box::pin(async { self.exists.clone() })
    }
    fn blast<'a>(&'a self, _: Look, standing: &'a Standing) -> Work<'a, Blast> {
        assert!(!standing.parts.is_empty(), "what is not there harms nobody");
        Box::pin(async { self.blast.clone() })
    }
    fn save<'a>(&'a self, _: &'a Scene<'a>, _: &'a Standing) -> Work<'a, Result<Vec<String>, Mishap>> {
        Box::pin(async { unreachable!("nothing is saved before it is confirmed") })
    }
    fn delete<'a>(&'a self, _: &'a Scene<'a>, _: &'a Standing) -> Work<'a, Result<(), Mishap>> {
        Box::pin(async { unreachable!("nothing is deleted before it is confirmed") })
    }
    fn create<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(async { unreachable!("nothing is made before it is confirmed") })
    }
    fn reach<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<Option<Up>, String>> {
        Box::pin(async { Ok(None) })
    }
    fn verify<'a>(&'a self, _: &'a Scene<'a>, _: &'a Up) -> Work<'a, Seen> {
        Box::pin(async { Seen::Absent("none".to_owned()) })
    }
    fn undo<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<Option<String>, Mishap>> {
        Box::pin(async { Ok(None) })
    }
    fn unproven(&self, _: Option<&Up>) -> Vec<String> {
        Vec::new()
    }
}

pub fn part(sort: Sort, id: &str, name: &str) -> Part {
    Part { sort, id: id.to_owned(), name: name.to_owned(), run: None, runs: sort == Sort::Container }
}

/// Two containers and a network, whose API server answers with this uid.
pub fn standing(uid: Option<&str>) -> Standing {
    let parts = vec![
        part(Sort::Container, SERVER, "k3d-homelab-server-0"),
        part(Sort::Container, LB, "k3d-homelab-serverlb"),
        part(Sort::Network, NETWORK, "k3d-homelab"),
    ];
    Standing { parts, uid: uid.map(str::to_owned), ..Standing::default() }
}

/// Everything that can be different in a test.
pub struct World {
    pub maker: Lasting,
    pub memory: Memory,
    pub discard: Vec<(String, Spot)>,
    pub access: Vec<Way>,
    pub session: Session,
    pub dying: Dying,
}

pub fn spot(line: u32) -> Spot {
    Spot { line, column: 1 }
}

impl World {
    /// One in which nothing is wrong.
    pub fn well(exists: Exists) -> Self {
        let blast = Blast {
            dies: vec!["1 node".to_owned(), "84 pods, alive now".to_owned()],
            stays: vec!["/srv/appdata (a folder of this host)".to_owned()],
            ..Blast::default()
        };
        Self {
            maker: Lasting { provider: Provider::K3d, exists, blast },
            memory: Memory::default(),
            discard: Vec::new(),
            access: Vec::new(),
            session: Session::default(),
            dying: Dying::default(),
        }
    }
    pub fn look(&self) -> Stake {
        let wanted = Wanted {
            maker: &self.maker,
            name: "homelab",
            place: Place { file: "plan.yaml".to_owned(), spot: spot(3) },
            discard: &self.discard,
            access: &self.access,
            dying: self.dying.clone(),
        };
        side::block_on(stake::look(Look::new(), wanted, &self.memory, &self.session)).unwrap()
    }
}

/// Exactly these, each as `F21 Error plan.yaml:3 words | words`, with unknowns as `F21 unknown …`.
#[track_caller]
pub fn says(stake: &Stake, wanted: &[&str]) {
    let place = |place: &Place| format!("{}:{}", place.file, place.spot.line);
    let findings = stake.told.faults.iter().map(|fault| &fault.finding);
    let findings = findings.map(|one| {
        format!("{} {:?} {} {} {} {}", one.id, one.severity, place(&one.place), one.object, one.message, one.fix)
    });
    let unknowns = stake.told.unknowns.iter();
    let unknowns = unknowns.map(|one| format!("{} unknown {} {}", one.id, place(&one.place), one.message));
    let shown: Vec<String> = findings.chain(unknowns).collect();
    assert_eq!(shown.len(), wanted.len(), "{shown:#?}");
    for wanted in wanted {
        let words: Vec<&str> = wanted.split(" | ").collect();
        assert!(shown.iter().any(|one| words.iter().all(|word| one.contains(word))), "{wanted} is not in {shown:#?}");
    }
}
