//! From the paths that steps name to their objects: each file is read once, many at a time.

use super::assemble::{Assembled, assemble};
use super::budget::{Budget, LARGEST_FILE};
use super::files::{Finder, Found, START, why};
use super::papers::Marked;
use super::wrong::{At, Wrongs};
use super::{Node, Object, Papers, documents, kinds, side_by_side};
use crate::model::{ObjectId, Place, Spot};
use crate::sys::{Look, files};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Reads what each step names: `wanted[step]` are paths as the plan writes them, relative to its folder `base`, which
/// people know as `shown`. Answers with the papers of each step, or with everything that is wrong.
pub fn read_all(look: Look, base: &Path, shown: &str, wanted: &[Vec<String>]) -> Result<Vec<Papers>, Wrongs> {
    let mut finder = Finder::new(look, base, shown);
    wanted.iter().for_each(|paths| finder.step(paths));
    let Finder { found, of_steps, mut wrongs, .. } = finder;
    for file in found.iter().filter(|file| file.steps.len() > 1) {
        let at = At::Place(Place { file: file.shown.clone(), spot: START });
        wrongs.add(at, "two steps name this file, and an object belongs to one: take it out of one of them");
    }
    let budget = Budget::default();
    let mut read = side_by_side::each(&found, |file| one(look, file, &budget));
    let marked: Vec<_> = read.iter_mut().map(|read| read.marked.take()).collect();
    let mut objects = told(&found, read, &mut wrongs);
    settle(&mut objects);
    twice(&of_steps, &objects, &mut wrongs);
    if wrongs.count > 0 {
        return Err(wrongs);
    }
    let mut objects: Vec<Vec<Arc<Object>>> =
        objects.into_iter().map(|file| file.into_iter().map(Arc::new).collect()).collect();
    let papers = of_steps.into_iter().map(|files| Papers {
        files: files.len(),
        marked: files.iter().filter_map(|file| marked[*file].clone()).collect(),
        // No file is of two steps here.
        objects: files.into_iter().flat_map(|file| std::mem::take(&mut objects[file])).collect(),
        ..Papers::default()
    });
    Ok(papers.collect())
}

fn one(look: Look, file: &Found, budget: &Budget) -> Assembled {
    let mut assembled = Assembled::default();
    let broken = |message: String| crate::sys::yaml::Broken { at: START, message };
    let bytes = match files::read(look, &file.path, LARGEST_FILE) {
        Ok(bytes) => bytes,
        Err(error) => {
            assembled.wrong.push(broken(why(&error)));
            return assembled;
        }
    };
    if let Err(message) = budget.bytes(bytes.len()) {
        assembled.wrong.push(broken(message));
        return assembled;
    }
    let is_json = file.path.extension().is_some_and(|extension| extension == "json");
    let (nodes, wrong) = documents::read(&bytes, is_json, budget);
    assembled.wrong = wrong;
    assembled.marked = Marked::of(&file.shown, &bytes);
    for node in nodes {
        assemble(node, file.kustomization, &mut assembled);
    }
    assembled
}

/// The objects of each file; what is wrong with it is told, but for the parts of what kustomize would put together.
fn told(found: &[Found], read: Vec<Assembled>, wrongs: &mut Wrongs) -> Vec<Vec<Object>> {
    let folder = |file: &Found| file.path.parent().map(Path::to_path_buf).unwrap_or_default();
    let kustomized: Vec<_> =
        found.iter().zip(&read).filter(|(_, read)| read.kustomize.is_some()).map(|(file, _)| folder(file)).collect();
    let mut objects = Vec::with_capacity(found.len());
    for (file, read) in found.iter().zip(read) {
        let at = |spot: Spot| At::Place(Place { file: file.shown.clone(), spot });
        if let Some(spot) = read.kustomize {
            let why = "kustomize puts this folder together, and is not run here: run kubectl kustomize, and name the file it makes";
            wrongs.add(at(spot), why);
        }
        if kustomized.is_empty() || !kustomized.iter().any(|folder| file.path.starts_with(folder)) {
            read.wrong.into_iter().for_each(|broken| wrongs.add(at(broken.at), broken.message));
        }
        let shown: Arc<str> = file.shown.as_str().into();
        let object = |(id, root): (ObjectId, Node)| Object { file: shown.clone(), at: root.at, id, root };
        objects.push(read.objects.into_iter().map(object).collect());
    }
    objects
}

/// The server takes the namespace from what belongs to none, as a ClusterRole, and says nothing; so do we.
fn settle(objects: &mut [Vec<Object>]) {
    let scopes = kinds::Scopes::of(objects.iter().flatten());
    let misplaced = |object: &Object| object.id.namespace.is_some() && scopes.namespaced(&object.id) == Some(false);
    let misplaced: Vec<bool> = objects.iter().flatten().map(misplaced).collect();
    for (object, misplaced) in objects.iter_mut().flatten().zip(misplaced) {
        if misplaced {
            object.id.namespace = None;
        }
    }
}

/// An object stands in one place only.
fn twice(of_steps: &[Vec<usize>], objects: &[Vec<Object>], wrongs: &mut Wrongs) {
    let mut known: HashMap<(&str, &str, &str, &str), (&Object, usize)> = HashMap::new();
    let mut seen = vec![false; objects.len()];
    for (step, files) in of_steps.iter().enumerate() {
        for file in files {
            // The file that two steps name is told already.
            if std::mem::replace(&mut seen[*file], true) {
                continue;
            }
            for object in &objects[*file] {
                let id = &object.id;
                let key = (id.group(), &*id.kind, id.namespace.as_deref().unwrap_or_default(), &*id.name);
                if let Some((first, of)) = known.get(&key) {
                    let other = if *of == step { "" } else { ", which another step names" };
                    let text = format!("{id} stands also in {}{other}: an object belongs in one place", first.place());
                    wrongs.add(At::Place(object.place()), text);
                } else {
                    known.insert(key, (object, step));
                }
            }
        }
    }
}
