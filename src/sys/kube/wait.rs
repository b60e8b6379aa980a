//! Waiting for one object to be as somebody wants it: a pure question to each of its states, until there is no more time.

use super::retry::Outage;
use super::{Change, Kube, Trouble};
use crate::model::ObjectId;
use crate::model::time::spoken;
use crate::sys::pace::{BrokenOff, Pace};
use serde_json::Value;
use std::fmt;

/// What the question says to a state of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Met,
    /// Not as it is now, and why.
    NotYet(String),
    /// Waiting will not help, and why.
    Never(String),
}

/// Why a wait ended without what was waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    Never(String),
    /// There was no time left; with what was missing last.
    Over {
        why: BrokenOff,
        last: String,
    },
    /// The server will not let us know.
    Trouble(Trouble),
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never(why) => f.write_str(why),
            Self::Over { why: BrokenOff::Deadline(time), last } => write!(f, "not within {}: {last}", spoken(*time)),
            Self::Over { why: BrokenOff::Brake, last } => write!(f, "broken off: {last}"),
            Self::Trouble(trouble) => trouble.fmt(f),
        }
    }
}

impl Kube {
    /// Waits until `what` is met and returns the object as it was then; None when it is the absence that was waited for.
    /// Tells when the server cannot be had and when it can again.
    pub async fn until(
        &self,
        id: &ObjectId,
        pace: &Pace,
        say: &dyn Fn(&str),
        what: impl Fn(Option<&Value>) -> Verdict,
    ) -> Result<Option<Value>, Unmet> {
        let mut watch = self.watch_one(id);
        let (mut outage, mut now, mut last) = (Outage::default(), None, "nothing was seen of it yet".to_owned());
        loop {
            match pace.keep(watch.next()).await {
                Ok(Change::Is(object)) => now = Some(object),
                Ok(Change::Gone(_)) => now = None,
                Ok(Change::Synced) => outage.over(say),
                Ok(Change::Lost { why }) => {
                    match &why {
                        Trouble::Unauthorised(_) | Trouble::NoName(_) | Trouble::Unusable(_) => {
                            return Err(Unmet::Trouble(why));
                        }
                        Trouble::Refused(refusal) if refusal.code == 403 => return Err(Unmet::Trouble(why)),
                        // A kind may be on its way, and so may be the server.
                        Trouble::Refused(_)
                        | Trouble::Conflict(_)
                        | Trouble::NoSuchKind { .. }
                        | Trouble::Unreachable(_)
                        | Trouble::Timeout(_)
                        | Trouble::Throttled { .. }
                        | Trouble::Unreadable(_)
                        | Trouble::BrokenOff(..) => {}
                    }
                    outage.begins(&why, say);
                    last = why.to_string();
                    continue;
                }
                Err(why) => return Err(Unmet::Over { why, last }),
            }
            match what(now.as_ref()) {
                Verdict::Met => return Ok(now),
                Verdict::NotYet(why) => last = why,
                Verdict::Never(why) => return Err(Unmet::Never(why)),
            }
        }
    }
}
