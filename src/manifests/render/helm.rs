//! What helm makes of a chart with the values of whoever wants it. Charts are read where they lie and are never fetched.

use super::chart::{Chart, Held};
use super::source::{START, all_at, kind_line, templates};
use super::{Broken, Entry, Rendered, Tools};
use crate::manifests::{Object, objects_with};
use crate::model::Place;
use crate::sys::files::{self, Sort};
use crate::sys::scratch::Scratch;
use crate::sys::tool::Answer;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a chart is rendered.
#[derive(Clone, Debug, Default)]
pub struct Release {
    pub name: String,
    pub files: Vec<PathBuf>,
    /// As JSON, which is YAML to helm.
    pub values: Option<String>,
    /// Name, value, and whether it is a text whatever it looks like.
    pub set: Vec<(String, String, bool)>,
    pub without_crds: bool,
    /// Somebody wants the chart with these values and no others. If not, a failure is no fault.
    pub wanted: bool,
}

pub fn render(tools: &Tools<'_>, entry: &Entry) -> Rendered {
    let mut told = Rendered::default();
    let archive = entry.folder.extension().is_some_and(|extension| extension == "tgz");
    let chart = if archive { None } else { Chart::of(tools.look(), &entry.folder) };
    if chart.as_ref().is_some_and(|chart| chart.library) {
        return told;
    }
    let own = tools.shown(&if archive { entry.folder.clone() } else { entry.folder.join("Chart.yaml") });
    let place = match &entry.asked_by {
        Some(asked) if archive => asked.place.clone(),
        Some(_) | None => Place { file: own.clone(), spot: START },
    };
    let Some(program) = &tools.helm else {
        told.unread(place, own, "is a Helm chart, and helm is not installed", "helm");
        return told;
    };
    let mut whole = true;
    for need in chart.iter().flat_map(|chart| &chart.needs).filter(|need| matches!(need.held, Held::Nowhere)) {
        let at = Place { file: tools.shown(&need.file), spot: need.at };
        let why = format!("needs the chart {} {} from {}, which is not in charts/", need.name, need.version, need.from);
        told.unread(at, own.clone(), &why, &format!("the chart {}", need.name));
        whole = false;
    }
    if !whole {
        return told;
    }
    match run(tools, entry, chart.as_ref(), program) {
        Ok(Answer::Good(text)) => take(tools, entry, chart.as_ref(), &place, &text, &mut told),
        Ok(Answer::Bad(words)) if entry.helm.wanted => {
            let whom = entry.asked_by.as_ref().map(|asked| format!(" for {}", asked.object)).unwrap_or_default();
            let message = format!("helm cannot render it{whom}: {words}");
            let place = entry.asked_by.as_ref().map_or(place, |asked| asked.place.clone());
            let fix = "mend the chart, or the values that it is given".to_owned();
            told.broken.push(Broken { place, object: own, message, fix });
        }
        // Without the values that it is meant to be given.
        Ok(Answer::Bad(words)) => {
            let why = format!("helm cannot render it with its own values alone: {words}");
            told.unread(place, own, &why, "the values that it is installed with");
        }
        Ok(Answer::Late) => told.unread(place, own, "helm did not end within 30 s", "what it makes"),
        Ok(Answer::TooLong) => told.unread(place, own, "helm makes more of it than is read here", "a smaller chart"),
        Err(error) => told.unread(place, own, &format!("helm cannot be run: {error}"), "what it makes"),
    }
    told
}

fn run(tools: &Tools<'_>, entry: &Entry, chart: Option<&Chart>, program: &Path) -> io::Result<Answer> {
    let scratch = Scratch::new(tools.touch)?;
    let release = &entry.helm;
    let linked = chart.filter(|chart| chart.needs.iter().any(|need| matches!(need.held, Held::There(_))));
    let folder = match linked {
        Some(chart) => gathered(tools, &scratch, chart)?,
        None => entry.folder.clone(),
    };
    let namespace = entry.namespace.as_deref().unwrap_or("default");
    let mut words: Vec<OsString> = vec!["template".into(), release.name.clone().into(), folder.into()];
    words.extend(["--namespace", namespace, "--skip-tests"].map(OsString::from));
    if !release.without_crds {
        words.push("--include-crds".into());
    }
    if let Some(version) = &tools.kube_version {
        words.extend(["--kube-version".into(), version.into()]);
    }
    for version in &tools.api_versions {
        words.extend(["--api-versions".into(), version.into()]);
    }
    for file in &release.files {
        words.extend(["--values".into(), file.into()]);
    }
    let values = release.values.clone().map(String::into_bytes);
    if values.is_some() {
        words.extend(["--values".into(), "-".into()]);
    }
    for (index, (name, value, text)) in release.set.iter().enumerate() {
        // What looks like a number or a flag is one to helm, and commas and braces have a meaning. A plain text goes by a file:
        // the words of a program are for everybody to read.
        let special = value.is_empty() || value.contains([',', '{', '\\', '[']);
        let typed = ["true", "false", "null"].contains(&value.as_str()) || value.parse::<f64>().is_ok();
        if special || (typed && !text) {
            words.push(if *text { "--set-string".into() } else { "--set".into() });
            words.push(format!("{name}={value}").into());
        } else {
            let file = format!("parameter-{index}");
            scratch.write(Path::new(&file), value.as_bytes())?;
            words.extend(["--set-file".into(), format!("{name}={}", scratch.path().join(file).display()).into()]);
        }
    }
    tools.ask(program, words, scratch.path(), values.unwrap_or_default())
}

/// The chart with all that it is made of, as links.
fn gathered(tools: &Tools<'_>, scratch: &Scratch<'_>, chart: &Chart) -> io::Result<PathBuf> {
    let to = scratch.folder(Path::new("chart/charts"))?;
    for (name, _) in files::entries(tools.look(), &chart.folder)? {
        if name != "charts" {
            scratch.link(&chart.folder.join(&name), &Path::new("chart").join(&name))?;
        }
    }
    let charts = chart.folder.join("charts");
    if files::sort_at(tools.look(), &charts)? == Sort::Folder {
        for (name, _) in files::entries(tools.look(), &charts)? {
            scratch.link(&charts.join(&name), &Path::new("chart/charts").join(&name))?;
        }
    }
    for need in &chart.needs {
        if let Held::There(path) = &need.held {
            let end = if path.extension().is_some_and(|extension| extension == "tgz") { ".tgz" } else { "" };
            scratch.link(path, &Path::new("chart/charts").join(format!("{}{end}", need.name)))?;
        }
    }
    Ok(to.parent().map(Path::to_path_buf).unwrap_or(to))
}

fn take(tools: &Tools<'_>, entry: &Entry, chart: Option<&Chart>, place: &Place, text: &[u8], told: &mut Rendered) {
    let (objects, wrong) = objects_with(text, false, &place.file, tools.budget);
    for (_, message) in wrong {
        told.unread(place.clone(), place.file.clone(), &format!("what helm makes of it: {message}"), "an object");
    }
    let text = String::from_utf8_lossy(text);
    let templates = templates(&text);
    for mut object in objects {
        let before = templates.partition_point(|(line, _)| *line <= object.at.line);
        let template = before.checked_sub(1).and_then(|at| templates.get(at)).map(|(_, path)| *path);
        locate(tools, chart, place, template, &mut object);
        if object.id.namespace.is_none() {
            object.id.namespace = entry.namespace.clone().or_else(|| Some("default".into()));
        }
        told.objects.push(object);
    }
}

/// Its template where that is a file; else whatever wants the chart.
fn locate(tools: &Tools<'_>, chart: Option<&Chart>, place: &Place, template: Option<&str>, object: &mut Object) {
    let path = chart.zip(template).and_then(|(chart, template)| {
        let (_, inner) = template.split_once('/')?;
        let path = chart.folder.join(inner);
        files::exists(tools.look(), &path).then_some(path)
    });
    let (file, spot): (Arc<str>, _) = match path {
        Some(path) => (tools.shown(&path).as_str().into(), kind_line(tools.look(), &path, object.kind())),
        None => (place.file.as_str().into(), place.spot),
    };
    object.file = file;
    all_at(&mut object.root, spot, &mut object.at);
}
