//! F66: the clock of this host against those that were heard while registries and repositories were asked. No host is asked
//! for its time alone.

use super::{Answers, Scene};
use crate::model::count::many;
use crate::model::{Severity, Stamp};
use std::collections::BTreeMap;

/// Certificates and tokens are made to bear less.
const MOST: i64 = 30;

/// How many seconds a host is ahead of this one.
pub struct Heard {
    host: String,
    ahead: i64,
}

impl Heard {
    /// From the Date of an answer, and the moment at which it came.
    pub fn read(host: &str, date: &str, at: Stamp) -> Option<Self> {
        let ahead = (Stamp::read_of_web(date)?.0 - at.0) / 1000;
        Some(Self { host: host.to_owned(), ahead })
    }
}

/// What all that was heard says together: it is our clock that is wrong when no host agrees with it.
pub fn judge(scene: &Scene<'_>, answers: &mut Answers) {
    // Of several answers of one host the nearest: what is on its way for long seems to be behind.
    let mut hosts: BTreeMap<&str, i64> = BTreeMap::new();
    for heard in &answers.heard {
        let ahead = hosts.entry(&heard.host).or_insert(heard.ahead);
        if heard.ahead.abs() < ahead.abs() {
            *ahead = heard.ahead;
        }
    }
    let hosts: Vec<(String, i64)> = hosts.into_iter().map(|(host, ahead)| (host.to_owned(), ahead)).collect();
    let told = |(host, ahead): &(String, i64)| match ahead {
        ..0 => format!("{host} is {} s behind it", -ahead),
        _ => format!("{host} is {ahead} s ahead of it"),
    };
    let asked_outside = answers.told.unknowns.iter().any(|unknown| ["F17", "F18"].contains(&unknown.id));
    let (off, well): (Vec<_>, Vec<_>) = hosts.iter().partition(|(_, ahead)| ahead.abs() > MOST);
    match (off.is_empty(), well.is_empty()) {
        (true, true) if asked_outside => {
            let message = "whether the clock of this host is right is not known: no host outside told its own";
            answers.unknown("F66", scene.place(), "this host", message, "an answer of a registry or a repository");
        }
        (true, true) => {}
        (true, false) => {
            let most = well.iter().map(|(_, ahead)| ahead.abs()).max().unwrap_or(0);
            answers
                .figures
                .push(("clock".to_owned(), format!("within {} s of {}", most.max(1), many(well.len(), "host"))));
        }
        (false, true) => {
            let list: Vec<String> = off.iter().map(|one| told(one)).collect();
            let message = format!("its clock is wrong: {}", list.join(", "));
            let fix = "set the clock and let it be kept (timedatectl set-ntp true): certificates are made by it";
            answers.say("F66", Severity::Error, scene.place(), "this host", message, fix);
        }
        (false, false) => {
            let list: Vec<String> = off.iter().map(|one| told(one)).collect();
            let message = format!("hosts do not agree with its clock, and others do: {}", list.join(", "));
            answers.say("F66", Severity::Warning, scene.place(), "this host", message, "see whose clock is wrong");
        }
    }
}
