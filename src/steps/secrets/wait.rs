//! Waits until every SealedSecret has been opened and the Secret behind it is proven. A watch says when to look; what is told
//! of failures are the controller's own words, and what we can add to them.

use super::prove::{Proof, prove};
use crate::model::ObjectId;
use crate::secrets::Vault;
use crate::secrets::store::Held;
use crate::sys::clock;
use crate::sys::kube::{Change, Kube, Trouble, many};
use crate::sys::pace::{BrokenOff, Pace};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

pub const SEALED: (&str, &str) = ("bitnami.com/v1alpha1", "SealedSecret");
/// What comes together is judged together.
const BREATH: Duration = Duration::from_millis(20);
const TICK: Duration = Duration::from_secs(1);
/// A controller tries what failed a few more times; when nothing has moved for so long it has given up.
const GIVEN_UP: Duration = Duration::from_secs(5);

/// How the wait ended: what is proven, and of each of the rest why not.
pub struct Waited {
    pub proven: usize,
    pub rest: Vec<(ObjectId, String)>,
    /// The controller's status of these lags behind what it has done.
    pub lagging: usize,
    pub end: End,
}

#[derive(Debug)]
pub enum End {
    All,
    /// What is left will not come by waiting.
    Failed,
    Over(BrokenOff),
    Lost(Trouble),
}

pub fn id_of(held: &Held) -> ObjectId {
    ObjectId::new(SEALED.0, SEALED.1, Some(&held.namespace), &held.name)
}

/// How one of them stands.
#[derive(Clone)]
struct Standing<'h> {
    held: &'h Held,
    /// As it was last seen.
    sealed: Option<Value>,
    /// It has changed since it was last looked at.
    fresh: bool,
    why: String,
}

pub async fn wait(kube: &Kube, vault: &Vault, wanted: &[&Held], pace: &Pace, say: &dyn Fn(String)) -> Waited {
    let mut open: BTreeMap<ObjectId, Standing<'_>> = wanted
        .iter()
        .map(|held| {
            let why = "there is no SealedSecret of this name".to_owned();
            (id_of(held), Standing { held, sealed: None, fresh: false, why })
        })
        .collect();
    let mut watch = kube.watch(&[SEALED], None);
    let mut swept = clock::uptime();
    let (mut moved, mut told, mut synced, mut lagging) = (clock::uptime(), clock::uptime(), false, 0);
    let end = loop {
        if open.is_empty() {
            break End::All;
        }
        match pace.keep(clock::within(TICK, watch.next())).await {
            Err(why) => break End::Over(why),
            Ok(Some(change)) => {
                if let Err(why) = take(change, &mut open, &mut synced) {
                    break End::Lost(why);
                }
                let until = clock::uptime() + u64::try_from(BREATH.as_millis()).unwrap_or(0);
                while clock::uptime() < until {
                    let Some(change) = clock::within(BREATH, watch.next()).await else { break };
                    if let Err(why) = take(change, &mut open, &mut synced) {
                        return waited(wanted, open, lagging, End::Lost(why));
                    }
                }
            }
            Ok(None) => {}
        }
        // What has not moved for a moment is looked at all the same: a status that was lost tells nothing.
        let still = elapsed(moved) >= GIVEN_UP;
        // All of them, but not at each tick: of thousands that nobody opens the server would hear nothing else.
        let sweep = still && elapsed(swept) >= GIVEN_UP;
        if sweep {
            swept = clock::uptime();
        }
        let now: Vec<ObjectId> = open
            .iter()
            .filter(|(_, one)| one.sealed.is_some() && (one.fresh && processed(one) || sweep))
            .map(|(id, _)| id.clone())
            .collect();
        match look(kube, vault, &now, &mut open).await {
            Err(why) if !why.transient() => break End::Lost(why),
            Err(_) => continue,
            Ok((done, lag)) => {
                lagging += lag;
                if done > 0 {
                    moved = clock::uptime();
                }
                // A line a second is enough for who looks on.
                if done > 0 && elapsed(told) >= TICK {
                    told = moved;
                    say(format!("{} of {} unsealed", wanted.len() - open.len(), wanted.len()));
                }
            }
        }
        if now.iter().any(|id| open.contains_key(id)) && !still {
            moved = clock::uptime();
        }
        if synced && sweep && open.values().all(|one| one.sealed.is_none() || failed(one).is_some()) {
            break End::Failed;
        }
    };
    waited(wanted, open, lagging, end)
}

fn waited(wanted: &[&Held], open: BTreeMap<ObjectId, Standing<'_>>, lagging: usize, end: End) -> Waited {
    let proven = wanted.len() - open.len();
    Waited { proven, rest: open.into_iter().map(|(id, one)| (id, one.why)).collect(), lagging, end }
}

fn elapsed(since: u64) -> Duration {
    Duration::from_millis(clock::uptime().saturating_sub(since))
}

fn take(change: Change, open: &mut BTreeMap<ObjectId, Standing<'_>>, synced: &mut bool) -> Result<(), Trouble> {
    match change {
        Change::Is(object) => {
            if let Some(one) = ObjectId::of(&object).and_then(|id| open.get_mut(&id)) {
                (one.sealed, one.fresh) = (Some(object), true);
                one.why = "nobody has opened it yet: does the controller run?".to_owned();
            }
        }
        Change::Gone(id) => {
            if let Some(one) = open.get_mut(&id) {
                (one.sealed, one.fresh) = (None, false);
                one.why = "its SealedSecret was taken away".to_owned();
            }
        }
        Change::Synced => *synced = true,
        Change::Lost { why } if why.transient() => *synced = false,
        Change::Lost { why } => return Err(why),
    }
    Ok(())
}

/// Its controller has looked at it as it is now.
fn processed(one: &Standing<'_>) -> bool {
    one.sealed.as_ref().is_some_and(|sealed| sealed["status"]["observedGeneration"] == sealed["metadata"]["generation"])
}

/// What the controller says that went wrong.
fn failed<'s>(one: &'s Standing<'_>) -> Option<&'s str> {
    said(one.sealed.as_ref()?)
}

/// What the status of a SealedSecret says that went wrong.
pub fn said(sealed: &Value) -> Option<&str> {
    let conditions = sealed["status"]["conditions"].as_array()?;
    let synced = conditions.iter().find(|condition| condition["type"] == "Synced")?;
    if synced["status"] == "True" {
        return None;
    }
    synced["message"].as_str().filter(|text| !text.is_empty())
}

/// What to do about it, where the controller's words tell that.
fn advice(said: &str, held: &Held) -> String {
    let (space, name) = (&held.namespace, &held.name);
    if said.contains("is not managed by SealedSecret") {
        return format!(
            "; if nobody else needs what is in it: kubectl --namespace {space} annotate secret {name} \
             sealedsecrets.bitnami.com/managed=true"
        );
    }
    if said.contains("is immutable") {
        return format!("; kubectl --namespace {space} delete secret {name}, then blackstart resume");
    }
    if said.contains("no key could decrypt secret") {
        return "; the controller has no key for what was just sealed: has it read its keys? restart it".to_owned();
    }
    String::new()
}

/// Looks at these, and takes out what is proven: how many that are, and how many of them their status does not tell.
async fn look(
    kube: &Kube,
    vault: &Vault,
    now: &[ObjectId],
    open: &mut BTreeMap<ObjectId, Standing<'_>>,
) -> Result<(usize, usize), Trouble> {
    let seen = many(now, async |id| match open.get(id) {
        Some(one) => prove(kube, vault, one.held, one.sealed.as_ref()).await,
        None => Ok(Proof::Not(String::new())),
    })
    .await;
    let (mut done, mut lagging) = (0, 0);
    for (id, proof) in now.iter().zip(seen) {
        let Some(one) = open.get_mut(id) else { continue };
        one.fresh = false;
        match proof? {
            Proof::Proven => {
                lagging += usize::from(!processed(one) || failed(one).is_some());
                open.remove(id);
                done += 1;
            }
            Proof::Not(why) => {
                one.why = match failed(one) {
                    Some(said) => format!("controller: {said}{}", advice(said, one.held)),
                    None if processed(one) => why,
                    None => format!("nobody has opened it: does the controller run? {why}"),
                }
            }
        }
    }
    Ok((done, lagging))
}
