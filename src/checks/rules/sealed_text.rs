//! F28: values of a SealedSecret that were never sealed. Whether one opens is asked where the keys are.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::Node;
use crate::model::Severity;
use crate::sys::base64;

pub const RULE: Rule = Rule {
    ids: &["F28"],
    pages: &[cause(
        "F28",
        "A placeholder where a sealed value belongs",
        "Somebody wrote the SealedSecret by hand and meant to put the value in later. The controller refuses all of it for \
         the sake of one value (illegal base64 data), so that no Secret is made, and what needs it waits.",
        "Seal the value: blackstart secrets seal, or kubeseal --raw.",
    )],
    look,
};

/// A length, the smallest of keys that anybody made, and the tag at the end.
const SHORTEST: usize = 2 + 128 + 16;

fn look(ground: &Ground<'_>, told: &mut Told) {
    for object in ground.of_kind("bitnami.com", "SealedSecret") {
        for field in object.root.walk(&["spec", "encryptedData"]).map_or(&[][..], Node::fields) {
            // What a store will fill in is empty until then; and what Flux fills in is not sealed yet.
            let Some(text) = field.node.text().filter(|text| !text.is_empty() && !text.contains("${")) else {
                continue;
            };
            let why = match base64::decode(text) {
                None => "is not base64",
                Some(bytes) if bytes.len() < SHORTEST => "is shorter than anything sealed",
                Some(_) => continue,
            };
            let message = format!("{} {why}: no Secret is made of any of its values", field.name);
            let fix = format!("seal the value of {} and put it in", field.name);
            told.say("F28", Severity::Error, object, object.place_at(field.at), message, fix);
        }
    }
}
