//! What `explain` tells of the failures that only questions to the outside can find before they happen.

use crate::checks::causes::{Cause, cause};

/// By id.
#[rustfmt::skip]
pub const PAGES: &[Cause] = &[
    cause("F15", "A port of this host that somebody holds",
        "A port that the cluster is to be reached by is listened on by another program, or by what is left of the \
         cluster before. Making the cluster fails late, and is rolled back.",
        "Stop what holds it, or publish another port.",
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
