//! Addresses as manifests write them, down to the host, and values of charts and ConfigMaps that are documents themselves.

use crate::manifests::{Field, Node, reread};
use crate::model::Spot;

/// The host of an address: `https://user@host:port/path`, `oci://host/path`, `git@host:path`. A name that holds a variable of
/// Flux is a name like others; one that a template makes is not known.
pub fn of_url(url: &str) -> Option<&str> {
    let host = match url.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?']).next().unwrap_or_default(),
        None => {
            let (host, _) = url.split_once(':')?;
            host.contains('@').then_some(host).filter(|host| !host.contains('/'))?
        }
    };
    bare(host.rsplit_once('@').map_or(host, |(_, host)| host))
}

/// The registry of an image.
pub fn of_image(image: &str) -> Option<&str> {
    let (first, _) = image.split_once('/')?;
    bare(first).filter(|_| first.contains(['.', ':']))
}

/// A host, with or without its port.
pub fn bare(host: &str) -> Option<&str> {
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let host = host.trim_end_matches('.');
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._*${}:".contains(c);
    (!host.is_empty() && !host.contains("{{") && host.chars().all(plain)).then_some(host)
}

/// A host as hosts are compared. What is put in for a variable is not known, and its name is told from others by its letters.
pub fn lower(host: &str) -> String {
    if host.contains('$') { host.to_owned() } else { host.to_ascii_lowercase() }
}

/// The Service that a name inside the cluster leads to: name and namespace.
pub fn service(host: &str) -> Option<(&str, &str)> {
    let host = host.strip_suffix(".cluster.local").unwrap_or(host);
    let (name, namespace) = host.strip_suffix(".svc")?.split_once('.')?;
    (!namespace.contains('.')).then_some((name, namespace))
}

/// The document that a text field holds. Lines are counted as those of the file, where the text is written below its field.
pub fn within(field: &Field) -> Option<(Node, u32)> {
    let document = reread(field.node.text()?)?.into_iter().next()?;
    Some((document, field.at.line))
}

/// The place in the file of a spot in the text of a field.
pub fn shifted(spot: Spot, lines: u32) -> Spot {
    Spot { line: spot.line.saturating_add(lines), column: spot.column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_in_every_form_of_an_address() {
        let told = [
            ("https://git.example.org/a/b.git", Some("git.example.org")),
            ("https://me:word@git.example.org:8443/a", Some("git.example.org")),
            ("ssh://git@git.example.org:22/a", Some("git.example.org")),
            ("git@git.example.org:a/b.git", Some("git.example.org")),
            ("oci://git.example.org/charts", Some("git.example.org")),
            ("http://gitea-http.gitea.svc:3000/a", Some("gitea-http.gitea.svc")),
            ("https://git.${DOMAIN}/a", Some("git.${DOMAIN}")),
            ("https://{{ .host }}/a", None),
            ("charts/local", None),
            ("", None),
        ];
        for (url, host) in told {
            assert_eq!(of_url(url), host, "{url}");
        }
        assert_eq!(of_image("registry.example.org:5000/a/b:1"), Some("registry.example.org"));
        assert_eq!(of_image("library/nginx:1"), None);
        assert_eq!(service("gitea-http.gitea.svc.cluster.local"), Some(("gitea-http", "gitea")));
        assert_eq!(service("git.example.org"), None);
    }
}
