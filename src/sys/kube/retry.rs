//! When to ask again: never at once, never all at the same moment, never longer than there is time.

use super::{Kube, Trouble, broken_off};
use crate::sys::pace::Pace;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;
use tokio::time::Instant;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
/// What a server may ask us to wait; whoever asks for more is asked again sooner.
const LONGEST_TOLD: Duration = Duration::from_secs(30);
/// An outage that is shorter than this is nobody's news.
const NEWS: Duration = Duration::from_secs(2);

/// Ever longer pauses.
#[derive(Default)]
pub struct Pauses {
    taken: u32,
}

impl Pauses {
    /// What to wait before the next try: half of it is chance, so that many who failed together do not return together.
    pub fn next(&mut self, after: Option<Duration>) -> Duration {
        let grown = FIRST.saturating_mul(1 << self.taken.min(8)).min(LONGEST);
        self.taken += 1;
        match after {
            Some(after) => after.min(LONGEST_TOLD) + chance(FIRST),
            None => grown / 2 + chance(grown / 2),
        }
    }
    pub fn reset(&mut self) {
        self.taken = 0;
    }
}

/// Some part of this span.
fn chance(of: Duration) -> Duration {
    // The keys of a new hasher are the one source of chance in the standard library.
    let number = std::collections::hash_map::RandomState::new().build_hasher().finish();
    of.mul_f64((number % 1024) as f64 / 1024.0)
}

/// Tries within a short time of one's own.
pub async fn within<T>(patience: Duration, work: impl AsyncFn() -> Result<T, Trouble>) -> Result<T, Trouble> {
    let (end, mut pauses) = (Instant::now() + patience, Pauses::default());
    loop {
        let trouble = match work().await {
            Ok(done) => return Ok(done),
            Err(trouble) => trouble,
        };
        let pause = pauses.next(trouble.after());
        if !trouble.transient() || Instant::now() + pause > end {
            return Err(trouble);
        }
        tokio::time::sleep(pause).await;
    }
}

/// Tries as long as the pace allows it.
pub async fn until_over<T>(
    kube: &Kube,
    pace: &Pace,
    say: &dyn Fn(&str),
    work: impl AsyncFn(&Kube) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let (mut pauses, mut outage) = (Pauses::default(), Outage::default());
    let mut last = None;
    loop {
        let trouble = match pace.keep(work(kube)).await {
            Ok(Ok(done)) => {
                outage.over(say);
                return Ok(done);
            }
            Ok(Err(trouble)) if !trouble.transient() => return Err(trouble),
            Ok(Err(trouble)) => trouble,
            Err(why) => return Err(broken_off(why, last)),
        };
        let pause = pauses.next(trouble.after());
        outage.goes_on(&trouble, pause, say);
        last = Some(trouble);
        if let Err(why) = pace.pause(pause).await {
            return Err(broken_off(why, last));
        }
    }
}

/// What there is to tell about a server that is not to be had: once when it lasts, once when it is over.
#[derive(Default)]
pub struct Outage {
    since: Option<Instant>,
    told: bool,
}

impl Outage {
    /// It lasts at least until the end of the pause that comes now.
    pub fn goes_on(&mut self, trouble: &Trouble, pause: Duration, say: &dyn Fn(&str)) {
        let since = *self.since.get_or_insert_with(Instant::now);
        if !self.told && since.elapsed() + pause >= NEWS {
            self.told = true;
            say(&format!("{trouble}; asking again"));
        }
    }
    /// Of a connection that tells only of its beginning: this is told at once.
    pub fn begins(&mut self, trouble: &Trouble, say: &dyn Fn(&str)) {
        self.since.get_or_insert_with(Instant::now);
        if !self.told {
            self.told = true;
            say(&format!("{trouble}; asking again"));
        }
    }
    pub fn over(&mut self, say: &dyn Fn(&str)) {
        if let (Some(since), true) = (self.since, self.told) {
            say(&format!("it goes on, after {} s", since.elapsed().as_secs()));
        }
        *self = Self::default();
    }
}
