//! Which k3d and which Docker this knows how to speak to.

use crate::sys::Look;
use crate::sys::docker::Docker;
use crate::sys::k3d;
use crate::sys::side::Until;
use std::time::Duration;

/// Labels for a run, `--no-rollback` that is kept to and registries beside a config file are in k3d from here on.
const K3D: (u64, u64) = (5, 4);
const K3D_BELOW: u64 = 6;
const DOCKER: (u64, u64) = (20, 10);

/// A line for each that does not fit, and what names the daemon.
pub async fn check(look: Look, docker: Docker) -> Result<String, Vec<String>> {
    let own = k3d::version(look, Until::after(Duration::from_secs(12))).await;
    let mut wrong: Vec<String> = match own {
        Ok(version) => of_k3d(&version).err().into_iter().collect(),
        Err(why) => vec![why],
    };
    match docker.server().await {
        Ok((version, daemon)) => match of_docker(&version) {
            Ok(()) if wrong.is_empty() => return Ok(daemon),
            Ok(()) => {}
            Err(why) => wrong.push(why),
        },
        Err(why) => wrong.push(format!("docker: {why}")),
    }
    Err(wrong)
}

fn of_k3d(version: &str) -> Result<(), String> {
    let known = format!("k3d {version}: this works with v{}.{} and later, before v{K3D_BELOW}", K3D.0, K3D.1);
    match numbers(version) {
        // A build of its own says no more than which generation it is of.
        Some((major, None)) if major == K3D.0 => Ok(()),
        Some((major, Some(minor))) if (major, minor) >= K3D && major < K3D_BELOW => Ok(()),
        Some(_) | None => Err(known),
    }
}

fn of_docker(version: &str) -> Result<(), String> {
    match numbers(version) {
        Some((major, minor)) if (major, minor.unwrap_or(0)) >= DOCKER => Ok(()),
        Some(_) | None => Err(format!("Docker {version}: this works with {}.{} and later", DOCKER.0, DOCKER.1)),
    }
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u64, Option<u64>)> {
    let mut parts = version.trim().trim_start_matches('v').split(['.', '-', '+']);
    let major = parts.next()?.parse().ok()?;
    Some((major, parts.next().and_then(|minor| minor.parse().ok())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_outside_of_what_is_known_are_refused() {
        for fits in ["v5.4.0", "v5.8.3", "v5.9.0-rc.0", "v5-dev"] {
            assert_eq!(of_k3d(fits), Ok(()), "{fits}");
        }
        for not in ["v5.3.0", "v4.4.8", "v6.0.0", "v3-dev", "", "dev"] {
            assert!(of_k3d(not).is_err(), "{not}");
        }
        for fits in ["20.10.24+dfsg1", "28.2.2", "24.0"] {
            assert_eq!(of_docker(fits), Ok(()), "{fits}");
        }
        for not in ["19.03.15", "20.9.1", ""] {
            assert!(of_docker(not).is_err(), "{not}");
        }
    }
}
