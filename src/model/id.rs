//! Names that people write (plan, step) and names that we make (run): checked once, then trusted.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest step id or plan name. A step's log file is named after it, and file systems stop at 255.
pub const LONGEST: usize = 100;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes a text that keeps the rule of names, or says what is wrong with it.
            pub fn new(text: &str) -> Result<Self, String> {
                check(text)?;
                Ok(Self(text.into()))
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                Self::new(&text)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.into()
            }
        }
    };
}

name! {
    /// A step's id: unique in its plan, the key of everything that is remembered about the step.
    StepId
}
name! {
    /// A plan's name: a folder of the state directory, and what a person types to confirm a recovery.
    PlanName
}

fn check(text: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if text.is_empty() {
        return Err("is empty".into());
    }
    if text.len() > LONGEST {
        return Err(format!("has {} characters; {LONGEST} is the most", text.len()));
    }
    if !text.bytes().all(plain) {
        return Err("may have only a-z, 0-9 and -".into());
    }
    if text.starts_with('-') {
        return Err("may not begin with - (it would read as an option)".into());
    }
    Ok(())
}

/// A run's id: the moment it began, `2026-11-03T02-11-07`, with `-2` behind it when two began in one second.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(String);

impl RunId {
    /// A run id is a folder's name, so it may not climb out of its folder.
    pub fn new(text: &str) -> Result<Self, String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(plain) {
            return Err(format!("`{text}` is not a run: runs look like 2026-11-03T02-11-07"));
        }
        Ok(Self(text.to_owned()))
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// What runs are ordered by: their moment and their number. `None` for a name that is not of this shape.
    pub fn moment(&self) -> Option<(&str, u32)> {
        let (time, number) = self.0.split_at_checked(19)?;
        let number = match number.strip_prefix('-') {
            Some(number) => number.parse().ok()?,
            None if number.is_empty() => 1,
            None => return None,
        };
        (time.as_bytes()[10] == b'T').then_some((time, number))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_be_an_option_or_a_path_is_refused() {
        for bad in ["", "-a", "A", "a b", "a/b", "..", "ä", &"x".repeat(LONGEST + 1)] {
            assert!(StepId::new(bad).is_err(), "{bad:?} was taken");
        }
        for good in ["a", "0", "sealed-secrets", "a-"] {
            assert!(StepId::new(good).is_ok(), "{good:?} was refused");
        }
    }

    #[test]
    fn a_run_id_cannot_leave_its_folder() {
        assert!(RunId::new("../x").is_err());
        assert!(RunId::new("2026-11-03T02-11-07").is_ok());
    }

    #[test]
    fn runs_of_one_second_are_ordered_by_their_number() {
        let run = |text| RunId::new(text).unwrap();
        let (one, nine, ten) =
            (run("2026-11-03T02-11-07"), run("2026-11-03T02-11-07-9"), run("2026-11-03T02-11-07-10"));
        assert!(one.moment() < nine.moment() && nine.moment() < ten.moment());
        assert_eq!(run("lost-and-found").moment(), None);
    }
}
