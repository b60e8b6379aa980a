//! The numbers of the users that well-known images run as. Others are not guessed at.

const USERS: &[(&str, i64)] = &[("cloudflare/cloudflared", 65532)];

/// The number of the user that an image runs as, where it is known.
pub fn user_of(image: &str) -> Option<i64> {
    let name = image.split('@').next().unwrap_or_default();
    let name = match name.rfind(':') {
        Some(colon) if !name[colon..].contains('/') => &name[..colon],
        _ => name,
    };
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    USERS.iter().find(|(known, _)| *known == name).map(|(_, user)| *user)
}
