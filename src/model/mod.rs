//! NOUNS: the words of blackstart as types. Nothing here reads, writes, waits or prints.

pub mod digest;
pub mod event;
pub mod fact;
pub mod finding;
pub mod id;
pub mod mode;
pub mod object;
pub mod outcome;
pub mod place;
pub mod problem;
pub mod provider;
pub mod state;
pub mod time;

pub use digest::Digest;
pub use event::{Event, What};
pub use fact::Fact;
pub use finding::{Cause, Finding, Severity, Unknown};
pub use id::{PlanName, RunId, StepId};
pub use mode::Mode;
pub use object::ObjectId;
pub use outcome::{Ending, NotExercised, Outcome};
pub use place::{Place, Spot};
pub use problem::{Kind, Problem};
pub use provider::Provider;
pub use state::{Change, State};
pub use time::Stamp;
