//! Texts in a picture: made safe for XML, and cut to the room there is. Nobody here knows the font that will be used, so
//! every width is that of the widest of the usual ones.

use std::borrow::Cow;

/// What a character takes of the size of the font, in hundredths. After Verdana and DejaVu Sans, whichever is wider.
fn plain(c: char) -> u32 {
    match c {
        'i' | 'l' | '\'' => 30,
        'j' | 'f' | 't' | '.' | ',' | '|' | '!' | ' ' => 42,
        'r' | 'I' | '-' | '/' | '\\' | '(' | ')' | '[' | ']' | ':' | ';' | '`' | '·' => 48,
        'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' => 60,
        'm' | 'M' | 'W' | '@' | '%' | '…' => 108,
        'A'..='Z' | '+' | '=' | '<' | '>' | '~' | '#' | '&' | 'w' | '^' => 84,
        ' '..='~' => 64,
        '\u{c0}'..='\u{24f}' => 90,
        _ => 130,
    }
}

/// The fonts of which a text can be.
#[derive(Clone, Copy)]
pub enum Font {
    Plain(u32),
    Bold(u32),
    /// Every character as wide as any other: for ids, which are ASCII.
    Even(u32),
}

impl Font {
    /// How wide a text is at the most, in pixels.
    pub fn width(self, text: &str) -> i32 {
        let hundredths: u32 = match self {
            Font::Plain(size) => text.chars().map(|c| plain(c) * size).sum(),
            Font::Bold(size) => text.chars().map(|c| plain(c) * size * 115 / 100).sum(),
            Font::Even(size) => text.chars().map(|_| 62 * size).sum(),
        };
        i32::try_from(hundredths.div_ceil(100)).unwrap_or(i32::MAX)
    }

    /// As much of a text as there is room for. What is cut off is shown as `…`.
    pub fn cut(self, text: &str, room: i32) -> Cow<'_, str> {
        // No text is longer than its room is wide, so nothing of a huge one has to be measured.
        let most = usize::try_from(room).unwrap_or(0);
        if text.len() <= most.saturating_mul(4) && self.width(text) <= room {
            return Cow::Borrowed(text);
        }
        let mut kept: String = text.chars().take(most).collect();
        while !kept.is_empty() && self.width(&kept) + self.width("…") > room {
            kept.pop();
        }
        kept.truncate(kept.trim_end().len());
        kept.push('…');
        Cow::Owned(kept)
    }
}

/// Puts a text on one line: line ends and other gaps become one space.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text for XML. Most control characters may not stand in XML 1.0 in any form, so their pictures stand for them; those
/// that change the direction of writing could make a text read as what it is not.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
            '\u{7f}' => out.push('\u{2421}'),
            '\u{80}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' => out.push('\u{fffd}'),
            '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_its_room_and_says_so() {
        let font = Font::Plain(11);
        assert_eq!(font.cut("short", 100), "short");
        let cut = font.cut("run ./bootstrap.sh --from backup, prove it by kubectl get nodes", 150);
        assert!(cut.ends_with('…') && font.width(&cut) <= 150, "{cut:?}");
        assert_eq!(Font::Even(13).cut("abcdefgh", 30), "ab…");
        assert_eq!(font.cut(&"x".repeat(1 << 20), 0), "…");
    }

    #[test]
    fn what_xml_cannot_hold_is_shown_by_its_picture() {
        assert_eq!(escape("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
        assert_eq!(escape("\u{1b}[31m\0\r\u{7f}"), "␛[31m␀␍␡");
        assert_eq!(escape("\u{202e}\u{85}\u{ffff}"), "\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(one_line("  a\n\tb\r\n c "), "a b c");
    }
}
