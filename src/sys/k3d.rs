//! k3d, asked and told through its command line. Nothing here believes an exit code of it.

use super::Look;
use super::ask;
use super::docker;
use super::files;
use super::process::Exit;
use super::side::Until;
use std::io;
use std::path::Path;
use std::time::Duration;

pub const PROGRAM: &str = "k3d";
/// Variables that name the images of k3d's own helpers, for hosts that mirror them.
const WAYS: &[&str] = &[
    "K3D_IMAGE_TOOLS",
    "K3D_IMAGE_LOADBALANCER",
    "K3D_HELPER_IMAGE_TAG",
    "K3D_FIX_CGROUPV2",
    "K3D_FIX_DNS",
    "K3D_FIX_MOUNTS",
];
const ONE: Duration = Duration::from_secs(10);

/// What k3d gets of our environment beside what every program gets: none of those by which it changes its config.
pub fn ways() -> Vec<(String, String)> {
    let own = WAYS.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    docker::ways().into_iter().chain(own).collect()
}

/// What is to be made.
pub struct Create<'a> {
    /// Its name; k3d takes this one and not the config's.
    pub name: &'a str,
    pub config: Option<&'a Path>,
    pub registries: Option<&'a Path>,
    pub timeout: Duration,
    /// Each as `key=value`, on every container that is a node.
    pub labels: &'a [(String, String)],
}

/// The words that make a cluster. Without these flags k3d waits for ever, deletes by name what it did not make, and writes into
/// the kubeconfig of whoever runs it.
pub fn create(of: &Create<'_>) -> Vec<String> {
    let mut words: Vec<String> = [PROGRAM, "cluster", "create", of.name].map(str::to_owned).into();
    let mut flag = |name: &str, value: String| words.extend([name.to_owned(), value]);
    if let Some(config) = of.config {
        flag("--config", config.display().to_string());
    }
    if let Some(registries) = of.registries {
        flag("--registry-config", registries.display().to_string());
    }
    flag("--timeout", format!("{}s", of.timeout.as_secs()));
    for (key, value) in of.labels {
        flag("--runtime-label", format!("{key}={value}@all"));
    }
    let fixed = ["--no-rollback", "--wait", "--kubeconfig-update-default=false", "--kubeconfig-switch-context=false"];
    words.extend(fixed.map(str::to_owned));
    words
}

/// What it answers to this, with its exit: for people to read, and for nobody to decide by.
pub async fn said(look: Look, until: Until, arguments: &[&str]) -> Result<(Exit, String), String> {
    let env = ways();
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    match ask::program(look, PROGRAM, arguments, &env, until, ONE).await {
        Ok(Some(said)) => Ok((said.exit, format!("{}{}", said.out, said.err))),
        Ok(None) => Err("k3d did not answer in time".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err("k3d is not on PATH".to_owned()),
        Err(error) => Err(format!("k3d: {error}")),
    }
}

/// What k3d itself says of the clusters of this host, on one line.
pub async fn told(look: Look, until: Until) -> String {
    match said(look, until, &["cluster", "list", "--no-headers"]).await {
        Err(why) => why,
        Ok((exit, text)) => match troubles(&text) {
            troubles if troubles.is_empty() => format!("{exit}, without a complaint"),
            troubles => format!("{exit}: {}", troubles.join(" | ")),
        },
    }
}

/// Whether it is on PATH.
pub fn is_there(_: Look) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    files::on_path(&paths, Path::new("/"), Path::new(PROGRAM)).is_some()
}

/// Its version, as it says it: `v5.8.3`.
pub async fn version(look: Look, until: Until) -> Result<String, String> {
    let (exit, text) = said(look, until, &["version"]).await?;
    let version = text.lines().find_map(|line| line.trim().strip_prefix("k3d version "));
    version.map(|version| version.trim().to_owned()).ok_or_else(|| format!("k3d version: {exit}: {}", text.trim()))
}

/// What k3d complained of, whole: from each line that begins as a warning or worse to the next line of its log. Lines that say
/// the same are said once.
pub fn troubles(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = plain(line);
        if let Some((level, said)) = entry(&line) {
            open = matches!(level, "WARN" | "ERRO" | "FATA" | "PANI");
            if open {
                found.push(format!("{level} {}", said.trim()));
            }
        } else if open
            && !line.trim().is_empty()
            && !line.starts_with("--- ")
            && let Some(last) = found.last_mut()
        {
            last.push(' ');
            last.push_str(line.trim());
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|line| seen.insert(line.clone()));
    found
}

/// A line of its log: `FATA[0000] text`.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (level, rest) = line.split_once('[')?;
    let (number, said) = rest.split_once(']')?;
    let is_level = level.len() == 4 && level.bytes().all(|byte| byte.is_ascii_uppercase());
    (is_level && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some((level, said))
}

/// Without colours and other control sequences.
fn plain(line: &str) -> String {
    let (mut out, mut chars) = (String::new(), line.chars());
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => drop(chars.find(char::is_ascii_alphabetic)),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_complains_of_is_told_whole_and_once() {
        let text = "INFO[0000] Prep: Network \n\u{1b}[31mERRO\u{1b}[0m[0000] Failed to get nodes for cluster 't1': failed to \
                    parse IP '' for container\nStatus: running\n&{Ports:map[]} \nINFO[0001] Deleting cluster 't1'\nkubectl \
                    cluster-info\nERRO[0001] twice \nERRO[0002] twice \nFATA[0002] Cluster creation FAILED! ";
        let told = troubles(text);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].starts_with("ERRO Failed to get nodes for cluster 't1'") && told[0].ends_with("&{Ports:map[]}")
        );
        assert_eq!(told[2], "FATA Cluster creation FAILED!");
    }

    #[test]
    fn a_cluster_is_never_made_without_an_end_in_time_a_label_and_our_own_clearing_up() {
        let labels = [("blackstart.run".to_owned(), "r1".to_owned())];
        let of = Create {
            name: "home",
            config: Some(Path::new("/p/k3d.yaml")),
            registries: None,
            timeout: Duration::from_secs(90),
            labels: &labels,
        };
        assert_eq!(
            create(&of).join(" "),
            "k3d cluster create home --config /p/k3d.yaml --timeout 90s --runtime-label blackstart.run=r1@all --no-rollback \
             --wait --kubeconfig-update-default=false --kubeconfig-switch-context=false"
        );
    }
}
