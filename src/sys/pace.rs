//! How long work may go on: a deadline, and a brake that a person or a failure pulls. Both reach every program.

use std::future::Future;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How hard the brake is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Halt {
    Go,
    /// Nothing new; what can be broken off without harm is.
    Gently,
    /// Everything ends.
    Now,
}

/// Pulled by the loop, and by nothing else.
pub struct Brake(watch::Sender<Halt>);

impl Default for Brake {
    fn default() -> Self {
        Self(watch::Sender::new(Halt::Go))
    }
}

impl Brake {
    /// Pulls harder; never lets go.
    pub fn pull(&self, halt: Halt) {
        self.0.send_if_modified(|now| {
            let harder = halt > *now;
            *now = halt.max(*now);
            harder
        });
    }
    pub fn pulled(&self) -> Halt {
        *self.0.borrow()
    }
    /// The pace of work that begins now. It is broken off when the brake is pulled as hard as `at`.
    pub fn pace(&self, time: Duration, at: Halt) -> Pace {
        Pace { brake: self.0.subscribe(), at, time, deadline: Instant::now() + time }
    }
}

/// Why work was broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenOff {
    Deadline(Duration),
    Brake,
}

#[derive(Clone)]
pub struct Pace {
    brake: watch::Receiver<Halt>,
    at: Halt,
    time: Duration,
    deadline: Instant,
}

impl Pace {
    /// Returns when the work has to end.
    pub async fn over(&self) -> BrokenOff {
        let mut brake = self.brake.clone();
        tokio::select! {
            // An error means that the loop is gone, and so is everything that could want the work.
            _ = brake.wait_for(|halt| *halt >= self.at) => BrokenOff::Brake,
            () = tokio::time::sleep_until(self.deadline) => BrokenOff::Deadline(self.time),
        }
    }
    /// True when the brake is pulled hard enough for this work.
    pub fn is_braked(&self) -> bool {
        *self.brake.borrow() >= self.at
    }
    /// Does the work, or drops it when it has to end. Only for work that may be dropped at any point.
    pub async fn keep<T>(&self, work: impl Future<Output = T>) -> Result<T, BrokenOff> {
        tokio::select! {
            done = work => Ok(done),
            why = self.over() => Err(why),
        }
    }
    /// Lets time pass, unless the work has to end before.
    pub async fn pause(&self, span: Duration) -> Result<(), BrokenOff> {
        self.keep(tokio::time::sleep(span)).await
    }
}
