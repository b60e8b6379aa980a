//! Docker, asked and told through its command line. Of what it knows only named fields are fetched: the rest holds the tokens
//! of clusters. What the answers mean is not known here.

use super::Look;
use super::ask::{self, Said};
use super::process::Exit;
use super::side::Until;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

pub const PROGRAM: &str = "docker";
/// Variables that say which daemon is meant. Docker and k3d get the same.
const WAYS: &[&str] =
    &["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION"];
/// How long one answer may take. A daemon that is busy with a delete takes a few seconds.
const ONE: Duration = Duration::from_secs(20);

const CONTAINER: &str = concat!(
    r#"{"id":{{json .ID}},"name":{{json .Name}},"created":{{json .Created}},"running":{{json .State.Running}},"pid":{{json .State.Pid}},"#,
    r#""cluster":{{json (index .Config.Labels "k3d.cluster")}},"role":{{json (index .Config.Labels "k3d.role")}},"#,
    r#""run":{{json (index .Config.Labels "blackstart.run")}},"drill":{{json (index .Config.Labels "blackstart.drill")}},"#,
    r#""network":{{json (index .Config.Labels "k3d.cluster.network")}},"#,
    r#""external":{{json (index .Config.Labels "k3d.cluster.network.external")}},"#,
    r#""ports":{{json .NetworkSettings.Ports}},"mounts":{{json .Mounts}},"#,
    r#""networks":{{json .NetworkSettings.Networks}}}"#
);
const NETWORK: &str = concat!(
    r#"{"id":{{json .ID}},"name":{{json .Name}},"created":{{json .Created}},"driver":{{json .Driver}},"#,
    r#""bridge":{{json (index .Options "com.docker.network.bridge.name")}},"ranges":{{json .IPAM.Config}},"#,
    r#""run":{{json (index .Labels "blackstart.run")}},"drill":{{json (index .Labels "blackstart.drill")}}}"#
);
const VOLUME: &str = concat!(
    r#"{"name":{{json .Name}},"created":{{json .CreatedAt}},"cluster":{{json (index .Labels "k3d.cluster")}},"#,
    r#""made":{{json (index .Labels "blackstart.made")}},"#,
    r#""run":{{json (index .Labels "blackstart.run")}},"drill":{{json (index .Labels "blackstart.drill")}}}"#
);

/// The label by which a volume says when it was made.
pub const MADE: &str = "blackstart.made";

/// A thing as a list names it, with the cluster that its label tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    pub id: String,
    pub name: String,
    pub cluster: String,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Container {
    pub id: String,
    pub name: String,
    pub created: String,
    pub running: bool,
    /// Its first process, as this host has it; none is 0.
    #[serde(default)]
    pub pid: i32,
    pub cluster: String,
    pub role: String,
    pub run: String,
    pub drill: String,
    pub network: String,
    pub external: String,
    pub ports: Option<BTreeMap<String, Option<Vec<Port>>>>,
    pub mounts: Option<Vec<Mounted>>,
    #[serde(default)]
    pub networks: Option<BTreeMap<String, Joined>>,
}

/// Where a port of a container can be reached on the host.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Port {
    #[serde(rename = "HostIp", default)]
    pub address: String,
    #[serde(rename = "HostPort", default)]
    pub port: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mounted {
    #[serde(rename = "Type", default)]
    pub sort: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub source: String,
    pub destination: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Network {
    pub id: String,
    pub name: String,
    pub created: String,
    #[serde(default)]
    pub driver: String,
    /// Its interface on this host, where somebody has named that.
    #[serde(default)]
    pub bridge: String,
    #[serde(default)]
    pub ranges: Option<Vec<Range>>,
    #[serde(default)]
    pub run: String,
    #[serde(default)]
    pub drill: String,
}

/// Addresses of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Range {
    /// This host's own.
    #[serde(rename = "Gateway", default)]
    pub gateway: String,
}

/// A network that a container is on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Joined {
    #[serde(rename = "NetworkID", default)]
    pub id: String,
    /// Its address there, while it runs.
    #[serde(rename = "IPAddress", default)]
    pub address: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Volume {
    pub name: String,
    /// Before version 23 of Docker's this is when something was last put into it.
    pub created: String,
    /// When it was made, by who made it and has said so.
    #[serde(default)]
    pub made: String,
    pub cluster: String,
    pub run: String,
    pub drill: String,
}

/// What a program of Docker's gets of our environment beside what every program gets.
pub fn ways() -> Vec<(String, String)> {
    WAYS.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect()
}

/// Somebody who asks Docker, for a limited time.
#[derive(Clone, Copy)]
pub struct Docker {
    look: Look,
    until: Until,
}

impl Docker {
    pub fn new(look: Look, span: Duration) -> Self {
        Self { look, until: Until::after(span) }
    }

    /// What it prints; a bad end is an error with its own words.
    pub async fn ask(&self, arguments: &[&str]) -> Result<String, String> {
        let said = self.said(arguments).await?;
        match said.exit {
            Exit::Code(0) => Ok(said.out),
            exit => Err(match words(&said) {
                words if words.is_empty() => format!("docker {}: {exit}, without a word", arguments[0]),
                words => words,
            }),
        }
    }

    /// What it prints, however it ends.
    pub async fn said(&self, arguments: &[&str]) -> Result<Said, String> {
        let env = ways();
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        match ask::program(self.look, PROGRAM, arguments, &env, self.until, ONE).await {
            Ok(Some(said)) => Ok(said),
            Ok(None) => Err(format!("docker {} did not answer in time", arguments[0])),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err("docker is not on PATH".to_owned()),
            Err(error) => Err(format!("docker {}: {error}", arguments[0])),
        }
    }

    /// All containers, stopped ones too.
    pub async fn containers(&self) -> Result<Vec<Listed>, String> {
        let format = r#"{{.ID}}{{"\t"}}{{.Names}}{{"\t"}}{{.Label "k3d.cluster"}}"#;
        listed(&self.ask(&["ps", "--all", "--no-trunc", "--format", format]).await?)
    }
    pub async fn networks(&self) -> Result<Vec<Listed>, String> {
        let format = r#"{{.ID}}{{"\t"}}{{.Name}}{{"\t"}}{{.Label "k3d.cluster"}}"#;
        listed(&self.ask(&["network", "ls", "--no-trunc", "--format", format]).await?)
    }
    /// A volume's name is its id.
    pub async fn volumes(&self) -> Result<Vec<Listed>, String> {
        let format = r#"{{.Name}}{{"\t"}}{{.Name}}{{"\t"}}{{.Label "k3d.cluster"}}"#;
        listed(&self.ask(&["volume", "ls", "--format", format]).await?)
    }
    /// Containers that hold this network, stopped ones too. One that never ran knows only its name.
    pub async fn on_network(&self, id: &str, name: &str) -> Result<Vec<Listed>, String> {
        let format = r#"{{.ID}}{{"\t"}}{{.Names}}{{"\t"}}{{.Label "k3d.cluster"}}"#;
        let (id, name) = (format!("network={id}"), format!("network={name}"));
        let filters = ["--filter", &id, "--filter", &name];
        listed(&self.ask(&[&["ps", "--all", "--no-trunc"][..], &filters, &["--format", format]].concat()).await?)
    }

    /// Containers that have this volume, stopped ones too.
    pub async fn with_volume(&self, name: &str) -> Result<Vec<Listed>, String> {
        let format = r#"{{.ID}}{{"\t"}}{{.Names}}{{"\t"}}{{.Label "k3d.cluster"}}"#;
        // Docker takes it for a part of a name, or for a place in a container: who has it is seen by who looks closer.
        let filter = format!("volume={name}");
        listed(&self.ask(&["ps", "--all", "--no-trunc", "--filter", &filter, "--format", format]).await?)
    }

    pub async fn inspect_containers(&self, ids: &[String]) -> Result<Vec<Container>, String> {
        let mut containers: Vec<Container> = self.inspect(&["container", "inspect"], CONTAINER, ids).await?;
        for container in &mut containers {
            container.name = container.name.trim_start_matches('/').to_owned();
        }
        Ok(containers)
    }
    pub async fn inspect_networks(&self, ids: &[String]) -> Result<Vec<Network>, String> {
        self.inspect(&["network", "inspect"], NETWORK, ids).await
    }
    pub async fn inspect_volumes(&self, names: &[String]) -> Result<Vec<Volume>, String> {
        self.inspect(&["volume", "inspect"], VOLUME, names).await
    }

    async fn inspect<T: DeserializeOwned>(&self, what: &[&str], form: &str, ids: &[String]) -> Result<Vec<T>, String> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = ids.iter().map(String::as_str);
        let words: Vec<&str> = what.iter().copied().chain(["--format", form]).chain(ids).collect();
        let text = self.ask(&words).await?;
        let strange =
            |error: serde_json::Error| format!("docker {}: an answer that cannot be read: {error}", what.join(" "));
        text.lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| serde_json::from_str(line).map_err(strange))
            .collect()
    }

    /// The version of the daemon, and what names the daemon.
    pub async fn server(&self) -> Result<(String, String), String> {
        let version = self.ask(&["version", "--format", "{{.Server.Version}}"]).await?;
        Ok((version.trim().to_owned(), self.daemon().await?))
    }
    /// What names the daemon that answers. One without a name cannot be told from another.
    pub async fn daemon(&self) -> Result<String, String> {
        let id = self.ask(&["info", "--format", "{{.ID}}"]).await?;
        match id.trim() {
            "" => Err("docker info names no daemon: it has no ID".to_owned()),
            id => Ok(id.to_owned()),
        }
    }

    /// Where its data lie: images, containers, volumes.
    pub async fn root(&self) -> Result<PathBuf, String> {
        let root = self.ask(&["info", "--format", "{{.DockerRootDir}}"]).await?;
        Ok(PathBuf::from(root.trim()))
    }

    /// A file out of a container, stopped or not; None when it is not there.
    pub async fn file(&self, id: &str, path: &str) -> Result<Option<String>, String> {
        let said = self.said(&["cp", "--follow-link", &format!("{id}:{path}"), "-"]).await?;
        match said.exit {
            Exit::Code(0) => {
                first_of_tar(&said.out).map(Some).ok_or_else(|| format!("{path}: docker cp gave no archive"))
            }
            _ => match words(&said) {
                words if words.contains("Could not find the file") || words.contains("no such file") => Ok(None),
                words => Err(words),
            },
        }
    }

    /// Runs a program in a container, with what it prints.
    pub async fn exec(&self, id: &str, argv: &[&str]) -> Result<Said, String> {
        let words: Vec<&str> = ["exec", id].into_iter().chain(argv.iter().copied()).collect();
        self.said(&words).await
    }
}

/// Its own words about a bad end, on one line.
pub fn words(said: &Said) -> String {
    let text = if said.err.trim().is_empty() { &said.out } else { &said.err };
    super::log::last_lines(text, 6).join(" | ")
}

fn listed(text: &str) -> Result<Vec<Listed>, String> {
    let one = |line: &str| {
        let mut parts = line.split('\t');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(id), Some(name), Some(cluster), None) if !id.is_empty() => {
                Ok(Listed { id: id.to_owned(), name: name.to_owned(), cluster: cluster.to_owned() })
            }
            _ => Err(format!("docker lists something that cannot be read: {line:?}")),
        }
    };
    let mut all: Vec<Listed> =
        text.lines().filter(|line| !line.trim().is_empty()).map(one).collect::<Result<_, _>>()?;
    all.sort();
    Ok(all)
}

/// The first file of an archive: a header of 512 bytes with the size in octal digits at 124, then the text.
fn first_of_tar(archive: &str) -> Option<String> {
    let bytes = archive.as_bytes();
    let digits = std::str::from_utf8(bytes.get(124..135)?).ok()?;
    let size = usize::from_str_radix(digits.trim_matches(['\0', ' ']), 8).ok()?;
    String::from_utf8(bytes.get(512..512 + size)?.to_vec()).ok()
}

/// The words that remove one thing, by what names it alone. A container goes with its nameless volumes.
pub fn remove_container(id: &str) -> Vec<String> {
    [PROGRAM, "rm", "--force", "--volumes", id].map(str::to_owned).into()
}
pub fn remove_network(id: &str) -> Vec<String> {
    [PROGRAM, "network", "rm", id].map(str::to_owned).into()
}
/// Takes a container off a network, stopped or not.
pub fn disconnect(network: &str, container: &str) -> Vec<String> {
    [PROGRAM, "network", "disconnect", "--force", network, container].map(str::to_owned).into()
}
pub fn remove_volume(name: &str) -> Vec<String> {
    [PROGRAM, "volume", "rm", name].map(str::to_owned).into()
}
/// Makes a volume that says whose it is.
pub fn make_volume(name: &str, labels: &[(&str, &str)]) -> Vec<String> {
    make("volume", name, labels)
}
/// Makes a network of one bridge that says whose it is.
pub fn make_network(name: &str, labels: &[(&str, &str)]) -> Vec<String> {
    make("network", name, labels)
}

fn make(what: &str, name: &str, labels: &[(&str, &str)]) -> Vec<String> {
    let mut words: Vec<String> = [PROGRAM, what, "create"].map(str::to_owned).into();
    for (key, value) in labels {
        words.extend(["--label".to_owned(), format!("{key}={value}")]);
    }
    words.push(name.to_owned());
    words
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_whole_or_not_at_all() {
        let all = listed("b\tk3d-home-server-0\thome\na\tweb\t\n\n").unwrap();
        assert_eq!(all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["web", "k3d-home-server-0"]);
        assert!(listed("b\tk3d-home-server-0\n").unwrap_err().contains("k3d-home-server-0"));
    }

    #[test]
    fn a_file_comes_out_of_its_archive() {
        let mut header = vec![0; 512];
        header[..4].copy_from_slice(b"name");
        header[124..136].copy_from_slice(b"00000000005\0");
        let archive = [header, b"hello\0\0\0".to_vec()].concat();
        assert_eq!(first_of_tar(&String::from_utf8(archive).unwrap()).as_deref(), Some("hello"));
        assert_eq!(first_of_tar("Error: no"), None);
    }
}
