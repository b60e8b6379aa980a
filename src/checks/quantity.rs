//! Quantities as Kubernetes writes them (`50Gi`, `1500m`, `2e3`), read exactly: no rounding may decide a match.

use std::cmp::Ordering;
use std::fmt;

/// An amount, and the text it was read from.
#[derive(Clone, Debug)]
pub struct Quantity {
    nano: i128,
    text: Box<str>,
}

const NANO: i128 = 1_000_000_000;

impl Quantity {
    pub fn zero() -> Self {
        Self { nano: 0, text: "0".into() }
    }
    pub fn one() -> Self {
        Self { nano: NANO, text: "1".into() }
    }
    /// None where the API server would refuse the text.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let digits = unsigned.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, unit) = unsigned.split_at(digits);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && part.is_empty()) || part.contains('.') {
            return None;
        }
        // The number as an integer, and by which power of ten that is too much.
        let part = part.trim_end_matches('0');
        let mantissa: i128 = match format!("{whole}{part}").as_str() {
            "" => 0,
            digits => digits.parse().ok()?,
        };
        let (times, tens) = unit_of(unit)?;
        let tens = tens + 9 - i32::try_from(part.len()).ok()?;
        let scaled = mantissa.checked_mul(times)?;
        let nano = match u32::try_from(tens) {
            Ok(up) => scaled.checked_mul(10_i128.checked_pow(up)?)?,
            // Finer than a nano: Kubernetes rounds such amounts up.
            Err(_) => match 10_i128.checked_pow(tens.unsigned_abs()) {
                Some(by) => scaled.checked_add(by - 1)? / by,
                None => i128::from(scaled > 0),
            },
        };
        Some(Self { nano: if negative { -nano } else { nano }, text: text.into() })
    }
    /// Reads a field of an object: a text or a number.
    pub fn of(value: &serde_json::Value) -> Option<Self> {
        match value {
            serde_json::Value::String(text) => Self::read(text),
            serde_json::Value::Number(number) => Self::read(&number.to_string()),
            _ => None,
        }
    }
    /// Whole units, rounded up: how the volume controller compares a claim that names its volume.
    pub fn units(&self) -> i128 {
        self.nano.div_euclid(NANO) + i128::from(self.nano.rem_euclid(NANO) > 0)
    }
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let nano = self.nano.saturating_add(other.nano);
        Self { nano, text: shown(nano).into() }
    }
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let nano = self.nano.saturating_sub(other.nano);
        Self { nano, text: shown(nano).into() }
    }
}

fn unit_of(unit: &str) -> Option<(i128, i32)> {
    Some(match unit {
        "" => (1, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        _ => {
            let power = unit.strip_prefix(['e', 'E'])?;
            (1, power.parse::<i32>().ok().filter(|power| power.abs() < 30)?)
        }
    })
}

/// A sum has no text of its own: the largest binary unit that shows it without loss, else thousandths.
fn shown(nano: i128) -> String {
    if nano % NANO != 0 {
        return format!("{}m", (nano + (NANO / 1000) - 1).div_euclid(NANO / 1000));
    }
    let units = nano / NANO;
    let fits = |shift: u32| units != 0 && units % (1_i128 << shift) == 0;
    match [(40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki")].into_iter().find(|(shift, _)| fits(*shift)) {
        Some((shift, unit)) => format!("{}{unit}", units >> shift),
        None => units.to_string(),
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}
impl Eq for Quantity {}
impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn amounts_are_compared_exactly() {
        let of = |text| Quantity::read(text).unwrap();
        assert_eq!(of("1Ki"), of("1024"));
        assert_eq!(of("0.5Gi"), of("512Mi"));
        assert_eq!(of("1500m"), of("1.5"));
        assert_eq!(of("2e3"), of("2k"));
        assert_eq!(of("1.50"), of("1500m"));
        assert!(of("50G") < of("50Gi"));
        assert!(of("10Gi") > of("10737418239"));
        assert!(of("8Ei") > of("8E"));
        assert_eq!(of("0.0000000001"), of("1n"));
        assert_eq!((of("1500m").units(), of("-1500m").units(), of("3").units()), (2, -1, 3));
    }

    #[test]
    fn what_the_server_refuses_is_refused() {
        for bad in
            ["", " ", "Gi", "10gb", "1.2.3", "1 Gi", "10Gib", "e3", "--1", "99999999999999999999999999999999999999999"]
        {
            assert!(Quantity::read(bad).is_none(), "{bad:?} was taken");
        }
    }

    #[test]
    fn sums_are_shown_in_a_unit_that_loses_nothing() {
        let of = |text| Quantity::read(text).unwrap();
        assert_eq!(of("1Gi").plus(&of("512Mi")).to_string(), "1536Mi");
        assert_eq!(of("100m").plus(&of("250m")).to_string(), "350m");
        assert_eq!(of("2").minus(&of("1")).to_string(), "1");
    }
}
