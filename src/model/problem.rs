//! An error as a person reads it: the fact, the place, the causes, the next thing to do. Its kind is the exit code.

use super::outcome::exit;
use std::fmt;

/// What sort of thing went wrong. One kind, one exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line, or a file it names, cannot be used.
    Usage,
    /// We will not: a cycle, a lock held, an unknown state, another graph.
    Refused,
    /// Something was tried and did not work.
    Failed,
    /// Stopped by a person or a signal; can be resumed.
    Interrupted,
    /// The journal cannot be written, so nothing more may be done.
    Journal,
}

impl Kind {
    pub fn exit(self) -> u8 {
        match self {
            Kind::Usage => exit::USAGE,
            Kind::Refused => exit::REFUSED,
            Kind::Failed => exit::FAILED,
            Kind::Interrupted => exit::INTERRUPTED,
            Kind::Journal => exit::JOURNAL,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: Kind,
    /// What is the case, beginning with the place where there is one.
    pub fact: String,
    /// Why, from the outermost to the innermost.
    pub causes: Vec<String>,
    /// What to do now. A command stands alone on its line, so that it can be copied.
    pub next: Vec<String>,
}

impl Problem {
    pub fn new(kind: Kind, fact: impl Into<String>) -> Self {
        Self { kind, fact: fact.into(), causes: Vec::new(), next: Vec::new() }
    }
    pub fn usage(fact: impl Into<String>) -> Self {
        Self::new(Kind::Usage, fact)
    }
    pub fn refused(fact: impl Into<String>) -> Self {
        Self::new(Kind::Refused, fact)
    }
    pub fn failed(fact: impl Into<String>) -> Self {
        Self::new(Kind::Failed, fact)
    }
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }
    #[must_use]
    pub fn next(mut self, advice: impl Into<String>) -> Self {
        self.next.push(advice.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = match self.kind {
            Kind::Refused => "REFUSED  ",
            Kind::Interrupted => "stopped: ",
            Kind::Usage | Kind::Failed | Kind::Journal => "error: ",
        };
        write!(f, "{head}{}", self.fact)?;
        for cause in &self.causes {
            for line in cause.lines() {
                write!(f, "\n  {line}")?;
            }
        }
        for (i, advice) in self.next.iter().enumerate() {
            write!(f, "\n{}{advice}", if i == 0 { "next   " } else { "       " })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
