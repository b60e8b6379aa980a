//! The YAML of a plan as a tree with places: strict, and without what a plan wants not, as anchors and tags.

use super::source::Source;
use super::{Broken, mistake};
use crate::model::Spot;
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};
use std::borrow::Cow;

/// What a hostile file may not exceed.
pub const DEEPEST: usize = 16;
pub const LONGEST_SCALAR: usize = 64 * 1024;

/// What a value is, as the core schema of YAML reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Nothing,
    Number,
    Flag,
    Text,
    List,
    Map,
}

/// A value as written, with the place where it begins.
#[derive(Debug)]
pub struct Node<'s> {
    pub at: Spot,
    pub body: Body<'s>,
}

#[derive(Debug)]
pub enum Body<'s> {
    /// Text, and whether it stood in quotes (or in a block), which makes it text whatever it looks like.
    Scalar(Cow<'s, str>, bool),
    List(Vec<Node<'s>>),
    Map(Vec<Entry<'s>>),
}

#[derive(Debug)]
pub struct Entry<'s> {
    pub key: Cow<'s, str>,
    pub at: Spot,
    pub value: Node<'s>,
}

/// The next thing in the text.
#[derive(Debug)]
pub enum Token<'s> {
    Scalar(Cow<'s, str>, bool),
    ListStart,
    MapStart,
    End,
    DocumentEnd,
}

/// Reads one document, token by token or a whole value at a time.
pub struct Reader<'s> {
    parser: Parser<'s, Source<'s>>,
    depth: usize,
    lines_before: usize,
}

impl<'s> Reader<'s> {
    pub fn new(text: &'s str) -> Self {
        Self::inside(text, 0, 0)
    }

    /// Reads from the middle of a document: so many lines stand before the text, and it lies that deep.
    pub fn inside(text: &'s str, lines_before: usize, depth: usize) -> Self {
        Self { parser: Parser::new(Source(StrInput::new(text))), depth, lines_before }
    }

    fn spot(&self, span: &Span) -> Spot {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Spot { line: number(self.lines_before + span.start.line()), column: number(span.start.col() + 1) }
    }

    /// The next token and where it stands. The beginning of the document is passed over.
    pub fn token(&mut self) -> Result<(Token<'s>, Spot), Broken> {
        loop {
            let (event, span) = match self.parser.next_event() {
                Some(Ok(found)) => found,
                Some(Err(error)) => {
                    let at = self.spot(&Span::empty(*error.marker()));
                    return Err(Broken { at, message: mistake(error.info()) });
                }
                None => return Ok((Token::DocumentEnd, Spot { line: 1, column: 1 })),
            };
            let at = self.spot(&span);
            let broken = |message: &str| Err(Broken { at, message: message.to_owned() });
            let token = match event {
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
                Event::StreamEnd | Event::DocumentEnd => Token::DocumentEnd,
                Event::Alias(_) => return broken(ALIAS),
                Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)
                    if anchor > 0 =>
                {
                    return broken("anchors (&name) are not read in a plan: write it out");
                }
                Event::Scalar(_, _, _, Some(_))
                | Event::SequenceStart(_, Some(_))
                | Event::MappingStart(_, Some(_)) => {
                    return broken("tags (!name) are not read in a plan: take it out");
                }
                Event::Scalar(text, _, _, None) if text.len() > LONGEST_SCALAR => {
                    return broken("this text has more than 64 KiB: put it into a file, and name the file");
                }
                Event::Scalar(text, style, _, None) => Token::Scalar(text, style != ScalarStyle::Plain),
                Event::SequenceStart(_, None) => Token::ListStart,
                Event::MappingStart(_, None) => Token::MapStart,
                Event::SequenceEnd | Event::MappingEnd => Token::End,
            };
            match token {
                Token::ListStart | Token::MapStart if self.depth == DEEPEST => {
                    return broken("lists and maps are nested more than 16 deep here: no key of a plan wants that");
                }
                Token::ListStart | Token::MapStart => self.depth += 1,
                Token::End => self.depth = self.depth.saturating_sub(1),
                Token::Scalar(..) | Token::DocumentEnd => {}
            }
            return Ok((token, at));
        }
    }

    /// The whole value that begins with this token.
    pub fn value(&mut self, token: Token<'s>, at: Spot) -> Result<Node<'s>, Broken> {
        let body = match token {
            Token::Scalar(text, quoted) => Body::Scalar(text, quoted),
            Token::ListStart => {
                let mut items = Vec::new();
                loop {
                    match self.token()? {
                        (Token::End, _) => break Body::List(items),
                        (token, at) => items.push(self.value(token, at)?),
                    }
                }
            }
            Token::MapStart => {
                let mut entries = Vec::with_capacity(6);
                while let Some((key, at)) = self.key()? {
                    let (token, value_at) = self.token()?;
                    entries.push(Entry { key, at, value: self.value(token, value_at)? });
                }
                Body::Map(entries)
            }
            Token::End | Token::DocumentEnd => {
                return Err(Broken { at, message: "a value is missing here".to_owned() });
            }
        };
        Ok(Node { at, body })
    }

    /// The next key of a map, or `None` at its end.
    pub fn key(&mut self) -> Result<Option<(Cow<'s, str>, Spot)>, Broken> {
        match self.token()? {
            (Token::End, _) => Ok(None),
            (Token::Scalar(text, false), at) if text == "<<" => Err(Broken { at, message: MERGE.to_owned() }),
            (Token::Scalar(text, _), at) => Ok(Some((text, at))),
            (Token::ListStart | Token::MapStart | Token::DocumentEnd, at) => {
                Err(Broken { at, message: WORD.to_owned() })
            }
        }
    }
}

impl Node<'_> {
    pub fn sort(&self) -> Sort {
        match &self.body {
            Body::Scalar(text, false) => sort(text),
            Body::Scalar(_, true) => Sort::Text,
            Body::List(_) => Sort::List,
            Body::Map(_) => Sort::Map,
        }
    }

    /// What stands here, in words, for an error.
    pub fn kind(&self) -> &'static str {
        match self.sort() {
            Sort::Nothing => "nothing",
            Sort::Number => "a number",
            Sort::Flag => "true or false",
            Sort::Text => "a text",
            Sort::List => "a list",
            Sort::Map => "a map",
        }
    }
}

/// What a word without quotes is to every reader of YAML 1.2, so that we and an editor never disagree about a plan.
fn sort(text: &str) -> Sort {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Sort::Nothing,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Sort::Flag,
        _ if is_number(text) => Sort::Number,
        _ => Sort::Text,
    }
}

fn is_number(text: &str) -> bool {
    let all = |digits: &str, among: fn(&char) -> bool| !digits.is_empty() && digits.chars().all(|c| among(&c));
    if let Some(digits) = text.strip_prefix("0x") {
        return all(digits, char::is_ascii_hexdigit);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return all(digits, |c| ('0'..='7').contains(c));
    }
    let plain = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !plain.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return false;
    }
    match plain {
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN" => true,
        // Words like inf and infinity do not begin with a digit, so what is left and parses is a decimal number.
        _ => plain.parse::<f64>().is_ok(),
    }
}

pub(super) const ALIAS: &str =
    "aliases (*name) are not read in a plan: write it out, or put a text that begins with * in quotes";
const MERGE: &str = "merge keys (<<) are not read in a plan: write the keys out";
const WORD: &str = "a key must be a plain word: put a text that begins with { or [ in quotes";
