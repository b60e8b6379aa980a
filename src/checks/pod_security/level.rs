//! Levels and versions of the Pod Security Standards, and what the labels of a namespace mean to the admission plugin: also
//! those that it would not take. Knows no pods.

use std::fmt;

/// How strict. In the order of the standards: each allows less than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Privileged,
    Baseline,
    Restricted,
}

impl Level {
    pub const ALL: [Level; 3] = [Level::Privileged, Level::Baseline, Level::Restricted];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == text)
    }
    pub fn word(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

/// Which edition of a level: that of Kubernetes 1.N, or the newest that the server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    Latest,
    Minor(u64),
}

impl Version {
    /// `latest`, or `v1.` and a number without zeros in front.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "latest" {
            return Some(Version::Latest);
        }
        let digits = text.strip_prefix("v1.")?;
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !plain || (digits.len() > 1 && digits.starts_with('0')) {
            return None;
        }
        // No more than the number of the plugin holds.
        let number = digits.parse::<i64>().ok()?;
        Some(Version::Minor(number.unsigned_abs()))
    }
    /// The edition that a server whose newest is `newest` uses for it.
    pub fn minor(self, newest: u64) -> u64 {
        match self {
            Version::Latest => newest,
            Version::Minor(minor) => minor.min(newest),
        }
    }
}

/// A level in a version, as `restricted:latest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    pub level: Level,
    pub version: Version,
}

impl Policy {
    pub const PRIVILEGED: Policy = Policy { level: Level::Privileged, version: Version::Latest };

    pub fn new(level: Level, version: Version) -> Self {
        Self { level, version }
    }
    /// Whether both mean the same: of `privileged` there is only one.
    pub fn same(self, other: Policy) -> bool {
        self == other || (self.level == Level::Privileged && other.level == Level::Privileged)
    }
}

/// What the plugin does with a pod that breaks a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is refused.
    Enforce,
    /// Whoever makes it is told.
    Warn,
    /// The audit log is told.
    Audit,
}

/// The levels of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policies {
    pub enforce: Policy,
    pub audit: Policy,
    pub warn: Policy,
}

/// What holds where no label says otherwise and nobody has configured the plugin.
impl Default for Policies {
    fn default() -> Self {
        Self { enforce: Policy::PRIVILEGED, audit: Policy::PRIVILEGED, warn: Policy::PRIVILEGED }
    }
}

pub const PREFIX: &str = "pod-security.kubernetes.io/";
pub const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// A label that the server takes on no new Namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    pub label: &'static str,
    pub value: String,
    pub must: &'static str,
}

const LEVELS: &str = "must be one of privileged, baseline, restricted";
const VERSIONS: &str = "must be \"latest\" or \"v1.x\"";

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = super::words::quoted(&self.value);
        write!(f, "metadata.labels[{}]: Invalid value: {value}: {}", self.label, self.must)
    }
}

impl Policies {
    /// What these labels ask for, with `defaults` where they ask for nothing; and those that are malformed. The plugin goes on
    /// with such a label in a namespace that has it already: to enforce it takes `restricted`, to warn and to audit it takes
    /// `privileged`, and for a version it takes the latest.
    pub fn read(labels: &[(&str, &str)], defaults: Policies) -> (Policies, Vec<Malformed>) {
        let mut reader = Reader { labels, malformed: Vec::new() };
        let mut read = defaults;
        let enforce = reader.level(ENFORCE);
        if let Some(level) = enforce {
            read.enforce.level = level.unwrap_or(Level::Restricted);
        }
        reader.version("pod-security.kubernetes.io/enforce-version", &mut read.enforce.version);
        if let Some(level) = reader.level("pod-security.kubernetes.io/audit") {
            read.audit.level = level.unwrap_or(Level::Privileged);
        }
        reader.version("pod-security.kubernetes.io/audit-version", &mut read.audit.version);
        let warn = reader.level("pod-security.kubernetes.io/warn");
        if let Some(level) = warn {
            read.warn.level = level.unwrap_or(Level::Privileged);
        }
        let versioned = reader.version("pod-security.kubernetes.io/warn-version", &mut read.warn.version);
        // Who enforces a level and says nothing of warnings is warned of what will be refused.
        if warn.is_none() && enforce.flatten().is_some_and(|level| level > read.warn.level) {
            read.warn.level = read.enforce.level;
            if !versioned {
                read.warn.version = read.enforce.version;
            }
        }
        (read, reader.malformed)
    }
    pub fn of(&self, mode: Mode) -> Policy {
        match mode {
            Mode::Enforce => self.enforce,
            Mode::Warn => self.warn,
            Mode::Audit => self.audit,
        }
    }
}

struct Reader<'l> {
    labels: &'l [(&'l str, &'l str)],
    malformed: Vec<Malformed>,
}

impl<'l> Reader<'l> {
    fn value(&self, label: &str) -> Option<&'l str> {
        self.labels.iter().find(|(name, _)| *name == label).map(|(_, value)| *value)
    }
    /// None without the label; `Some(None)` where it is malformed.
    fn level(&mut self, label: &'static str) -> Option<Option<Level>> {
        let value = self.value(label)?;
        let level = Level::parse(value);
        if level.is_none() {
            self.malformed.push(Malformed { label, value: value.to_owned(), must: LEVELS });
        }
        Some(level)
    }
    fn version(&mut self, label: &'static str, into: &mut Version) -> bool {
        let Some(value) = self.value(label) else { return false };
        let version = Version::parse(value);
        if version.is_none() {
            self.malformed.push(Malformed { label, value: value.to_owned(), must: VERSIONS });
        }
        *into = version.unwrap_or(Version::Latest);
        true
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Version::Latest => f.write_str("latest"),
            Version::Minor(minor) => write!(f, "v1.{minor}"),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level, self.version)
    }
}
