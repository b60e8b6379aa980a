//! F10: can every git source that the files name be read, and has it the revision? git itself asks, without a prompt, without
//! helpers and without keeping anything; what wants credentials stays unknown.

use super::{ABREAST, Answers, Asked, ONE};
use crate::checks::rules::Ground;
use crate::manifests::{Node, Object};
use crate::model::count::many;
use crate::model::{Place, Severity};
use crate::sys::ask::{self, Said};
use crate::sys::process::Exit;
use crate::sys::side::{Work, by_side};
use std::collections::BTreeMap;
use std::sync::Arc;

struct Wish<'o> {
    object: &'o Arc<Object>,
    place: Place,
    url: String,
    revision: Option<String>,
    /// Credentials for it may be among the files.
    closed: bool,
}

/// Only what fetches from elsewhere: other words before a colon make git start programs.
const PROTOCOLS: &str = "http:https:ssh:git";
const ENV: &[(&str, &str)] = &[
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", ""),
    ("SSH_ASKPASS", ""),
    ("GIT_ALLOW_PROTOCOL", PROTOCOLS),
    ("LC_ALL", "C"),
    (
        "GIT_SSH_COMMAND",
        "ssh -o BatchMode=yes -o ConnectTimeout=4 -o StrictHostKeyChecking=yes -o UpdateHostKeys=no -o ControlMaster=no",
    ),
];

pub async fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    let mut sources: BTreeMap<String, Vec<Wish<'_>>> = BTreeMap::new();
    for wish in wishes(asked.scene.ground) {
        let url = &wish.url;
        let host = url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let why = if url.contains(['{', '$']) || url.starts_with('-') {
            Some("it is no address yet")
        } else if host.split_once('@').is_some_and(|(who, _)| who.contains(':') || url.starts_with("http")) {
            Some("it has credentials in its address, which are not used here")
        } else {
            None
        };
        match why {
            Some(why) => {
                let message = format!("whether its git source can be read was not asked: {why}");
                answers.told.unknown("F10", wish.object, wish.place, message, "a look by hand: git ls-remote");
            }
            None => sources.entry(url.clone()).or_default().push(wish),
        }
    }
    let one = |url: &String| {
        let url = url.clone();
        let work = async move {
            let words = ["-c", "credential.helper=", "-c", "core.askPass=", "ls-remote", "--", &url];
            match ask::program(asked.look, "git", &words, ENV, asked.until, ONE).await {
                Ok(Some(said)) => Ok(said),
                Ok(None) => Err("no answer in time".to_owned()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err("git is not on PATH".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        };
        Box::pin(work) as Work<'_, Result<Said, String>>
    };
    let heard = by_side(ABREAST, asked.until.sooner(), sources.keys().map(one).collect()).await;
    for ((url, wishes), heard) in sources.iter().zip(heard) {
        let said = heard.unwrap_or_else(|| Err("no answer in time".to_owned()));
        let figure = judge(url, wishes, &said, &mut answers);
        answers.figures.push((url.clone(), figure));
    }
    answers
}

fn judge(url: &str, wishes: &[Wish<'_>], said: &Result<Said, String>, answers: &mut Answers) -> String {
    let Some(first) = wishes.first() else { return String::new() };
    let told = &mut answers.told;
    let unknown = |why: &str, missing: &str| {
        (format!("whether git source {url} can be read is not known: {why}"), missing.to_owned())
    };
    let (message, missing) = match said {
        Ok(Said { exit: Exit::Code(0), out, .. }) => return revisions(url, wishes, out, answers),
        Ok(Said { err, .. }) => {
            let low = err.to_ascii_lowercase();
            let has = |marks: &[&str]| marks.iter().any(|mark| low.contains(mark));
            let last = err.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("git does not say why").trim();
            // Only an answer over HTTP to everybody is sure: forges hide private sources from those who may not see them.
            let gone = has(&["repository '"]) && has(&["' not found"]) && url.starts_with("http");
            if gone && !wishes.iter().any(|wish| wish.closed) {
                let message = format!("git source {url} is not there: {last}");
                let fix = "correct the address, or make the repository reachable from where the cluster will be";
                told.say("F10", Severity::Error, first.object, first.place.clone(), message, fix);
                return "not there".to_owned();
            }
            let wants =
                has(&["could not read username", "authentication", "permission denied", "terminal prompts", "403"]);
            let missing = if wants || gone { "credentials: none are used here" } else { "an answer of its host" };
            unknown(last, missing)
        }
        Err(why) => unknown(why, if why.contains("PATH") { "git" } else { "an answer of its host" }),
    };
    told.unknown("F10", first.object, first.place.clone(), message, missing);
    "not known".to_owned()
}

/// The revisions that are asked for, against what the source has.
fn revisions(url: &str, wishes: &[Wish<'_>], out: &str, answers: &mut Answers) -> String {
    let refs: Vec<(&str, &str)> = out.lines().filter_map(|line| line.split_once('\t')).collect();
    for wish in wishes {
        let Some(revision) = wish.revision.as_deref().filter(|text| !text.is_empty() && *text != "HEAD") else {
            continue;
        };
        // A condition is met by some tag or by none, and which one is not for us to say.
        if revision.contains(['*', '^', '~', '<', '>', '=', ' ']) {
            continue;
        }
        let names = ["", "refs/heads/", "refs/tags/"].map(|before| format!("{before}{revision}"));
        if refs.iter().any(|(id, name)| names.iter().any(|own| own == name) || id.starts_with(revision)) {
            continue;
        }
        let place = wish.place.clone();
        let is_commit = (7..=64).contains(&revision.len()) && revision.bytes().all(|b| b.is_ascii_hexdigit());
        match is_commit {
            true => {
                let message = format!("whether {url} has commit {revision} is not known: no branch or tag ends there");
                answers.told.unknown("F10", wish.object, place, message, "its history, which is not fetched here");
            }
            false => {
                let message = format!("git source {url} has no branch or tag {revision}");
                answers.told.say(
                    "F10",
                    Severity::Error,
                    wish.object,
                    place,
                    message,
                    "push it, or name one that is there",
                );
            }
        }
    }
    format!("readable, {}", many(refs.len(), "ref"))
}

fn wishes<'o>(ground: &Ground<'o>) -> Vec<Wish<'o>> {
    let mut found = Vec::new();
    let is_credential = |object: &&Arc<Object>| {
        let labels =
            |way: &[&str]| object.root.walk(way).and_then(|labels| labels.get("argocd.argoproj.io/secret-type"));
        labels(&["metadata", "labels"]).or_else(|| labels(&["spec", "template", "metadata", "labels"])).is_some()
    };
    let closed = ["Secret", "SealedSecret", "ExternalSecret"].iter().any(|kind| {
        ground.objects.iter().copied().filter(|object| object.kind() == *kind).any(|object| is_credential(&object))
    });
    for object in ground.of_kind("argoproj.io", "Application") {
        let spec = object.root.get("spec");
        let sources = spec.and_then(|spec| spec.get("sources")).map_or(&[][..], Node::items);
        for source in spec.and_then(|spec| spec.get("source")).into_iter().chain(sources) {
            let Some(field) = source.field("repoURL").filter(|_| source.get("chart").is_none()) else { continue };
            let Some(url) = field.node.text().map(str::to_owned).filter(|url| !url.starts_with("oci://")) else {
                continue;
            };
            let revision = source.text_at(&["targetRevision"]).map(str::to_owned);
            found.push(Wish { object, place: object.place_at(field.at), url, revision, closed });
        }
    }
    for object in ground.of_kind("source.toolkit.fluxcd.io", "GitRepository") {
        let Some(spec) = object.root.get("spec") else { continue };
        let Some(field) = spec.field("url") else { continue };
        let Some(url) = field.node.text().map(str::to_owned) else { continue };
        // Flux takes the most exact of them; without any it takes the branch master.
        let of = |name: &str| spec.text_at(&["ref", name]).map(str::to_owned);
        let revision = match of("commit").or_else(|| of("name")).or_else(|| of("semver").map(|_| "HEAD".to_owned())) {
            Some(exact) => Some(exact),
            None => of("tag").or_else(|| of("branch")).or_else(|| Some("master".to_owned())),
        };
        let closed = spec.get("secretRef").is_some();
        found.push(Wish { object, place: object.place_at(field.at), url, revision, closed });
    }
    found
}
