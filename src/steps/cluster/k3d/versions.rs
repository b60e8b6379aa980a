//! Which k3d and which Docker this knows how to speak to.

use crate::checks::fits::{DOCKER, Fit, Fits, K3D};
use crate::sys::Look;
use crate::sys::docker::Docker;
use crate::sys::k3d;
use crate::sys::side::Until;
use std::time::Duration;

/// A line for each that does not fit, and what names the daemon.
pub async fn check(look: Look, docker: Docker) -> Result<String, Vec<String>> {
    let own = k3d::version(look, Until::after(Duration::from_secs(12))).await;
    let mut wrong: Vec<String> = match own {
        Ok(version) => fits(&K3D, &version).err().into_iter().collect(),
        Err(why) => vec![why],
    };
    match docker.server().await {
        Ok((version, daemon)) => match fits(&DOCKER, &version) {
            Ok(()) if wrong.is_empty() => return Ok(daemon),
            Ok(()) => {}
            Err(why) => wrong.push(why),
        },
        Err(why) => wrong.push(format!("docker: {why}")),
    }
    Err(wrong)
}

fn fits(of: &Fits, version: &str) -> Result<(), String> {
    match of.of(version) {
        Fit::Yes => Ok(()),
        Fit::No | Fit::Unread => Err(format!("{} {version}: this works with {}", of.program, of.wanted())),
    }
}
