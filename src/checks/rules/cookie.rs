//! F30: a cookie secret of oauth2-proxy that has not the length of a key. It tells lengths, and never a value.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::{Hidden, Severity, Spot};
use crate::sys::base64;

pub const RULE: Rule = Rule {
    ids: &["F30"],
    pages: &[cause(
        "F30",
        "A generated value of the wrong length",
        "oauth2-proxy takes its cookie secret as the key of a cipher: 16, 24 or 32 bytes, or base64 of the kind for \
         addresses of so many. 32 bytes in ordinary base64 are 44 letters, and a line break at the end is one more: it \
         ends at once with cookie_secret must be 16, 24, or 32 bytes.",
        "Make it anew: openssl rand -base64 32 | tr -- '+/' '-_' | tr -d '\\n'.",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    for object in ground.of_kind("", "Secret") {
        for (list, encoded) in [("data", true), ("stringData", false)] {
            for field in object.root.get(list).map_or(&[][..], Node::fields) {
                if let Some(text) = field.node.text().filter(|_| is_cookie(object, &field.name)) {
                    let value = if encoded { base64::decode(text) } else { Some(Hidden::from(text.to_owned())) };
                    judge(object, &field.name, value, field.at, told);
                }
            }
        }
    }
    for workload in &ground.workloads {
        for (_, container) in workload.containers() {
            for variable in each(container, "env").filter(|one| one.text_at(&["name"]) == Some(VARIABLE)) {
                let Some(text) = variable.text_at(&["value"]) else { continue };
                judge(workload.object, VARIABLE, Some(Hidden::from(text.to_owned())), variable.at, told);
            }
        }
    }
}

const VARIABLE: &str = "OAUTH2_PROXY_COOKIE_SECRET";

/// Other programs have cookie secrets too, and other rules for them.
fn is_cookie(object: &Object, key: &str) -> bool {
    let proxy = object.name().contains("oauth2") || object.namespace().is_some_and(|space| space.contains("oauth2"));
    key == VARIABLE || (proxy && matches!(key, "cookie-secret" | "cookie_secret" | "cookieSecret"))
}

fn judge(object: &Object, key: &str, value: Option<Hidden>, at: Spot, told: &mut Told) {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return };
    // A reference to a variable, or what a program fills in.
    let later = |mark: &[u8]| value.reveal().windows(2).any(|pair| pair == mark);
    if [b"${", b"$(", b"{{"].into_iter().any(|mark| later(mark)) || fits(&value) {
        return;
    }
    let message = format!("{key} has {} bytes, and oauth2-proxy starts with 16, 24 or 32 only", value.len());
    let fix = "make it anew: openssl rand -base64 32 | tr -- '+/' '-_' | tr -d '\\n'";
    told.say("F30", Severity::Error, object, object.place_at(at), message, fix);
}

/// As oauth2-proxy reads it: base64 for addresses, with or without padding, where that gives a key; else the bytes themselves.
fn fits(value: &Hidden) -> bool {
    let is_key = |length: usize| [16, 24, 32].contains(&length);
    let text = value.reveal();
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let letters = text[..end].iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
    let decoded = (end % 4 != 1).then(|| end * 3 / 4);
    is_key(text.len()) || (letters && decoded.is_some_and(is_key))
}
