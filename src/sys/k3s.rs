//! What a host says of k3s on it, asked in one question that changes nothing: its unit, its folders, its mounts, what of it
//! runs. What follows from that is not known here.

use super::Look;
use super::hosts::Host;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub const PROGRAM: &str = "/usr/local/bin/k3s";
pub const CONFIG: &str = "/etc/rancher/k3s/config.yaml";
pub const REGISTRIES: &str = "/etc/rancher/k3s/registries.yaml";
/// A token of ours, and the file that leads k3s to it.
pub const TOKEN: &str = "/etc/rancher/k3s/blackstart.token";
pub const TOKEN_CONFIG: &str = "/etc/rancher/k3s/config.yaml.d/99-blackstart-token.yaml";
pub const NODE_PASSWORD: &str = "/etc/rancher/node/password";
pub const UNIT_FILE: &str = "/etc/systemd/system/k3s.service";
pub const UNIT: &str = "k3s.service";
/// The file in a folder of k3s that says which run made it.
pub const MARK: &str = ".blackstart-run";

const PATIENCE: Duration = Duration::from_secs(25);

/// Each line is a word and what it says. Processes count where they have this host's root: those of a k3s in a container are
/// seen from here as well, and are not ours.
const SURVEY: &str = r#"
data=$1
kubeconfig=$2
say() { printf '%s %s\n' "$1" "$2"; }
say user "$(id -u)"
for unit in k3s k3s-agent; do
  if out=$(systemctl show "$unit.service" -p LoadState -p ActiveState -p SubState -p UnitFileState -p ExecStart 2>&1); then
    printf '%s\n' "$out" | sed "s/^/$unit /"
  else
    say "silent-$unit" "$(printf '%s\n' "$out" | head -n 1)"
  fi
done
# Mounts and processes go by names without links.
real=$(cd "$data" 2>/dev/null && pwd -P) || real=$data
say real "$real"
if [ -d /var/lib/kubelet ]; then say kubelet "$(cd /var/lib/kubelet && pwd -P)"; fi
if [ -e "$data" ]; then
  say data-device "$(stat -L -c %d "$data")"
  ls -A "$data" >/dev/null 2>&1 || say closed "$data"
fi
for part in server agent; do
  [ -d "$data/$part" ] || continue
  if ! kids=$(ls -A "$data/$part" 2>/dev/null); then say closed "$data/$part"; continue; fi
  [ -n "$kids" ] || continue
  say "$part" "$(stat -c '%i.%W %d' "$data/$part")"
  if [ -f "$data/$part/.blackstart-run" ]; then say "$part-run" "$(head -n 1 "$data/$part/.blackstart-run")"; fi
done
if [ -f "$data/server/tls/server-ca.crt" ]; then say ca "$(sha256sum < "$data/server/tls/server-ca.crt" | cut -c 1-64)"; fi
if [ -f "$kubeconfig" ]; then
  say kubeconfig-ca "$(sed -n 's/.*certificate-authority-data: *//p' "$kubeconfig" | base64 -d | sha256sum | cut -c 1-64)"
fi
[ -d "$data/server/db/etcd" ] && say has etcd
[ -f "$data/server/token" ] && say has token
[ -d "$data/storage" ] && say has storage
[ -e "$kubeconfig" ] && say has kubeconfig
[ -e /etc/rancher/node/password ] && say has node-password
[ -x /usr/local/bin/k3s ] && say has program
[ -f /etc/rancher/k3s/config.yaml ] && say has config
[ -f /etc/rancher/k3s/registries.yaml ] && say has registries
if [ -f /etc/rancher/k3s/config.yaml ]; then sed -n "s/^data-dir: *[\"']*\([^\"' ]*\).*/config-data \1/p" /etc/rancher/k3s/config.yaml; fi
if ls -A /etc/rancher/k3s/config.yaml.d 2>/dev/null | grep -qvx 99-blackstart-token.yaml; then
  say has config.d
  cat /etc/rancher/k3s/config.yaml.d/*.yaml 2>/dev/null | sed -n "s/^data-dir: *[\"']*\([^\"' ]*\).*/set-data \1/p"
fi
cat /etc/default/k3s /etc/sysconfig/k3s /etc/systemd/system/k3s.service.env 2>/dev/null |
  sed -n -e "s/^ *K3S_DATA_DIR=[\"']*\([^\"' ]*\).*/set-data \1/p" -e "s/^ *K3S_CONFIG_FILE=[\"']*\([^\"' ]*\).*/set-config \1/p"
sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .* - \([^ ]*\) .*/mount \2 \1/p' /proc/self/mountinfo
for link in /sys/class/net/*; do say link "${link##*/}"; done
for name in $(grep -lx -e containerd -e containerd-shim -e k3s-server /proc/[0-9]*/comm 2>/dev/null); do
  at=${name%/comm}
  [ "$at/root" -ef / ] || continue
  if grep -qx k3s-server "$name" 2>/dev/null; then say server-process "${at#/proc/}"; continue; fi
  grep -qaF -e /run/k3s/containerd/ -e "$data/agent/" -e "$real/agent/" "$at/cmdline" 2>/dev/null && say left "${at#/proc/}"
done
cat /proc/[0-9]*/stat 2>/dev/null | sed -n 's/^\([0-9]*\) (.*) \([A-Z]\) \([0-9]*\) .*/process \1 \2 \3/p'
say end ""
"#;

/// A unit as systemd shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    shown: BTreeMap<String, String>,
}

impl Unit {
    fn is(&self, key: &str, value: &str) -> bool {
        self.shown.get(key).is_some_and(|shown| shown == value)
    }
    pub fn is_known(&self) -> bool {
        self.is("LoadState", "loaded")
    }
    /// It runs, or is on its way to or from that: also while it fails and is started again.
    pub fn is_up(&self) -> bool {
        !(self.is("ActiveState", "inactive") || self.is("ActiveState", "failed")) && self.is_known()
    }
    pub fn is_enabled(&self) -> bool {
        self.is("UnitFileState", "enabled")
    }
    /// As `active (running)`.
    pub fn state(&self) -> String {
        let get = |key: &str| self.shown.get(key).map_or("unknown", String::as_str);
        format!("{} ({})", get("ActiveState"), get("SubState"))
    }
    /// Where its command line says that k3s keeps its data.
    pub fn data(&self) -> Option<&str> {
        self.option(["--data-dir", "-d"])
    }
    /// The file that its command line takes the config from.
    pub fn config(&self) -> Option<&str> {
        self.option(["--config", "-c"])
    }
    fn option(&self, names: [&str; 2]) -> Option<&str> {
        let line = self.shown.get("ExecStart")?;
        let mut words = line.split([' ', '=']).skip_while(|word| !names.contains(word));
        words.nth(1)
    }
}

/// A folder of k3s with something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its inode and its birth: no other folder has both.
    pub id: String,
    pub device: String,
    /// The run that made it.
    pub run: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    /// The file system, as `ext4`.
    sort: String,
    path: String,
}

/// What containers and their images are mounted as.
const OF_CONTAINERS: &[&str] = &["overlay", "tmpfs", "nsfs", "proc", "mqueue"];

impl Mount {
    /// Not of a container: somebody has given this folder a disk.
    fn is_disk(&self) -> bool {
        !OF_CONTAINERS.contains(&&*self.sort) && !self.sort.starts_with("fuse") && !self.path.contains("/tmpmounts/")
    }
    fn is_below(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// What there is of k3s.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub is_root: bool,
    /// Why nothing is known of the units.
    pub silent: Option<String>,
    pub unit: Unit,
    pub agent_unit: Unit,
    /// Folders that nobody may look into.
    pub closed: Vec<String>,
    pub data_device: Option<String>,
    pub server: Option<Folder>,
    pub agent: Option<Folder>,
    /// SHA-256 of the server's authority.
    pub ca: Option<String>,
    /// And of the one that its kubeconfig takes for it.
    pub kubeconfig_ca: Option<String>,
    has: BTreeSet<String>,
    /// What the config file on the host says of the data.
    pub config_data: Option<String>,
    /// And what is said of it where it counts more than that file: files beside it, and the unit's own variables.
    pub set_data: Option<String>,
    /// The config file that the unit's own variables name.
    pub set_config: Option<String>,
    /// The folder of the data without links on the way.
    pub real: String,
    /// And that of the kubelet.
    pub kubelet: Option<String>,
    mounts: Vec<Mount>,
    pub links: Vec<String>,
    /// Processes of its containerd, and everything that they started.
    pub left: Vec<String>,
    /// Servers that run.
    pub servers: Vec<String>,
}

impl Survey {
    pub async fn of(look: Look, host: &Host, data: &str, kubeconfig: &str) -> Result<Self, String> {
        let said = host.ask(look, &["sh", "-c", SURVEY, "survey", data, kubeconfig], PATIENCE).await?;
        Self::read(&said).ok_or_else(|| format!("{}: half an answer to what there is of k3s", host.shown()))
    }

    pub fn has(&self, what: &str) -> bool {
        self.has.contains(what)
    }

    /// None where the end is missing.
    fn read(said: &str) -> Option<Self> {
        let mut survey = Self::default();
        let (mut tree, mut roots, mut is_whole) = (Vec::new(), Vec::new(), false);
        let mut runs: BTreeMap<&str, String> = BTreeMap::new();
        for line in said.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let text = rest.to_owned();
            let folder = || {
                let (id, device) = rest.split_once(' ')?;
                Some(Folder { id: id.to_owned(), device: device.to_owned(), run: None })
            };
            match word {
                "user" => survey.is_root = rest == "0",
                "k3s" | "k3s-agent" => {
                    let unit = if word == "k3s" { &mut survey.unit } else { &mut survey.agent_unit };
                    let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
                    unit.shown.insert(key.to_owned(), value.to_owned());
                }
                "silent-k3s" | "silent-k3s-agent" => survey.silent = Some(text),
                "data-device" => survey.data_device = Some(text),
                "closed" => survey.closed.push(text),
                "server" => survey.server = folder(),
                "agent" => survey.agent = folder(),
                "server-run" | "agent-run" => drop(runs.insert(word, text)),
                "kubeconfig-ca" => survey.kubeconfig_ca = Some(text),
                "ca" => survey.ca = Some(text),
                "has" => drop(survey.has.insert(text)),
                "config-data" => survey.config_data = Some(text),
                "set-data" => survey.set_data = Some(text),
                "set-config" => survey.set_config = Some(text),
                "real" => survey.real = text,
                "kubelet" => survey.kubelet = Some(text),
                "mount" => {
                    let (sort, path) = rest.split_once(' ')?;
                    survey.mounts.push(Mount { sort: sort.to_owned(), path: unescaped(path) });
                }
                "link" => survey.links.push(text),
                "left" => roots.push(text),
                "server-process" => survey.servers.push(text),
                "process" => tree.push(rest),
                "end" => is_whole = true,
                _ => return None,
            }
        }
        for (folder, word) in [(&mut survey.server, "server-run"), (&mut survey.agent, "agent-run")] {
            if let Some(folder) = folder {
                folder.run = runs.remove(word);
            }
        }
        survey.left = whole(roots, &tree);
        is_whole.then_some(survey)
    }

    /// The folders that are mounted below one of these, the innermost first.
    pub fn mounted_below(&self, folders: &[&str]) -> Vec<&str> {
        let below = self.mounts.iter().filter(|mount| folders.iter().any(|folder| mount.is_below(folder)));
        below.map(|mount| mount.path.as_str()).rev().collect()
    }
    /// The folder itself, or one in it, that has a disk of its own.
    pub fn disk_at(&self, folder: &str) -> Option<&str> {
        let at = |mount: &&Mount| mount.path == folder || (mount.is_below(folder) && mount.is_disk());
        self.mounts.iter().find(at).map(|mount| mount.path.as_str())
    }
}

/// These processes and all that come from them; those that have ended are left out.
fn whole(mut found: Vec<String>, tree: &[&str]) -> Vec<String> {
    let mut at = 0;
    while at < found.len() {
        let children = tree.iter().filter_map(|line| {
            let mut words = line.split(' ');
            let (pid, state, parent) = (words.next()?, words.next()?, words.next()?);
            (parent == found[at] && state != "Z").then(|| pid.to_owned())
        });
        let new: Vec<String> = children.filter(|pid| !found.contains(pid)).collect();
        found.extend(new);
        at += 1;
    }
    found
}

/// A path as the kernel writes it: what would break its line stands in octal digits.
fn unescaped(text: &str) -> String {
    let pairs = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sys::side::block_on;

    #[test]
    fn an_answer_without_its_end_is_none() {
        assert!(Survey::read("user 0\nserver 12.9 66\n").is_none());
        assert!(Survey::read("user 0\nstrange\nend \n").is_none());
        let said = "user 0\nk3s LoadState=loaded\nk3s ActiveState=active\nk3s SubState=running\n\
            k3s ExecStart={ path=/usr/local/bin/k3s ; argv[]=/usr/local/bin/k3s server --data-dir /srv/k3s ; }\n\
            server 12.9 66\nserver-run 20260101-1\nreal /srv/k3s\nmount ext4 /\nmount overlay /run/k3s/a\\040b\nmount overlay /run/k3s/a\\040b/c\nmount overlay /srv/k3s/agent/x\nmount zfs /srv/k3s/server/db\n\
            left 10\nprocess 10 S 1\nprocess 11 S 10\nprocess 12 S 11\nprocess 13 Z 11\nprocess 14 S 1\nend \n";
        let survey = Survey::read(said).unwrap();
        assert!(survey.is_root && survey.unit.is_up() && !survey.agent_unit.is_known());
        assert_eq!((survey.unit.data(), &*survey.unit.state()), (Some("/srv/k3s"), "active (running)"));
        let server = survey.server.clone().unwrap();
        assert_eq!((&*server.id, server.run.as_deref()), ("12.9", Some("20260101-1")));
        assert_eq!(survey.left, ["10", "11", "12"]);
        assert_eq!(survey.mounted_below(&["/run/k3s"]), ["/run/k3s/a b/c", "/run/k3s/a b"]);
        let disks = ["agent", "server", "server/db"].map(|part| survey.disk_at(&format!("/srv/k3s/{part}")));
        assert_eq!(disks, [None, Some("/srv/k3s/server/db"), Some("/srv/k3s/server/db")]);
    }

    #[test]
    fn this_host_answers_whole() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_str().unwrap();
        std::fs::create_dir_all(folder.path().join("server/tls")).unwrap();
        std::fs::write(folder.path().join("server/tls/server-ca.crt"), "a").unwrap();
        std::fs::create_dir(folder.path().join("agent")).unwrap();
        let host = Host::new(None);
        let asked = Survey::of(Look::new(), &host, data, "/nowhere");
        let survey = block_on(asked).unwrap().unwrap();
        assert!(survey.server.as_ref().is_some_and(|server| server.id.contains('.') && server.run.is_none()));
        assert!(survey.agent.is_none(), "an empty folder is no part");
        assert_eq!(survey.ca.as_deref().unwrap()[..6], *"ca9781");
        assert!(survey.disk_at("/").is_some() && !survey.links.is_empty());
    }
}
