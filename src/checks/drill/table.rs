//! What of an object reaches out of a drill, how it is recognised, and what becomes of it: one row each.

/// How an object is recognised.
pub enum Mark {
    /// The group of its kind, itself or above it.
    Group(&'static str),
    Kind(&'static str, &'static str),
    /// A kind, where it has this field.
    With(&'static str, &'static str, &'static [&'static str]),
    /// An image of a container: the last parts of its name, without registry, tag and digest.
    Image(&'static [&'static str]),
    /// A word in the command of a container.
    Argument(&'static str),
    /// What is applied to another cluster than its own.
    Elsewhere,
}

pub enum Becomes {
    /// It is there and has no pods.
    Stopped,
    /// The switch of its kind that makes it rest.
    Switched(&'static [&'static str], &'static str),
    /// It is there without this field.
    Without(&'static [&'static str]),
    /// An issuer that asks nobody.
    SelfSigned,
    /// Its arguments that begin so are taken out.
    Quiet(&'static str),
    LeftOut,
}

pub struct Row {
    pub mark: Mark,
    pub becomes: Becomes,
    /// What it would do outside.
    pub would: &'static str,
}

const TRAFFIC: &str = "be given production's requests";
const DNS: &str = "write and delete production's DNS records";
const BACKUP: &str = "write where production's backups lie";
const RUNNER: &str = "take jobs of production's CI";
const WRITES: &str = "write to git or restart what others run";
const NOTICE: &str = "tell people of a drill as of the real thing";
const NETWORK: &str = "join a private network as production";
const CLUSTER: &str = "change another cluster";
const CLOUD: &str = "change what lies at a provider";
const TIMED: &str = "do by the clock what only production should";

const fn row(mark: Mark, becomes: Becomes, would: &'static str) -> Row {
    Row { mark, becomes, would }
}
const fn switched(group: &'static str, kind: &'static str, way: &'static [&'static str], would: &'static str) -> Row {
    row(Mark::Kind(group, kind), Becomes::Switched(way, "true"), would)
}
const fn left_out(group: &'static str, kind: &'static str, would: &'static str) -> Row {
    row(Mark::Kind(group, kind), Becomes::LeftOut, would)
}
const fn stopped(images: &'static [&'static str], would: &'static str) -> Row {
    row(Mark::Image(images), Becomes::Stopped, would)
}

const SUSPEND: &[&str] = &["spec", "suspend"];
const PAUSED: &[&str] = &["spec", "paused"];

pub const TABLE: &[Row] = &[
    stopped(&["cloudflared", "ngrok", "inlets", "inlets-pro", "frpc", "boringproxy", "fosrl/newt", "rathole"], TRAFFIC),
    row(Mark::Group("networking.cfargotunnel.com"), Becomes::LeftOut, TRAFFIC),
    stopped(
        &[
            "external-dns",
            "cloudflare-ddns",
            "ddns-updater",
            "ddclient",
            "duckdns",
            "inadyn",
            "favonia/cloudflare-ddns",
        ],
        DNS,
    ),
    row(Mark::With("cert-manager.io", "Issuer", &["spec", "acme"]), Becomes::SelfSigned, "use up certificates"),
    row(Mark::With("cert-manager.io", "ClusterIssuer", &["spec", "acme"]), Becomes::SelfSigned, "use up certificates"),
    row(Mark::Argument("--certificatesresolvers."), Becomes::Quiet("--certificatesresolvers."), "use up certificates"),
    switched("batch", "CronJob", SUSPEND, TIMED),
    switched("postgresql.cnpg.io", "ScheduledBackup", SUSPEND, BACKUP),
    left_out("postgresql.cnpg.io", "Backup", BACKUP),
    row(
        Mark::With("postgresql.cnpg.io", "Cluster", &["spec", "backup"]),
        Becomes::Without(&["spec", "backup"]),
        BACKUP,
    ),
    row(
        Mark::With("postgresql.cnpg.io", "Cluster", &["spec", "plugins"]),
        Becomes::Without(&["spec", "plugins"]),
        BACKUP,
    ),
    switched("velero.io", "Schedule", PAUSED, BACKUP),
    left_out("velero.io", "Backup", BACKUP),
    row(
        Mark::Kind("velero.io", "BackupStorageLocation"),
        Becomes::Switched(&["spec", "accessMode"], "ReadOnly"),
        BACKUP,
    ),
    switched("volsync.backube", "ReplicationSource", PAUSED, BACKUP),
    left_out("longhorn.io", "RecurringJob", BACKUP),
    left_out("k8up.io", "Schedule", BACKUP),
    left_out("k8up.io", "Backup", BACKUP),
    stopped(&["litestream", "pgbackrest", "mysql-backup", "docker-volume-backup"], BACKUP),
    stopped(
        &[
            "actions-runner",
            "gitlab-runner",
            "act_runner",
            "forgejo/runner",
            "drone-runner-kube",
            "drone-runner-docker",
            "woodpecker-agent",
            "buildkite/agent",
            "gha-runner-scale-set-controller",
            "actions-runner-controller",
        ],
        RUNNER,
    ),
    row(Mark::Group("actions.github.com"), Becomes::LeftOut, RUNNER),
    row(Mark::Group("actions.summerwind.dev"), Becomes::LeftOut, RUNNER),
    stopped(
        &["argocd-image-updater", "image-automation-controller", "keel", "watchtower", "renovate", "kured", "diun"],
        WRITES,
    ),
    switched("image.toolkit.fluxcd.io", "ImageUpdateAutomation", SUSPEND, WRITES),
    left_out("argocd-image-updater.argoproj.io", "ImageUpdater", WRITES),
    row(Mark::Argument("argocd-notifications"), Becomes::Stopped, NOTICE),
    stopped(
        &["alertmanager", "gotify", "apprise", "botkube", "kubewatch", "postfix", "docker-postfix", "boky/postfix"],
        NOTICE,
    ),
    left_out("monitoring.coreos.com", "Alertmanager", NOTICE),
    left_out("monitoring.coreos.com", "AlertmanagerConfig", NOTICE),
    switched("notification.toolkit.fluxcd.io", "Alert", SUSPEND, NOTICE),
    switched("notification.toolkit.fluxcd.io", "Provider", SUSPEND, NOTICE),
    stopped(
        &["tailscale/tailscale", "tailscale/k8s-operator", "zerotier", "netbirdio/netbird", "wg-easy", "headscale"],
        NETWORK,
    ),
    row(Mark::Group("tailscale.com"), Becomes::LeftOut, NETWORK),
    row(Mark::Elsewhere, Becomes::LeftOut, CLUSTER),
    row(
        Mark::With("kustomize.toolkit.fluxcd.io", "Kustomization", &["spec", "kubeConfig"]),
        Becomes::Switched(SUSPEND, "true"),
        CLUSTER,
    ),
    row(
        Mark::With("helm.toolkit.fluxcd.io", "HelmRelease", &["spec", "kubeConfig"]),
        Becomes::Switched(SUSPEND, "true"),
        CLUSTER,
    ),
    left_out("external-secrets.io", "PushSecret", "write secrets into a store of production"),
    switched("infra.contrib.fluxcd.io", "Terraform", SUSPEND, CLOUD),
    row(Mark::Group("app.terraform.io"), Becomes::LeftOut, CLOUD),
    row(Mark::Group("upbound.io"), Becomes::LeftOut, CLOUD),
];
