//! What kustomize makes of a folder, run as the program that is installed. The user's files stay untouched: a file of our own
//! takes the folder as a whole, and asks for the origin of each object.

use super::kustomization::Kustomization;
use super::source::origin;
use super::{Broken, Entry, Rendered, Tools, mirror, substitute, words};
use crate::manifests::objects_with;
use crate::model::{Place, Spot};
use crate::sys::files;
use crate::sys::scratch::Scratch;
use crate::sys::tool::Answer;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// The kustomizations that this one is made of, itself first.
pub fn closure(tools: &Tools<'_>, root: &Path) -> Vec<Kustomization> {
    let (mut seen, mut left, mut all) = (HashSet::new(), vec![root.to_owned()], Vec::new());
    while let Some(folder) = left.pop() {
        if seen.insert(folder.clone())
            && let Some(one) = Kustomization::of(tools.look(), &folder)
        {
            left.extend(one.folders.iter().cloned());
            all.push(one);
        }
    }
    all
}

pub fn render(tools: &Tools<'_>, entry: &Entry) -> Rendered {
    let mut told = Rendered::default();
    let all = closure(tools, &entry.folder);
    let Some(first) = all.first() else { return told };
    let file = tools.shown(&first.file);
    for one in &all {
        for away in &one.away {
            let file = tools.shown(&one.file);
            told.unread(Place { file: file.clone(), spot: away.at }, file, &away.why, &away.missing);
        }
    }
    let at = Place { file: file.clone(), spot: Spot { line: 1, column: 1 } };
    let Some((program, words)) = &tools.kustomize else {
        let why = "kustomize puts this folder together, and neither kustomize nor kubectl is installed";
        told.unread(at, file, why, "kustomize or kubectl");
        told.raw(tools, &all);
        return told;
    };
    let away = all.iter().any(|one| !one.away.is_empty());
    let made = Scratch::new(tools.touch).and_then(|scratch| {
        let built = build(tools, entry, &scratch, &all, program, words, away)?;
        Ok((built, scratch))
    });
    let (built, scratch) = match made {
        Ok(made) => made,
        Err(error) => {
            told.unread(at, file, &format!("kustomize cannot be run: {error}"), "what it makes");
            told.raw(tools, &all);
            return told;
        }
    };
    match built {
        Some((Answer::Good(text), base)) => {
            let text = match &entry.substitute {
                Some(values) => substitute::all(&String::from_utf8_lossy(&text), values).into_bytes(),
                None => text,
            };
            let (objects, wrong) = objects_with(&text, false, &file, tools.budget);
            for (_, message) in wrong {
                told.unread(at.clone(), file.clone(), &format!("what kustomize makes of it: {message}"), "an object");
            }
            for mut object in objects {
                let from = origin(&mut object).map(|path| files::tidy(&scratch.path().join("own").join(path)));
                let tree = scratch.path().join("tree");
                let from = from.map(|path| path.strip_prefix(&tree).map(|rest| base.join(rest)).unwrap_or(path));
                if let Some(from) = from.filter(|path| files::exists(tools.look(), path)) {
                    object.file = tools.shown(&from).as_str().into();
                    tools.sources.place(tools.look(), &from, &mut object);
                }
                told.objects.push(object);
            }
        }
        // What is left of it without the rest cannot be built, and that is not the fault of the files.
        Some((Answer::Bad(_), _)) | None if away => told.raw(tools, &all),
        Some((Answer::Bad(words), _)) => {
            let words = words::told(tools.look(), &all, &entry.overlay, &words);
            let message = format!("cannot be put together: {words}");
            let fix = format!("mend it until `kubectl kustomize {}` builds it", tools.shown(&first.folder));
            told.broken.push(Broken { place: at, object: file, message, fix });
            told.raw(tools, &all);
        }
        Some((Answer::Late, _)) => {
            told.unread(at, file, "kustomize did not end within 30 s", "what it makes");
            told.raw(tools, &all);
        }
        Some((Answer::TooLong, _)) | None => {
            told.unread(at, file, "kustomize makes more of it than is read here", "a smaller folder");
        }
    }
    told
}

type Built = Option<(Answer, PathBuf)>;

/// None where nothing could be left of it.
fn build(
    tools: &Tools<'_>,
    entry: &Entry,
    scratch: &Scratch<'_>,
    all: &[Kustomization],
    program: &Path,
    words: &[&str],
    away: bool,
) -> io::Result<Built> {
    let own = scratch.folder(Path::new("own"))?;
    let (mut folder, mut base) = (entry.folder.clone(), PathBuf::new());
    if away {
        base = mirror::base(all);
        if !mirror::make(tools.look(), scratch, all, &base)? {
            return Ok(None);
        }
        folder = scratch.path().join("tree").join(entry.folder.strip_prefix(&base).unwrap_or(&entry.folder));
    }
    let mut wrapper = json!({"resources": [relative(&own, &folder)], "buildMetadata": ["originAnnotations"]});
    for (name, value) in &entry.overlay {
        wrapper[name.as_str()] = value.clone();
    }
    scratch.write(Path::new("own/kustomization.yaml"), wrapper.to_string().as_bytes())?;
    let loose = if away || entry.loose { Some("--load-restrictor=LoadRestrictionsNone") } else { None };
    let run = |folder: &Path| {
        let words = words.iter().copied().chain(loose).map(Into::into).chain([folder.as_os_str().to_owned()]);
        tools.ask(program, words.collect(), scratch.path(), Vec::new())
    };
    Ok(Some(match run(&own)? {
        // Once more without our file around it, so that its words are those that people would get.
        Answer::Bad(first) if !away => match run(&folder)? {
            Answer::Bad(words) => (Answer::Bad(words), base),
            Answer::Good(_) | Answer::Late | Answer::TooLong => (Answer::Bad(first), base),
        },
        other => (other, base),
    }))
}

/// The way from one folder to another, neither of them by a link.
pub fn relative(from: &Path, to: &Path) -> String {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| std::path::Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(shared)).collect();
    way.display().to_string()
}

/// An object of a generator by the name that the others know it by, for when kustomize cannot be asked.
pub fn generated(one: &Kustomization) -> Vec<(Spot, Value)> {
    let kinds = [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")];
    let mut all = Vec::new();
    for (field, kind) in kinds {
        for item in one.root.get(field).map_or(&[][..], crate::manifests::Node::items) {
            let Some(name) = item.text_at(&["name"]) else { continue };
            let texts = |list: &str| {
                let items = item.get(list).map_or(&[][..], crate::manifests::Node::items);
                items.iter().filter_map(|text| text.text().map(str::to_owned)).collect::<Vec<_>>()
            };
            let key = |text: &String| text.split_once('=').map_or(text.as_str(), |(key, _)| key).to_owned();
            let file = |text: &String| key(text).rsplit('/').next().unwrap_or_default().to_owned();
            let keys = texts("literals").iter().map(key).chain(texts("files").iter().map(file)).collect::<Vec<_>>();
            let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data": {}});
            for key in keys {
                object["data"][key] = json!("");
            }
            all.push((item.at, object));
        }
    }
    all
}
