//! Whose the token is: compared with what the plan wants, wherever the token lies. Its value is read, judged and forgotten;
//! what is told of it is the two ids, which are no secret.

use super::connector::Source;
use super::keys::Wanted;
use crate::manifests::Papers;
use crate::model::{EntryName, Finding, Hidden, Place, Severity, Spot};
use crate::secrets::sealed::{self, is_one};
use crate::secrets::tunnel::{self, Token};
use crate::secrets::{Key, open};
use crate::steps::contract::{Mishap, Opened};
use crate::steps::scene::Scene;
use crate::sys::kube::Kube;
use crate::sys::{Look, base64};
use std::time::Duration;

/// What a controller takes to make a Secret of what is sealed.
const MADE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(500);

/// What is wrong with a token for this plan.
pub fn judge(value: &Hidden, wanted: &Wanted) -> Result<Token, String> {
    let token = tunnel::read(value).map_err(str::to_owned)?;
    if let Some(other) = wanted.tunnel.as_ref().filter(|wanted| **wanted != token.tunnel) {
        return Err(format!("is of tunnel {}, and the plan wants {other}", token.tunnel));
    }
    match wanted.account.as_ref().filter(|wanted| **wanted != token.account) {
        Some(other) => Err(format!("is of account {}, and the plan wants {other}", token.account)),
        None => Ok(token),
    }
}

fn finding(place: Place, source: &Source, why: &str) -> Finding {
    Finding {
        id: "F23",
        severity: Severity::Error,
        place,
        object: format!("Secret {}/{}", source.namespace, source.name),
        message: format!("{}: {why}", source.key),
        fix: "put the token of this very tunnel there; a tunnel made anew leaves its DNS record with the old id"
            .to_owned(),
        patch: None,
    }
}

/// What can be seen where the Secret itself stands in the files.
pub fn in_files(papers: &Papers, source: &Source, wanted: &Wanted) -> Option<Finding> {
    let ours = papers
        .of_kind("Secret")
        .find(|object| object.name() == source.name && object.namespace().unwrap_or("default") == source.namespace)?;
    let plain = ours.root.walk(&["stringData", &source.key]);
    let coded = || ours.root.walk(&["data", &source.key]);
    let (node, value) = match (plain, coded()) {
        (Some(node), _) => (node, Hidden::from(node.text()?.to_owned())),
        (None, Some(node)) => (node, base64::decode(node.text()?)?),
        (None, None) => return None,
    };
    let why = judge(&value, wanted).err()?;
    Some(finding(ours.place_at(node.at), source, &why))
}

/// A token for drills that the connector's pods cannot read where it will be.
pub fn too_far(source: &Source, entry: &EntryName) -> Option<Finding> {
    let why = format!("the token for drills, {entry}, is in another namespace than the connector that would read it");
    let fix = format!("put it into a Secret of namespace {}", source.namespace);
    (entry.namespace != source.namespace).then(|| Finding { fix, ..finding(source.place.clone(), source, &why) })
}

/// Where a token lies that only who can open the store can read.
pub enum Lies {
    InStore(Place),
    Sealed,
    Elsewhere,
}

/// In which of both it is.
pub fn lies(papers: &[Papers], held: &[crate::secrets::store::Held], source: &Source) -> Lies {
    let ours = held.iter().find(|held| held.namespace == source.namespace && held.name == source.name);
    if let Some((held, (spot, _))) = ours.and_then(|held| Some((held, held.keys.get(&source.key)?))) {
        return Lies::InStore(Place { file: held.file.to_string(), spot: *spot });
    }
    match find_sealed(papers, source) {
        Some(_) => Lies::Sealed,
        None => Lies::Elsewhere,
    }
}

fn find_sealed<'p>(papers: &'p [Papers], source: &Source) -> Option<&'p crate::manifests::Object> {
    let all = papers.iter().flat_map(|papers| &papers.objects).map(|object| -> &crate::manifests::Object { object });
    all.filter(|object| is_one(object))
        .find(|object| object.name() == source.name && object.namespace().unwrap_or("default") == source.namespace)
}

/// What the store and its keys show of the token of this connector.
pub fn opened(look: Look, opened: &Opened<'_>, source: &Source, wanted: &Wanted) -> Result<Vec<Finding>, String> {
    let Opened { vault, held, papers, .. } = opened;
    let told = |place: Place, value: &Hidden| judge(value, wanted).err().map(|why| finding(place, source, &why));
    match lies(papers, held, source) {
        Lies::InStore(place) => {
            let entry = entry(source);
            let value = vault.value(look, &entry).map_err(|problem| problem.to_string())?;
            Ok(told(place, &value).into_iter().collect())
        }
        Lies::Sealed => {
            let Some(object) = find_sealed(papers, source) else { return Ok(Vec::new()) };
            let keys = vault.sealing_keys(look, held).map_err(|problem| problem.to_string())?;
            let keys: Vec<&Key> = keys.iter().collect();
            // What does not open is told by who opens all that is sealed.
            let document = sealed::read(object).ok().and_then(|sealed| open(&sealed, &keys).ok());
            let entry = document.as_ref().and_then(|document| document.entries.get(&source.key));
            Ok(entry.and_then(|entry| told(object.place_at(entry.at), &entry.value)).into_iter().collect())
        }
        Lies::Elsewhere => Ok(Vec::new()),
    }
}

fn entry(source: &Source) -> EntryName {
    EntryName { namespace: source.namespace.clone(), name: source.name.clone(), key: source.key.clone() }
}

/// The token of a tunnel for drills: it has to be of another tunnel than production's, and that has to be known.
pub fn for_drills(drill: &Token, production: &[Token], wanted: &Wanted) -> Result<(), String> {
    let mut both = production.iter().map(|token| &token.tunnel).chain(&wanted.tunnel).peekable();
    if both.peek().is_none() {
        return Err(
            "cannot be told from production's: give `tunnel-id`, or keep production's token in the store".to_owned()
        );
    }
    match both.any(|tunnel| *tunnel == drill.tunnel) {
        true => {
            Err(format!("is of tunnel {}, which is production's: a drill would be given its requests", drill.tunnel))
        }
        false => Ok(()),
    }
}

/// What the store shows of the token for drills.
pub fn opened_drill(
    look: Look,
    opened: &Opened<'_>,
    entry: &EntryName,
    sources: &[Source],
    wanted: &Wanted,
) -> Result<Option<Finding>, String> {
    let read = |entry: &EntryName| opened.vault.value(look, entry).map_err(|problem| problem.to_string());
    let mut production = Vec::new();
    for source in sources {
        if let Lies::InStore(_) = lies(opened.papers, opened.held, source) {
            production.extend(tunnel::read(&read(&self::entry(source))?).ok());
        }
    }
    let judged = judge(&read(entry)?, &Wanted::default()).and_then(|token| for_drills(&token, &production, wanted));
    let Err(why) = judged else { return Ok(None) };
    let source = Source {
        namespace: entry.namespace.clone(),
        name: entry.name.clone(),
        key: entry.key.clone(),
        place: Place { file: String::new(), spot: Spot { line: 1, column: 1 } },
    };
    let place = match lies(opened.papers, opened.held, &source) {
        Lies::InStore(place) => place,
        Lies::Sealed | Lies::Elsewhere => source.place.clone(),
    };
    Ok(Some(Finding {
        fix: "make a tunnel for drills, and put its token there".to_owned(),
        ..finding(place, &source, &why)
    }))
}

/// Looks at the token as it lies in the cluster now: what is there decides, not what was meant to be.
pub async fn live<T>(
    scene: &Scene<'_>,
    kube: &Kube,
    source: &Source,
    work: impl Fn(&Hidden) -> T,
) -> Result<T, Mishap> {
    let name = format!("Secret {}/{}", source.namespace, source.name);
    let mut left = MADE.as_millis() / PAUSE.as_millis();
    loop {
        let asked = kube.secret(&source.namespace, &source.name).await;
        let asked = asked.map_err(|trouble| Mishap::failed(format!("{name}: {trouble}"), true))?;
        match asked {
            Some(secret) => {
                let value = secret.value(&source.key);
                let value = value.ok_or_else(|| Mishap::failed(format!("{name} has no key {}", source.key), true))?;
                return Ok(work(value));
            }
            None if left == 0 => {
                let why =
                    format!("{name} is not there after {} s: {} reads its token from it", MADE.as_secs(), source.place);
                return Err(Mishap::failed(why, true));
            }
            None => left -= 1,
        }
        scene.pace.pause(PAUSE).await.map_err(|why| super::over(why, &format!("{name} is not there")))?;
    }
}

fn mishap(source: &Source, why: &str) -> Mishap {
    Mishap::Failed {
        reason: format!("F23 Secret {}/{}, {}: {why}", source.namespace, source.name, source.key),
        tail: vec![format!("read by {}", source.place), "no connector was started with it".to_owned()],
        began: true,
    }
}

/// The token of each connector, in the cluster: of the tunnel that the plan wants. The ids of the tunnels.
pub async fn assert_live(
    scene: &Scene<'_>,
    kube: &Kube,
    sources: &[Source],
    wanted: &Wanted,
) -> Result<Vec<Token>, Mishap> {
    let mut tokens = Vec::new();
    for source in sources {
        let judged = live(scene, kube, source, |value| judge(value, wanted)).await?;
        tokens.push(judged.map_err(|why| mishap(source, &why))?);
    }
    Ok(tokens)
}

/// The token of a drill, in its cluster: of any tunnel but production's.
pub async fn assert_drill(
    scene: &Scene<'_>,
    kube: &Kube,
    source: &Source,
    not: &[Token],
    wanted: &Wanted,
) -> Result<Token, Mishap> {
    let token = live(scene, kube, source, |value| judge(value, &Wanted::default())).await?;
    let token = token.map_err(|why| mishap(source, &why))?;
    for_drills(&token, not, wanted).map_err(|why| mishap(source, &why))?;
    Ok(token)
}
