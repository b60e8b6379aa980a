//! What a host says of itself, asked in one question that changes nothing: its disks, its ports and who listens on them, its
//! routes, its kernel, its clock, and the k3s that lies there. What follows from that is not known here.

use super::Look;
use super::hosts::Host;
use super::sockets::{self, Listening, Route};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Each line is a word and what it says. The k3s that lies there is asked for its version and nothing else:
/// whether it has the words after the first is looked up in its bytes.
const FACTS: &str = r#"
data=$1
say() { printf '%s %s\n' "$1" "$2"; }
for at in / "$data"; do
  while [ -n "$at" ] && [ ! -e "$at" ]; do at=${at%/*}; done
  df -Pk "${at:-/}" 2>/dev/null | sed -n '2s/^/disk /p'
done
grep -h ' 0A ' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sed 's/^ */tcp /'
sed 's/^/route4 /' /proc/net/route 2>/dev/null
sed 's/^/route6 /' /proc/net/ipv6_route 2>/dev/null
find /proc/[0-9]*/fd -lname 'socket:*' -printf 'socket %h %l\n' 2>/dev/null
cat /proc/[0-9]*/stat 2>/dev/null | sed -n 's/^\([0-9]*\) (\(.*\)) [A-Z] \([0-9]*\) .*/process \1 \3 \2/p'
systemctl show k3s.service -p MainPID 2>/dev/null | sed -n 's/^MainPID=/unit /p'
say kernel "$(uname -r)"
[ -d "/lib/modules/$(uname -r)" ] && say has modules
[ -e /proc/modules ] && say has loader
[ -e /sys/fs/cgroup/cgroup.controllers ] && say has one-tree
say instances "$(cat /proc/sys/fs/inotify/max_user_instances 2>/dev/null)"
say watches "$(cat /proc/sys/fs/inotify/max_user_watches 2>/dev/null)"
sed -n -e 's/^MemAvailable: *\([0-9]*\).*/free \1/p' -e 's/^MemTotal: *\([0-9]*\).*/memory \1/p' /proc/meminfo
if [ -x /usr/local/bin/k3s ]; then
  say version "$(timeout 5 /usr/local/bin/k3s --version 2>/dev/null | sed -n '1s/^k3s version //p')"
  shift
  [ $# -gt 0 ] && grep -aoF "$(printf '%s\n' "$@")" /usr/local/bin/k3s | sort -u | sed 's/^/option /'
fi
say clock "$(date +%s)"
say end ""
"#;

#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Where each is mounted, with the bytes that are free and all.
    pub disks: Vec<(PathBuf, u64, u64)>,
    pub listening: Vec<Listening>,
    pub routes: Vec<Route>,
    pub kernel: String,
    pub has_modules: bool,
    pub loads_modules: bool,
    pub one_tree: bool,
    pub instances: Option<u64>,
    pub watches: Option<u64>,
    pub memory: Option<(u64, u64)>,
    /// Of the k3s that lies there.
    pub version: Option<String>,
    /// Which of the words that were asked for stand in it.
    pub words: Vec<String>,
    /// Seconds since 1970.
    pub clock: Option<i64>,
    unit: Option<String>,
    /// Process by the socket it has open.
    holders: BTreeMap<u64, String>,
    /// Parent and name of each process.
    processes: BTreeMap<String, (String, String)>,
}

/// Who listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A process of the k3s that the unit runs.
    Unit,
    Other(String),
    Hidden,
}

impl Facts {
    pub async fn of(look: Look, host: &Host, data: &str, words: &[&str], most: Duration) -> Result<Self, String> {
        let asked = [&["sh", "-c", FACTS, "facts", data], words].concat();
        let said = host.ask(look, &asked, most).await?;
        Self::read(&said).ok_or_else(|| format!("{}: half an answer to what it has", host.shown()))
    }

    /// None where the end is missing.
    fn read(said: &str) -> Option<Self> {
        let (mut facts, mut is_whole) = (Self::default(), false);
        let (mut free, mut all) = (None, None);
        for line in said.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let kilobytes = || rest.parse::<u64>().ok().map(|count| count << 10);
            match word {
                "disk" => facts.disks.extend(disk(rest).filter(|disk| !facts.disks.contains(disk))),
                "tcp" => facts.listening.extend(sockets::listener(rest)),
                "route4" => facts.routes.extend(sockets::route(rest)),
                "route6" => facts.routes.extend(sockets::route_6(rest)),
                "socket" => {
                    let held = || {
                        let (folder, to) = rest.split_once(' ')?;
                        let pid = folder.strip_prefix("/proc/")?.strip_suffix("/fd")?;
                        Some((to.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()?, pid.to_owned()))
                    };
                    facts.holders.extend(held());
                }
                "process" => {
                    let mut words = rest.splitn(3, ' ');
                    let (pid, parent, name) = (words.next()?, words.next()?, words.next()?);
                    facts.processes.insert(pid.to_owned(), (parent.to_owned(), name.to_owned()));
                }
                "unit" => facts.unit = (rest != "0").then(|| rest.to_owned()),
                "kernel" => facts.kernel = rest.to_owned(),
                "has" => match rest {
                    "modules" => facts.has_modules = true,
                    "loader" => facts.loads_modules = true,
                    "one-tree" => facts.one_tree = true,
                    _ => return None,
                },
                "instances" => facts.instances = rest.parse().ok(),
                "watches" => facts.watches = rest.parse().ok(),
                "free" => free = kilobytes(),
                "memory" => all = kilobytes(),
                "version" => facts.version = Some(rest.to_owned()).filter(|text| !text.is_empty()),
                "option" => facts.words.push(rest.to_owned()),
                "clock" => facts.clock = rest.parse().ok(),
                "end" => is_whole = true,
                _ => return None,
            }
        }
        facts.memory = free.zip(all);
        is_whole.then_some(facts)
    }

    pub fn holder(&self, socket: &Listening) -> Holder {
        let Some(pid) = self.holders.get(&socket.inode) else { return Holder::Hidden };
        let mut at = Some(pid.as_str());
        while let Some(own) = at.filter(|_| self.unit.is_some()) {
            if Some(own) == self.unit.as_deref() {
                return Holder::Unit;
            }
            at = self.processes.get(own).map(|(parent, _)| parent.as_str()).filter(|parent| *parent != own);
        }
        let name = self.processes.get(pid).map_or("a process", |(_, name)| name.as_str());
        Holder::Other(format!("{name} (pid {pid})"))
    }
}

/// A line of df: device, blocks, used, free, part, place.
fn disk(line: &str) -> Option<(PathBuf, u64, u64)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let number = |at: usize| words.get(at)?.parse::<u64>().ok().map(|count| count << 10);
    Some((PathBuf::from(words.get(5..)?.join(" ")), number(3)?, number(1)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sys::side::block_on;

    #[test]
    fn this_host_answers_whole_and_half_an_answer_is_none() {
        let most = Duration::from_secs(20);
        let facts = block_on(Facts::of(Look::new(), &Host::new(None), "/nowhere/k3s", &[], most)).unwrap().unwrap();
        assert!(!facts.disks.is_empty() && !facts.kernel.is_empty() && facts.clock.is_some());
        assert!(facts.memory.is_some_and(|(free, all)| free <= all));
        assert!(Facts::read("kernel 6.1\n").is_none());
        assert!(Facts::read("strange 6.1\nend \n").is_none());
    }

    #[test]
    fn a_port_is_of_the_unit_or_of_a_stranger_who_has_a_name() {
        let tcp = |port: &str, inode: u64| {
            format!("tcp 0: 00000000:{port} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 {inode} 1\n")
        };
        let said = [
            tcp("192B", 7).as_str(),
            &tcp("280A", 8),
            &tcp("0016", 9),
            "socket /proc/12/fd socket:[7]\nsocket /proc/99/fd socket:[8]\nprocess 10 1 k3s-server\nprocess 12 10 a (b\n\
             process 99 1 nginx\nunit 10\nend \n",
        ]
        .concat();
        let facts = Facts::read(&said).unwrap();
        let held: Vec<(u16, Holder)> = facts.listening.iter().map(|one| (one.port, facts.holder(one))).collect();
        let nginx = Holder::Other("nginx (pid 99)".to_owned());
        assert_eq!(held, [(6443, Holder::Unit), (10250, nginx), (22, Holder::Hidden)]);
    }
}
