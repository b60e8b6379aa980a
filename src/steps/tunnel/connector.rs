//! The connectors of a tunnel as their manifests show them: where each gets its token from, and where it can be asked how it
//! stands. Nothing is asked here.

use crate::manifests::pods::each;
use crate::manifests::{Node, Object, Papers, reread};
use crate::model::{Place, Spot};
use std::net::SocketAddr;
use std::sync::Arc;

/// Where it serves what it says of itself, when nobody says otherwise.
const METRICS: u16 = 20241;

pub struct Connector<'p> {
    pub object: &'p Arc<Object>,
    pub container: &'p Node,
    spec: &'p Node,
    /// Its own file of configuration, where it has one.
    config: Option<Node>,
}

/// A key of a Secret, and where its name is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub namespace: String,
    pub name: String,
    pub key: String,
    pub place: Place,
}

/// The last part of an image's name, without tag and digest.
fn program(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    name.split(':').next().unwrap_or_default()
}

/// Everything in these papers that runs one.
pub fn connectors(papers: &Papers) -> Vec<Connector<'_>> {
    let each_of = papers.objects.iter().filter_map(|object| {
        let spec = object.pod_template()?.0.get("spec")?;
        let ours = |node: &&Node| node.text_at(&["image"]).is_some_and(|image| program(image) == "cloudflared");
        let container = each(spec, "containers").find(ours)?;
        Some(Connector { object, container, spec, config: config(papers, object, spec) })
    });
    each_of.collect()
}

/// The file of configuration, out of a ConfigMap that its pods mount.
fn config(papers: &Papers, object: &Object, spec: &Node) -> Option<Node> {
    let mounts: Vec<&str> = each(spec, "volumes").filter_map(|volume| volume.text_at(&["configMap", "name"])).collect();
    let same = |map: &&Arc<Object>| map.namespace() == object.namespace() && mounts.contains(&map.name());
    let texts =
        papers.of_kind("ConfigMap").filter(same).flat_map(|map| map.root.get("data").map_or(&[][..], Node::fields));
    let mut files = texts.filter(|field| field.name.ends_with(".yaml") || field.name.ends_with(".yml"));
    files.find_map(|field| reread(field.node.text()?)?.into_iter().next())
}

impl Connector<'_> {
    pub fn namespace(&self) -> &str {
        self.object.namespace().unwrap_or("default")
    }

    /// The labels that its pods are found by.
    pub fn labels(&self) -> Vec<(String, String)> {
        let labels = self.object.root.walk(&["spec", "selector", "matchLabels"]).map_or(&[][..], Node::fields);
        labels.iter().filter_map(|label| Some((label.name.to_string(), label.node.text()?.to_owned()))).collect()
    }

    fn words(&self) -> Vec<(&str, Spot)> {
        let nodes = each(self.container, "command").chain(each(self.container, "args"));
        nodes.flat_map(|node| node.text().unwrap_or_default().split_whitespace().map(|word| (word, node.at))).collect()
    }

    /// What stands behind an option, in either way of writing one.
    fn option(&self, name: &str) -> Option<(String, Spot)> {
        let words = self.words();
        words.iter().enumerate().find_map(|(at, (word, spot))| {
            let value = match word.strip_prefix(name)? {
                "" => words.get(at + 1).map(|(next, _)| *next)?,
                rest => rest.strip_prefix('=')?,
            };
            Some((value.trim_matches(['"', '\'']).to_owned(), *spot))
        })
    }

    fn variable(&self, name: &str) -> Option<&Node> {
        each(self.container, "env").find(|variable| variable.text_at(&["name"]) == Some(name))
    }

    /// The Secret that its token comes from. None where that cannot be seen.
    pub fn source(&self) -> Option<Source> {
        self.source_of_variable().or_else(|| {
            let configured =
                || Some((self.config.as_ref()?.text_at(&["credentials-file"])?.to_owned(), self.object.at));
            let named = |name: &str| {
                let variable = self.variable(name)?;
                Some((variable.text_at(&["value"])?.to_owned(), variable.at))
            };
            let file = self.option("--token-file").or_else(|| self.option("--credentials-file"));
            let file = file.or_else(|| self.option("--cred-file")).or_else(|| named("TUNNEL_TOKEN_FILE"));
            let (path, at) = file.or_else(|| named("TUNNEL_CRED_FILE")).or_else(configured)?;
            self.source_of_file(&path, at)
        })
    }

    fn source_of_variable(&self) -> Option<Source> {
        let given = self.option("--token").map(|(value, _)| value);
        let name =
            given.as_deref().and_then(|value| value.trim_start_matches(['$', '(', '{']).split([')', '}']).next());
        let name = name.filter(|_| given.as_deref().is_some_and(|value| value.starts_with('$')));
        let of = |name: &str| {
            let variable = self.variable(name)?;
            let from = variable.walk(&["valueFrom", "secretKeyRef"])?;
            Some(self.named(from.text_at(&["name"])?, from.text_at(&["key"])?, from.at))
        };
        let all = || {
            let from = each(self.container, "envFrom").find_map(|all| all.get("secretRef"))?;
            Some(self.named(from.text_at(&["name"])?, name.unwrap_or("TUNNEL_TOKEN"), from.at))
        };
        of("TUNNEL_TOKEN").or_else(|| of(name?)).or_else(all)
    }

    /// By the volume that holds the file.
    fn source_of_file(&self, path: &str, at: Spot) -> Option<Source> {
        let mounts = each(self.container, "volumeMounts").filter_map(|mount| {
            let under = mount.text_at(&["mountPath"])?.trim_end_matches('/');
            let rest = path.strip_prefix(under).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
            Some((mount, under.len(), rest.trim_start_matches('/').to_owned()))
        });
        let (mount, _, rest) = mounts.max_by_key(|(_, length, _)| *length)?;
        let inner = mount.text_at(&["subPath"]).map_or(rest, str::to_owned);
        let volume = each(self.spec, "volumes").find(|volume| {
            volume.get("name") == mount.get("name") || volume.text_at(&["name"]) == mount.text_at(&["name"])
        })?;
        let secret = volume.get("secret")?;
        let mut items = each(secret, "items");
        let key = items.find(|item| item.text_at(&["path"]) == Some(&inner)).and_then(|item| item.text_at(&["key"]));
        Some(self.named(secret.text_at(&["secretName"])?, key.unwrap_or(&inner), at))
    }

    fn named(&self, name: &str, key: &str, at: Spot) -> Source {
        let (namespace, place) = (self.namespace().to_owned(), self.object.place_at(at));
        Source { namespace, name: name.to_owned(), key: key.to_owned(), place }
    }

    /// The port at which a pod of it says how it stands, or why nobody outside of the pod can ask it.
    pub fn metrics(&self) -> Result<u16, String> {
        let variable = || Some(self.variable("TUNNEL_METRICS")?.text_at(&["value"])?.to_owned());
        let configured = || Some(self.config.as_ref()?.text_at(&["metrics"])?.to_owned());
        let written = self.option("--metrics").map(|(value, _)| value).or_else(variable).or_else(configured);
        let Some(address) = written else { return Ok(self.probed().unwrap_or(METRICS)) };
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let Some(port) = port.filter(|port| *port > 0) else {
            return Err(format!("its metrics are at {address}, which names no port"));
        };
        let home = address.starts_with("localhost:")
            || address.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback());
        match home {
            true => Err(format!(
                "its metrics are at {address}, where nobody outside of its pod can ask: write 0.0.0.0:{port}"
            )),
            false => Ok(port),
        }
    }

    /// The port that the kubelet asks.
    fn probed(&self) -> Option<u16> {
        let probe = ["readinessProbe", "livenessProbe"].into_iter().find_map(|probe| {
            self.container.walk(&[probe, "httpGet"]).filter(|get| get.text_at(&["path"]) == Some("/ready"))
        })?;
        let port = probe.get("port")?;
        let named = |name: &str| {
            let mut ports = each(self.container, "ports");
            ports.find(|one| one.text_at(&["name"]) == Some(name))?.get("containerPort")?.whole()
        };
        u16::try_from(port.whole().or_else(|| named(port.text()?))?).ok()
    }

    /// Whether the kubelet calls its pods Ready only when they have a connection.
    pub fn ready_means_connected(&self) -> bool {
        self.container.text_at(&["readinessProbe", "httpGet", "path"]) == Some("/ready")
    }
}
