//! Questions asked side by side, each for a time of its own and all of them for one: an answer that does not come holds up
//! nobody.

use super::{Look, Touch};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// What is left to be done, on this thread.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// When everything has to be over.
#[derive(Clone, Copy, Debug)]
pub struct Until(Instant);

impl Until {
    pub fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }
    /// For a part of the work, so that what is missing in it can still be told.
    pub fn sooner(self) -> Self {
        Self(self.0.checked_sub(Duration::from_millis(200)).unwrap_or(self.0))
    }
    /// A time that ends a little before all has to be over, so that what was asked can still be told of.
    fn left(self, most: Duration) -> Duration {
        let margin = Duration::from_millis(300);
        self.0.saturating_duration_since(Instant::now()).saturating_sub(margin).min(most)
    }
    /// What comes within this time of its own, or nothing.
    pub async fn within<T>(self, most: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(self.left(most), work).await.ok()
    }
}

/// Does all of it, at most so many at once, and returns what came in the order of the work. What is not there in time is
/// dropped where it stands.
pub async fn by_side<'a, T: 'a>(most: usize, until: Until, works: Vec<Work<'a, T>>) -> Vec<Option<T>> {
    let gate = Semaphore::new(most);
    let gate = &gate;
    let behind = |work: Work<'a, T>| async move {
        // The gate is never closed.
        let _turn = gate.acquire().await;
        work.await
    };
    let mut works: Vec<_> = works.into_iter().map(|work| Box::pin(behind(work))).collect();
    let mut done: Vec<Option<T>> = works.iter().map(|_| None).collect();
    let all = poll_fn(|context| {
        let mut waits = false;
        for (slot, work) in done.iter_mut().zip(&mut works).filter(|(slot, _)| slot.is_none()) {
            match work.as_mut().poll(context) {
                Poll::Ready(result) => *slot = Some(result),
                Poll::Pending => waits = true,
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(()) }
    });
    // What is missing then is told by its empty place.
    let _ = tokio::time::timeout_at(until.0, all).await;
    done
}

/// Does the work, and says once that it takes its time.
pub async fn telling<T>(work: impl Future<Output = T>, after: Duration, tell: impl FnOnce()) -> T {
    let mut work = pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = tokio::time::sleep(after) => tell(),
    }
    work.await
}

/// Asks something that can hold up its thread, as a file system of another host does, on a thread of its own.
pub async fn aside<T: Send + 'static>(_: Look, question: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(question).await.map_err(io::Error::other)
}

/// Does something long on a thread of its own, with the right that was given here.
pub async fn done_aside<T: Send + 'static>(
    _: &Touch,
    work: impl FnOnce(&Touch) -> T + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(|| work(&Touch(()))).await.map_err(io::Error::other)
}

/// Runs an event loop for questions that may have no end: what is not answered when the work is done is left behind.
pub fn block_on<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    // Names are looked up on threads of their own, and nothing can break that off.
    runtime.shutdown_background();
    Ok(done)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_holds_up_nobody_and_its_place_stays_empty() {
        let began = std::time::Instant::now();
        let done = block_on(async {
            let works: Vec<Work<'_, u8>> =
                vec![Box::pin(async { 1 }), Box::pin(std::future::pending()), Box::pin(async { 3 })];
            by_side(8, Until::after(Duration::from_millis(50)), works).await
        });
        assert_eq!(done.unwrap(), [Some(1), None, Some(3)]);
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_thread_that_hangs_is_left_behind() {
        let began = std::time::Instant::now();
        // Nothing comes for as long as the other end is kept.
        let (_end, waits) = std::sync::mpsc::channel::<()>();
        let done = block_on(async {
            let hangs = aside(Look::new(), move || waits.recv());
            Until::after(Duration::from_millis(400)).within(Duration::from_secs(9), hangs).await.is_some()
        });
        assert!(!done.unwrap());
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
