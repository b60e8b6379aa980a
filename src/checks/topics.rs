//! What `explain` tells beside the causes: questions that people have on a bad day.

pub struct Topic {
    pub name: &'static str,
    pub title: &'static str,
    /// Paragraphs.
    pub text: &'static [&'static str],
}

/// The topic of this name, in whatever case it was typed.
pub fn find(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name.eq_ignore_ascii_case(name))
}

/// By name.
#[rustfmt::skip]
pub const TOPICS: &[Topic] = &[
    Topic {
        name: "circle",
        title: "Steps that wait for each other",
        text: &[
            "The cluster is to be made of things that live in it: its images come from a registry that runs in it, its \
             repository from a Git server that it hosts, its secrets from a store in one of its pods. While all of it runs \
             nobody notices. From nothing, none of them can be first, and the plan is refused with the whole circle and the \
             line behind each of its edges.",
            "Ways out: take one of them out of the cluster and write it under `outside`; let a step bring a copy of what is \
             needed, in a file, an archive or a mirror, and `provide` it; leave out of the first round what needs the circle, \
             and apply it in a later step; or, where an edge of the circle is there only out of habit, take away the \
             `requires` or the reference that makes it.",
        ],
    },
    Topic {
        name: "restart",
        title: "Why a node is never restarted",
        text: &[
            "A node of k3d is a container, and its processes are the cluster: kubelet, API server, datastore and every pod. To \
             restart the container is to pull its plug: nothing is drained, no pod ends in order, and all of them end at the \
             same moment. What runs inside goes with it: also the tunnel through which you are connected, and the way back.",
            "What comes up again is not what went down. Pods are made anew, and so are asked everything that running ones are \
             never asked: the namespace's Pod Security, webhooks, quotas, selectors of claims, labels of the node that \
             somebody gave it by hand. Each of these may have been wrong for months.",
            "Instead: what is wanted of a restart is mostly a file that only a start reads, as registries.yaml. Write it where \
             the cluster is made, and try it in a drill: blackstart drill. Before anything that ends a node, look at what it \
             carries and whether a way in lies inside: blackstart plan. For one workload, kubectl rollout restart ends its \
             pods one after the other. A node that has to go is drained first.",
        ],
    },
];
