//! Signals as values, and the one place where an event loop is started.

use crate::model::outcome::exit;
use std::future::Future;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Once, mpsc};
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
    /// None where another part of this process hears them.
    asked: Option<(Signal, Signal, Heard)>,
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
        Ok(Self { asked: Some((interrupt, terminate, Heard::new())), hangup: None })
    }
    /// For a part of a process whose signals are heard by another.
    pub fn none() -> Self {
        Self { asked: None, hangup: None }
    }
    pub async fn next(&mut self) -> Wish {
        loop {
            let hangup = async {
                match &mut self.hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            let asked = async {
                match &mut self.asked {
                    Some((interrupt, terminate, _)) => tokio::select! {
                        Some(()) = interrupt.recv() => Wish::Interrupt,
                        Some(()) = terminate.recv() => Wish::Terminate,
                    },
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                wish = asked => return wish,
                Some(()) = hangup => {}
            }
        }
    }
}

/// Every signal that would end us, for work that has to put something back first.
pub struct Ends {
    all: Four,
    _heard: Heard,
}

struct Four([(Signal, &'static str); 4]);

impl Four {
    fn new() -> io::Result<Self> {
        let of = |kind, name| signal(kind).map(|signal| (signal, name));
        Ok(Self([
            of(SignalKind::interrupt(), INTERRUPT)?,
            of(SignalKind::terminate(), "SIGTERM")?,
            of(SignalKind::hangup(), "SIGHUP")?,
            of(SignalKind::quit(), QUIT)?,
        ]))
    }
    async fn next(&mut self) -> &'static str {
        let [(one, a), (two, b), (three, c), (four, d)] = &mut self.0;
        tokio::select! {
            Some(()) = one.recv() => a,
            Some(()) = two.recv() => b,
            Some(()) = three.recv() => c,
            Some(()) = four.recv() => d,
        }
    }
}

impl Ends {
    pub fn new() -> io::Result<Self> {
        Ok(Self { all: Four::new()?, _heard: Heard::new() })
    }
    /// The name of the next one.
    pub async fn next(&mut self) -> &'static str {
        self.all.next().await
    }
    /// The next one that is not from the keyboard: those are for the program in the foreground.
    pub async fn next_from_afar(&mut self) -> &'static str {
        loop {
            let name = self.next().await;
            if name != INTERRUPT && name != QUIT {
                return name;
            }
        }
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        end_by_them_again();
    }
}

/// How many parts of this process hear signals at this moment.
static HEARD: AtomicUsize = AtomicUsize::new(0);

struct Heard;

impl Heard {
    fn new() -> Self {
        HEARD.fetch_add(1, Ordering::SeqCst);
        Heard
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        HEARD.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What was heard once no longer ends a process by itself: what handles it stays until the end. So a thread stays that does,
/// whenever nobody else hears it. Without it, who typed a passphrase could not break off the work that it asks for.
fn end_by_them_again() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (ready, registered) = mpsc::channel();
        let work = move || {
            block_on(async {
                let mut four = Four::new()?;
                // Nobody waits any more where this fails.
                let _ = ready.send(());
                loop {
                    let name = four.next().await;
                    if HEARD.load(Ordering::SeqCst) == 0 {
                        let _ = writeln!(io::stderr(), "ended by {name}");
                        std::process::exit(i32::from(exit::INTERRUPTED));
                    }
                }
            })
        };
        let thread = std::thread::Builder::new().spawn(move || -> io::Result<io::Result<()>> { work() });
        if thread.is_ok() {
            let _ = registered.recv();
        }
    });
}

const INTERRUPT: &str = "SIGINT";
const QUIT: &str = "SIGQUIT";

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

/// Does two things side by side, until both are done.
pub async fn both<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    tokio::join!(one, other)
}

/// Runs an event loop on this thread alone: journal, programs and looks stay on one thread, in one order.
pub fn block_on<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(tokio::task::LocalSet::new().block_on(&runtime, work))
}
