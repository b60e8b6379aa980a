//! F46: secrets that stand in files as they are: in Secrets, as private keys, as tokens of a known form. It names keys and
//! places, and never any part of a value. It does not know whether a file is in git.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::{Field, Node, Object, Value};
use crate::model::{Hidden, Severity, Spot};
use crate::secrets::placeholder;
use crate::sys::base64;

pub const RULE: Rule = Rule {
    ids: &["F46"],
    pages: &[cause(
        "F46",
        "A secret that everybody can read",
        "A password, a key or a token stands in a manifest as it is. Base64 hides nothing, and what git once held it \
         holds for ever. The recovery itself goes well with it, which is why this is a warning and no error: what it \
         costs is paid by somebody else's hand.",
        "Change the value where it is used, since it is known by now. Then put the new one into the encrypted store \
         (blackstart secrets add), or seal it.",
    )],
    look,
};

fn look(ground: &Ground<'_>, told: &mut Told) {
    for object in &ground.objects {
        // What SOPS has encrypted says so; what is sealed, or defines a kind, holds no value.
        if object.root.get("sops").is_some() {
            continue;
        }
        match (object.id.group(), object.kind()) {
            ("bitnami.com", "SealedSecret") | ("apiextensions.k8s.io", "CustomResourceDefinition") => {}
            ("", "Secret") => secret(object, told),
            _ => anywhere(object, told),
        }
    }
}

/// Kinds of Secrets that the cluster or a program writes.
const MADE: [&str; 2] = ["kubernetes.io/service-account-token", "helm.sh/release.v1"];
/// Keys of values that are no secret, in lower case and without what stands between words.
#[rustfmt::skip]
const OPEN: &[&str] = &[
    "url", "uri", "username", "user", "host", "hostname", "port", "type", "name", "project", "database", "dbname", "endpoint",
    "region", "bucket", "ca.crt", "tls.crt", "cert", "server", "enableoci", "enablelfs", "insecure", "email", "domain", "issuer",
    "namespace", "provider", "sslmode", "path", "schema", "timezone", "tz", "sshknownhosts", "knownhosts", "insecureignorehostkey",
];

fn secret(object: &Object, told: &mut Told) {
    if object.root.text_at(&["type"]).is_some_and(|sort| MADE.contains(&sort)) {
        return;
    }
    let fields = |list: &str| object.root.get(list).map_or(&[][..], Node::fields);
    let coded = fields("data").iter().filter(|field| is_real(field, true));
    let plain = fields("stringData").iter().filter(|field| is_real(field, false));
    let found: Vec<&Field> = coded.chain(plain).collect();
    let Some(first) = found.first() else { return };
    let keys: Vec<&str> = found.iter().take(5).map(|field| &*field.name).collect();
    let more = if found.len() > 5 { format!(" and {} more", found.len() - 5) } else { String::new() };
    let stands = if found.len() == 1 { "stands" } else { "stand" };
    let message = format!("{}{more} {stands} in its file as they are, for everybody who reads it", keys.join(", "));
    say(object, first.at, if found.len() == 1 { message.replace("as they are", "as it is") } else { message }, told);
}

/// A value that somebody has put in, and that may be a secret.
fn is_real(field: &Field, coded: bool) -> bool {
    let key: String = field.name.to_lowercase().chars().filter(|c| !"-_".contains(*c)).collect();
    let Some(text) = field.node.text() else { return false };
    let later = ["${", "{{", "$(", "ENC[", "<path:", "op://", "vault:"].iter().any(|mark| text.contains(mark));
    if OPEN.contains(&&*key) || later || (!coded && is_settings(&field.name, text)) {
        return false;
    }
    let hidden = |text: &str| Hidden::from(text.to_owned());
    let Some(value) = (if coded { base64::decode(text) } else { Some(hidden(text)) }) else { return false };
    // A word that everybody knows is no secret, whatever it is called.
    let known = ["true", "false", "admin", "root", "postgres", "default"].iter().any(|word| value.same(&hidden(word)));
    !value.is_empty() && !known && placeholder::sort(&value).is_none()
}

/// A file of settings in which no word says that a secret is among them.
fn is_settings(name: &str, text: &str) -> bool {
    let file = [".yml", ".yaml", ".json", ".conf", ".ini", ".toml", ".cfg"].iter().any(|end| name.ends_with(end));
    let lower = text.to_lowercase();
    let words = ["password", "passwd", "secret", "token", "credential", "private", "apikey", "api_key", "accesskey"];
    file && text.contains('\n') && !words.iter().any(|word| lower.contains(word)) && known_form(text).is_none()
}

fn anywhere(object: &Object, told: &mut Told) {
    let mut found = Vec::new();
    texts(&object.root, object.at, &mut |text, at| {
        if let Some(what) = known_form(text) {
            found.push((what, at));
        }
    });
    for (what, at) in found {
        say(object, at, format!("{what} stands in its file as it is, for everybody who reads it"), told);
    }
}

fn say(object: &Object, at: Spot, message: String, told: &mut Told) {
    let fix = "change the value, and put the new one into the encrypted store: blackstart secrets add, or seal it";
    told.say("F46", Severity::Warning, object, object.place_at(at), message, fix);
}

fn texts<'o>(node: &'o Node, at: Spot, each: &mut dyn FnMut(&'o str, Spot)) {
    match &node.value {
        Value::Text(text) => each(text, at),
        Value::List(items) => items.iter().for_each(|item| texts(item, item.at, each)),
        Value::Map(fields) => fields.iter().for_each(|field| texts(&field.node, field.at, each)),
        Value::Nothing | Value::Flag(_) | Value::Whole(_) | Value::Real(_) => {}
    }
}

/// Nothing shorter is a secret of a known form.
const SHORTEST: usize = 20;

/// What a text holds that is a secret by its form.
fn known_form(text: &str) -> Option<&'static str> {
    if text.len() < SHORTEST {
        return None;
    }
    if text.contains("PRIVATE KEY-----") && is_key(text) {
        return Some("a private key");
    }
    let breaks = |c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c));
    text.split(breaks).filter(|word| word.len() >= SHORTEST).find_map(token)
}

/// A private key, and not only its first line, as in a script that looks for one.
fn is_key(text: &str) -> bool {
    let parts = text.split("PRIVATE KEY-----").skip(1);
    let body = |part: &str| {
        let line = part.trim_start_matches(['\r', '\n', ' ']).split(['\n', '\r', '-']).next().unwrap_or_default();
        part.starts_with(['\n', '\r']) && line.trim().len() >= 40 && !line.contains(' ')
    };
    !text.contains("ENCRYPTED PRIVATE KEY") && parts.into_iter().any(body)
}

fn token(word: &str) -> Option<&'static str> {
    let after = |begin: &str| word.strip_prefix(begin);
    let letters = |rest: &str, least: usize| {
        rest.len() >= least && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let github = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].into_iter().find_map(after);
    let found =
        if github.is_some_and(|rest| letters(rest, 36)) || after("github_pat_").is_some_and(|rest| letters(rest, 50)) {
            "a token of GitHub"
        } else if after("glpat-").or(after("glrt-")).or(after("gldt-")).is_some_and(|rest| letters(rest, 20)) {
            "a token of GitLab"
        } else if after("xoxb-").or(after("xoxp-")).is_some_and(|rest| letters(rest, 20)) {
            "a token of Slack"
        } else if after("AGE-SECRET-KEY-1").is_some_and(|rest| letters(rest, 50)) {
            "an identity of age"
        } else if after("AKIA")
            .is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
        {
            "a key of AWS"
        } else if after("eyJhIjoi").is_some_and(|rest| letters(rest, 100)) {
            "the token of a tunnel"
        } else if is_jwt(word) {
            "a signed token (JWT)"
        } else {
            return None;
        };
    // A pattern of one letter, or the word that examples have in them.
    let mut seen = [false; 256];
    word.bytes().for_each(|byte| seen[usize::from(byte)] = true);
    let varied = seen.iter().filter(|seen| **seen).count() >= 12;
    (varied && !word.contains("EXAMPLE")).then_some(found)
}

fn is_jwt(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let long = parts.iter().all(|part| part.len() >= 16);
    parts.len() == 3 && long && parts[0].starts_with("eyJ") && parts[1].starts_with("eyJ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together here, so that no file holds what looks like somebody's token.
    #[test]
    fn tokens_are_known_by_their_form_wherever_they_stand_in_a_text() {
        let varied = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6";
        let upper = "A1B2C3D4E5F6G7H8";
        for (begin, rest, what) in [
            ("ghp_", &varied[..36], "a token of GitHub"),
            ("glpat-", &varied[..20], "a token of GitLab"),
            ("xoxb-", &varied[..24], "a token of Slack"),
            ("AKIA", upper, "a key of AWS"),
        ] {
            let address = format!("https://bot:{begin}{rest}@example.org/ops.git");
            assert_eq!(known_form(&address), Some(what), "{begin}");
            assert_eq!(known_form(&format!("https://bot:{begin}@example.org/{rest}")), None, "{begin}");
            assert_eq!(known_form(&address.replace(rest, &"x".repeat(rest.len()))), None, "{begin}: a pattern");
        }
    }
}
