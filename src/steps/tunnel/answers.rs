//! What came back through the public name, and what it shows. Pure: answers in, a verdict out.

use crate::sys::web::Answer as Page;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It carries what only this cluster can have put there.
    Ours,
    /// A page, and not ours.
    Other(u16),
    /// The edge has nobody to hand the request to.
    NoConnector,
    Redirect(String),
    /// A cache spoke, and nobody behind it.
    Cached,
    Silent(String),
}

impl Answer {
    pub fn of(asked: Result<Page, String>, nonce: &str) -> Self {
        let page = match asked {
            Ok(page) => page,
            Err(why) => return Answer::Silent(why),
        };
        let text = String::from_utf8_lossy(&page.text);
        if page.status == 200 && text.trim() == nonce {
            return Answer::Ours;
        }
        if page.header("cf-cache-status").is_some_and(|said| said.eq_ignore_ascii_case("hit")) {
            return Answer::Cached;
        }
        // The edge's own number for a tunnel without a connector.
        if page.status == 530 || (page.status >= 500 && text.contains("1033")) {
            return Answer::NoConnector;
        }
        match (page.status, page.header("location")) {
            (300..=399, Some(to)) => Answer::Redirect(to.to_owned()),
            (status, _) => Answer::Other(status),
        }
    }

    /// Whether somebody stands behind the name who is not the edge alone. None where that cannot be told.
    pub fn somebody(&self) -> Option<bool> {
        match self {
            Answer::NoConnector => Some(false),
            Answer::Silent(_) | Answer::Cached => None,
            Answer::Ours | Answer::Other(_) | Answer::Redirect(_) => Some(true),
        }
    }

    fn told(&self) -> String {
        match self {
            Answer::Ours => "ours".to_owned(),
            Answer::Other(status) => format!("status {status}"),
            Answer::NoConnector => "error 1033".to_owned(),
            Answer::Redirect(to) => format!("a redirect to {to}"),
            Answer::Cached => "an answer out of a cache".to_owned(),
            Answer::Silent(why) => format!("none ({why})"),
        }
    }
}

/// What all of them together show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Proven(usize),
    /// Some came from elsewhere.
    Shared {
        ours: usize,
        of: usize,
        why: String,
    },
    /// None came from here.
    Not(String),
}

/// Where the nonce was asked for, and by whom it could have been.
pub struct Way<'a> {
    pub host: &'a str,
    pub path: &'a str,
    /// How often it was fetched from where it lies.
    pub fetched: usize,
    /// What leads to it in this cluster, in words.
    pub leads: &'a str,
    /// Whether a tunnel is between the name and the cluster.
    pub tunnel: bool,
}

pub fn judge(answers: &[Answer], way: &Way<'_>) -> Verdict {
    let ours = answers.iter().filter(|answer| **answer == Answer::Ours).count();
    let of = answers.len();
    let Some(other) = answers.iter().rev().find(|answer| **answer != Answer::Ours) else {
        return match of {
            0 => Verdict::Not(format!("{} was not asked: there was no time for it", way.host)),
            of => Verdict::Proven(of),
        };
    };
    if ours > 0 {
        let who = match way.tunnel {
            true => "another connector of this tunnel serves its traffic too: end it where it runs",
            false => "the name leads to something else too: see its DNS records",
        };
        return Verdict::Shared { ours, of, why: format!("the others: {}; {who}", other.told()) };
    }
    let reached = match way.fetched {
        0 => format!("; nothing of this cluster has asked for it ({})", way.leads),
        n => format!("; it was fetched {n} times and did not come through"),
    };
    let why = match other {
        Answer::NoConnector => "error 1033: the edge knows no connector of this tunnel, though one is ready here. \
                                Is the name led to another tunnel?"
            .to_owned(),
        Answer::Other(status @ (502..=504)) if way.tunnel => format!(
            "status {status}: a connector took the request and found no origin behind it. Is the Service that the tunnel leads to \
             there, with pods that are ready?{reached}"
        ),
        Answer::Other(status @ (502..=504)) => {
            format!("status {status}: what answers for the name found nobody behind it{reached}")
        }
        Answer::Redirect(to) if same_place(to, way) => format!(
            "a redirect to itself ({to}): the origin wants https and is asked in http, or the other way round; mend the scheme of the \
             tunnel's origin"
        ),
        Answer::Redirect(to) => format!("a redirect to {to}: somebody asks for a login in front of {}", way.host),
        Answer::Other(status @ (401 | 403)) => {
            format!("status {status}: somebody asks for a login in front of {}", way.host)
        }
        Answer::Other(status) => {
            format!(
                "status {status}: an origin answers, and it is not in this cluster, or does not take the path from it{reached}"
            )
        }
        Answer::Cached => "a cache answers for it".to_owned(),
        Answer::Silent(why) => format!("no answer: {why}"),
        Answer::Ours => "none".to_owned(),
    };
    Verdict::Not(why)
}

/// Whether a redirect leads back to where it came from.
fn same_place(to: &str, way: &Way<'_>) -> bool {
    let bare = to.split(['?', '#']).next().unwrap_or_default();
    let rest = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let here = |rest: &str| {
        rest.strip_prefix(way.host).is_some_and(|rest| {
            let path = rest.find('/').map_or("", |at| &rest[at..]);
            path == way.path
        })
    };
    here(rest) || bare == way.path
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/.well-known/blackstart/00";

    fn verdict(answers: &[Answer], fetched: usize) -> Verdict {
        let way =
            Way { host: "home.example.org", path: PATH, fetched, leads: "Service edge/blackstart-proof", tunnel: true };
        judge(answers, &way)
    }

    fn not(answer: Answer) -> String {
        match verdict(&[answer], 0) {
            Verdict::Not(why) => why,
            Verdict::Proven(_) | Verdict::Shared { .. } => String::new(),
        }
    }

    #[test]
    fn all_prove_some_tell_of_another_and_none_says_why() {
        assert_eq!(verdict(&[Answer::Ours, Answer::Ours], 2), Verdict::Proven(2));
        assert!(matches!(verdict(&[], 0), Verdict::Not(_)));
        let mixed = verdict(&[Answer::Ours, Answer::Other(200), Answer::Ours], 2);
        assert!(
            matches!(&mixed, Verdict::Shared { ours: 2, of: 3, why } if why.contains("another connector")),
            "{mixed:?}"
        );
        assert!(not(Answer::Other(502)).contains("found no origin"));
        assert!(not(Answer::NoConnector).contains("1033"));
        assert!(not(Answer::Other(404)).contains("not in this cluster"));
        assert!(not(Answer::Other(404)).contains("nothing of this cluster has asked"));
        assert!(not(Answer::Redirect(format!("https://home.example.org{PATH}?n=1"))).contains("redirect to itself"));
        assert!(not(Answer::Redirect(format!("https://home.example.org:8443{PATH}"))).contains("redirect to itself"));
        assert!(not(Answer::Redirect("https://login.example.org/".to_owned())).contains("asks for a login"));
        assert!(not(Answer::Silent("timed out".to_owned())).contains("no answer: timed out"));
        assert!(not(Answer::Cached).contains("cache"));
    }
}
