//! NOUNS: the words of blackstart as types. Nothing here reads, writes, waits or prints.

pub mod access;
pub mod count;
pub mod digest;
pub mod entry;
pub mod event;
pub mod fact;
pub mod finding;
pub mod hidden;
pub mod id;
pub mod mode;
pub mod object;
pub mod outcome;
pub mod place;
pub mod problem;
pub mod provider;
pub mod redact;
pub mod state;
pub mod time;

pub use access::InUse;
pub use digest::Digest;
pub use entry::EntryName;
pub use event::{Event, What};
pub use fact::Fact;
pub use finding::{Accepted, Cause, Finding, Made, Severity, Unknown};
pub use hidden::Hidden;
pub use id::{PlanName, RunId, StepId};
pub use mode::Mode;
pub use object::ObjectId;
pub use outcome::{Ending, NotExercised, Outcome};
pub use place::{Place, Spot};
pub use problem::{Kind, Problem};
pub use provider::Provider;
pub use redact::Redactor;
pub use state::{Change, State};
pub use time::{Day, Stamp};
