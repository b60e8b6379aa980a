//! Argo CD's own word about its Applications, weighed. Pure: what is expected comes from git, what is there from the cluster,
//! and nothing here asks either.

pub mod live;
pub mod verdict;
pub mod words;

pub use live::{Application, Failed};
pub use verdict::{Expected, Is, Source, Stuck, judge, told};

use super::causes::{Cause, cause};

/// What `explain` tells of what is found here and nowhere else.
pub const PAGES: &[Cause] = &[
    cause(
        "F11",
        "Names that the cluster does not know",
        "A pod asks the DNS of the cluster for a name outside, and CoreDNS has nobody to ask: the resolver of the node is on a \
         loopback address, or on one that pods do not reach. Argo CD cannot find its Git server then, and every Application is \
         Unknown, though the node itself finds everything.",
        "Give CoreDNS a resolver that pods reach: a resolv.conf of its own for the nodes (--resolv-conf), or forward to an \
         address outside.",
    ),
    cause(
        "F100",
        "An Application that no project lets in",
        "Every Application belongs to an AppProject, and one that names none to `default`. The API server of Argo CD makes that \
         one; an installation without it (core) has none, and then nothing is ever synced. A project may also forbid a source, a \
         destination or a kind.",
        "Write the AppProject into the manifests of Argo CD, or add what it forbids: sourceRepos, destinations, \
         clusterResourceWhitelist.",
    ),
    cause(
        "F101",
        "Argo CD reads another commit",
        "What Argo CD brings is what its Git server has, not what lies on this host: a commit was made here and not pushed, or \
         pushed and not fetched. The Application is Synced and Healthy, with another commit than the one that was looked at.",
        "git push, or git pull: until both name the same commit.",
    ),
    cause(
        "F102",
        "A part of Argo CD that does not answer",
        "The repo-server makes the manifests, redis keeps them, the controller applies them. When one of them is away, Applications \
         keep the state they had last: nothing in them says that nobody looks any more. Operations that were under way end in \
         Error.",
        "See to the pods in Argo CD's namespace: memory of the repo-server, its address, the Secret argocd-redis.",
    ),
    cause(
        "F103",
        "An object that the API server does not take",
        "It is in git, and the API server refuses it: a field that is not in its schema, a value of the wrong type, a name that \
         is no name, a field that cannot be changed. Argo CD tries again until its attempts are used up; it will not get \
         better.",
        "Mend the file and push it. `blackstart check` finds most of them before.",
    ),
];
