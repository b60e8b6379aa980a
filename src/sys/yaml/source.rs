//! The text as the parser takes it.

use saphyr_parser::{Input, StrInput};

/// The parser's own source of a text, but for one number: the parser reserves `bufmaxlen` bytes in each plain word that it
/// has made room for 32 in. The source's 128 are a second allocation a word, which is 7 % of planning.
pub(super) struct Source<'s>(pub StrInput<'s>);

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
