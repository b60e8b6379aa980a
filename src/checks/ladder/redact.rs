//! Texts that programs wrote may hold what must not be shown: values from the environment of a pod, and what looks like a
//! credential. The values of Secrets are known to the cluster's own copy.

use super::scene::Scene;
use crate::checks::live::Item;

const HIDDEN: &str = "(hidden)";
/// A name that ends like this is followed by something to hide.
const TELLING: &[&str] =
    &["password", "passwd", "secret", "token", "apikey", "api_key", "api-key", "access_key", "private_key"];

/// A text that a pod or somebody about it wrote, as it may be shown.
pub fn shown(scene: &Scene<'_>, pod: &Item, text: &str) -> String {
    let mut clean = scene.live.hide(pod.namespace(), text);
    let spec = &pod.value["spec"];
    let lists = [&spec["containers"], &spec["initContainers"], &spec["ephemeralContainers"]];
    let containers = lists.into_iter().filter_map(|list| list.as_array()).flatten();
    for env in containers.filter_map(|container| container["env"].as_array()).flatten() {
        if let Some(value) = env["value"].as_str().filter(|value| value.len() >= 8 && clean.contains(value)) {
            clean = clean.replace(value, HIDDEN);
        }
    }
    plain(&clean)
}

/// Without what looks like a credential.
pub fn plain(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(line).collect();
    lines.join("\n")
}

fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, end)) = first(rest) {
        out.push_str(&rest[..start]);
        out.push_str(HIDDEN);
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// The first thing to hide: from where to where.
fn first(text: &str) -> Option<(usize, usize)> {
    [user_of_url(text), after_bearer(text), after_telling_name(text)].into_iter().flatten().min()
}

/// `postgres://user:password@host`
fn user_of_url(text: &str) -> Option<(usize, usize)> {
    text.match_indices("://").find_map(|(at, mark)| {
        let from = at + mark.len();
        let host = text[from..].find(['/', ' ', '"', '\'', '?']).map_or(text.len(), |end| from + end);
        let end = from + text[from..host].rfind('@')?;
        let start = from + text[from..end].find(':')? + 1;
        (start < end && &text[start..end] != HIDDEN).then_some((start, end))
    })
}

fn ends(text: &str, from: usize) -> usize {
    let quoted = text[..from].ends_with(['"', '\'']);
    let stop = |c: char| {
        if quoted {
            c == '"' || c == '\''
        } else {
            c.is_whitespace() || matches!(c, ',' | ';' | '&' | '"' | '\'' | ')' | '}')
        }
    };
    text[from..].find(stop).map_or(text.len(), |end| from + end)
}

fn after_bearer(text: &str) -> Option<(usize, usize)> {
    ["Bearer ", "bearer ", "Basic "]
        .iter()
        .filter_map(|mark| {
            let from = text.find(mark)? + mark.len();
            let end = ends(text, from);
            (end >= from + 8 && !text[from..].starts_with(HIDDEN)).then_some((from, end))
        })
        .min()
}

/// `DB_PASSWORD=…`, `"token": "…"`. A colon without a quote around it may end a sentence, so what follows has to be one word.
fn after_telling_name(text: &str) -> Option<(usize, usize)> {
    let low = text.to_ascii_lowercase();
    let found = TELLING.iter().flat_map(|name| low.match_indices(name).map(|(at, name)| at + name.len()));
    found
        .filter_map(|end| {
            let rest = &text[end..];
            let close = rest.len() - rest.trim_start_matches(['"', '\'']).len();
            let sign = rest[close..].chars().next().filter(|c| matches!(c, '=' | ':'))?;
            let after = &rest[close + 1..];
            let gap = after.len() - after.trim_start_matches(' ').len();
            let quote = usize::from(after[gap..].starts_with(['"', '\'']));
            let from = end + close + 1 + gap + quote;
            let to = ends(text, from);
            let said = sign == ':' && quote == 0 && (close == 0 && text[to..].starts_with(' '));
            (to > from && !said && !text[from..].starts_with(HIDDEN)).then_some((from, to))
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_looks_like_a_credential_is_hidden() {
        let canary = "canary-4711";
        for told in [
            "dial postgres://app:canary-4711@db:5432/app failed",
            "DB_PASSWORD=canary-4711 is wrong",
            r#"{"token": "canary-4711", "user": "x"}"#,
            "Authorization: Bearer canary-4711",
            "api_key: canary-4711",
            "got PASSWORD='canary-4711' and token=canary-4711",
        ] {
            let shown = plain(told);
            assert!(!shown.contains(canary) && shown.contains("(hidden)"), "{told} became {shown}");
        }
    }

    #[test]
    fn what_is_no_credential_stays_as_it_was() {
        for told in [
            r#"secret "db" not found"#,
            "couldn't find key PASSWORD in Secret apps/db",
            "password authentication failed for user \"app\"",
            r#"MountVolume.SetUp failed for volume "token" : references non-existent secret key: token"#,
            "Get https://10.0.0.1:443/x@y: refused",
            "pulling image docker.io/library/redis:7@sha256:abc",
        ] {
            assert_eq!(plain(told), told);
        }
    }
}
