//! Reads what a plan says of its cluster and of how it is drilled: `cluster`, `drill` and `discard`.

use super::file::Cluster;
use crate::checks::drill::place_of;
use crate::model::{EntryName, PlanName, Provider, Spot, provider};
use crate::steps::fields::{Faults, Fields, shown as short};
use crate::steps::keys;
use crate::sys::yaml::Body;

pub fn cluster(fields: &mut Fields<'_, '_>, plan: Option<&PlanName>) -> Option<Cluster> {
    let entry = fields.take("cluster")?;
    let kind = entry.value.kind();
    let Body::Map(entries) = entry.value.body else {
        let text = format!("`cluster` wants a map, as {{provider: sandbox}}, and here is {kind}");
        fields.faults.add(entry.value.at, text);
        return None;
    };
    let mut own = Fields::new(entry.value.at, entries, fields.faults);
    own.require(keys::CLUSTER, "provider", "`cluster`");
    let provider = own.word("provider", provider::NAMES).and_then(Provider::named);
    let name = own.text("name", "a name").and_then(|(text, at)| {
        let name = PlanName::new(&text);
        name.map_err(|why| own.faults.add(at, format!("`name`: `{}` {why}", short(&text)))).ok()
    });
    let file = |key: &str, own: &mut Fields<'_, '_>| {
        let at = own.value_at(key);
        own.read(key, "the path of a file", crate::steps::fields::path).zip(at)
    };
    let (config, registries) = (file("config", &mut own), file("registries", &mut own));
    let (install, snapshot) = (file("install", &mut own), file("snapshot", &mut own));
    let at = own.value_at("host");
    let host = own.read("host", "a host, as user@name", host).zip(at);
    let at = own.value_at("token");
    let token = own.read("token", "a value of the store", EntryName::read).zip(at);
    own.finish("`cluster`", &[keys::CLUSTER]);
    let name = name.as_ref().or(plan).map_or_else(String::new, |name| name.as_str().to_owned());
    let cluster =
        Cluster { provider: provider?, name, config, registries, host, install, snapshot, token, at: entry.at };
    fitting(&cluster, fields.faults);
    Some(cluster)
}

/// What only one provider knows, beside another.
fn fitting(cluster: &Cluster, faults: &mut Faults) {
    let provider = cluster.provider;
    let spot = |given: &Option<(String, Spot)>| given.as_ref().map(|(_, at)| *at);
    let given = [
        ("registries", spot(&cluster.registries)),
        ("host", spot(&cluster.host)),
        ("install", spot(&cluster.install)),
        ("snapshot", spot(&cluster.snapshot)),
        ("token", cluster.token.as_ref().map(|(_, at)| *at)),
    ];
    for (key, given) in given {
        let is_foreign = keys::OF_PROVIDERS.iter().any(|(name, whose)| *name == key && !whose.contains(&provider));
        if let Some(at) = given.filter(|_| is_foreign) {
            faults.add(at, format!("`{key}` means nothing to {provider}: take it out"));
        }
    }
    if provider == Provider::K3d && cluster.config.is_none() {
        let why = "the cluster is made from k3d's own config file: write config: k3d.yaml";
        faults.add(cluster.at, format!("`cluster` has no `config`; {why}"));
    }
}

/// A host as ssh takes it: never something that ssh would take for an option.
fn host(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@.-_:[]".contains(c);
    match !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => Err("is no host: write user@name, with letters, digits, dots and dashes".to_owned()),
    }
}

/// What makes the cluster of a drill, and what the plan lets out of it.
pub type Drilled = (Option<(Provider, Spot)>, Vec<((String, u16), Spot)>);

pub fn drill(fields: &mut Fields<'_, '_>) -> Option<Drilled> {
    let entry = fields.take("drill")?;
    let kind = entry.value.kind();
    let Body::Map(entries) = entry.value.body else {
        fields.faults.add(entry.value.at, format!("`drill` wants a map, as {{in: sandbox}}, and here is {kind}"));
        return None;
    };
    let mut own = Fields::new(entry.value.at, entries, fields.faults);
    own.require(keys::DRILL, "in", "`drill`");
    let provider = own.word("in", &["sandbox", "k3d"]).and_then(Provider::named);
    let named = own.value_at("allow");
    let allow = own.list("allow", "places, as git.example.org:443", place_of);
    if let Some(at) = named.filter(|_| provider == Some(Provider::Sandbox)) {
        own.faults
            .add(at, "`allow` means nothing in a sandbox, which has no containers and reaches nothing: take it out");
    }
    own.finish("`drill`", &[keys::DRILL]);
    Some((provider.map(|provider| (provider, entry.at)), allow))
}

/// Data that may die with the cluster.
pub fn discard(fields: &mut Fields<'_, '_>) -> Vec<(String, Spot)> {
    fields.list("discard", "paths from the root or names of volumes, as /var/lib/rancher/k3s/storage", data)
}

/// A path that may be deleted with what lies in it is written whole; a volume of Docker's or a registry by its name.
fn data(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if text.len() > 1 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    let whole = text.starts_with('/') && !text.split('/').any(|part| part == "..") && text.len() > 1;
    match whole && !text.contains(char::is_control) {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => {
            Err("is no path from the root, and no name of a volume: write it whole, as /var/lib/rancher/k3s/storage"
                .to_owned())
        }
    }
}
