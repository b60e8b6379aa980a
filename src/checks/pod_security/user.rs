//! The numbers of the users that well-known images run as. Others are not guessed at.

const USERS: &[(&str, i64)] = &[("cloudflare/cloudflared", 65532)];

/// Images whose user was a word: the word, and the first version of which it is a number.
const WORDS: &[(&str, &str, [u32; 2])] = &[("cloudflare/cloudflared", "nonroot", [2025, 7])];

/// The number of the user that an image runs as, where it is known.
pub fn user_of(image: &str) -> Option<i64> {
    let (name, _) = split(image);
    USERS.iter().find(|(known, _)| *known == name).map(|(_, user)| *user)
}

/// The word by which an image names its user, and the number that it stands for. Of an image whose tag says nothing of its
/// version this is not known.
pub fn named_user(image: &str) -> Option<(&'static str, i64)> {
    let (name, tag) = split(image);
    let (_, word, since) = WORDS.iter().find(|(known, ..)| *known == name)?;
    let mut parts = tag?.trim_start_matches('v').split(['.', '-']).map(|part| part.parse::<u32>().ok());
    let version = [parts.next()??, parts.next()??];
    (version < *since).then_some((*word, user_of(image)?))
}

/// The name without the registry that is meant anyway, and the tag.
fn split(image: &str) -> (&str, Option<&str>) {
    let name = image.split('@').next().unwrap_or_default();
    let (name, tag) = match name.rfind(':') {
        Some(colon) if !name[colon..].contains('/') => (&name[..colon], Some(&name[colon + 1..])),
        _ => (name, None),
    };
    (name.strip_prefix("docker.io/").unwrap_or(name), tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_that_became_a_number_is_a_word_in_older_versions_only() {
        assert_eq!(named_user("cloudflare/cloudflared:2025.6.1"), Some(("nonroot", 65532)));
        assert_eq!(named_user("docker.io/cloudflare/cloudflared:2024.12.2-amd64"), Some(("nonroot", 65532)));
        assert_eq!(named_user("cloudflare/cloudflared:2025.7.0"), None);
        assert_eq!(named_user("cloudflare/cloudflared:latest"), None);
        assert_eq!(named_user("nginx:1.27"), None);
        assert_eq!(user_of("docker.io/cloudflare/cloudflared@sha256:00"), Some(65532));
    }
}
