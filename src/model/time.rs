//! Moments and spans, as the journal stores them and as people read them. The clock itself is in `sys`.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A moment of the wall clock, in milliseconds since 1970. The wall clock may jump: order and spans come from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(pub i64);

impl Stamp {
    /// Reads `2026-11-03T02:11:07Z`, as Kubernetes writes moments.
    pub fn read(text: &str) -> Option<Self> {
        text.parse::<Timestamp>().ok().map(|at| Self(at.as_millisecond()))
    }
    /// Reads `Tue, 03 Nov 2026 02:11:07 GMT`, as web servers write moments.
    pub fn read_of_web(text: &str) -> Option<Self> {
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(Self(at.as_millisecond()))
    }
    /// How long after an earlier moment this is; nothing when the clocks disagree about which came first.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
    fn local(self, format: &str) -> String {
        match Timestamp::from_millisecond(self.0) {
            Ok(at) => at.to_zoned(TimeZone::system()).strftime(format).to_string(),
            Err(_) => format!("(no date: {} ms)", self.0),
        }
    }
    /// `2026-11-03`, in the time zone of this host.
    pub fn date(self) -> String {
        self.local("%Y-%m-%d")
    }
    /// The same as a day that can be compared.
    pub fn day(self) -> Day {
        let at = Timestamp::from_millisecond(self.0).unwrap_or_default();
        Day(at.to_zoned(TimeZone::system()).date())
    }
    /// `2026-11-03 02:11`, in the time zone of this host.
    pub fn minute(self) -> String {
        self.local("%Y-%m-%d %H:%M")
    }
    /// `2026-11-03 02:11:07`, in the time zone of this host.
    pub fn second(self) -> String {
        self.local("%Y-%m-%d %H:%M:%S")
    }
    /// `2026-11-03T02-11-07`: a moment that can name a folder.
    pub fn as_name(self) -> String {
        self.local("%Y-%m-%dT%H-%M-%S")
    }
    /// `2026-11-03T02:11:07.123Z`, for machines.
    pub fn rfc3339(self) -> String {
        match Timestamp::from_millisecond(self.0) {
            Ok(at) => at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            Err(_) => format!("(no date: {} ms)", self.0),
        }
    }
}

/// A day of the calendar, as `2026-11-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

impl Day {
    /// Reads a year of four digits, a month and a day of two each, that the calendar has.
    pub fn read(text: &str) -> Option<Self> {
        let fits = |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
        let plain = text.len() == 10 && text.bytes().enumerate().all(fits);
        if plain { text.parse().ok().map(Self) } else { None }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `4:42`, or `1:02:03` from an hour on: how long something took.
pub fn clock(span: Duration) -> String {
    let all = span.as_secs();
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// `20 min`, `6 min 40 s`, `1 h 5 min`, `0.3 s`: how long something may take, in a sentence.
pub fn spoken(span: Duration) -> String {
    let all = span.as_secs();
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    match (hours, minutes, seconds) {
        (0, 0, 0..=9) => format!("{:.1} s", span.as_secs_f64()),
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// Reads `90s`, `5m`, `1h30m`, `2d`: whole numbers with a unit, largest first.
pub fn read_span(text: &str) -> Result<Duration, String> {
    let wrong = || "is not a time: write it like 90s, 5m or 1h30m".to_owned();
    let mut seconds: u64 = 0;
    let mut smallest = u64::MAX;
    let mut rest = text;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit = match rest.as_bytes().get(digits) {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3600,
            Some(b'd') => 86400,
            _ => return Err(wrong()),
        };
        if unit >= smallest {
            return Err(wrong());
        }
        smallest = unit;
        seconds = number.checked_mul(unit).and_then(|n| n.checked_add(seconds)).ok_or_else(wrong)?;
        rest = &rest[digits + 1..];
    }
    match seconds {
        0 => Err("is no time at all; the least is 1s".to_owned()),
        1..=2_592_000 => Ok(Duration::from_secs(seconds)),
        _ => Err("is more than 30 days".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_write_them() {
        let read = |text| read_span(text).map(|span| span.as_secs());
        assert_eq!(read("90s"), Ok(90));
        assert_eq!(read("1h30m"), Ok(5400));
        for bad in ["", "5", "m", "5 m", "-5m", "1m1h", "1m1m", "5ü", "0s", "31d", "99999999999999999999s"] {
            assert!(read(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn a_day_is_one_that_the_calendar_has_and_nothing_else() {
        let day = |text| Day::read(text).map(|day| day.to_string());
        assert_eq!(day("2028-02-29").as_deref(), Some("2028-02-29"));
        for bad in
            ["2027-02-29", "2027-13-01", "27-01-01", "2027-1-01", "2027/01/01", "2027-01-01T00", "", "+027-01-01"]
        {
            assert_eq!(day(bad), None, "{bad:?} was taken");
        }
        assert!(Day::read("2027-03-01") < Day::read("2027-10-01"));
    }

    #[test]
    fn spans_are_shown_short_and_in_words() {
        let at = Duration::from_secs;
        assert_eq!((clock(at(282)), clock(at(3723))), ("4:42".into(), "1:02:03".into()));
        assert_eq!((spoken(at(400)), spoken(at(1200))), ("6 min 40 s".into(), "20 min".into()));
        assert_eq!(spoken(Duration::from_millis(310)), "0.3 s");
    }
}
