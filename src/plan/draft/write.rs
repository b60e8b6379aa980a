//! A sketch as the text of a plan: its questions are comments, each with a `?`, above what they are about.

use super::{Sketch, Step};
use crate::manifests::write::flow;
use serde_json::Value;

/// Lines of comments are no longer, where their words allow it.
const WIDTH: usize = 120;
/// A step stands on one line up to here.
const LINE: usize = 120;

/// What stands above all of it.
const HEAD: &str = "Drawn up by `blackstart init` from what lies in this repository. Each comment with a ? asks what files \
                    cannot say: settle it, then take it out. The order of the steps comes from the manifests: \
                    `blackstart plan` shows it.";

pub struct Written {
    pub text: String,
    pub questions: usize,
}

pub fn text(sketch: &Sketch) -> Written {
    let mut page = Page::default();
    page.comment("", "# ", HEAD);
    page.line(&format!("name: {}", flow(&Value::from(sketch.name.as_str()))));
    page.ask("", "rto: 20m   how long may it all be down? A drill that takes longer then says so");
    sketch.head.iter().for_each(|question| page.ask("", question));
    page.line("");
    sketch.about_cluster.iter().for_each(|question| page.ask("", question));
    page.line(&format!("cluster: {}", sketch.cluster));
    page.line("");
    if sketch.access.is_empty() {
        page.ask(
            "",
            "access: {console: {outside: keyboard and screen in the rack}}   which way in is left when all is down?",
        );
    } else {
        page.line("access:");
        sketch.access.iter().for_each(|(name, value)| page.line(&format!("  {name}: {value}")));
        page.ask("  ", "console: {outside: keyboard and screen in the rack}   which way in is left when all is down?");
    }
    page.line("");
    sketch.about_secrets.iter().for_each(|question| page.ask("", question));
    if let Some(secrets) = &sketch.secrets {
        page.line(&format!("secrets: {secrets}"));
    }
    page.line("");
    page.line("steps:");
    sketch.steps.iter().for_each(|step| page.step(step));
    if !sketch.left_out.is_empty() {
        page.line("");
        sketch.left_out.iter().for_each(|question| page.ask("", question));
    }
    Written { text: page.text, questions: page.questions }
}

#[derive(Default)]
struct Page {
    text: String,
    questions: usize,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn ask(&mut self, indent: &str, question: &str) {
        self.questions += 1;
        self.comment(indent, "# ? ", question);
    }

    fn comment(&mut self, indent: &str, mark: &str, text: &str) {
        let mut line = format!("{indent}{mark}");
        let mut empty = true;
        for word in seemly(text).split(' ') {
            if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(line.trim_end());
                line = format!("{indent}#{}", " ".repeat(mark.len() - 1));
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.line(line.trim_end());
    }

    fn step(&mut self, step: &Step) {
        step.questions.iter().for_each(|question| self.ask("  ", question));
        let paths = match step.paths.as_slice() {
            [] => None,
            [one] => Some(Value::from(one.as_str())),
            several => Some(Value::from(several.to_vec())),
        };
        let mut short = format!("  - {{id: {}, kind: {}", step.id, step.kind);
        paths.iter().for_each(|paths| short.push_str(&format!(", path: {}", flow(paths))));
        step.more.iter().for_each(|(key, value)| short.push_str(&format!(", {key}: {value}")));
        short.push('}');
        if short.chars().count() <= LINE {
            return self.line(&short);
        }
        self.line(&format!("  - id: {}", step.id));
        self.line(&format!("    kind: {}", step.kind));
        self.line("    path:");
        step.paths.iter().for_each(|path| self.line(&format!("      - {}", flow(&Value::from(path.as_str())))));
        step.more.iter().for_each(|(key, value)| self.line(&format!("    {key}: {value}")));
    }
}

/// What stands in a file may not end a comment, and what is fetched from one may not move a cursor.
fn seemly(text: &str) -> String {
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    text.chars()
        .map(|c| {
            if c == '\n' {
                ' '
            } else if odd(c) {
                '?'
            } else {
                c
            }
        })
        .collect()
}
