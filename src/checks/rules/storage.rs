//! F04, F05, F06, F21, F32, F85: volumes and claims, which are matched in `checks/volumes`.

use super::Rule;
use crate::checks::causes::cause;
use crate::checks::volumes;

pub const RULE: Rule = Rule {
    ids: &["F04", "F05", "F06", "F21", "F32", "F85"],
    pages: &[
        cause(
            "F21",
            "An application that comes up empty",
            "Its volume was made by local-path, which gives each claim a folder that is called by the claim's uid. The \
             claim of the new cluster has another uid: everything is green, and the data lies in a folder that nobody \
             asks for. Or it lay in a node and nowhere else, and died with it.",
            "Give data that must stay a volume in a file, with a path of its own and the claim's name in claimRef; or \
             restore a backup as a step of the plan.",
        ),
        cause(
            "F85",
            "Volumes that may be mixed up",
            "Several volumes can serve one claim, or one volume several claims. Kubernetes takes the smallest that is \
             free when it comes to it, so that who gets which data depends on the order in which things come up. It \
             went well as long as nobody made everything anew.",
            "Name the claim in the claimRef of its volume, with namespace and name and without uid.",
        ),
    ],
    look: volumes::check,
};
