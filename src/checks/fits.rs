//! Which versions of other people's programs this knows how to speak to. Asks nobody.

/// From where on a program does what it will be asked for, and the generation from which on nobody knows.
#[derive(Debug)]
pub struct Fits {
    pub program: &'static str,
    from: (u32, u32),
    below: u32,
}

/// Labels for a run, `--no-rollback` that is kept to and registries beside a config file are in k3d from there on.
pub const K3D: Fits = Fits { program: "k3d", from: (5, 4), below: 6 };
pub const DOCKER: Fits = Fits { program: "docker", from: (20, 10), below: u32::MAX };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    Yes,
    No,
    /// It says no number.
    Unread,
}

impl Fits {
    pub fn of(&self, version: &str) -> Fit {
        let Some((major, minor)) = numbers(version) else { return Fit::Unread };
        // A build of its own may say no more than which generation it is of.
        let old = major < self.from.0 || (major == self.from.0 && minor.is_some_and(|minor| minor < self.from.1));
        if old || major >= self.below { Fit::No } else { Fit::Yes }
    }
    /// What would do: `k3d 5.4 or later and before 6`.
    pub fn wanted(&self) -> String {
        let below = if self.below < u32::MAX { format!(" and before {}", self.below) } else { String::new() };
        format!("{} {}.{} or later{below}", self.program, self.from.0, self.from.1)
    }
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, Option<u32>)> {
    let mut parts = version.trim().trim_start_matches('v').split(['.', '-', '+']);
    Some((parts.next()?.parse().ok()?, parts.next().and_then(|minor| minor.parse().ok())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_these_programs_write_them() {
        for (version, fit) in [
            ("v5.4.0", Fit::Yes),
            ("v5.8.3", Fit::Yes),
            ("v5.9.0-rc.0", Fit::Yes),
            ("v5-dev", Fit::Yes),
            ("v5.3.0", Fit::No),
            ("v4.4.8", Fit::No),
            ("v6.0.0", Fit::No),
            ("v3-dev", Fit::No),
            ("dev", Fit::Unread),
            ("", Fit::Unread),
        ] {
            assert_eq!(K3D.of(version), fit, "{version}");
        }
        for (version, fit) in [
            ("20.10.24+dfsg1", Fit::Yes),
            ("28.2.2", Fit::Yes),
            ("24.0", Fit::Yes),
            ("19.03.15", Fit::No),
            ("20.9.1", Fit::No),
            ("", Fit::Unread),
        ] {
            assert_eq!(DOCKER.of(version), fit, "{version}");
        }
        assert_eq!(K3D.wanted(), "k3d 5.4 or later and before 6");
        assert_eq!(DOCKER.wanted(), "docker 20.10 or later");
    }
}
