//! What a registries.yaml says, read strictly: k3d drops every key that it does not know and says nothing. Pure; no value of a
//! password is in any of its words.

use crate::manifests::{self, Field, Node, Value};
use crate::model::{Place, Spot};
use crate::steps::cluster::blueprint::{self, Blueprint};

/// Where a node has it.
pub const PATH: &str = "/etc/rancher/k3s/registries.yaml";
const TOP: &[&str] = &["mirrors", "configs"];
const MIRROR: &[&str] = &["endpoint", "rewrite"];
const CONFIG: &[&str] = &["auth", "tls"];
const AUTH: &[&str] = &["username", "password", "auth", "identity_token"];
const TLS: &[&str] = &["ca_file", "cert_file", "key_file", "insecure_skip_verify"];

/// A registries.yaml, and where it stands.
pub struct Registries {
    pub root: Node,
    file: String,
    /// Lines before its first one in that file.
    above: u32,
}

/// What nodes are to be told of registries: the plan's file, or the text in k3d's own config. An error has its place.
pub fn given(blueprint: &Blueprint) -> Result<Option<Registries>, (Place, String)> {
    if let Some(named) = &blueprint.registries {
        return Registries::read(&named.bytes, &named.shown, 0).map(Some);
    }
    let Some(config) = &blueprint.config else { return Ok(None) };
    let object = blueprint::object(config);
    let Some(text) = object.as_ref().and_then(|object| object.root.walk(&["registries", "config"])) else {
        return Ok(None);
    };
    match text.text() {
        // One line is a path, as k3d reads it.
        Some(embedded) if embedded.contains('\n') => {
            // Its place is that of its first line.
            Registries::read(embedded.as_bytes(), &config.shown, text.at.line - 1).map(Some)
        }
        Some(_) | None => Ok(None),
    }
}

impl Registries {
    pub fn read(text: &[u8], file: &str, above: u32) -> Result<Self, (Place, String)> {
        let place = |spot: Spot| Place { file: file.to_owned(), spot: Spot { line: spot.line + above, ..spot } };
        let (mut nodes, broken) = manifests::nodes_of(text);
        if let Some((at, why)) = broken.into_iter().next() {
            return Err((place(at), why));
        }
        let start = Spot { line: 1, column: 1 };
        match nodes.len() {
            0 => Ok(Self { root: Node { at: start, value: Value::Map(Vec::new()) }, file: file.to_owned(), above }),
            1 => Ok(Self { root: nodes.remove(0), file: file.to_owned(), above }),
            _ => Err((place(start), "a registries.yaml has one document".to_owned())),
        }
    }

    pub fn place(&self, spot: Spot) -> Place {
        Place { file: self.file.clone(), spot: Spot { line: spot.line + self.above, ..spot } }
    }
    pub fn is_empty(&self) -> bool {
        self.root.fields().is_empty()
    }
    /// The registries that are mirrored.
    pub fn mirrors(&self) -> Vec<&Field> {
        self.root.get("mirrors").map_or(&[][..], Node::fields).iter().collect()
    }
    /// What is said of the server of an endpoint: under its host and port, or for all that have no more.
    pub fn config(&self, place: &str) -> Option<&Node> {
        let all = self.root.get("configs").map_or(&[][..], Node::fields);
        let of = |name: &str| all.iter().find(|field| &*field.name == name).map(|field| &field.node);
        of(place).or_else(|| of("*"))
    }
    /// Files that the nodes are to have.
    pub fn files(&self) -> Vec<&Field> {
        let configs = self.root.get("configs").map_or(&[][..], Node::fields).iter();
        let fields = configs.filter_map(|config| config.node.get("tls")).flat_map(Node::fields);
        fields.filter(|field| field.name.ends_with("_file") && field.node.text().is_some()).collect()
    }

    /// What k3d would drop without a word, or refuse.
    pub fn wrong(&self) -> Vec<(Place, String)> {
        let mut wrong = Vec::new();
        keys(&self.root, "registries.yaml", TOP, &mut wrong);
        for (part, allowed) in [("mirrors", MIRROR), ("configs", CONFIG)] {
            let Some(field) = self.root.field(part) else { continue };
            if !matches!(field.node.value, Value::Map(_) | Value::Nothing) {
                wrong.push((field.at, format!("`{part}` wants a map of the names of registries")));
            }
            for registry in field.node.fields() {
                keys(&registry.node, &format!("{part}.{}", registry.name), allowed, &mut wrong);
                for (inner, allowed) in [("auth", AUTH), ("tls", TLS)] {
                    if part == "configs"
                        && let Some(node) = registry.node.get(inner)
                    {
                        keys(node, &format!("{part}.{}.{inner}", registry.name), allowed, &mut wrong);
                    }
                }
                if part == "mirrors"
                    && let Some(endpoint) = registry.node.field("endpoint")
                {
                    endpoints(registry, endpoint, &mut wrong);
                }
            }
        }
        wrong.into_iter().map(|(at, why)| (self.place(at), why)).collect()
    }

    /// What of this a node's own file lacks. The words name keys and never values.
    pub fn missing_in(&self, node: &Node) -> Vec<(Place, String)> {
        let mut missing = Vec::new();
        lacking(&self.root, Some(node), "", self.root.at, &mut missing);
        missing.into_iter().map(|(at, key)| (self.place(at), key)).collect()
    }
}

fn keys(node: &Node, what: &str, allowed: &[&str], wrong: &mut Vec<(Spot, String)>) {
    if !matches!(node.value, Value::Map(_) | Value::Nothing) {
        wrong.push((node.at, format!("{what} wants a map")));
    }
    for field in node.fields().iter().filter(|field| !allowed.contains(&&*field.name)) {
        wrong.push((field.at, format!("{what} has no key `{}`: it has {}", field.name, allowed.join(", "))));
    }
}

fn endpoints(registry: &Field, endpoint: &Field, wrong: &mut Vec<(Spot, String)>) {
    if !matches!(endpoint.node.value, Value::List(_)) {
        wrong.push((endpoint.at, format!("mirrors.{}.endpoint wants a list", registry.name)));
    }
    for one in endpoint.node.items() {
        let is_url = one.text().is_some_and(|text| text.starts_with("http://") || text.starts_with("https://"));
        if !is_url {
            wrong.push((one.at, format!("mirrors.{}: an endpoint begins with http:// or https://", registry.name)));
        }
    }
}

/// Goes down both at once. What says nothing may be left out.
fn lacking(ours: &Node, theirs: Option<&Node>, path: &str, at: Spot, missing: &mut Vec<(Spot, String)>) {
    match &ours.value {
        Value::Map(fields) => {
            for field in fields {
                let path = if path.is_empty() { field.name.to_string() } else { format!("{path}.{}", field.name) };
                lacking(&field.node, theirs.and_then(|node| node.get(&field.name)), &path, field.at, missing);
            }
        }
        Value::Nothing | Value::Flag(false) => {}
        Value::Text(text) if text.is_empty() => {}
        Value::List(items) if items.is_empty() => {}
        Value::Flag(true) | Value::Whole(_) | Value::Real(_) | Value::Text(_) | Value::List(_) => {
            if theirs.map(Node::json) != Some(ours.json()) {
                missing.push((at, path.to_owned()));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const GOOD: &str = "mirrors:\n  docker.io:\n    endpoint: [http://registry:5000]\nconfigs:\n  registry:5000:\n    auth: \
                        {username: me, password: canary-4711}\n    tls: {ca_file: /certs/ca.crt, insecure_skip_verify: false}\n";

    fn read(text: &str) -> Registries {
        Registries::read(text.as_bytes(), "registries.yaml", 0).unwrap()
    }
    fn wrong(text: &str) -> Vec<String> {
        read(text).wrong().into_iter().map(|(place, why)| format!("{}: {why}", place.spot.line)).collect()
    }

    #[test]
    fn keys_that_k3d_would_drop_are_named_with_their_line() {
        assert_eq!(wrong(GOOD), [""; 0]);
        assert_eq!(wrong("mirors: {}\n"), ["1: registries.yaml has no key `mirors`: it has mirrors, configs"]);
        let inner = wrong("mirrors:\n  docker.io:\n    endpoints: [http://a]\nconfigs:\n  a:\n    tls: {cafile: /x}\n");
        assert!(inner[0].starts_with("3: mirrors.docker.io has no key `endpoints`"), "{inner:?}");
        assert!(inner[1].starts_with("6: configs.a.tls has no key `cafile`"), "{inner:?}");
        assert!(wrong("mirrors:\n  docker.io:\n    endpoint: http://a\n")[0].contains("wants a list"));
        assert!(wrong("mirrors:\n  docker.io:\n    endpoint: [registry:5000]\n")[0].contains("begins with http"));
        assert!(wrong("mirrors: all of them\n")[0].contains("wants a map"));
    }

    #[test]
    fn what_a_node_lacks_is_named_by_its_key_and_never_by_its_value() {
        let ours = read(GOOD);
        let same = "configs:\n  registry:5000:\n    auth: {auth: '', password: canary-4711, username: me}\n    tls: {ca_file: \
                    /certs/ca.crt}\nmirrors: {docker.io: {endpoint: ['http://registry:5000'], rewrite: {}}}\n";
        assert!(ours.missing_in(&read(same).root).is_empty());
        let other = read("mirrors: {docker.io: {endpoint: [http://other]}}\n");
        let told = ours.missing_in(&other.root);
        let told: Vec<_> = told.iter().map(|(place, key)| format!("{}:{key}", place.spot.line)).collect();
        assert_eq!(
            told,
            [
                "3:mirrors.docker.io.endpoint",
                "6:configs.registry:5000.auth.username",
                "6:configs.registry:5000.auth.password",
                "7:configs.registry:5000.tls.ca_file"
            ]
        );
        assert!(!told.concat().contains("4711"));
    }
}
