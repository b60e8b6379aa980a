//! What `explain` tells of the failures that only questions to the outside can find before they happen.

use crate::checks::causes::{Cause, cause};

/// By id.
#[rustfmt::skip]
pub const PAGES: &[Cause] = &[
    cause("F15", "A host that bears no new cluster",
        "A port that the cluster is to be reached by is held by another program; the kernel was updated and the modules of \
         the running one are gone until the next start; too few files may be watched; k3d or Docker are older than what they \
         are asked for. Making the cluster fails late, when the old one is gone.",
        "Stop what holds the port, or publish another; start the host anew; raise the limits; install the programs.",
    ),
    cause("F89", "Another cluster behind the same name",
        "The name of a cluster, a context and a file stay the same when somebody deletes it and makes another. What stands \
         under the name now has another uid and other containers than what the last recovery made: it may be somebody \
         else's work, and it would be deleted for ours.",
        "Look at what stands there, and whose it is. Where it may die, accept the finding in the plan.",
    ),
    cause("F16", "Nobody can say whether the cluster exists",
        "Docker does not answer, a node has lost its address, or two questions get two answers. k3d then says that there is no \
         cluster, and ends well; who believes it makes a new one over one that is alive.",
        "Start Docker, or mend what it complains about, until it answers. What exists is decided by what Docker has, and not \
         by what k3d says.",
    ),
    cause("F66", "A clock that is wrong",
        "Certificates are made by the clock of the host. After a long time without power it may be days off: what was \
         made just now is not valid yet, or no longer.",
        "Set it, and let it be kept by NTP, before anything makes a certificate.",
    ),
    cause("F69", "A range of addresses that is in use",
        "Pods or Services get addresses that also stand for a network that the host can reach: the house, a VPN. One of \
         the two cannot be reached any more.",
        "Give the cluster other ranges before it is made; they cannot be changed afterwards.",
    ),
    cause("F24", "What only the old k3s knew",
        "A k3s knows itself by its token and each node by its password. A snapshot is of use only with the token that it was \
         made under, and a node that comes with another password than the cluster remembers is turned away.",
        "Keep the token in the encrypted store and name it as `token` of the plan's cluster; keep /etc/rancher/node/password \
         with a snapshot.",
    ),
    cause("F56", "etcd 3.5 straight to 3.6",
        "k3s 1.34 has etcd 3.6. Data of a k3s before that may hold members that etcd 3.5 has forgotten and 3.6 takes for \
         alive; only 3.5.26 clears them away.",
        "Restore the snapshot with a k3s of before 1.34 that has etcd 3.5.26, let it run, take another, and go on with that.",
    ),
    cause("F75", "A key that this k3s does not know",
        "k3s skips a key of its config that it does not know, with a line in its log. A letter too many, or a version that \
         calls it otherwise, and the cluster is made without what was meant: with Traefik, without the taint, on other ranges.",
        "Mend the key; k3s server --help lists what this version has.",
    ),
    cause("F77", "A proxy in the way",
        "HTTP_PROXY is set, and the addresses of pods and Services are not excepted: what is meant for the cluster goes \
         to the proxy, which knows nothing of it.",
        "Except the ranges of pods and Services, .svc and the domain of the cluster by NO_PROXY.",
    ),
];
