//! Signals as values, and the one place where an event loop is started.

use std::future::Future;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a person or the system wants of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Interrupt,
    Terminate,
}

impl Wish {
    pub fn as_str(self) -> &'static str {
        match self {
            Wish::Interrupt => "SIGINT",
            Wish::Terminate => "SIGTERM",
        }
    }
}

pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl Signals {
    /// For a process that a terminal may leave behind: a hang-up is noticed and nothing follows from it.
    pub fn deaf_to_hangup() -> io::Result<Self> {
        Ok(Self { hangup: Some(signal(SignalKind::hangup())?), ..Self::new()? })
    }
    /// For a process that only shows: it ends with its terminal.
    pub fn new() -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { interrupt, terminate, hangup: None })
    }
    pub async fn next(&mut self) -> Wish {
        loop {
            let hangup = async {
                match &mut self.hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(()) = self.interrupt.recv() => return Wish::Interrupt,
                Some(()) = self.terminate.recv() => return Wish::Terminate,
                Some(()) = hangup => {}
            }
        }
    }
}

/// Does the work and keeps what was wished meanwhile. Whoever wishes twice will not wait: then there is no result.
pub async fn heard_during<T>(signals: &mut Signals, work: impl Future<Output = T>) -> Option<(T, Option<Wish>)> {
    let mut work = std::pin::pin!(work);
    let mut wished = None;
    loop {
        tokio::select! {
            done = &mut work => return Some((done, wished)),
            wish = signals.next() => match wished {
                None => wished = Some(wish),
                Some(_) => return None,
            },
        }
    }
}

/// Runs an event loop on this thread alone: journal, programs and looks stay on one thread, in one order.
pub fn block_on<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(tokio::task::LocalSet::new().block_on(&runtime, work))
}
