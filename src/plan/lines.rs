//! Each step of a preview as a JSON object, made in the order of the file. Knows nothing of the order in which they are
//! shown.
//!
//! A preview shows steps by wave, and a large plan walked through by wave is read from all over the memory: of the 0.64 s
//! of processor time for 100,000 steps, 0.1 s was waiting for it. So the objects are made as the steps lie, by as many
//! threads as there are cores, and only the finished texts are put into order. The price is the memory of those texts,
//! 260 bytes a step.

use super::preview::{Because, Preview};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::fmt::{self, Display};
use std::io;
use std::num::NonZero;
use std::ops::Range;
use std::thread;

/// So few steps are written before a thread has started.
const FEWEST: usize = 500;
const MOST: usize = 8;
/// Bytes of JSON that a step mostly has: room made at once is not moved, and what is not used costs nothing.
const USUAL: usize = 400;

/// The JSON of some steps, and where that of each ends.
struct Part {
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// All ids in one place, because a step names others from all over the plan.
struct Ids {
    text: String,
    ends: Vec<usize>,
}

pub struct Lines {
    ids: Ids,
    parts: Vec<Part>,
    /// How many steps a part has.
    each: usize,
}

fn start(ends: &[usize], at: usize) -> usize {
    at.checked_sub(1).map_or(0, |before| ends[before])
}

impl Lines {
    pub fn new(preview: &Preview<'_>) -> io::Result<Self> {
        let ids = Ids::new(preview);
        let steps = preview.planned.file.steps.len();
        let each = match steps {
            0..=FEWEST => FEWEST,
            _ => steps.div_ceil(thread::available_parallelism().map_or(1, NonZero::get).min(MOST)).max(FEWEST),
        };
        let part = |from: usize| Part::new(preview, &ids, from..(from + each).min(steps));
        let parts = thread::scope(|scope| {
            let part = &part;
            let others: Vec<_> = (each..steps).step_by(each).map(|from| scope.spawn(move || part(from))).collect();
            let lost = |_| Err(io::Error::other("a thread that wrote steps broke off"));
            let first = part(0);
            let others = others.into_iter().map(|other| other.join().unwrap_or_else(lost));
            std::iter::once(first).chain(others).collect::<io::Result<Vec<Part>>>()
        })?;
        Ok(Self { ids, parts, each })
    }

    /// The JSON of a step.
    pub fn step(&self, step: usize) -> &[u8] {
        let (part, at) = (&self.parts[step / self.each], step % self.each);
        &part.text[start(&part.ends, at)..part.ends[at]]
    }
    pub fn id(&self, step: usize) -> &str {
        self.ids.get(step)
    }
}

impl Ids {
    fn new(preview: &Preview<'_>) -> Self {
        let mut ids = Ids { text: String::new(), ends: Vec::new() };
        for step in &preview.planned.file.steps {
            ids.text.push_str(step.id.as_str());
            ids.ends.push(ids.text.len());
        }
        ids
    }
    fn get(&self, step: usize) -> &str {
        &self.text[start(&self.ends, step)..self.ends[step]]
    }
}

impl Part {
    fn new(preview: &Preview<'_>, ids: &Ids, steps: Range<usize>) -> io::Result<Self> {
        let mut part = Part { text: Vec::with_capacity(steps.len() * USUAL), ends: Vec::with_capacity(steps.len()) };
        for step in steps {
            serde_json::to_writer(&mut part.text, &Line { preview, ids, step })?;
            part.ends.push(part.text.len());
        }
        Ok(part)
    }
}

struct Line<'a> {
    preview: &'a Preview<'a>,
    ids: &'a Ids,
    step: usize,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Line { preview, ids, step: at } = *self;
        let step = &preview.planned.file.steps[at];
        let (decision, reason) = &preview.decisions[at];
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", step.id.as_str())?;
        map.serialize_entry("kind", step.kind.name())?;
        map.serialize_entry("wave", &(preview.planned.waves[at] + 1))?;
        map.serialize_entry("summary", &preview.summary(at))?;
        map.serialize_entry("decision", decision.as_str())?;
        map.serialize_entry("reason", reason)?;
        map.serialize_entry("expected_seconds", &preview.expected(at))?;
        map.serialize_entry("needs", &Needs { preview, ids, step: at })?;
        map.end()
    }
}

struct Needs<'a> {
    preview: &'a Preview<'a>,
    ids: &'a Ids,
    step: usize,
}

impl Serialize for Needs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for (giver, reason, at) in self.preview.planned.graph.reasons(self.step) {
            let because = Because { reason, giver: self.ids.get(giver) };
            let at = match reason.place() {
                Some(place) => InFile { file: &place.file, line: place.spot.line },
                None => InFile { file: &self.preview.planned.file.shown, line: at.line },
            };
            list.serialize_element(&Need {
                step: because.giver,
                fact: because.fact(),
                because: Shown(because),
                at: Shown(at),
            })?;
        }
        list.end()
    }
}

#[derive(serde::Serialize)]
struct Need<'a> {
    step: &'a str,
    fact: Option<&'a str>,
    because: Shown<Because<'a>>,
    at: Shown<InFile<'a>>,
}

/// Written as it is shown to people, without being made first.
struct Shown<T>(T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

struct InFile<'a> {
    file: &'a str,
    line: u32,
}

impl Display for InFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
