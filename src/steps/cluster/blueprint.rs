//! What the plan and the provider's own files say of the cluster that will be, read once and as far as anybody needs it before
//! there is one.

use super::contract::Contract;
use super::k3s::snapshot;
use super::sandbox_config::{self, Config};
use super::{k3d, k3s, sandbox};
use crate::checks::rules::cluster::Cluster as Ahead;
use crate::manifests::{self, Node, Object, Value};
use crate::model::{EntryName, Mode, Place, Problem, Provider, Spot};
use crate::sys::{Look, files};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LARGEST: u64 = 1 << 20;
const AGAIN: &str = "mend it, then the same command again. Nothing was touched.";

/// What stands under `cluster` in a plan.
pub struct Given<'p> {
    pub provider: Provider,
    pub name: &'p str,
    pub config: Option<&'p (String, Spot)>,
    pub registries: Option<&'p (String, Spot)>,
    pub host: Option<&'p (String, Spot)>,
    pub install: Option<&'p (String, Spot)>,
    pub snapshot: Option<&'p (String, Spot)>,
    pub token: Option<&'p (EntryName, Spot)>,
}

/// A file that the plan names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub path: PathBuf,
    /// As people know it: beside the plan, as they named that.
    pub shown: String,
    pub bytes: Vec<u8>,
    /// Where the plan names it.
    pub at: Place,
}

pub struct Blueprint {
    pub provider: Provider,
    pub name: String,
    /// Where the plan speaks of it.
    pub place: Place,
    pub config: Option<Named>,
    pub registries: Option<Named>,
    pub host: Option<String>,
    pub install: Option<PathBuf>,
    /// A snapshot of etcd, and how people know it.
    pub snapshot: Option<(PathBuf, String)>,
    /// The value of the store that is its token.
    pub token: Option<EntryName>,
    planned: Ahead,
    sandbox: Config,
}

impl Blueprint {
    pub fn read(look: Look, folder: &Path, of: &Given<'_>, place: Place) -> Result<Self, Problem> {
        let plan = &place.file;
        let blueprint = |planned: Ahead, sandbox: Config| Self {
            provider: of.provider,
            name: of.name.to_owned(),
            place: place.clone(),
            config: None,
            registries: None,
            host: of.host.map(|(host, _)| host.clone()),
            install: of.install.map(|(path, _)| folder.join(path)),
            snapshot: of.snapshot.map(|(path, _)| (folder.join(path), beside(plan, path))),
            token: of.token.map(|(token, _)| token.clone()),
            planned,
            sandbox,
        };
        if of.provider == Provider::Sandbox {
            let config = of.config.map(|(path, at)| sandbox_config::read(look, folder, plan, path, *at));
            let config = config.transpose()?.unwrap_or_default();
            return Ok(blueprint(config.planned(of.name, place.clone()), config));
        }
        let read = |key: &'static str, given: Option<&(String, Spot)>| {
            given.map(|(path, at)| named(look, folder, plan, key, path, *at)).transpose()
        };
        let (config, registries) = (read("config", of.config)?, read("registries", of.registries)?);
        if let Some((install, at)) = of.install {
            named(look, folder, plan, "install", install, *at).map(drop).or_else(|problem| {
                // A program is larger than any config; that it can be read is enough.
                files::exists(look, &folder.join(install)).then_some(()).ok_or(problem)
            })?;
        }
        if let Some((path, at)) = of.snapshot {
            snapshot::check(look, &folder.join(path)).map_err(|why| {
                Problem::usage("the snapshot cannot be restored")
                    .because(format!("{plan}:{}:{}: `snapshot`: {} {why}", at.line, at.column, beside(plan, path)))
                    .next(AGAIN)
            })?;
        }
        let mut planned = match (of.provider, &config) {
            (Provider::K3d, Some(config)) => of_k3d(config, of.name)?,
            (_, Some(config)) => Ahead::of_k3s(&of_k3s(config)?, of.name, &config.shown),
            (_, None) => Ahead::of_k3s(&empty(place.spot), of.name, plan),
        };
        if let Some(registries) = &registries {
            planned.registries.push_str(&String::from_utf8_lossy(&registries.bytes));
        }
        // Another host is as large as it is; of this one it is known.
        let sandbox = Config::like(&planned, of.host.is_none());
        Ok(Self { config, registries, ..blueprint(planned, sandbox) })
    }

    /// What files say of it, as the checks know it.
    pub fn planned(&self) -> &Ahead {
        &self.planned
    }

    /// What the nodes will be called, where that is written somewhere.
    pub fn node_names(&self) -> Vec<String> {
        match self.provider {
            Provider::Sandbox => self.sandbox.names(),
            Provider::K3d | Provider::K3s => self.planned.nodes.iter().map(|node| node.name.clone()).collect(),
        }
    }

    /// What makes it, with this provider.
    pub fn maker(self, provider: Provider, mode: Mode) -> Result<Arc<dyn Contract>, Problem> {
        let own = self.provider;
        match (provider, mode) {
            (Provider::Sandbox, _) => Ok(Arc::new(sandbox::Made::new(self.name, self.sandbox))),
            (Provider::K3d, _) if own == Provider::K3d => Ok(Arc::new(k3d::Made::new(self, mode))),
            (Provider::K3s, Mode::Recover) => Ok(Arc::new(k3s::Made::new(self))),
            (Provider::K3d | Provider::K3s, _) => {
                let Place { file, spot } = &self.place;
                Err(Problem::usage(format!("a plan for {own} cannot be drilled in {provider}"))
                    .because(format!("{file}:{}: its cluster is described for {own} and for nothing else", spot.line))
                    .next("blackstart drill --in sandbox"))
            }
        }
    }
}

/// A path that the plan names, as people named the plan.
fn beside(plan: &str, path: &str) -> String {
    Path::new(plan).parent().unwrap_or(Path::new("")).join(path).display().to_string()
}

/// Reads a file that the plan names.
fn named(look: Look, folder: &Path, plan: &str, key: &str, path: &str, at: Spot) -> Result<Named, Problem> {
    let shown = beside(plan, path);
    let path = folder.join(path);
    let bytes = files::read(look, &path, LARGEST).map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "is not there".to_owned(),
            io::ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
            io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge => error.to_string(),
            _ => format!("cannot be read: {error}"),
        };
        Problem::usage("a file of the cluster cannot be read")
            .because(format!("{plan}:{}:{}: `{key}`: {shown} {why}", at.line, at.column))
            .next(AGAIN)
    })?;
    Ok(Named { path, shown, bytes, at: Place { file: plan.to_owned(), spot: at } })
}

fn unusable(config: &Named, at: Spot, why: &str) -> Problem {
    let (line, column) = (at.line, at.column);
    Problem::usage("the file of the cluster cannot be used")
        .because(format!("{}:{line}:{column}: {why}", config.shown))
        .next(AGAIN)
}

/// The cluster of k3d's config file. Its name is the plan's, or a recovery would delete one cluster and make another.
fn of_k3d(config: &Named, name: &str) -> Result<Ahead, Problem> {
    let start = Spot { line: 1, column: 1 };
    let (objects, broken) = manifests::objects_of(&config.bytes, false, &config.shown);
    if let Some((at, why)) = broken.first() {
        return Err(unusable(config, *at, why));
    }
    let [object] = objects.as_slice() else {
        return Err(unusable(config, start, "k3d takes one document, with `kind: Simple`"));
    };
    let Some(ahead) = Ahead::of_k3d(object) else {
        return Err(unusable(config, object.at, "this is no config file of k3d: it has `kind: Simple` of k3d.io"));
    };
    let at = object.root.nearest(&["metadata", "name"]);
    match object.name() == name {
        true => Ok(ahead),
        false => {
            let (own, Place { file, .. }) = (object.name(), &config.at);
            let why = format!("k3d would call the cluster {own}, and {file} calls it {name}: give both one name");
            Err(unusable(config, at, &why))
        }
    }
}

/// The map of a config file of k3s.
fn of_k3s(config: &Named) -> Result<Node, Problem> {
    let start = Spot { line: 1, column: 1 };
    let (mut nodes, broken) = manifests::nodes_of(&config.bytes);
    if let Some((at, why)) = broken.first() {
        return Err(unusable(config, *at, why));
    }
    match nodes.len() {
        0 => Ok(empty(start)),
        1 => Ok(nodes.remove(0)),
        _ => Err(unusable(config, start, "k3s takes one document")),
    }
}

fn empty(at: Spot) -> Node {
    Node { at, value: Value::Map(Vec::new()) }
}

/// The one object of a config file of k3d, for who goes through it again.
pub fn object(config: &Named) -> Option<Object> {
    manifests::objects_of(&config.bytes, false, &config.shown).0.into_iter().next()
}
