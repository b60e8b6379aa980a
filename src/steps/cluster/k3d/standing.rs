//! What stands under the name of a cluster. Docker decides, and is asked twice: k3d calls a cluster that it cannot read one that
//! is not there.

use super::guests::{self, Guest};
use super::names::{self, Names};
use super::way;
use crate::model::Stamp;
use crate::steps::cluster::contract::{Exists, Part, Sort, Standing};
use crate::sys::Look;
use crate::sys::clock;
use crate::sys::docker::{Container, Docker, Listed, Network, Volume};
use crate::sys::k3d;
use crate::sys::kube::Kube;
use crate::sys::side::Until;
use std::time::Duration;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(25);
/// How often, and after which pause, Docker is asked for two answers that are the same.
const TRIES: usize = 4;
const PAUSE: Duration = Duration::from_millis(700);
const API: Duration = Duration::from_secs(6);

/// What Docker has of a cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    pub containers: Vec<Container>,
    pub networks: Vec<Network>,
    pub volumes: Vec<Volume>,
    /// Who else holds something of it.
    pub guests: Vec<Guest>,
    /// Networks that k3d made for it and that others are on as well: they stay.
    pub shared: Vec<String>,
    /// What names the daemon.
    pub daemon: String,
}

/// Everything of the cluster that Docker names, by ids.
#[derive(PartialEq)]
struct Lists {
    containers: Vec<Listed>,
    networks: Vec<Listed>,
    volumes: Vec<Listed>,
}

impl Lists {
    async fn ask(docker: Docker, names: &Names) -> Result<Self, String> {
        let mut all = Self {
            containers: docker.containers().await?,
            networks: docker.networks().await?,
            volumes: docker.volumes().await?,
        };
        all.containers.retain(|one| names.has_container(one));
        all.volumes.retain(|one| names.has_volume(one));
        Ok(all)
    }
}

/// What Docker has of this cluster, or why nobody can say. Docker still ends what it was asked for when who asked is dead, so
/// answers that differ are waited out, for a short time.
pub async fn find(docker: Docker, names: &Names) -> Result<Found, String> {
    for _ in 0..TRIES {
        match twice(docker, names).await? {
            Some(found) => return Ok(found),
            None => clock::pause(PAUSE).await,
        }
    }
    Err("it was asked twice and answered differently, again and again: something is being made or removed just now"
        .to_owned())
}

/// None when it answered differently.
async fn twice(docker: Docker, names: &Names) -> Result<Option<Found>, String> {
    let daemon = docker.daemon().await?;
    let first = Lists::ask(docker, names).await?;
    let ids = |list: &[Listed]| list.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let containers = docker.inspect_containers(&ids(&first.containers)).await?;
    let volumes = docker.inspect_volumes(&ids(&first.volumes)).await?;
    let own = names::own_networks(&containers);
    let is_own = |one: &&Listed| names.has_network(one) || (own.contains(&one.name.as_str()) && one.cluster.is_empty());
    let of_it: Vec<String> = first.networks.iter().filter(is_own).map(|one| one.id.clone()).collect();
    let networks = docker.inspect_networks(&of_it).await?;
    let guests = guests::of(docker, &containers, &networks, &volumes).await?;
    let second = Lists::ask(docker, names).await?;
    let networks_of = |lists: &Lists| lists.networks.iter().filter(is_own).cloned().collect::<Vec<_>>();
    if first.containers != second.containers
        || first.volumes != second.volumes
        || networks_of(&first) != networks_of(&second)
    {
        return Ok(None);
    }
    if docker.daemon().await? != daemon {
        return Err("two daemons have answered: DOCKER_HOST or the context of docker has changed just now".to_owned());
    }
    // One with the cluster's own name is in the way of the next; one with another name is not, and is not only its own.
    let is_shared = |one: &Network| {
        let mut strangers = guests.iter().filter(|guest| guest.on == one.id && !guest.registry);
        one.name != names.network() && strangers.next().is_some()
    };
    let (shared, networks): (Vec<Network>, Vec<Network>) = networks.into_iter().partition(is_shared);
    let shared = shared.into_iter().map(|one| one.name).collect();
    Ok(Some(Found { containers, networks, volumes, guests, shared, daemon }))
}

/// A volume has no id, and another one can be made with its name. When it was made is told by its label, where there is one.
pub fn volume_id(volume: &Volume) -> String {
    let made = if volume.made.is_empty() { &volume.created } else { &volume.made };
    format!("{}@{made}", volume.name)
}

/// How a daemon is called among those that could keep a cluster.
pub fn keeper(daemon: &str) -> String {
    format!("Docker daemon {daemon}")
}

/// The run that something says it is of: a recovery, or a drill.
fn owner<'a>(run: &'a str, drill: &'a str) -> Option<&'a str> {
    [run, drill].into_iter().find(|one| !one.is_empty())
}

impl Found {
    pub fn is_empty(&self) -> bool {
        self.containers.is_empty() && self.networks.is_empty() && self.volumes.is_empty()
    }

    /// The run whose mark stands on the volume that was made before everything else, and when that was: by its label, since
    /// an older Docker tells another time of it as soon as an image is put into it.
    fn marked(&self, names: &Names) -> Option<(String, Stamp)> {
        let mark = self.volumes.iter().find(|one| one.name == names.images())?;
        let at = [&mark.made, &mark.created].into_iter().filter_map(|text| Stamp::read(text)).min()?;
        Some((owner(&mark.run, &mark.drill)?.to_owned(), at))
    }

    /// Its parts, each with the run that made it. k3d labels neither its network nor its helpers: what came after the marked
    /// volume is of the marked run, unless a node is there that is not.
    pub fn parts(&self, names: &Names) -> Vec<Part> {
        let mark = self.marked(names).filter(|(run, _)| {
            let mut nodes = self.containers.iter().filter(|one| matches!(one.role.as_str(), "server" | "agent"));
            nodes.all(|one| owner(&one.run, &one.drill) == Some(run))
        });
        let run_of = |own: Option<&str>, created: &str| match (own, &mark) {
            (Some(own), _) => Some(own.to_owned()),
            (None, Some((run, at))) => Stamp::read(created).filter(|made| made >= at).map(|_| run.clone()),
            (None, None) => None,
        };
        let containers = self.containers.iter().map(|one| Part {
            sort: Sort::Container,
            id: one.id.clone(),
            name: one.name.clone(),
            run: run_of(owner(&one.run, &one.drill), &one.created),
            runs: one.running,
        });
        let networks = self.networks.iter().map(|one| Part {
            sort: Sort::Network,
            id: one.id.clone(),
            name: one.name.clone(),
            run: run_of(owner(&one.run, &one.drill), &one.created),
            runs: false,
        });
        let volumes = self.volumes.iter().map(|one| Part {
            sort: Sort::Volume,
            id: volume_id(one),
            name: one.name.clone(),
            run: run_of(owner(&one.run, &one.drill), &one.created),
            runs: false,
        });
        containers.chain(networks).chain(volumes).collect()
    }
}

/// What stands under this name. It changes nothing, and ends in time.
pub async fn exists(look: Look, names: &Names) -> Exists {
    let docker = Docker::new(look, PATIENCE);
    match find(docker, names).await {
        Err(why) => {
            let own = k3d::told(look, Until::after(Duration::from_secs(12))).await;
            Exists::Unknown(vec![format!("docker: {why}"), format!("k3d: {own}")])
        }
        Ok(found) if found.is_empty() => Exists::No(format!(
            "Docker has no container, network or volume of cluster {}, by label or by name",
            names.cluster
        )),
        Ok(found) => {
            let mut told = Vec::new();
            let uid = uid(look, docker, &found, &mut told).await;
            let own = k3d::told(look, Until::after(Duration::from_secs(12))).await;
            told.push(format!("k3d says: {own}"));
            Exists::Yes(Standing { parts: found.parts(names), uid, keeper: Some(keeper(&found.daemon)), told })
        }
    }
}

/// The cluster's own name for itself, where its API server answers.
async fn uid(look: Look, docker: Docker, found: &Found, told: &mut Vec<String>) -> Option<String> {
    let answer = match way::to(look, docker, &found.containers).await {
        Ok(way) => ask_uid(way.kube).await,
        Err(why) => Err(why),
    };
    answer.map_err(|why| told.push(format!("its API server: {why}"))).ok()
}

async fn ask_uid(kube: Kube) -> Result<String, String> {
    match clock::within(API, kube.uid()).await {
        Some(uid) => uid.map_err(|trouble| format!("{}: {trouble}", kube.server())),
        None => Err(format!("{}: no answer within {} s", kube.server(), API.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(name: &str, role: &str, run: &str) -> Container {
        Container {
            id: format!("id-{name}"),
            name: name.to_owned(),
            role: role.to_owned(),
            run: run.to_owned(),
            created: "2026-11-03T02:11:09.5Z".to_owned(),
            ..Container::default()
        }
    }
    fn found(mark: &str, containers: Vec<Container>) -> Found {
        let volume = Volume {
            name: "k3d-home-images".to_owned(),
            created: "2026-11-03T02:11:07Z".to_owned(),
            run: mark.to_owned(),
            ..Volume::default()
        };
        let network = Network {
            id: "n".to_owned(),
            name: "k3d-home".to_owned(),
            created: "2026-11-03T02:11:08.123456789Z".to_owned(),
            ..Network::default()
        };
        Found { containers, networks: vec![network], volumes: vec![volume], ..Found::default() }
    }
    fn runs(of: &Found) -> Vec<Option<String>> {
        of.parts(&Names::of("home")).into_iter().map(|part| part.run).collect()
    }

    #[test]
    fn what_came_after_a_runs_mark_is_of_that_run() {
        let r1 = Some("r1".to_owned());
        assert_eq!(runs(&found("r1", Vec::new())), [r1.clone(), r1.clone()], "killed before there was a container");
        let half =
            found("r1", vec![container("k3d-home-tools", "", ""), container("k3d-home-server-0", "server", "r1")]);
        assert_eq!(runs(&half), vec![r1; 4]);
    }

    #[test]
    fn a_node_without_the_mark_makes_everything_somebody_elses() {
        let foreign =
            found("r1", vec![container("k3d-home-tools", "", ""), container("k3d-home-server-0", "server", "")]);
        assert_eq!(runs(&foreign), [None, None, None, Some("r1".to_owned())]);
        let unmarked = found("", vec![container("k3d-home-tools", "", "")]);
        assert_eq!(runs(&unmarked), [None, None, None]);
    }

    #[test]
    fn a_mark_that_images_were_put_into_is_as_old_as_it_was() {
        let mut filled = found("r1", Vec::new());
        filled.volumes[0].created = "2026-11-03T02:15:00Z".to_owned();
        assert_eq!(runs(&filled), [None, Some("r1".to_owned())], "nothing else tells");
        filled.volumes[0].made = "2026-11-03T02:11:07Z".to_owned();
        assert_eq!(runs(&filled), vec![Some("r1".to_owned()); 2]);
    }

    #[test]
    fn what_was_there_before_the_mark_is_not_of_the_run() {
        let mut old = found("r1", Vec::new());
        old.networks[0].created = "2026-11-02T02:11:08Z".to_owned();
        assert_eq!(runs(&old), [None, Some("r1".to_owned())]);
    }
}
