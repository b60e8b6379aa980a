//! F58: does every NFS server that volumes name take connections?

use super::{ABREAST, Answers, Asked};
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::{Place, Severity};
use crate::sys::net;
use crate::sys::side::{Work, by_side};
use std::collections::BTreeMap;
use std::time::Duration;

/// A server on the same network answers in a hundredth of it.
const PATIENCE: Duration = Duration::from_secs(2);
const PORT: u16 = 2049;

pub async fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    let mut servers: BTreeMap<(String, u16), (&Object, Place)> = BTreeMap::new();
    let ground = asked.scene.ground;
    for object in ground.of_kind("", "PersistentVolume") {
        let Some(spec) = object.root.get("spec") else { continue };
        let options = spec.get("mountOptions").map_or(&[][..], Node::items);
        let port = options.iter().filter_map(Node::text).find_map(|option| option.strip_prefix("port=")?.parse().ok());
        let server = spec.text_at(&["nfs", "server"]).or_else(|| {
            let is_nfs = spec.text_at(&["csi", "driver"]) == Some("nfs.csi.k8s.io");
            spec.text_at(&["csi", "volumeAttributes", "server"]).filter(|_| is_nfs)
        });
        if let Some(server) = server {
            let place = object.place_of(&["spec", "nfs", "server"]);
            servers.entry((server.to_owned(), port.unwrap_or(PORT))).or_insert((object, place));
        }
    }
    for workload in &ground.workloads {
        for field in each(workload.spec, "volumes").filter_map(|volume| volume.get("nfs")?.field("server")) {
            let Some(server) = field.node.text() else { continue };
            let place = workload.object.place_at(field.at);
            servers.entry((server.to_owned(), PORT)).or_insert((workload.object, place));
        }
    }
    let one = |(server, port): &(String, u16)| {
        let address = if server.contains(':') { format!("[{server}]:{port}") } else { format!("{server}:{port}") };
        let work = async move {
            let late = || Err(format!("no answer within {} s", PATIENCE.as_secs()));
            asked.until.within(PATIENCE, net::connect(asked.look, &address)).await.unwrap_or_else(late)
        };
        Box::pin(work) as Work<'_, Result<(), String>>
    };
    let heard = by_side(ABREAST, asked.until.sooner(), servers.keys().map(one).collect()).await;
    for (((server, port), (object, place)), heard) in servers.iter().zip(heard) {
        match heard {
            Some(Ok(())) => answers.figures.push((server.clone(), format!("NFS answers on port {port}"))),
            Some(Err(why)) => {
                let message = format!("its NFS server {server} takes no connection on port {port}: {why}");
                let fix =
                    "start the server first: a mount of one that is silent holds up the pod, and its node with it";
                answers.told.say("F58", Severity::Warning, object, place.clone(), message, fix);
            }
            None => {
                let message = format!("whether its NFS server {server} answers was not asked in time");
                answers.told.unknown("F58", object, place.clone(), message, "time: ask again");
            }
        }
    }
    answers
}
