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
                    return Err(Broken { at, message: format!("not YAML: {}", error.info()) });
                }
                None => return Ok((Token::DocumentEnd, Spot { line: 1, column: 1 })),
            };
            let at = self.spot(&span);
            let broken = |message: &str| Err(Broken { at, message: message.to_owned() });
            let token = match event {
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
                Event::StreamEnd | Event::DocumentEnd => Token::DocumentEnd,
                Event::Alias(_) => return broken("aliases (*name) are not read in a plan: write it out"),
                Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)
                    if anchor > 0 =>
                {
                    return broken("anchors (&name) are not read in a plan: write it out");
                }
                Event::Scalar(_, _, _, Some(_))
                | Event::SequenceStart(_, Some(_))
                | Event::MappingStart(_, Some(_)) => {
                    return broken("tags (!name) are not read in a plan");
                }
                Event::Scalar(text, _, _, None) if text.len() > LONGEST_SCALAR => {
                    return broken("this text has more than 64 KiB");
                }
                Event::Scalar(text, style, _, None) => Token::Scalar(text, style != ScalarStyle::Plain),
                Event::SequenceStart(_, None) => Token::ListStart,
                Event::MappingStart(_, None) => Token::MapStart,
                Event::SequenceEnd | Event::MappingEnd => Token::End,
            };
            match token {
                Token::ListStart | Token::MapStart if self.depth == DEEPEST => {
                    return broken("is nested more than 16 deep");
                }
                Token::ListStart | Token::MapStart => self.depth += 1,
                Token::End => self.depth -= 1,
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
            (Token::Scalar(text, _), at) => Ok(Some((text, at))),
            (Token::ListStart | Token::MapStart | Token::DocumentEnd, at) => {
                Err(Broken { at, message: "a key must be a plain word".to_owned() })
            }
        }
    }
}

impl Node<'_> {
    /// What this is, in words, for an error.
    pub fn kind(&self) -> &'static str {
        match &self.body {
            Body::Scalar(text, false) if text.is_empty() || text == "~" || text == "null" => "nothing",
            Body::Scalar(..) => "a single value",
            Body::List(_) => "a list",
            Body::Map(_) => "a map",
        }
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
