//! What is at stake in a recovery: what stands under the name of the plan's cluster, whose it is, what dies with it and what
//! does not, and whether the way in leads through it. Looked at before anything is asked; nothing is changed.

mod harm;
pub mod memory;
mod question;
mod ways;
mod whose;

pub use question::{Drilled, Told as Asked, question};
pub use whose::Whose;

use crate::checks::access::Dying;
use crate::checks::told::Told;
use crate::model::{InUse, Place, Problem, Provider, Spot, Unknown};
use crate::plan::file::Way;
use crate::plan::load::Planned;
use crate::steps::cluster::contract::{Blast, Contract, Exists, Standing};
use crate::sys::Look;
use crate::sys::access::Session;
use crate::sys::side::Until;
use memory::Memory;
use std::time::Duration;

/// A provider bounds its own questions; this is for one that does not.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was looked at.
pub struct Stake {
    pub provider: Provider,
    /// What the cluster is called, and what has to be typed.
    pub name: String,
    /// What stands there, when that is known.
    pub standing: Option<Standing>,
    /// Why it is not known.
    pub unknown: Vec<String>,
    pub blast: Blast,
    pub whose: Whose,
    pub dying: Dying,
    /// Whether this very session comes through it.
    pub session: InUse,
    /// For each way in of the plan, whether it is the one.
    pub in_use: Vec<Option<bool>>,
    pub told: Told,
}

/// What the plan says of it.
pub struct Wanted<'a> {
    pub maker: &'a dyn Contract,
    pub name: &'a str,
    pub place: Place,
    pub discard: &'a [(String, Spot)],
    pub access: &'a [Way],
    pub dying: Dying,
}

impl<'a> Wanted<'a> {
    /// Nothing, where the plan takes the place of no cluster.
    pub fn of(planned: &'a Planned) -> Option<Self> {
        let file = &planned.file;
        let (maker, cluster) = (file.maker.as_deref()?, file.cluster.as_ref()?);
        (maker.provider() != Provider::Sandbox).then(|| Self {
            maker,
            name: &cluster.name,
            place: Place { file: file.shown.clone(), spot: cluster.at },
            discard: &file.discard,
            access: &file.access,
            dying: ways::planned(file.planned.as_ref(), cluster.host.is_some()),
        })
    }
}

/// Looks at all of it.
pub async fn look(look: Look, wanted: Wanted<'_>, memory: &Memory, session: &Session) -> Stake {
    let Wanted { maker, name, place, discard, access, mut dying } = wanted;
    let until = Until::after(PATIENCE);
    let exists = until.within(PATIENCE, maker.exists(look)).await;
    let late = || Exists::Unknown(vec![format!("{}: no answer within {} s", maker.provider(), PATIENCE.as_secs())]);
    let mut told = Told::default();
    let (standing, unknown) = match exists.unwrap_or_else(late) {
        Exists::Yes(standing) => (Some(standing), Vec::new()),
        Exists::No(_) => match until.within(PATIENCE, maker.keeper(look)).await {
            Some(Ok(keeper)) => (Some(Standing { keeper, ..Standing::default() }), Vec::new()),
            Some(Err(why)) => (None, vec![why]),
            None => (None, vec![format!("{}: no answer within {} s", maker.provider(), PATIENCE.as_secs())]),
        },
        Exists::Unknown(why) => (None, why),
    };
    let mut blast = Blast::default();
    let mut whose = Whose::Nobody;
    let there = standing.as_ref().filter(|standing| !standing.parts.is_empty());
    match there {
        Some(standing) => {
            blast = maker.blast(look, standing).await;
            whose = whose::of(standing, memory);
            told.extend(whose::findings(&whose, name, &place));
            memory.broken.iter().for_each(|why| told.unknowns.push(whose::unread(name, &place, why)));
            harm::judge(&blast, discard, &place, &mut told);
            ways::stands(look, standing, &mut dying);
        }
        None => dying = Dying::default(),
    }
    let ahead = until.within(PATIENCE, maker.ahead(look)).await;
    told.take(ahead.unwrap_or_else(|| late_ahead(maker.provider(), name, &place)));
    let session = match (there, standing.is_some()) {
        (Some(_), _) => crate::checks::access::judge(session, &dying),
        (None, true) => InUse::No("nothing stands there that could carry it".to_owned()),
        (None, false) => InUse::Unknown("what stands there is not known".to_owned()),
    };
    let in_use = ways::in_use(access, &session);
    let (provider, name) = (maker.provider(), name.to_owned());
    Stake { provider, name, standing, unknown, blast, whose, dying, session, in_use, told }
}

/// What was asked and not answered is not known.
fn late_ahead(provider: Provider, name: &str, place: &Place) -> Told {
    let mut told = Told::default();
    told.unknowns.push(Unknown {
        id: "F19",
        place: place.clone(),
        object: format!("cluster {name}"),
        message: format!("what {provider} needs of the world outside was not answered within {} s", PATIENCE.as_secs()),
        missing: "a quicker answer: ask again".to_owned(),
    });
    told
}

impl Stake {
    /// Whether there is something that would be deleted.
    pub fn stands(&self) -> bool {
        self.standing.as_ref().is_some_and(|standing| !standing.parts.is_empty())
    }
    /// Why nothing may be made under this name.
    pub fn refusal(&self) -> Option<Problem> {
        if self.standing.is_some() {
            return None;
        }
        let problem = Problem::refused(format!("nobody can say whether cluster {} exists", self.name));
        let problem = self.unknown.iter().fold(problem, Problem::because);
        let problem = problem.because("nothing is made over something that may be alive; nothing was changed");
        let silent = self.unknown.iter().any(|why| why.contains("Cannot connect to the Docker daemon"));
        Some(problem.next(match (self.provider, silent) {
            (Provider::K3d, true) => "systemctl start docker, then the same command",
            (Provider::K3d, false) => "docker ps --all, see what it says, then the same command",
            (Provider::K3s | Provider::Sandbox, _) => "systemctl status k3s, see what it says, then the same command",
        }))
    }
}
