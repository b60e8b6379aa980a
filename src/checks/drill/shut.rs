//! Places that stay shut in a drill whatever the plan's files lead to, because reaching them is what a drill must not do: they
//! are opened by their own name alone, under `drill.allow`.

/// What is done to production by whoever reaches a place.
pub struct Shut {
    /// A name and everything below it.
    pub hosts: &'static [&'static str],
    pub because: &'static str,
}

pub const SHUT: &[Shut] = &[
    Shut {
        hosts: &["argotunnel.com", "cftunnel.com", "ngrok.com", "ngrok.io", "ngrok-agent.com"],
        because: "the edge of a tunnel: with production's token a drill would be given production's requests",
    },
    Shut {
        hosts: &[
            "letsencrypt.org",
            "acme.zerossl.com",
            "api.buypass.com",
            "acme.ssl.com",
            "pki.goog",
            "api.digicert.com",
        ],
        because: "an issuer of certificates: each drill would use up what production may ask for in a week",
    },
    Shut {
        hosts: &[
            "api.cloudflare.com",
            "route53.amazonaws.com",
            "dns.googleapis.com",
            "management.azure.com",
            "api.digitalocean.com",
            "api.hetzner.cloud",
            "dns.hetzner.com",
            "api.linode.com",
            "api.godaddy.com",
            "api.porkbun.com",
            "api.namecheap.com",
            "api.gandi.net",
            "api.ovh.com",
            "api.dnsimple.com",
            "desec.io",
            "duckdns.org",
            "dynv6.com",
        ],
        because: "a provider of DNS: a drill would write over production's records",
    },
    Shut {
        hosts: &[
            "amazonaws.com",
            "backblazeb2.com",
            "r2.cloudflarestorage.com",
            "wasabisys.com",
            "storage.googleapis.com",
        ],
        because: "a store of backups: a drill would write where production's backups lie",
    },
    Shut {
        hosts: &[
            "hooks.slack.com",
            "slack.com",
            "discord.com",
            "api.telegram.org",
            "api.pushover.net",
            "ntfy.sh",
            "hc-ping.com",
            "events.pagerduty.com",
            "api.opsgenie.com",
            "api.sendgrid.com",
            "api.mailgun.net",
        ],
        because: "a place for messages: people would be told of a drill as of the real thing",
    },
    Shut {
        hosts: &["tailscale.com", "zerotier.com", "netbird.io"],
        because: "a private network: a drill would join it with the identity of production",
    },
];

/// Ports that carry mail, and a tunnel's own.
const PORTS: &[(u16, &str)] = &[
    (25, "mail"),
    (465, "mail"),
    (587, "mail"),
    (7844, "the edge of a tunnel: with production's token a drill would be given production's requests"),
];

/// Why this place stays shut, where it does.
pub fn because(host: &str, port: u16) -> Option<&'static str> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_below = |name: &&&str| host == **name || host.strip_suffix(**name).is_some_and(|rest| rest.ends_with('.'));
    let by_name = SHUT.iter().find(|shut| shut.hosts.iter().any(|name| is_below(&name)));
    let by_port = || PORTS.iter().find(|(own, _)| *own == port).map(|(_, because)| *because);
    by_name.map(|shut| shut.because).or_else(by_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shut_with_all_below_it_and_nothing_that_merely_ends_alike() {
        for host in
            ["region1.v2.argotunnel.com", "acme-v02.api.letsencrypt.org", "API.cloudflare.com.", "tailscale.com"]
        {
            assert!(because(host, 443).is_some(), "{host}");
        }
        for host in ["notargotunnel.com", "cloudflare.com", "git.example.org", "letsencrypt.org.example.org"] {
            assert!(because(host, 443).is_none(), "{host}");
        }
        assert!(because("mail.example.org", 587).is_some() && because("198.51.100.4", 7844).is_some());
    }
}
