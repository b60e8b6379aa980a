//! What can go wrong between us and an API server, sorted by what there is to do about it.

use super::hide;
use crate::model::time::spoken;
use crate::sys::pace::BrokenOff;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// The server understood the question and said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub code: u16,
    /// One word of the server, such as `Invalid`; may be empty.
    pub reason: String,
    pub message: String,
    pub causes: Vec<Cause>,
    /// Whether it may be otherwise in a moment.
    pub transient: bool,
}

/// A part of a refusal, with the field that it is about: `spec.ports[0].port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub field: String,
    pub reason: String,
    pub message: String,
}

/// Somebody else who owns a field that an apply would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub manager: String,
    pub field: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    Refused(Box<Refusal>),
    Conflict(Vec<Owner>),
    NoSuchKind {
        api_version: String,
        kind: String,
    },
    /// An object that no server can be asked for: without a name, or with one that is no name.
    NoName(String),
    /// Nobody there, or cut off in the middle.
    Unreachable(String),
    Timeout(Duration),
    Throttled {
        after: Option<Duration>,
        message: String,
    },
    /// The server does not know us, or is not the one that it should be.
    Unauthorised(String),
    /// The answer is not what the API promises.
    Unreadable(String),
    /// The kubeconfig leads nowhere.
    Unusable(String),
    /// There was no time left to try again; with what was wrong last.
    BrokenOff(BrokenOff, Option<Box<Trouble>>),
}

impl Trouble {
    /// An answer that is no success. `sent` is the object that went out with the question: if it is a Secret, the words of
    /// the server can hold its values.
    pub(super) fn of_answer(code: u16, after: Option<Duration>, body: &[u8], sent: Option<&Value>) -> Self {
        let status: Option<Status> = serde_json::from_slice(body).ok();
        match status.filter(|status| status.status.is_some() || status.message.is_some()) {
            Some(status) => Self::of_status(code, after, status, sent),
            // A proxy in between, or the server's first line of defence.
            None => {
                let text: String = String::from_utf8_lossy(body).chars().take(300).collect();
                let status = Status { message: Some(text.trim().to_owned()), ..Status::default() };
                Self::of_status(code, after, status, sent)
            }
        }
    }

    pub(super) fn of_status(code: u16, after: Option<Duration>, status: Status, sent: Option<&Value>) -> Self {
        let details = status.details.unwrap_or_default();
        let said = details.retry_after_seconds.and_then(|s| u64::try_from(s).ok()).filter(|s| *s > 0);
        let after = after.or(said.map(Duration::from_secs));
        let causes = details.causes.unwrap_or_default();
        let owners: Vec<Owner> = (causes.iter())
            .filter(|cause| cause.reason.as_deref() == Some("FieldManagerConflict"))
            .map(|cause| Owner {
                manager: manager(cause.message.as_deref().unwrap_or_default()),
                field: cause.field.clone().unwrap_or_default(),
            })
            .collect();
        if code == 409 && !owners.is_empty() {
            return Self::Conflict(owners);
        }
        let causes = causes.into_iter().map(|cause| Cause {
            field: cause.field.unwrap_or_default(),
            reason: cause.reason.unwrap_or_default(),
            message: cause.message.unwrap_or_default(),
        });
        let mut refusal = Refusal {
            code,
            reason: status.reason.unwrap_or_default(),
            message: status.message.unwrap_or_default(),
            causes: causes.collect(),
            transient: false,
        };
        // Before anything is hidden of it.
        refusal.transient = passes(&refusal);
        if let Some(sent) = sent {
            hide::values(&mut refusal, sent);
        }
        match code {
            401 => Self::Unauthorised(refusal.message),
            429 => Self::Throttled { after, message: refusal.message },
            _ => Self::Refused(Box::new(refusal)),
        }
    }

    /// Whether it may be otherwise in a moment, without anybody changing anything.
    pub fn transient(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.transient,
            Self::Unreachable(_) | Self::Timeout(_) | Self::Throttled { .. } => true,
            Self::Conflict(_)
            | Self::NoSuchKind { .. }
            | Self::NoName(_)
            | Self::Unauthorised(_)
            | Self::Unreadable(_)
            | Self::Unusable(_)
            | Self::BrokenOff(..) => false,
        }
    }

    /// When the server wants to be asked again, if it said so.
    pub(super) fn after(&self) -> Option<Duration> {
        if let Self::Throttled { after, .. } = self { *after } else { None }
    }

    /// The refusal, also behind the end of a wait.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::BrokenOff(_, Some(last)) => last.refusal(),
            Self::BrokenOff(_, None)
            | Self::Conflict(_)
            | Self::NoSuchKind { .. }
            | Self::NoName(_)
            | Self::Unreachable(_)
            | Self::Timeout(_)
            | Self::Throttled { .. }
            | Self::Unauthorised(_)
            | Self::Unreadable(_)
            | Self::Unusable(_) => None,
        }
    }
}

/// A 500 says that something behind the server failed, which may come back, unless it is about our own object: some of
/// those are not told as a 4xx.
fn passes(refusal: &Refusal) -> bool {
    match refusal.code {
        500 => !is_about_the_object(&refusal.message),
        409 => refusal.reason == "Conflict",
        502..=504 => true,
        // A quota that was just made has not been counted yet.
        403 => refusal.message.contains("status unknown for quota"),
        _ => false,
    }
}

fn is_about_the_object(message: &str) -> bool {
    const SIGNS: [&str; 4] = [
        "failed to create typed patch object",
        "field not declared in schema",
        "failed to convert new object",
        "request is too large",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}

/// The manager in `conflict with "NAME" using v1`.
fn manager(message: &str) -> String {
    message.split('"').nth(1).unwrap_or(message).to_owned()
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Conflict(owners) => {
                f.write_str("fields are owned by others:")?;
                owners.iter().enumerate().try_for_each(|(at, owner)| {
                    let comma = if at == 0 { "" } else { "," };
                    write!(f, "{comma} {} by {}", owner.field.trim_start_matches('.'), owner.manager)
                })
            }
            Self::NoSuchKind { api_version, kind } => write!(f, "the server has no kind {kind} in {api_version}"),
            Self::NoName(why) => f.write_str(why),
            Self::Unreachable(why) => write!(f, "the API server cannot be reached: {}", one_line(why)),
            Self::Timeout(span) => write!(f, "the API server did not answer within {}", spoken(*span)),
            Self::Throttled { message, .. } => write!(f, "the API server is busy: {}", one_line(message)),
            Self::Unauthorised(why) => write!(f, "the API server does not let us in: {}", one_line(why)),
            Self::Unreadable(why) => write!(f, "the API server's answer cannot be read: {}", one_line(why)),
            Self::Unusable(why) => write!(f, "no way to a cluster: {}", one_line(why)),
            Self::BrokenOff(why, last) => {
                match why {
                    BrokenOff::Deadline(time) => write!(f, "not within {}", spoken(*time))?,
                    BrokenOff::Brake => f.write_str("broken off")?,
                }
                last.as_ref().map_or(Ok(()), |last| write!(f, ": {last}"))
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.message, &*self.reason) {
            ("", "") => write!(f, "refused with status {}", self.code),
            ("", reason) => write!(f, "refused with status {}, {reason}", self.code),
            (message, _) => write!(f, "{} ({})", one_line(message), self.code),
        }
    }
}

impl std::error::Error for Trouble {}

/// What a server says, on one line and without what a terminal would obey.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c == ' ').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}
