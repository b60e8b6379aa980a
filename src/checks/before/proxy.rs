//! F77: a proxy in our environment that the addresses of the cluster are not excepted from.

use super::ranges::{self, Range};
use super::{Answers, Asked};
use crate::checks::rules::cluster::Maker;
use crate::model::Severity;
use crate::sys::host;

const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

pub fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    let cluster = asked.scene.ground.cluster.as_ref();
    let Some(cluster) = cluster.filter(|one| matches!(one.maker, Maker::K3d | Maker::K3s)) else {
        answers.unasked.push("a proxy: no cluster of k3s is made".to_owned());
        return answers;
    };
    let Some(name) = PROXIES.into_iter().find(|name| host::said(asked.look, name).is_some()) else { return answers };
    let excepted = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| host::said(asked.look, name));
    let excepted = excepted.unwrap_or_default();
    let ranges = ranges::of(cluster);
    let mut missing: Vec<&str> = ranges
        .iter()
        .filter(|(_, _, range, _)| !covers(&excepted, *range))
        .map(|(_, text, ..)| text.as_str())
        .collect();
    let domain = cluster.flags.get("cluster-domain").map_or("cluster.local", |(domain, _)| domain.as_str());
    let dotted = format!(".{domain}");
    missing.extend([".svc", &dotted].into_iter().filter(|name| !ends(&excepted, name)));
    if !missing.is_empty() {
        let message = format!("{name} is set, and NO_PROXY does not except {}", missing.join(", "));
        let fix = "add them to NO_PROXY: what asks the API server or a Service would ask the proxy";
        answers.say("F77", Severity::Warning, cluster.place.clone(), "this host", message, fix);
    }
    answers
}

fn words(excepted: &str) -> impl Iterator<Item = &str> {
    excepted.split(',').map(str::trim)
}

fn covers(excepted: &str, range: Range) -> bool {
    words(excepted).any(|word| word == "*" || Range::read(word).is_some_and(|other| other.holds(range)))
}

fn ends(excepted: &str, name: &str) -> bool {
    let bare = |word: &str| word.trim_start_matches('*').trim_start_matches('.').to_owned();
    words(excepted).any(|word| word == "*" || bare(word) == bare(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_excepted_is_read_as_programs_do() {
        let range = Range::read("10.42.0.0/16").unwrap();
        assert!(covers("localhost, 10.0.0.0/8", range) && covers("*", range));
        assert!(!covers("10.43.0.0/16,192.168.0.0/16", range) && !covers("", range));
        assert!(ends("svc,cluster.local", ".svc") && ends("*.svc", ".svc") && !ends("example.svc", ".svc"));
    }
}
