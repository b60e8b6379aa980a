//! What Argo CD says when something is wrong, and what that means: which failure it is, whether it goes away by itself, and
//! what a person does about it. A text that nobody knows is told as it is.

use crate::checks::ladder::Heals;

/// What is known about a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub id: &'static str,
    pub heals: Heals,
    pub fix: &'static str,
}

const MAY: Heals = Heals::May;
const NEVER: Heals = Heals::Never;

/// Every part has to stand in the text; the first that fits is taken.
type Row = (&'static [&'static str], &'static str, Heals, &'static str);

const PUSH: &str = "push that branch or tag, or name one that is there";
const CREDENTIALS: &str = "put the repository's Secret into the store, with the label \
                           argocd.argoproj.io/secret-type: repository, in the namespace of Argo CD";
const PROJECT: &str = "let the AppProject allow it, or write the AppProject into the manifests of Argo CD";
const FILES: &str = "mend the files in git, and push";
const REACH: &str = "see that pods reach the Git server: its address, its port, its certificate";
const NAMES: &str = "see what CoreDNS forwards to, and whether pods reach it";

/// In an order in which the more exact stands first.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    (&["referencing project", "does not exist"], "F100", NEVER, PROJECT),
    (&["is not permitted in project"], "F100", NEVER, PROJECT),
    (&["is not permitted"], "F100", NEVER, PROJECT),
    (&["not allowed in project"], "F100", NEVER, PROJECT),
    // What is not there yet may be on its way: a repo-server that starts, a network that comes up.
    (&["code = Unavailable"], "F102", MAY, "see what keeps argocd-repo-server from answering"),
    (&["server misbehaving"], "F11", MAY, NAMES),
    (&["no such host"], "F11", MAY, NAMES),
    (&["SERVFAIL"], "F11", MAY, NAMES),
    (&["i/o timeout"], "F10", MAY, REACH),
    (&["connection refused"], "F10", MAY, REACH),
    (&["connection reset"], "F10", MAY, REACH),
    (&["context deadline exceeded"], "F10", MAY, REACH),
    (&["no route to host"], "F10", MAY, REACH),
    (&["TLS handshake timeout"], "F10", MAY, REACH),
    (&["unexpected EOF"], "F10", MAY, REACH),
    (&["Service Unavailable"], "F10", MAY, REACH),
    (&["Bad Gateway"], "F10", MAY, REACH),
    (&["Too Many Requests"], "F10", MAY, REACH),
    (&["unable to resolve", "commit SHA"], "F10", NEVER, PUSH),
    (&["authentication required"], "F10", NEVER, CREDENTIALS),
    (&["authorization failed"], "F10", NEVER, CREDENTIALS),
    (&["unable to authenticate"], "F10", NEVER, CREDENTIALS),
    (&["Permission denied (publickey)"], "F10", NEVER, CREDENTIALS),
    (&["x509:"], "F10", NEVER, "give Argo CD the certificate of that server: ConfigMap argocd-tls-certs-cm"),
    (&["knownhosts"], "F10", NEVER, "give Argo CD the host key of that server: ConfigMap argocd-ssh-known-hosts-cm"),
    (&["repository not found"], "F10", NEVER, "correct repoURL; where the repository is private, put its Secret into the store"),
    (&["app path does not exist"], "F10", NEVER, "correct the path, or push the commit that has it"),
    (&["is not a valid chart repository"], "F18", NEVER, "use the address that the chart has moved to"),
    (&["index.yaml", "404"], "F18", NEVER, "use the address that the chart has moved to"),
    (&["index.yaml", "Not Found"], "F18", NEVER, "use the address that the chart has moved to"),
    (&["chart", "not found in"], "F18", NEVER, "name a version of the chart that its repository has"),
    (&["Failed to unmarshal"], "F96", NEVER, FILES),
    (&["error converting YAML to JSON"], "F96", NEVER, FILES),
    (&["kustomize build", "failed"], "F96", NEVER, FILES),
    (&["helm template", "failed"], "F96", NEVER, FILES),
    (&["helm", "failed exit status"], "F96", NEVER, FILES),
    (&["configured to ignore cluster"], "F100", NEVER, "correct spec.destination"),
    (&["there are no clusters with this name"], "F100", NEVER, "correct spec.destination"),
    (&["Make sure the", "CRD is installed"], "F08", MAY, "bring the definition in an earlier wave or step"),
    (&["no matches for kind"], "F08", MAY, "bring the definition in an earlier wave or step"),
    (&["ensure CRDs are installed first"], "F08", MAY, "bring the definition in an earlier wave or step"),
    (&["namespaces \"", "not found"], "F82", MAY, "write the Namespace into the files, or the sync option CreateNamespace=true"),
    (&["because it is being terminated"], "F25", MAY, "see what keeps the namespace: kubectl get namespace -o yaml"),
    (&["failed calling webhook"], "F09", MAY, "see why what answers the webhook is not up"),
    (&["admission webhook", "denied the request"], "F09", NEVER, FILES),
    (&["violates PodSecurity"], "F03", NEVER, "set what the message asks for, or another level for the namespace"),
    (&["metadata.annotations: Too long"], "F07", NEVER, "write the sync option ServerSideApply=true"),
    (&["exceeded quota"], "F51", MAY, "raise the quota, or ask for less"),
    (&["field is immutable"], "F103", NEVER, "write the old value, or delete the object if nothing in it is needed"),
    (&["cannot be handled as a"], "F103", NEVER, FILES),
    (&["strict decoding error"], "F103", NEVER, FILES),
    (&["unknown field"], "F103", NEVER, FILES),
    (&[" is invalid: "], "F103", NEVER, FILES),
    (&["is forbidden: User"], "F39", NEVER, "give Argo CD's ServiceAccount this right"),
];

/// What is known about these words; nothing where they are new.
pub fn known(text: &str) -> Option<Known> {
    let row = ROWS.iter().find(|(parts, ..)| parts.iter().all(|part| text.contains(part)))?;
    Some(Known { id: row.1, heals: row.2, fix: row.3 })
}

/// `rpc error: code = Unknown desc = ` and what else every message begins with says nothing.
pub fn short(text: &str) -> &str {
    let behind = |text: &'_ str, mark: &str| text.find(mark).map(|at| at + mark.len());
    let mut rest = text;
    for mark in ["Failed to load target state: ", "failed to generate manifest for source 1 of 1: ", " desc = "] {
        if let Some(at) = behind(rest, mark).filter(|at| *at < rest.len()) {
            rest = &rest[at..];
        }
    }
    rest.trim()
}
