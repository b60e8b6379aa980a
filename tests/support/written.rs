//! Manifests as a test writes them: a text in, objects with the places of their fields out.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::manifests::tree::{Field, Value};
use blackstart::manifests::{Node, Object, Papers};
use blackstart::model::{ObjectId, Spot};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};
use std::sync::Arc;

struct Reader<'t>(Parser<'t, StrInput<'t>>);

fn spot(span: &Span) -> Spot {
    Spot { line: u32::try_from(span.start.line()).unwrap(), column: u32::try_from(span.start.col() + 1).unwrap() }
}

fn scalar(text: &str, plain: bool) -> Value {
    match text {
        "true" | "false" if plain => Value::Flag(text == "true"),
        "" | "null" | "~" if plain => Value::Nothing,
        _ => match text.parse::<i64>() {
            Ok(number) if plain => Value::Whole(number),
            _ => Value::Text(text.into()),
        },
    }
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        self.0.next_event()?.ok()
    }
    fn value(&mut self, event: Event<'t>, span: &Span) -> Option<Node> {
        let value = match event {
            Event::Scalar(text, style, _, _) => scalar(&text, style == ScalarStyle::Plain),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break Value::List(items),
                        (event, span) => items.push(self.value(event, &span)?),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut fields = Vec::new();
                loop {
                    match self.next()? {
                        (Event::MappingEnd, _) => break Value::Map(fields),
                        (Event::Scalar(name, ..), at) => {
                            let (event, span) = self.next()?;
                            let node = self.value(event, &span)?;
                            fields.push(Field { name: name.as_ref().into(), at: spot(&at), node });
                        }
                        _ => return None,
                    }
                }
            }
            _ => return None,
        };
        // A map begins where its first field does.
        let at = match &value {
            Value::Map(fields) => fields
                .first()
                .map(|field| field.at)
                .filter(|at| at.line == spot(span).line && at.column < spot(span).column)
                .unwrap_or(spot(span)),
            _ => spot(span),
        };
        Some(Node { at, value })
    }
}

/// The documents of a text; None where it is broken.
pub fn documents(text: &str) -> Option<Vec<Node>> {
    let mut reader = Reader(Parser::new(StrInput::new(text)));
    let mut all = Vec::new();
    loop {
        match reader.0.next_event()?.ok()? {
            (Event::StreamEnd, _) => return Some(all),
            (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _) => {}
            (event, span) => all.push(reader.value(event, &span)?),
        }
    }
}

pub fn papers(files: &[(&str, &str)]) -> Papers {
    let mut papers = Papers { files: files.len(), ..Papers::default() };
    for (file, text) in files {
        for root in documents(text).unwrap_or_else(|| panic!("{file} is broken")) {
            let at = |names: &[&str]| root.text_at(names);
            let (version, kind) = (at(&["apiVersion"]).unwrap(), at(&["kind"]).unwrap());
            let id = ObjectId::new(version, kind, at(&["metadata", "namespace"]), at(&["metadata", "name"]).unwrap());
            papers.objects.push(Arc::new(Object { file: (*file).into(), at: root.at, id, root }));
        }
    }
    papers
}
