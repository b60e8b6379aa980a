//! The keys of the plan file: one table for the reader, the nearest-key advice, the schema and the docs.

use crate::model::{Provider, provider};

/// What may stand behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A step id or plan name.
    Id,
    /// Ids of steps.
    Ids,
    /// Facts, `kind/name`.
    Facts,
    /// A program and its arguments.
    Argv,
    /// One of these words, or a program and its arguments.
    WordOrArgv(&'static [&'static str]),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `90s`, `5m`, `1h30m`.
    Span,
    Bool,
    /// A whole number from zero to this.
    Count(u32),
    /// A number from … to …
    Number(u32, u32),
    Text,
    /// Names and literal values.
    Env,
    /// Ways in, by name.
    Access,
    /// Files or folders of manifests: one, or a list.
    Paths,
    /// A value of the store, secret/namespace/name/key.
    Entry,
    /// Names of variables and values of the store.
    Entries,
    /// Names as Kubernetes takes them.
    Names,
    /// Names and literal values, of whatever the key is about.
    Pairs,
    /// The cluster: a map with keys of its own.
    Cluster,
    /// How a plan is drilled: a map with keys of its own.
    Drill,
    /// Paths of a host, each from the root.
    Data,
    /// Places of the network, each a host and a port.
    Places,
    /// The store of secrets: a map with keys of its own.
    Secrets,
    /// Findings that are accepted: a list of maps with keys of their own.
    Accept,
    /// A host as ssh takes it.
    Host,
    /// A day, as 2027-03-01.
    Day,
    /// What a finding is called, as F47.
    Finding,
    /// The name of a step kind.
    Kind,
    /// The steps themselves.
    Steps,
}

#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub name: &'static str,
    pub shape: Shape,
    pub required: bool,
    pub doc: &'static str,
}

const fn key(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, shape, required: false, doc }
}

impl Key {
    pub const fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Key {
        key(name, shape, doc)
    }
    pub const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Key {
        Key { required: true, ..key(name, shape, doc) }
    }
}

/// The keys of the plan itself.
pub const PLAN: &[Key] = &[
    Key::required("name", Shape::Id, "What is recovered; typed to confirm a recovery, and the folder of its runs."),
    key("rto", Shape::Span, "The time goal of a recovery. Over it, a verified run ends with exit 4."),
    key("cluster", Shape::Cluster, "The cluster that is brought back. Without it the plan deletes and makes none."),
    key("drill", Shape::Drill, "How the plan is drilled."),
    key(
        "discard",
        Shape::Data,
        "Data that may die with the cluster, by path or by the name of a volume: without it, a recovery refuses to delete.",
    ),
    key("access", Shape::Access, "The ways in, and whether each lives inside what is recovered or outside of it."),
    key("secrets", Shape::Secrets, "The store of secrets, for steps that bring them back."),
    key("outside", Shape::Facts, "What outlives the thing that is recovered, so that steps may require it."),
    key("accept", Shape::Accept, "Findings that may stand until a day. They are shown, reported, and refuse nothing."),
    Key::required("steps", Shape::Steps, "The steps. Their order in the file does not matter."),
];

/// The keys of `cluster`.
pub const CLUSTER: &[Key] = &[
    Key::required("provider", Shape::Word(provider::NAMES), "What makes the cluster."),
    key("name", Shape::Id, "What the cluster is called (default: the plan's name)."),
    key(
        "config",
        Shape::Text,
        "The provider's own file: k3d's config file, the config.yaml of k3s, or the nodes, domain and images of a sandbox.",
    ),
    key("registries", Shape::Text, "The registries.yaml that every node is made with; k3d and k3s."),
    key("host", Shape::Host, "Where k3s lives, as user@name for ssh (default: this host)."),
    key("install", Shape::Text, "The k3s program, or an installer for it, for a host that has none; k3s."),
    key("snapshot", Shape::Text, "A snapshot of etcd, made by k3s, that the new cluster begins with; k3s."),
    key("token", Shape::Entry, "The token of the cluster, a value of the store, secret/namespace/name/key; k3s."),
];

/// The keys of `cluster` that only these providers know.
pub const OF_PROVIDERS: &[(&str, &[Provider])] = &[
    ("registries", &[Provider::K3d, Provider::K3s]),
    ("host", &[Provider::K3s]),
    ("install", &[Provider::K3s]),
    ("snapshot", &[Provider::K3s]),
    ("token", &[Provider::K3s]),
];

/// The keys of `drill`.
pub const DRILL: &[Key] = &[
    Key::required("in", Shape::Word(&["sandbox", "k3d"]), "What makes the cluster of a drill (default: the sandbox)."),
    key("allow", Shape::Places, "Places that a drill in k3d may reach beside the plan's own, one by one."),
];

/// The keys of an entry of `accept`.
pub const ACCEPT: &[Key] = &[
    Key::required("id", Shape::Finding, "What the finding is called."),
    Key::required("object", Shape::Text, "What it is about, as it is shown: kind, namespace and name."),
    Key::required("reason", Shape::Text, "Why it may stand until then."),
    Key::required("until", Shape::Day, "The last day on which it is accepted."),
];

/// The keys of `secrets`.
pub const SECRETS: &[Key] = &[
    Key::required("files", Shape::Text, "The encrypted files: a folder, or a pattern as ../secrets/*.yaml.age."),
    key("identity", Shape::Text, "The age identity that opens them; --identity wins over it."),
];

/// The keys that a step of any kind has.
pub const STEP: &[Key] = &[
    Key::required("id", Shape::Id, "The step's name, unique in the plan."),
    Key::required("kind", Shape::Kind, "What sort of step it is."),
    key("needs", Shape::Ids, "Steps that must be verified before this one starts."),
    key("provides", Shape::Facts, "Facts that hold once this step is verified."),
    key("requires", Shape::Facts, "Facts that must hold before this step starts."),
    key("before", Shape::Word(&["cluster"]), "Run before there is a cluster, instead of after."),
    key("only", Shape::Word(&["recover", "drill"]), "The one mode in which the step is run."),
    key("timeout", Shape::Span, "How long the step may take, its verify included."),
    key("retries", Shape::Count(100), "How often to try again. Only for what may be done twice."),
    key("on-failure", Shape::Word(&["stop", "keep-going"]), "Whether a failure stops the start of other steps."),
];
