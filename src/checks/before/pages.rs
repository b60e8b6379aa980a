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
    cause("F77", "A proxy in the way",
        "HTTP_PROXY is set, and the addresses of pods and Services are not excepted: what is meant for the cluster goes \
         to the proxy, which knows nothing of it.",
        "Except the ranges of pods and Services, .svc and the domain of the cluster by NO_PROXY.",
    ),
];
