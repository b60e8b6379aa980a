//! The API server of a Kubernetes cluster: asked, watched, and told what to be. Objects are JSON values with names; what
//! they mean is not known here.
//!
//! Everything that changes the cluster asks for a `Touch`. A method tries for a few seconds when the server is busy or away;
//! [`Kube::patiently`] goes on for as long as a step has time.

mod ask;
mod config;
mod hide;
mod kinds;
mod many;
mod may;
mod objects;
mod proxy;
mod retry;
mod secret;
mod trouble;
mod wait;
mod watch;

pub use hide::is_secret;
pub use kinds::{Kinds, Resource};
pub use many::many;
pub use may::Deed;
pub use objects::{Force, base64};
pub use proxy::Said;
pub use secret::{About, LiveSecret, Parent};
pub use trouble::{Cause, Owner, Refusal, Trouble};
pub use wait::{Unmet, Verdict};
pub use watch::{Change, Watch};

use super::Look;
use super::pace::{BrokenOff, Pace};
use kinds::Known;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The name under which our applies own fields.
pub const MANAGER: &str = "blackstart";

/// How many questions are under way at once. The server shares its own places among all its clients; more of ours would
/// only wait there.
pub const AT_ONCE: usize = 12;

/// How long a method goes on asking a server that is busy or away, when nobody with a pace stands behind it.
const PATIENCE: Duration = Duration::from_secs(8);

/// One cluster. A copy is cheap and shares connections, limits and the table of kinds.
#[derive(Clone)]
pub struct Kube {
    shared: Arc<Shared>,
    patience: Duration,
}

struct Shared {
    client: kube::Client,
    server: String,
    places: Semaphore,
    known: Known,
}

impl Kube {
    /// Takes the way to the server from this file and from nowhere else, neither the environment nor the home directory, and
    /// starts no program for it. No question is asked yet. Must be called inside the event loop.
    pub async fn connect(look: Look, kubeconfig: &Path) -> Result<Self, Trouble> {
        config::client(look, kubeconfig).await.map(Self::of)
    }

    /// The same where the text of such a file was read on another host, and lies in no file here.
    pub async fn connect_by(_: Look, text: &str, shown: &str) -> Result<Self, Trouble> {
        config::of_text(text, Path::new("/"), shown).await.map(Self::of)
    }

    fn of((client, server): (kube::Client, String)) -> Self {
        let shared = Shared { client, server, places: Semaphore::new(AT_ONCE), known: Known::default() };
        Self { shared: Arc::new(shared), patience: PATIENCE }
    }

    /// The address of the server, for messages.
    pub fn server(&self) -> &str {
        &self.shared.server
    }

    /// The same cluster, without tries of its own: whoever tries again does it outside.
    fn hasty(&self) -> Self {
        Self { patience: Duration::ZERO, ..self.clone() }
    }

    /// Does this work anew until it succeeds, fails for good, or has to end. Only for what may be done more than once.
    /// Tells when the server cannot be had, and when it can again.
    pub async fn patiently<T>(
        &self,
        pace: &Pace,
        say: &dyn Fn(&str),
        work: impl AsyncFn(&Kube) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        retry::until_over(&self.hasty(), pace, say, work).await
    }
}

/// How a wait ended that had to end, as a trouble.
fn broken_off(why: BrokenOff, last: Option<Trouble>) -> Trouble {
    Trouble::BrokenOff(why, last.map(Box::new))
}
