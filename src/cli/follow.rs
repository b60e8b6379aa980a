//! Follows a journal that grows: what was written since the last time, as events.

use crate::journal::{Record, Teller, frame};
use crate::model::{Event, Problem, RunId, What};
use crate::sys::{Look, files};
use std::path::{Path, PathBuf};

pub struct Follow {
    path: PathBuf,
    offset: u64,
    rest: Vec<u8>,
    teller: Teller,
}

impl Follow {
    pub fn new(run: &Path, id: RunId) -> Self {
        Self { path: run.join("journal"), offset: 0, rest: Vec::new(), teller: Teller::new(id) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The events that came since the last call.
    pub fn more(&mut self, look: Look) -> Result<Vec<Event>, Problem> {
        let shown = self.path.display();
        let bytes = files::read_on(look, &self.path, self.offset)
            .map_err(|error| Problem::failed(format!("{shown}: the journal cannot be read: {error}")))?;
        self.rest.extend_from_slice(&bytes);
        let mut events = Vec::new();
        let mut at = 0;
        if self.offset == 0 && self.rest.len() >= frame::MAGIC.len() {
            at = frame::MAGIC.len();
        }
        self.offset += bytes.len() as u64;
        let wrong = |what: String| Problem::failed(format!("{shown}: {what}"));
        while let Some(body) = frame::next(&self.rest, at).map_err(|damage| wrong(damage.what))? {
            at += frame::size(body);
            let record: Record = serde_json::from_slice(body).map_err(|error| wrong(error.to_string()))?;
            events.extend(self.teller.tell(&record));
        }
        self.rest.drain(..at);
        Ok(events)
    }

    /// Everything so far, from where the process began that works on it now.
    pub fn present(&mut self, look: Look) -> Result<Vec<Event>, Problem> {
        let mut events = self.more(look)?;
        let last = events.iter().rposition(|event| matches!(event.what, What::RunStarted { .. }));
        Ok(events.split_off(last.unwrap_or(0)))
    }
}
