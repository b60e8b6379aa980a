//! The pages of what checks find that are older than the rules and that the ladder never names.

use super::causes::{Cause, cause};

/// By id.
#[rustfmt::skip]
pub const PAGES: &[Cause] = &[
    cause("F35", "An object without its namespace",
        "It says no namespace and so goes into `default`, beside the one that everybody means. What looks for it by name \
         does not find it there.",
        "Write metadata.namespace into the file.",
    ),
    cause("F81", "A program that is not there",
        "The plan runs a program that this host does not have, or may not run. On the old host somebody had installed it \
         years ago.",
        "Install it, or write the step that does; a script of the repository has to be executable.",
    ),
    cause("F82", "A namespace that nobody makes",
        "Objects lie in a namespace that was once made by hand. The new cluster does not have it, and refuses all of them.",
        "Add the Namespace to the files.",
    ),
    cause("F83", "A name that leads to nothing",
        "An object names another, a claim, a volume, a class, a Service, a Role, and no file has it. It was made by hand, \
         or the name has changed on one side only.",
        "Add what is named to the files, or mend the name.",
    ),
    cause("F96", "Files that cannot be rendered",
        "kustomize or helm refuses what it is given: a file it names is gone, a patch meets nothing, a folder takes \
         itself, a chart wants a value that nobody gives. The old cluster still runs what was rendered last; the new \
         one gets nothing.",
        "Run the program on that folder until it ends well. Its own words stand in the message.",
    ),
    cause("F97", "A file that cannot be read",
        "It may hold objects, and what they are cannot be told from here: it is a template, it may not be read, its \
         chart or its base lies elsewhere, or the program that renders it is not installed. What it holds was not \
         checked, and what seems to be missing may be in it.",
        "Give what is named as missing, and check again. Nothing is fetched by a check.",
    ),
    cause("F98", "An acceptance that has ended or is malformed",
        "Somebody has accepted a finding for a while, in a comment or in the plan. The day has come, or there is no day, no \
         reason, or an id that nothing is called by; or the finding is gone and the acceptance is left over, and would one \
         day hide another. A finding whose acceptance has ended counts again.",
        "Mend what was accepted, or write a new day and a reason: # blackstart: accept F51 until 2027-03-01: why. Take out \
         what accepts nothing any more.",
    ),
    cause("F99", "No way in is left",
        "Every way in that the plan names leads through the cluster that its recovery deletes: the tunnel, a VPN in a pod, an \
         address that its load balancer announces. When something fails half way, nobody can come in to see to it.",
        "Have one way that does not: a console, another host on the same network. Try it before you need it, and write it \
         under access in the plan.",
    ),
];

/// What checks of files find, beside the rules. Of these the ladder names some too.
pub const IN_FILES: &[&str] =
    &["F01", "F02", "F03", "F08", "F09", "F35", "F81", "F82", "F83", "F96", "F97", "F98", "F99"];
