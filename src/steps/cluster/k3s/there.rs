//! What of k3s is on the host before anything is touched: whether it is there, which one it is, and what dies with it.

use super::Made;
use crate::steps::cluster::contract::{Blast, Exists, Part, Sort, Standing};
use crate::sys::Look;
use crate::sys::clock;
use crate::sys::k3s::{self, Survey};
use crate::sys::kube::Kube;
use serde_json::Value;
use std::time::Duration;

/// How long an API server that is looked at, and not waited for, has to answer.
const ANSWER: Duration = Duration::from_secs(5);

impl Made {
    pub(super) async fn standing(&self, look: Look) -> Exists {
        let survey = match self.survey(look).await {
            Ok(survey) => survey,
            Err(why) => return Exists::Unknown(vec![why]),
        };
        let unknown = self.doubts(&survey);
        if !unknown.is_empty() {
            return Exists::Unknown(unknown);
        }
        let parts = self.parts(&survey);
        if parts.is_empty() {
            let (host, data) = (self.host.shown(), self.data());
            return Exists::No(format!("{host}: no k3s runs, and nothing lies in {data}/server and {data}/agent"));
        }
        let mut told = vec![format!("{}: {}", self.unit(), survey.unit.state())];
        told.extend(survey.ca.as_ref().map(|ca| format!("authority {}", ca.get(..12).unwrap_or(ca))));
        if survey.has("storage") {
            told.push(format!("{}/storage stays where it is", self.data()));
        }
        if survey.has("config.d") {
            told.push(format!("{}.d of the host counts more than any config", k3s::CONFIG));
        }
        let uid = match self.old_kube(look, &survey).await {
            Err(why) => {
                told.push(why);
                None
            }
            Ok(kube) => match clock::within(ANSWER, kube.uid()).await {
                Some(Ok(uid)) => Some(uid),
                Some(Err(trouble)) => {
                    told.push(format!("{}: {trouble}", kube.server()));
                    None
                }
                None => {
                    told.push(format!("{}: no answer within {}", kube.server(), crate::model::time::spoken(ANSWER)));
                    None
                }
            },
        };
        Exists::Yes(Standing { parts, uid, keeper: None, told })
    }

    /// Why it cannot be known what stands there.
    fn doubts(&self, survey: &Survey) -> Vec<String> {
        let (host, data) = (self.host.shown(), self.data());
        let mut doubts = Vec::new();
        if let Some(why) = &survey.silent {
            doubts.push(format!("{host}: systemctl gives no answer: {why}"));
        }
        doubts.extend(survey.closed.iter().map(|folder| format!("{host}: {folder} cannot be read by this user")));
        if !survey.is_root {
            doubts.push(format!("{host}: k3s belongs to root, and this user is another: run it with sudo"));
        }
        if survey.agent_unit.is_up() {
            doubts.push(format!("{host}: k3s-agent.service runs: this host is a node of a k3s elsewhere"));
        }
        if !survey.servers.is_empty() && !survey.unit.is_up() {
            let (unit, pids) = (self.unit(), survey.servers.join(", "));
            doubts.push(format!("{host}: a k3s server runs that is not of {unit}: pid {pids}"));
        }
        if let Some(other) = survey.unit.config().or(survey.set_config.as_deref()).filter(|file| *file != k3s::CONFIG) {
            doubts.push(format!("{host}: k3s takes its config from {other}, and not from {}", k3s::CONFIG));
        }
        // Its config counts where the plan has none of its own; what stands beside it counts more than either.
        let own = self.blueprint.config.is_none().then_some(survey.config_data.as_deref()).flatten();
        let other = survey.unit.data().or(survey.set_data.as_deref()).or(own);
        if let Some(other) = other.filter(|other| other.trim_end_matches('/') != data) {
            doubts.push(format!("{host}: k3s keeps its data in {other}, and the plan's config says {data}"));
        }
        doubts
    }

    fn parts(&self, survey: &Survey) -> Vec<Part> {
        let mut parts = Vec::new();
        let up = survey.unit.is_up();
        let folder = survey.server.as_ref().or(survey.agent.as_ref().filter(|_| up));
        let of = folder.map_or("nothing", |folder| folder.id.as_str());
        if survey.unit.is_known() && (survey.server.is_some() || up) {
            let run = folder.and_then(|folder| folder.run.clone());
            let id = format!("{of} {}", self.unit());
            parts.push(Part { sort: Sort::Service, id, name: self.unit().to_owned(), run, runs: up });
        }
        for (name, folder) in [("server", &survey.server), ("agent", &survey.agent)] {
            parts.extend(folder.as_ref().map(|folder| Part {
                sort: Sort::Folder,
                id: folder.id.clone(),
                name: format!("{}/{name}", self.data()),
                run: folder.run.clone(),
                runs: up,
            }));
        }
        parts
    }

    /// The way to the old cluster, where its kubeconfig is there; that it answers is not known yet.
    pub(super) async fn old_kube(&self, look: Look, survey: &Survey) -> Result<Kube, String> {
        if !survey.has("kubeconfig") {
            return Err(format!("{}: {} is not there", self.host.shown(), self.kubeconfig()));
        }
        let text = self.kubeconfig_text(look).await?;
        let kube = Kube::connect_by(look, &text, self.kubeconfig()).await;
        kube.map_err(|trouble| trouble.to_string())
    }

    /// The kubeconfig of the host, as it can be used from here. The server goes by a name that its certificate has on any
    /// host, whatever address leads to it.
    pub(super) async fn kubeconfig_text(&self, look: Look) -> Result<String, String> {
        let text = self.host.ask(look, &["cat", self.kubeconfig()], ANSWER).await?;
        Ok(match self.host.address(look).await? {
            Some(address) => from_afar(&text, &address),
            None => text,
        })
    }

    pub(super) async fn radius(&self, look: Look, standing: &Standing) -> Blast {
        let (data, mut blast) = (self.data(), Blast::default());
        let survey = match self.survey(look).await {
            Ok(survey) => survey,
            Err(why) => return Blast { unknown: vec![why], ..blast },
        };
        blast.unknown.extend(self.immovable(&survey));
        blast.dies.extend(standing.parts.iter().map(|part| format!("{part}, moved aside and not removed")));
        if survey.has("storage") {
            blast.stays.push(format!("{data}/storage, with all that is in it"));
        }
        match self.old_kube(look, &survey).await {
            Err(why) => blast.unknown.push(format!("its pods and volumes: {why}")),
            Ok(kube) => match clock::within(ANSWER, self.inhabitants(&kube, &mut blast)).await {
                Some(Ok(())) => {}
                Some(Err(why)) => blast.unknown.push(format!("its pods and volumes: {why}")),
                None => blast.unknown.push(format!("its pods and volumes: {} does not answer", kube.server())),
            },
        }
        blast
    }

    async fn inhabitants(&self, kube: &Kube, blast: &mut Blast) -> Result<(), String> {
        let list = async |version: &str, kind: &str| kube.list(version, kind, None).await.map_err(|t| t.to_string());
        let (nodes, pods) = (list("v1", "Node").await?, list("v1", "Pod").await?);
        let volumes = list("v1", "PersistentVolume").await?;
        blast.dies.extend(nodes.iter().map(|node| format!("node {}", name(node))));
        blast.dies.push(crate::model::count::many(pods.len(), "pod"));
        let scratch = pods.iter().filter(|pod| {
            let volumes = pod["spec"]["volumes"].as_array();
            volumes.into_iter().flatten().any(|volume| volume["emptyDir"].is_object())
        });
        match scratch.count() {
            0 => {}
            count => blast.dies.push(format!("the emptyDir of {}", crate::model::count::many(count, "pod"))),
        }
        for volume in &volumes {
            let spec = &volume["spec"];
            let path = spec["local"]["path"].as_str().or(spec["hostPath"]["path"].as_str());
            let claim = spec["claimRef"]["name"]
                .as_str()
                .map(|claim| format!("PVC {}/{claim}", spec["claimRef"]["namespace"].as_str().unwrap_or("default")));
            let whose = claim.unwrap_or_else(|| format!("PV {}", name(volume)));
            match path {
                Some(path) if self.goes(path) => blast.lost.push((path.to_owned(), whose)),
                Some(path) => blast.stays.push(format!("{path} of {whose}")),
                None => blast.stays.push(format!("what {whose} has outside of this host")),
            }
        }
        Ok(())
    }

    /// Whether a path of the host lies in what is moved aside or emptied.
    fn goes(&self, path: &str) -> bool {
        let data = self.data();
        let folders =
            [format!("{data}/server"), format!("{data}/agent"), "/run".to_owned(), "/var/lib/kubelet".to_owned()];
        folders
            .iter()
            .any(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or("without a name")
}

/// A kubeconfig whose server is this host, as it is used from another.
fn from_afar(text: &str, address: &str) -> String {
    let address = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
    let lines = text.lines().map(|line| {
        let Some((indent, rest)) = line.split_once("server: https://127.0.0.1:") else { return format!("{line}\n") };
        format!("{indent}server: https://{address}:{rest}\n{indent}tls-server-name: kubernetes\n")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_afar_the_server_has_its_address_and_keeps_its_name() {
        let text = "clusters:\n- cluster:\n    server: https://127.0.0.1:6443\n  name: default\n";
        let afar =
            "clusters:\n- cluster:\n    server: https://nas:6443\n    tls-server-name: kubernetes\n  name: default\n";
        assert_eq!(from_afar(text, "nas"), afar);
        assert!(from_afar(text, "fd00::1").contains("https://[fd00::1]:6443\n"));
    }
}
