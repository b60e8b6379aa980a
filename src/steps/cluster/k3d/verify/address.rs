//! Whether the API server is published where the config says.

use super::Asked;
use crate::model::Mode;
use crate::steps::cluster::blueprint;
use crate::steps::cluster::k3d::way;
use crate::steps::contract::Seen;

pub fn ask(asked: &Asked<'_>) -> Result<String, Seen> {
    let server = way::address(&asked.found.containers).map_err(Seen::Absent)?;
    let told = format!("published at {}", server.trim_start_matches("https://"));
    if asked.scene.mode == Mode::Drill {
        return Ok(told);
    }
    let Some(config) = &asked.blueprint.config else { return Ok(told) };
    let Some(object) = blueprint::object(config) else { return Ok(told) };
    let Some(node) = object.root.walk(&["kubeAPI", "hostPort"]) else { return Ok(told) };
    let wanted =
        node.text().map(str::to_owned).or_else(|| node.whole().map(|port| port.to_string())).unwrap_or_default();
    match server.rsplit(':').next() == Some(wanted.as_str()) {
        true => Ok(told),
        false => {
            let place = object.place_at(node.at);
            Err(Seen::Absent(format!("{told}, and {}:{} wants port {wanted}", place.file, place.spot.line)))
        }
    }
}
