//! The name of an image, taken apart as a container runtime does.

use super::ground::Workload;
use crate::manifests::{Field, Node};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image<'i> {
    /// As written.
    pub text: &'i str,
    /// `docker.io` where none is written.
    pub host: &'i str,
    /// Without host, tag and digest; images of Docker itself are in `library/` only where that is written.
    pub path: &'i str,
    pub tag: Option<&'i str>,
    pub digest: Option<&'i str>,
}

impl<'i> Image<'i> {
    /// None where the name is none yet: something is put into it later.
    pub fn read(text: &'i str) -> Option<Self> {
        if text.is_empty() || text.contains(['$', '{', '}', '<', ' ']) {
            return None;
        }
        let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (name, None),
        };
        let is_host = |first: &str| first.contains(['.', ':']) || first == "localhost";
        let (host, path) = match name.split_once('/') {
            Some((first, rest)) if is_host(first) => (first, rest),
            _ => ("docker.io", name),
        };
        let host = if host == "index.docker.io" { "docker.io" } else { host };
        Some(Self { text, host, path, tag, digest })
    }
    /// Moves on with time.
    pub fn is_latest(&self) -> bool {
        self.digest.is_none() && matches!(self.tag, None | Some("latest"))
    }
}

/// The containers of a workload with their images, where these can be read.
pub fn images<'o>(workload: &Workload<'o>) -> impl Iterator<Item = (&'o Node, &'o Field, Image<'o>)> + use<'o> {
    workload.containers().filter_map(|(_, container)| {
        let field = container.field("image")?;
        Some((container, field, Image::read(field.node.text()?)?))
    })
}

/// When the kubelet fetches it: what is written, or what the API server puts in.
pub fn policy<'o>(container: &'o Node, image: &Image<'_>) -> &'o str {
    let put_in = if image.is_latest() { "Always" } else { "IfNotPresent" };
    container.text_at(&["imagePullPolicy"]).filter(|policy| !policy.is_empty()).unwrap_or(put_in)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_port_is_no_tag_and_a_folder_is_no_host() {
        let of = |text| Image::read(text).map(|image| (image.host, image.path, image.tag)).unwrap();
        assert_eq!(of("nginx"), ("docker.io", "nginx", None));
        assert_eq!(of("grafana/grafana:12"), ("docker.io", "grafana/grafana", Some("12")));
        assert_eq!(of("localhost:5000/web"), ("localhost:5000", "web", None));
        assert_eq!(of("ghcr.io/a/b:1@sha256:00"), ("ghcr.io", "a/b", Some("1")));
        assert_eq!(of("localhost/web:1"), ("localhost", "web", Some("1")));
        assert!(Image::read("${IMAGE}:1").is_none());
        assert!(
            Image::read("nginx:latest").unwrap().is_latest() && !Image::read("nginx@sha256:0").unwrap().is_latest()
        );
    }
}
