//! How many of what, in words: `1 file`, `12,400 files`, `3 patches`.

pub fn many(count: usize, what: &str) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    let end = match what.ends_with("ch") {
        _ if count == 1 => "",
        true => "es",
        false => "s",
    };
    format!("{out} {what}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart_and_one_is_one() {
        let told = [0, 1, 2, 999, 1_000, 1_234_567].map(|count| many(count, "file"));
        assert_eq!(told, ["0 files", "1 file", "2 files", "999 files", "1,000 files", "1,234,567 files"]);
        assert_eq!([1, 3].map(|count| many(count, "patch")), ["1 patch", "3 patches"]);
    }
}
