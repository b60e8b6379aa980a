//! The order of rendering: what nobody else takes first, then what the objects that came of it want, until nothing new comes.

use super::chart::Chart;
use super::kustomization::Kustomization;
use super::{Asked, Entry, Rendered, Tools, helm};
use crate::manifests::gitops::{self, Repo, Wanted};
use crate::manifests::repository::Repository;
use crate::manifests::{Object, Papers};
use crate::model::ObjectId;
use crate::sys::files;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Programs that run at the same time.
const AT_ONCE: usize = 3;
/// An application of applications of applications ends somewhere.
const MOST_ROUNDS: usize = 12;

/// What was found that wants rendering.
pub struct Work {
    pub kustomizations: Vec<Kustomization>,
    /// Folders of charts.
    pub charts: Vec<PathBuf>,
    pub repos: Vec<Repo>,
    /// Objects in files that a kustomization takes: what they want is known before they are rendered.
    pub taken: Vec<Arc<Object>>,
}

/// Renders everything, and puts it to what was read.
pub fn all(tools: &Tools<'_>, work: &Work, found: &mut Repository) {
    let mut rounds = Rounds::new(tools, work);
    let objects: Vec<Arc<Object>> = found.papers.objects.clone();
    let (mut wanted, unread) = rounds.wanted(&objects);
    found.unread.extend(unread);
    found.papers.opened.extend(rounds.opened.drain(..));
    // Of what is not read as it lies there the objects come later, and then count; here they only say who waits for whom.
    let directories = rounds.directories.len();
    let awaited: HashSet<PathBuf> = {
        let (later, _) = rounds.wanted(&work.taken);
        rounds.opened.clear();
        rounds.directories.truncate(directories);
        later.iter().chain(&wanted).map(|entry| entry.folder.clone()).collect()
    };
    let roots = rounds.roots.clone();
    wanted.extend(roots.iter().filter(|root| !awaited.contains(&root.folder)).cloned());
    for round in 0..MOST_ROUNDS {
        let mut now: Vec<Entry> = wanted.drain(..).filter(|entry| rounds.done.insert(entry.key())).collect();
        if now.is_empty() {
            // What somebody was to want, and nobody did.
            now = roots.iter().filter(|root| !rounds.rendered.contains(&root.folder)).cloned().collect();
            now.retain(|entry| rounds.done.insert(entry.key()));
        }
        if now.is_empty() || round + 1 == MOST_ROUNDS {
            break;
        }
        rounds.rendered.extend(now.iter().map(|entry| entry.folder.clone()));
        for one in rounds.render(&now) {
            let objects: Vec<Arc<Object>> = one.objects.into_iter().map(Arc::new).collect();
            let (more, unread) = rounds.wanted(&objects);
            wanted.extend(more);
            found.unread.extend(one.unread);
            found.unread.extend(unread);
            found.papers.opened.extend(rounds.opened.drain(..));
            found.broken.extend(one.broken);
            found.papers.objects.extend(objects);
        }
    }
    rounds.settle(&mut found.papers);
    let mut seen = BTreeSet::new();
    found.unread.retain(|one| seen.insert((one.place.clone(), one.why.clone())));
    let mut seen = BTreeSet::new();
    found.broken.retain(|one| seen.insert((one.place.clone(), one.message.clone())));
    // The same through two ways is one.
    let mut seen: HashMap<(Arc<str>, String), usize> = HashMap::new();
    let objects = std::mem::take(&mut found.papers.objects);
    for object in objects {
        let at = found.papers.objects.len();
        let known = *seen.entry((object.file.clone(), format!("{:?}{}", object.at, object.id))).or_insert(at);
        if known == at || found.papers.objects[known].root != object.root {
            found.papers.objects.push(object);
        }
    }
}

struct Rounds<'a> {
    tools: &'a Tools<'a>,
    work: &'a Work,
    done: HashSet<String>,
    rendered: HashSet<PathBuf>,
    /// Folders whose files are applied as they are, and the namespace of those that name none.
    directories: Vec<(PathBuf, bool, Box<str>)>,
    /// Objects of which all that they want is here.
    opened: Vec<ObjectId>,
    roots: Vec<Entry>,
    /// Folders that have a kustomization.
    folders: HashSet<PathBuf>,
}

impl<'a> Rounds<'a> {
    fn new(tools: &'a Tools<'a>, work: &'a Work) -> Self {
        let (done, rendered, directories, opened) = Default::default();
        let folders = work.kustomizations.iter().map(|one| one.folder.clone()).collect();
        let mut own = Self { tools, work, done, rendered, directories, opened, roots: Vec::new(), folders };
        own.roots = own.roots();
        own
    }

    /// What nobody else takes: kustomizations that no other includes, charts that are part of no other.
    fn roots(&self) -> Vec<Entry> {
        let taken: HashSet<&Path> =
            self.work.kustomizations.iter().flat_map(|one| one.folders.iter().map(PathBuf::as_path)).collect();
        let free = |one: &&Kustomization| !taken.contains(&*one.folder) && !one.is_component();
        let mut roots: Vec<PathBuf> =
            self.work.kustomizations.iter().filter(free).map(|one| one.folder.clone()).collect();
        // Of those that take each other in a circle one begins; kustomize says what is wrong with them.
        let of: HashMap<&Path, &Kustomization> =
            self.work.kustomizations.iter().map(|one| (one.folder.as_path(), one)).collect();
        let (mut reached, mut left) = (HashSet::new(), roots.clone());
        let others = self.work.kustomizations.iter().filter(|one| !one.is_component()).map(|one| &one.folder);
        for other in [None].into_iter().chain(others.map(Some)) {
            if let Some(other) = other.filter(|other| !reached.contains(*other)) {
                roots.push(other.clone());
                left.push(other.clone());
            }
            while let Some(folder) = left.pop() {
                if reached.insert(folder.clone()) {
                    left.extend(of.get(&*folder).iter().flat_map(|one| one.folders.iter().cloned()));
                }
            }
        }
        // A chart that others are made of comes with them.
        let parts: HashSet<PathBuf> = self
            .work
            .charts
            .iter()
            .filter_map(|folder| Chart::of(self.tools.look(), folder))
            .flat_map(Chart::linked)
            .collect();
        let charts = self.work.charts.iter().filter(|folder| !parts.contains(*folder));
        let entry = |folder: PathBuf| {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            let plain = plain.trim_matches('-').to_owned();
            let name = if plain.is_empty() { "chart".to_owned() } else { plain };
            Entry { folder, helm: helm::Release { name, ..Default::default() }, ..Default::default() }
        };
        roots.into_iter().chain(charts.cloned()).map(entry).collect()
    }

    /// What these objects want rendered. Folders of plain files are noted.
    fn wanted(&mut self, objects: &[Arc<Object>]) -> (Vec<Entry>, Vec<crate::manifests::repository::Unread>) {
        let (mut entries, mut unread) = (Vec::new(), Vec::new());
        let look = self.tools.look();
        for object in objects {
            let all = gitops::wanted(self.tools.look(), object, &self.work.repos);
            if !all.is_empty() && all.iter().all(|one| matches!(one, Wanted::Entry(..))) {
                self.opened.push(object.id.clone());
            }
            for wanted in all {
                match wanted {
                    Wanted::Unknown(one) => unread.push(one),
                    Wanted::Entry(mut entry, recurse) => {
                        let asked = Asked { place: object.place(), object: object.id.to_string() };
                        entry.asked_by.get_or_insert(asked);
                        let has = |folder: &Path| Kustomization::of(look, folder).is_some();
                        if entry.is_chart(look) || has(&entry.folder) {
                            entries.push(*entry);
                            continue;
                        }
                        let nested = if recurse { self.first_below(&entry.folder) } else { Vec::new() };
                        entries.extend(nested.into_iter().map(|one| Entry { folder: one, ..(*entry).clone() }));
                        if let Some(namespace) = entry.namespace {
                            self.directories.push((entry.folder, recurse, namespace));
                        }
                    }
                }
            }
        }
        (entries, unread)
    }

    /// The kustomizations that are found first on the way down from a folder without one: what lies below them is theirs to take.
    fn first_below(&self, folder: &Path) -> Vec<PathBuf> {
        let is_first = |one: &&PathBuf| {
            let mut between = one.ancestors().skip(1).take_while(|above| *above != folder);
            !between.any(|above| self.folders.contains(above))
        };
        let below = self.roots.iter().map(|root| &root.folder).filter(|one| one.starts_with(folder) && *one != folder);
        below.filter(|one| self.folders.contains(*one)).filter(is_first).cloned().collect()
    }

    fn render(&self, entries: &[Entry]) -> Vec<Rendered> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(entry) = entries.get(at) else { return done };
                done.push((at, super::one(self.tools, entry)));
            }
        };
        let mut done = thread::scope(|scope| {
            let others: Vec<_> = (1..AT_ONCE.min(entries.len())).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            for other in others {
                done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            done
        });
        done.sort_by_key(|(at, _)| *at);
        done.into_iter().map(|(_, rendered)| rendered).collect()
    }

    fn settle(&self, papers: &mut Papers) {
        let look = self.tools.look();
        for (folder, recurse, namespace) in &self.directories {
            let shown = PathBuf::from(self.tools.shown(folder));
            for object in &mut papers.objects {
                let file = Path::new(&*object.file);
                let inside = if *recurse { file.starts_with(&shown) } else { file.parent() == Some(&shown) };
                if inside && object.id.namespace.is_none() && super::is_namespaced(object) && files::exists(look, file)
                {
                    Arc::make_mut(object).id.namespace = Some(namespace.clone());
                }
            }
        }
    }
}
