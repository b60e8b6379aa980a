//! Damages texts in the ways that people, editors and disks do, with numbers that are the same for the same seed.
#![allow(dead_code, clippy::unwrap_used)]

/// Numbers that look random (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
    pub fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(most.max(1)).unwrap()).unwrap()
    }
    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// What YAML, plans and manifests are made of.
pub const TOKENS: &[&str] = &[
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "  ",
    "-",
    "- ",
    "---",
    "\n---\n",
    "\n--- #\n",
    "...",
    "\n...\n",
    ":",
    ": ",
    "? ",
    ",",
    "[",
    "]",
    "{",
    "}",
    "#",
    " # ",
    "&a ",
    "*a",
    "!",
    "!!str ",
    "!<x> ",
    "|",
    "|\n",
    "|2-\n",
    ">",
    ">+\n",
    "'",
    "''",
    "\"",
    "\\",
    "\\x",
    "\\u12",
    "%",
    "%YAML 1.1\n",
    "@",
    "`",
    "<<: ",
    "<<: *a\n",
    "~",
    "null",
    "yes",
    "0x1",
    "0644",
    ".inf",
    "1e999",
    "\u{feff}",
    "\0",
    "\u{85}",
    "\u{2028}",
    "\u{a0}",
    "ä",
    "日本",
    "\u{10ffff}",
    "kind: List\n",
    "items:\n",
    "apiVersion: v1\n",
    "metadata:\n",
    "[[[[[[[[[[",
    "{a: {a: {a: {a: ",
    "- - - - - - ",
    "&a",
    "%YAML 1.2\n",
    "%TAG ! x\n",
    "true",
    "-1",
    "id: ",
    "kind: command",
    "needs: [",
    "requires: [capability/x]",
    "name: x\n",
    "steps:\n",
    "  - {id: x, kind: probe, run: [x]}\n",
    "retries: 3",
    "timeout: 5m",
    "env: {A: b}",
    "access: {x: {outside: y}}\n",
    "outside: [git/x]\n",
    "cluster: {provider: sandbox}\n",
    "before: cluster",
    "kind: manifests",
    "path: manifests/",
    "kind: workloads",
    "[[[[[[[[[[[[[[[[[[",
];

/// A text damaged in a few places.
pub fn damage(text: &[u8], others: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut text = text.to_vec();
    // Mostly one or two places: what is damaged too much is refused in its first lines.
    for _ in 0..1 + dice.below(4) * dice.below(2) {
        let at = dice.below(text.len() + 1);
        let end = (at + dice.below(40)).min(text.len());
        match dice.below(9) {
            0 if !text.is_empty() => text[at.min(end.saturating_sub(1))] ^= 1 << dice.below(8),
            1 if dice.below(3) == 0 => text.truncate(at),
            2 => drop(text.drain(at..end)),
            3 => {
                let part = text[at..end].to_vec();
                text.splice(at..at, part.repeat(1 + dice.below(3)));
            }
            4 | 5 => drop(text.splice(at..at, dice.pick(TOKENS).bytes())),
            6 => {
                let other = &others[dice.below(others.len())];
                let from = dice.below(other.len() + 1);
                let part = other[from..(from + dice.below(200)).min(other.len())].to_vec();
                text.splice(at..end, part);
            }
            7 => {
                let mut lines: Vec<&[u8]> = text.split_inclusive(|b| *b == b'\n').collect();
                let (a, b) = (dice.below(lines.len()), dice.below(lines.len()));
                if !lines.is_empty() {
                    lines.swap(a, b);
                }
                text = lines.concat();
            }
            _ => {
                let indent = vec![b' '; dice.below(8)];
                text.splice(at..at, [b"\n".to_vec(), indent].concat());
            }
        }
    }
    text
}
