//! YAML as a tree with places, read from parser events within limits. The only file that knows the parser.

use crate::model::Spot;
use saphyr_parser::{Event, Input, Parser, ScalarStyle, Span, StrInput};
use std::borrow::Cow;

/// What a hostile file may not exceed.
pub const DEEPEST: usize = 16;
pub const LONGEST_SCALAR: usize = 64 * 1024;

/// Something that is wrong with the text itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub at: Spot,
    pub message: String,
}

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

/// The first character that may not stand in YAML. The parser refuses a zero byte only and reads the others as text; a
/// control character in a plan is damage, and is told as that before anything is made of it.
pub fn unprintable(text: &str) -> Option<Broken> {
    let odd = |b: u8| (b < b' ' && b != b'\t' && b != b'\n' && b != b'\r') || b == 0x7f;
    let at = text.bytes().position(odd)?;
    let message = format!(
        "the character U+{:04X} may not stand in a text file; was the file cut or damaged?",
        text.as_bytes()[at]
    );
    Some(Broken { at: place_of(text.as_bytes(), at), message })
}

/// The place of a byte in a text of which at least what stands before it is UTF-8.
pub fn place_of(text: &[u8], at: usize) -> Spot {
    let before = &text[..at.min(text.len())];
    let lines = before.iter().filter(|b| **b == b'\n').count();
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
    let columns = String::from_utf8_lossy(&before[start..]).chars().count();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Spot { line: number(lines + 1), column: number(columns + 1) }
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

const ALIAS: &str = "aliases (*name) are not read in a plan: write it out, or put a text that begins with * in quotes";
const MERGE: &str = "merge keys (<<) are not read in a plan: write the keys out";
const WORD: &str = "a key must be a plain word: put a text that begins with { or [ in quotes";

/// What the parser says, whole, and what mostly is behind it.
fn mistake(said: &str) -> String {
    const BEHIND: &[(&str, &str)] = &[
        ("a tab", "indent with spaces, never with tabs"),
        ("tab cannot", "indent with spaces, never with tabs"),
        ("tabs disallowed", "indent with spaces, never with tabs"),
        ("mapping values are not allowed", "put a text with a colon in quotes, or mend the indentation"),
        ("illegal placement of ':'", "a list or map above is not closed, or a text with a colon wants quotes"),
        ("',' or '}'", "a { is not closed, a comma is missing, or a text with a colon wants quotes"),
        ("',' or ']'", "a [ is not closed, or a comma is missing"),
        ("end of stream", "a quote that begins here is not closed"),
        ("invalid trailing content", "a quote ends before this; write '' for a ' between single quotes"),
        ("unknown escape", "write \\\\ for one \\, or take single quotes"),
        ("expected '-' indicator", "this line is not indented like those above it"),
        ("did not find expected key", "this line is not indented like those above it"),
        ("indentation", "this line is not indented like those above it"),
        (
            "simple key expect",
            "a key here or in the line above wants a colon and a space behind it, within 1024 letters",
        ),
        ("recursion limit", "lists and maps are nested far too deep here: no key of a plan wants that"),
        ("unprintable", "this character may not stand in a text file; was the file cut or damaged?"),
        ("directive", "a plan wants no line that begins with %"),
        ("expected node content", "something is missing here, or a text wants quotes"),
    ];
    if said.contains("unknown anchor") {
        return ALIAS.to_owned();
    }
    match BEHIND.iter().find(|(part, _)| said.contains(part)) {
        Some((_, behind)) => format!("not YAML: {said}; {behind}"),
        None => format!("not YAML: {said}"),
    }
}
/// The parser's own source of a text, but for one number: the parser reserves `bufmaxlen` bytes in each plain word that it
/// has made room for 32 in. The source's 128 are a second allocation a word, which is 7 % of planning.
struct Source<'s>(StrInput<'s>);

impl Input for Source<'_> {
    /// What the parser's source of single characters says.
    #[inline]
    fn bufmaxlen(&self) -> usize {
        16
    }
    #[inline]
    fn lookahead(&mut self, count: usize) {
        self.0.lookahead(count);
    }
    #[inline]
    fn buflen(&self) -> usize {
        self.0.buflen()
    }
    #[inline]
    fn raw_read_ch(&mut self) -> char {
        self.0.raw_read_ch()
    }
    #[inline]
    fn raw_read_non_breakz_ch(&mut self) -> Option<char> {
        self.0.raw_read_non_breakz_ch()
    }
    #[inline]
    fn skip(&mut self) {
        self.0.skip();
    }
    #[inline]
    fn skip_n(&mut self, count: usize) {
        self.0.skip_n(count);
    }
    #[inline]
    fn peek(&self) -> char {
        self.0.peek()
    }
    #[inline]
    fn peek_nth(&self, n: usize) -> char {
        self.0.peek_nth(n)
    }
    #[inline]
    fn peek_opt(&self) -> Option<char> {
        self.0.peek_opt()
    }
}
