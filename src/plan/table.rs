//! Columns of text that keep within a width: words are wrapped, never cut.

/// How many columns a text takes. Ids and paths are ASCII; a character of another script counts as one.
pub fn width(text: &str) -> usize {
    text.chars().count()
}

/// Breaks a text into lines of at most `width`, at spaces where it has any, else where it must.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word.to_owned();
        loop {
            let line = lines.last_mut().map_or(0, |line| self::width(line));
            let gap = usize::from(line > 0);
            if line + gap + self::width(&word) <= width {
                if let Some(last) = lines.last_mut() {
                    if gap > 0 {
                        last.push(' ');
                    }
                    last.push_str(&word);
                }
                break;
            }
            if line > 0 {
                lines.push(String::new());
                continue;
            }
            let cut = word.char_indices().nth(width.max(1)).map_or(word.len(), |(at, _)| at);
            let rest = word.split_off(cut);
            if let Some(last) = lines.last_mut() {
                last.push_str(&word);
            }
            lines.push(String::new());
            word = rest;
        }
    }
    lines
}

/// Puts cells beside each other. Each column has its width; the last one is not padded.
pub fn row(cells: &[Vec<String>], widths: &[usize]) -> String {
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let mut out = String::new();
    for line in 0..height {
        let mut text = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let part = cell.get(line).map_or("", String::as_str);
            text.push_str(part);
            text.extend(std::iter::repeat_n(' ', (width + 2).saturating_sub(self::width(part))));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_and_only_a_word_too_long_is_cut() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
