//! F18: does every repository of charts that the files name answer, and has it the chart in the very version? Charts of private
//! repositories stay unknown: no credentials are used.

use super::{ABREAST, Answers, Asked, ONE, clocks, index};
use crate::checks::rules::Ground;
use crate::manifests::{Node, Object};
use crate::model::count::many;
use crate::model::{Place, Severity};
use crate::sys::side::{Work, by_side};
use crate::sys::web::{Answer, Way};
use crate::sys::{clock, net};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A chart as an object asks for it.
struct Wish<'o> {
    object: &'o Arc<Object>,
    place: Place,
    repository: String,
    /// None: the repository alone is named.
    chart: Option<String>,
    version: Option<String>,
    /// Credentials are written beside it.
    closed: bool,
}

const LARGEST: usize = 48 << 20;

pub async fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    let mut repositories: BTreeMap<String, Vec<Wish<'_>>> = BTreeMap::new();
    for wish in wishes(asked.scene.ground) {
        let url = &wish.repository;
        let why = if url.starts_with("oci://") || !url.contains("://") {
            Some("lies in a registry of images")
        } else if !net::is_url(url) || url.contains(['{', '$']) {
            Some("is no address yet")
        } else if url.split('/').nth(2).is_some_and(|host| host.contains('@')) {
            Some("has credentials in its address, which are not used here")
        } else {
            None
        };
        match why {
            Some(why) => {
                let what = wish.chart.as_deref().unwrap_or("its repository");
                let message = format!("whether chart {what} can be had was not asked: it {why}");
                answers.told.unknown("F18", wish.object, wish.place, message, "a look by hand: helm show chart");
            }
            None => repositories.entry(url.trim_end_matches('/').to_owned()).or_default().push(wish),
        }
    }
    let one = |url: &String| {
        let url = format!("{url}/index.yaml");
        let work = async move {
            let page = async { asked.web()?.ask(Way::Get, &url, &[], LARGEST).await };
            let late = || Err("no answer in time".to_owned());
            (asked.until.within(ONE, page).await.unwrap_or_else(late), clock::now())
        };
        Box::pin(work) as Work<'_, (Result<Answer, String>, crate::model::Stamp)>
    };
    let heard = by_side(ABREAST, asked.until.sooner(), repositories.keys().map(one).collect()).await;
    for ((url, wishes), heard) in repositories.iter().zip(heard) {
        let (answer, at) = heard.unwrap_or_else(|| (Err("no answer in time".to_owned()), clock::now()));
        if let Ok(answer) = &answer
            && let (Some(date), None) = (answer.header("date"), answer.header("age"))
        {
            let host = url.split('/').nth(2).unwrap_or(url);
            answers.heard.extend(clocks::Heard::read(host, date, at));
        }
        let counted = judge(url, wishes, &answer, &mut answers);
        answers.figures.push((url.clone(), counted));
    }
    answers
}

/// Says what is wrong, and gives the figure of the repository.
fn judge(url: &str, wishes: &[Wish<'_>], answer: &Result<Answer, String>, answers: &mut Answers) -> String {
    let Some(first) = wishes.first() else { return String::new() };
    let told = &mut answers.told;
    let place = first.place.clone();
    let answer = match answer {
        Ok(answer) => answer,
        Err(why) => {
            let message = format!("whether {} of {url} can be had is not known: {why}", many(wishes.len(), "chart"));
            told.unknown("F18", first.object, place, message, "an answer of the repository");
            return "no answer".to_owned();
        }
    };
    let closed = wishes.iter().any(|wish| wish.closed);
    match answer.status {
        200..300 => {}
        404 | 410 if !closed => {
            let message = format!("repository {url} has no index.yaml: it answers {}", answer.status);
            let fix = "find where it has moved: the pages of the project say so";
            told.say("F18", Severity::Error, first.object, place, message, fix);
            return format!("answers {}", answer.status);
        }
        status => {
            let message = format!("what repository {url} has is not known: it answers {status}");
            let missing =
                if status >= 500 { "an answer of the repository" } else { "its credentials: none are used here" };
            told.unknown("F18", first.object, place, message, missing);
            return format!("answers {status}");
        }
    }
    let text = String::from_utf8_lossy(&answer.text);
    let mut there = 0;
    for wish in wishes {
        let Some(chart) = &wish.chart else { continue };
        let place = wish.place.clone();
        match index::versions(&text, chart) {
            Err(why) => {
                let message = format!("what repository {url} has is not known: its index.yaml {why}");
                told.unknown("F18", first.object, place, message, "an index of charts");
                return "answers, and not as a repository".to_owned();
            }
            Ok(None) => {
                let message = format!("repository {url} has no chart {chart}");
                told.say("F18", Severity::Error, wish.object, place, message, "correct the name, or the repository");
            }
            Ok(Some(versions)) => {
                let exact = wish.version.as_deref().filter(|version| index::is_exact(version));
                match exact.filter(|version| !index::has(&versions, version)) {
                    Some(version) => {
                        let newest = versions.first().map_or("none", String::as_str);
                        let message = format!(
                            "repository {url} has no version {version} of chart {chart}; the first it names is {newest}"
                        );
                        told.say("F18", Severity::Error, wish.object, place, message, "choose a version that is there");
                    }
                    None => there += 1,
                }
            }
        }
    }
    let asked = wishes.iter().filter(|wish| wish.chart.is_some()).count();
    format!("{there} of {} there", many(asked, "chart"))
}

fn wishes<'o>(ground: &Ground<'o>) -> Vec<Wish<'o>> {
    let mut found = Vec::new();
    let text = |node: &Node, name: &str| node.text_at(&[name]).map(str::to_owned);
    for object in ground.of_kind("argoproj.io", "Application") {
        let spec = object.root.get("spec");
        let sources = spec.and_then(|spec| spec.get("sources")).map_or(&[][..], Node::items);
        for source in spec.and_then(|spec| spec.get("source")).into_iter().chain(sources) {
            let (Some(chart), Some(field)) = (text(source, "chart"), source.field("repoURL")) else { continue };
            let Some(repository) = field.node.text() else { continue };
            // Argo CD leaves the scheme out where charts lie in a registry.
            let (repository, version) = (repository.to_owned(), text(source, "targetRevision"));
            let place = object.place_at(field.at);
            found.push(Wish { object, place, repository, chart: Some(chart), version, closed: false });
        }
    }
    for object in ground.of_kind("helm.cattle.io", "HelmChart") {
        let Some(spec) = object.root.get("spec") else { continue };
        let Some(chart) = text(spec, "chart").filter(|chart| !chart.contains("://")) else { continue };
        let Some(field) = spec.field("repo") else { continue };
        let Some(repository) = field.node.text().map(str::to_owned) else { continue };
        let closed = spec.get("authSecret").is_some();
        let place = object.place_at(field.at);
        found.push(Wish { object, place, repository, chart: Some(chart), version: text(spec, "version"), closed });
    }
    for repository in ground.of_kind("source.toolkit.fluxcd.io", "HelmRepository") {
        let Some(spec) = repository.root.get("spec") else { continue };
        let Some(field) = spec.field("url") else { continue };
        let Some(url) = field.node.text() else { continue };
        let closed = spec.get("secretRef").is_some() || spec.get("certSecretRef").is_some();
        let wish = |object: &'o Arc<Object>, place: Place, chart: Option<String>, version: Option<String>| Wish {
            object,
            place,
            repository: url.to_owned(),
            chart,
            version,
            closed,
        };
        let before = found.len();
        for release in ground.of_kind("helm.toolkit.fluxcd.io", "HelmRelease") {
            let Some(chart) = release.root.walk(&["spec", "chart", "spec"]) else { continue };
            let source = chart.get("sourceRef");
            let of = |name: &str| source.and_then(|source| source.text_at(&[name]));
            let namespace = of("namespace").or(release.namespace());
            if of("kind") != Some("HelmRepository")
                || of("name") != Some(repository.name())
                || namespace != repository.namespace()
            {
                continue;
            }
            let place = release.place_of(&["spec", "chart", "spec", "version"]);
            found.push(wish(release, place, text(chart, "chart"), text(chart, "version")));
        }
        if found.len() == before {
            found.push(wish(repository, repository.place_at(field.at), None, None));
        }
    }
    found
}
