//! The events of a YAML text that other people wrote: with anchors, aliases and tags, of which it is told only what they are.
//! Never quotes what stands in the text, because it may be the value of a Secret.

use super::source::Source;
use super::{Broken, mistake};
use crate::model::Spot;
use saphyr_parser::{Event as Parsed, Parser, ScalarStyle, Span, StrInput, Tag as Written};
use std::borrow::Cow;

#[derive(Debug)]
pub enum Event<'s> {
    Scalar(Scalar<'s>),
    ListStart(Marks),
    MapStart(Marks),
    /// Of a list or map.
    End,
    /// The number of the anchor that is meant.
    Alias(usize),
    DocumentEnd,
    TextEnd,
}

#[derive(Debug)]
pub struct Scalar<'s> {
    pub text: Cow<'s, str>,
    /// Without quotes and not in a block.
    pub plain: bool,
    pub marks: Marks,
}

#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// 0 for none. A name that is given again has another number.
    pub anchor: usize,
    pub tag: Tag,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    None,
    Text,
    Whole,
    Real,
    Flag,
    Nothing,
    List,
    Map,
    Binary,
    Other,
}

pub struct Events<'s> {
    parser: Parser<'s, Source<'s>>,
    lines_before: usize,
}

impl<'s> Events<'s> {
    /// So many lines stand before the text in its file.
    pub fn new(text: &'s str, lines_before: usize) -> Self {
        Self { parser: Parser::new(Source(StrInput::new(text))), lines_before }
    }

    fn spot(&self, span: &Span) -> Spot {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Spot { line: number(self.lines_before + span.start.line()), column: number(span.start.col() + 1) }
    }

    pub fn read(&mut self) -> Result<(Event<'s>, Spot), Broken> {
        loop {
            let (parsed, span) = match self.parser.next_event() {
                Some(Ok(found)) => found,
                Some(Err(error)) => {
                    let at = self.spot(&Span::empty(*error.marker()));
                    return Err(Broken { at, message: told(error.info()) });
                }
                None => return Ok((Event::TextEnd, Spot { line: 1, column: 1 })),
            };
            let at = self.spot(&span);
            let event = match parsed {
                Parsed::Nothing | Parsed::StreamStart | Parsed::DocumentStart(_) => continue,
                Parsed::StreamEnd => Event::TextEnd,
                Parsed::DocumentEnd => Event::DocumentEnd,
                Parsed::Alias(anchor) => Event::Alias(anchor),
                Parsed::Scalar(text, style, anchor, tag) => {
                    let marks = Marks { anchor, tag: Tag::of(tag.as_deref()) };
                    Event::Scalar(Scalar { text, plain: style == ScalarStyle::Plain, marks })
                }
                Parsed::SequenceStart(anchor, tag) => Event::ListStart(Marks { anchor, tag: Tag::of(tag.as_deref()) }),
                Parsed::MappingStart(anchor, tag) => Event::MapStart(Marks { anchor, tag: Tag::of(tag.as_deref()) }),
                Parsed::SequenceEnd | Parsed::MappingEnd => Event::End,
            };
            return Ok((event, at));
        }
    }
}

impl Tag {
    fn of(written: Option<&Written>) -> Self {
        let Some(tag) = written else { return Tag::None };
        match (&*tag.handle, &*tag.suffix) {
            ("", "!") => Tag::Text,
            ("tag:yaml.org,2002:", "str") => Tag::Text,
            ("tag:yaml.org,2002:", "int") => Tag::Whole,
            ("tag:yaml.org,2002:", "float") => Tag::Real,
            ("tag:yaml.org,2002:", "bool") => Tag::Flag,
            ("tag:yaml.org,2002:", "null") => Tag::Nothing,
            ("tag:yaml.org,2002:", "seq") => Tag::List,
            ("tag:yaml.org,2002:", "map") => Tag::Map,
            ("tag:yaml.org,2002:", "binary") => Tag::Binary,
            _ => Tag::Other,
        }
    }
}

/// What the parser says, without a word of the text, and what mostly is behind it.
fn told(said: &str) -> String {
    const OWN: &[(&str, &str)] = &[
        (
            "unknown anchor",
            "an alias (*name) stands here without an anchor (&name) before it in its document; a text that begins with * wants quotes",
        ),
        ("directive", "a line that begins with % is not read here: take it out"),
        ("recursion limit", "lists and maps are nested far too deep here"),
        ("unexpected character", "not YAML: a character that cannot begin a value; put the text in quotes"),
    ];
    match OWN.iter().find(|(part, _)| said.contains(part)) {
        Some((_, told)) => (*told).to_owned(),
        None => mistake(said),
    }
}
