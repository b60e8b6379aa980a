//! The sentences and marks that all reports share, and how text from outside is made harmless before it is shown.

use super::summary::{Counts, Standing, Summary};
use crate::model::time::clock;
use crate::model::{Mode, Outcome};
use std::borrow::Cow;
use std::time::Duration;

/// How a run's end is to be felt. It chooses a colour; the words never depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Warn,
    Bad,
}

pub struct Headline {
    pub mark: &'static str,
    pub words: String,
    pub tone: Tone,
}

/// The first line of a report.
pub fn headline(summary: &Summary) -> Headline {
    let plan = visible(&summary.plan);
    let time = took(summary.seconds);
    let (run, back) = match summary.mode {
        Mode::Drill => ("drill", "would come back"),
        Mode::Recover => ("recovery", "is back"),
    };
    let Some(ending) = &summary.ending else {
        let words = format!("{plan}: this {run} has no end; last heard of at {time}");
        return Headline { mark: "…", words, tone: Tone::Warn };
    };
    let (mark, words, tone) = match ending.outcome {
        Outcome::Verified => ("✓", format!("{plan} {back}: {time}"), Tone::Good),
        Outcome::OverGoal => {
            let goal =
                ending.goal_seconds.or(summary.goal).map_or(String::new(), |goal| format!(", goal {}", took(goal)));
            ("!", format!("{plan} {back}, but too late: {time}{goal}"), Tone::Bad)
        }
        Outcome::Failed => ("✗", format!("{plan}: the {run} failed after {time}"), Tone::Bad),
        Outcome::Refused => ("✗", format!("{plan}: the {run} was refused after {time}"), Tone::Bad),
        Outcome::Interrupted => ("■", format!("{plan}: the {run} was interrupted after {time}"), Tone::Warn),
        Outcome::JournalFailed => {
            ("✗", format!("{plan}: the {run} ended after {time}, its journal could not be written"), Tone::Bad)
        }
    };
    Headline { mark, words, tone }
}

/// `8 verified, 1 failed, 2 not run`: only what is not nothing, but verified always.
pub fn counts(counts: Counts) -> Vec<(usize, &'static str)> {
    let all = [
        (counts.verified, "verified"),
        (counts.failed, "failed"),
        (counts.accepted, "accepted unproved"),
        (counts.skipped, "not exercised"),
        (counts.not_run, "not run"),
        (counts.open, "without an end"),
    ];
    all.into_iter().filter(|(number, what)| *number > 0 || *what == "verified").collect()
}

/// A span from seconds; nothing where they are no time at all.
pub fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// `1:09`, or `0.3 s` for what would read 0:00 by the clock.
pub fn took(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.1} s", seconds.max(0.0)) } else { clock(span(seconds.round())) }
}

/// A moment of the run, `4:42` after it began.
pub fn moment(into: f64) -> String {
    clock(span(into.floor()))
}

pub fn mark(standing: Standing) -> &'static str {
    match standing {
        Standing::Verified | Standing::Kept | Standing::Adopted => "✓",
        Standing::Accepted => "~",
        Standing::Skipped => "–",
        Standing::Waiting | Standing::NotRun => "·",
        Standing::Running => "▸",
        Standing::Failed => "✗",
        Standing::Unknown => "?",
        Standing::Stopped => "■",
    }
}

/// What a standing means, for who reads the word for the first time.
pub fn meaning(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting => "not begun when the events end",
        Standing::Running => "begun; its end was not seen",
        Standing::Verified => "run, and seen to be done",
        Standing::Kept => "done by an earlier part of this run, and seen to be still there",
        Standing::Adopted => "begun with no end seen, then found done",
        Standing::Accepted => "a person said that it is done; no look proved it",
        Standing::Skipped => "not for this mode",
        Standing::NotRun => "not begun",
        Standing::Failed => "tried, and it did not work",
        Standing::Unknown => "nobody can say whether it happened",
        Standing::Stopped => "ended by us before its own end",
    }
}

/// Text from outside with nothing in it that acts: colours are dropped, other control characters and those that turn
/// the direction of reading become a sign that is seen. Lines and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = colour(rest) {
            rest = behind;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            // Line ends of other systems are line ends.
            '\r' if rest.starts_with('\n') => {}
            _ if plain(c) => out.push(c),
            '\x7f' => out.push('␡'),
            _ => out.push(char::from_u32(0x2400 + u32::from(c)).filter(|_| c < ' ').unwrap_or('\u{fffd}')),
        }
    }
    Cow::Owned(out)
}

/// The same for a name: the end of a line in it would begin a line that nobody wrote.
pub fn in_a_line(name: &str) -> String {
    visible(name).replace('\n', "␊")
}

fn plain(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    matches!(c, '\n' | '\t') || !(c.is_control() || turns)
}

/// What is behind a colour sequence, where the text begins with one.
fn colour(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("\x1b[")?;
    inner.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').strip_prefix('m')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_in_a_terminal_or_a_browser_becomes_a_sign() {
        assert_eq!(visible("\x1b[1;36mINFO\x1b[0m ok"), "INFO ok");
        assert_eq!(visible("a\x1b]0;title\x07b\r\nc\x7f"), "a␛]0;title␇b\nc␡");
        assert_eq!(visible("exe\u{202e}gpj\u{85}"), "exe\u{fffd}gpj\u{fffd}");
        assert_eq!(in_a_line("a\x1b\n0 errors"), "a␛␊0 errors");
        assert!(matches!(visible("plain\ttext\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn short_times_are_told_apart() {
        assert_eq!((took(0.31), took(59.6), took(3723.0)), ("0.3 s".into(), "1:00".into(), "1:02:03".into()));
        assert_eq!((took(f64::NAN), took(-1.0)), ("0:00".into(), "0.0 s".into()));
    }
}
