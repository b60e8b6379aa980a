//! The preview for machines: one object, `blackstart.plan/1`, on one line.

use super::around;
use super::lines::Lines;
use super::preview::Preview;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::io::{self, Write};

pub fn write(preview: &Preview<'_>, out: impl Write) -> io::Result<()> {
    let plan = &preview.planned.file;
    let lines = Lines::new(preview)?;
    let id = |step: &usize| lines.id(*step);
    let mut root = Root { out: io::BufWriter::with_capacity(1 << 16, out), begun: false };
    root.entry("schema", "blackstart.plan/1")?;
    root.entry("plan", &plan.name)?;
    root.entry("mode", &preview.planned.mode)?;
    let own = plan.cluster.as_ref().map(|cluster| cluster.provider);
    root.entry("provider", &plan.provider.or(own))?;
    if let Some(own) = own.filter(|own| plan.provider.is_some_and(|used| used != *own)) {
        root.entry("plan_provider", &own)?;
    }
    root.entry("digest", &preview.planned.digest)?;
    root.entry("goal_seconds", &plan.rto.map(|goal| goal.as_secs()))?;
    root.entry("expected_seconds", &preview.expected_total().map(|total| total.as_secs_f64()))?;
    root.ready("steps", preview.planned.order.iter().map(|step| lines.step(*step)))?;
    root.entry("order", &each(preview.planned.order.iter(), id))?;
    root.entry("critical_path", &each(preview.longest.iter(), id))?;
    root.entry("dies", &around::dies(preview))?;
    root.entry("stays", &around::stays(preview))?;
    let in_use = |at: usize| preview.living.as_ref().and_then(|living| living.in_use.get(at).copied().flatten());
    root.entry("access", &each(plan.access.iter().enumerate(), |(at, way)| Access(way, in_use(at))))?;
    if preview.planned.allowed.is_some() {
        let told = super::fence::told(preview.planned);
        root.entry("fence", &each(told.iter(), |(what, told)| [*what, told.as_str()]))?;
    }
    root.entry("findings", &preview.findings)?;
    root.entry("unknowns", &preview.unknowns)?;
    root.entry("accepted", &preview.accepted)?;
    root.out.write_all(b"}\n")?;
    root.out.flush()
}

/// The outermost object, written by hand: serde cannot take up a list whose elements are JSON already.
struct Root<W: Write> {
    out: io::BufWriter<W>,
    begun: bool,
}

impl<W: Write> Root<W> {
    fn key(&mut self, key: &str) -> io::Result<()> {
        write!(self.out, "{}\"{key}\":", if self.begun { ',' } else { '{' })?;
        self.begun = true;
        Ok(())
    }
    fn entry<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> io::Result<()> {
        self.key(key)?;
        Ok(serde_json::to_writer(&mut self.out, value)?)
    }
    fn ready<'t>(&mut self, key: &str, list: impl Iterator<Item = &'t [u8]>) -> io::Result<()> {
        self.key(key)?;
        self.out.write_all(b"[")?;
        for (at, text) in list.enumerate() {
            self.out.write_all(if at > 0 { b"," } else { b"" })?;
            self.out.write_all(text)?;
        }
        self.out.write_all(b"]")
    }
}

/// Serializes a list through a function, so that nothing is built only to be written.
struct Each<I, F>(std::cell::RefCell<Option<I>>, F);

fn each<I: Iterator, T: Serialize, F: Fn(I::Item) -> T>(items: I, write: F) -> Each<I, F> {
    Each(std::cell::RefCell::new(Some(items)), write)
}

impl<I: Iterator, T: Serialize, F: Fn(I::Item) -> T> Serialize for Each<I, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in self.0.borrow_mut().take().into_iter().flatten() {
            list.serialize_element(&(self.1)(item))?;
        }
        list.end()
    }
}

struct Access<'a>(&'a super::file::Way, Option<bool>);

impl Serialize for Access<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.0.name)?;
        map.serialize_entry("where", if self.0.inside { "inside" } else { "outside" })?;
        map.serialize_entry("told", &self.0.told)?;
        // Whether somebody comes in this way right now is a question to the living; files do not know it.
        map.serialize_entry("in_use", &self.1)?;
        map.end()
    }
}
