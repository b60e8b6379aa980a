//! F68: the file of CoreDNS, as its ConfigMap has it: braces that do not close, and plugins that its image does not have.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::manifests::{Field, Node, Object};
use crate::model::Severity;

pub const RULE: Rule = Rule {
    ids: &["F68"],
    pages: &[cause(
        "F68",
        "A file that CoreDNS cannot read",
        "The CoreDNS that runs read its file when it was started, and goes on with it when a changed one is wrong. A new \
         one starts with the file as it is: it ends at once, and no name is found in the whole cluster.",
        "Mend the file; try it with coredns -conf before it is applied.",
    )],
    look,
};

/// What the image of CoreDNS has in it.
#[rustfmt::skip]
const PLUGINS: &[&str] = &[
    "acl", "any", "auto", "autopath", "azure", "bind", "bufsize", "cache", "cancel", "chaos", "clouddns", "debug", "dns64",
    "dnssec", "dnstap", "erratic", "errors", "etcd", "file", "forward", "geoip", "grpc", "grpc_server", "header", "health",
    "hosts", "https", "https3", "import", "k8s_external", "kubernetes", "loadbalance", "local", "log", "loop", "metadata",
    "minimal", "multisocket", "nomad", "nsid", "on", "pprof", "prometheus", "proxyproto", "quic", "ready", "reload", "rewrite",
    "root", "route53", "secondary", "sign", "shutdown", "startup", "template", "timeouts", "tls", "trace", "transfer", "tsig",
    "view", "whoami",
];

fn look(ground: &Ground<'_>, told: &mut Told) {
    // An image of somebody's own has whatever plugins he built in.
    let own = ground.workloads.iter().filter(|workload| workload.namespace() == "kube-system").any(|workload| {
        let mut images = workload.containers().filter_map(|(_, one)| one.get("image").and_then(Node::text));
        workload.object.name().contains("coredns")
            && images.any(|image| !image.contains("coredns/coredns") && !image.contains("mirrored-coredns"))
    });
    for object in ground.of_kind("", "ConfigMap").iter().filter(|object| object.namespace() == Some("kube-system")) {
        let keys = object.root.get("data").map_or(&[][..], Node::fields);
        for field in keys {
            let depth = match (object.name(), &*field.name) {
                ("coredns", "Corefile") => Start::Servers,
                ("coredns-custom", key) if key.ends_with(".server") => Start::Servers,
                ("coredns-custom", key) if key.ends_with(".override") => Start::Plugins,
                _ => continue,
            };
            judge(object, field, depth, own, told);
        }
    }
}

/// What stands outside of all braces.
#[derive(Clone, Copy, PartialEq)]
enum Start {
    Servers,
    Plugins,
}

fn judge(object: &Object, field: &Field, start: Start, own: bool, told: &mut Told) {
    let Some(text) = field.node.text().filter(|text| !text.contains("${")) else { return };
    let plugins = match start {
        Start::Servers => 1,
        Start::Plugins => 0,
    };
    let mut depth = 0_i64;
    let (mut wrong, mut open_quote) = (None, false);
    for (number, line) in text.lines().enumerate() {
        let words = words(line, &mut open_quote);
        if depth == plugins && wrong.is_none() && !own {
            let first = words.first().map(String::as_str).filter(|word| !matches!(*word, "{" | "}"));
            // The name of a part that other parts import, or of a server in braces of its own.
            let named = first.filter(|word| !word.starts_with('(') && !word.contains(['{', '$']));
            if let Some(name) = named.filter(|name| !PLUGINS.contains(name)) {
                wrong = Some(format!("line {}: {name} is no plugin of CoreDNS", number + 1));
            }
        }
        for word in &words {
            depth += i64::from(word == "{") - i64::from(word == "}");
        }
        if depth < 0 {
            wrong = Some(format!("line {}: closes a brace that was not opened", number + 1));
            break;
        }
    }
    if depth > 0 {
        wrong = Some(format!("{depth} braces are not closed"));
    }
    if let Some(why) = wrong {
        let message = format!("{} cannot be read by CoreDNS: {why}", field.name);
        let fix = "mend the file: a CoreDNS that starts anew ends at once, and no name is found";
        told.say("F68", Severity::Warning, object, object.place_at(field.at), message, fix);
    }
}

/// The words of a line: what stands in quotes is one, what follows `#` is none. Quotes may go on over lines.
fn words(line: &str, open: &mut bool) -> Vec<String> {
    let (mut words, mut word, mut escaped, mut some) = (Vec::new(), String::new(), false, false);
    for letter in line.chars() {
        match letter {
            _ if escaped => {
                word.push(letter);
                escaped = false;
            }
            '\\' if *open => escaped = true,
            '"' if *open => *open = false,
            '"' if !some => (*open, some) = (true, true),
            '#' if !*open && !some => break,
            space if space.is_whitespace() && !*open => {
                if some {
                    words.push(std::mem::take(&mut word));
                }
                some = false;
            }
            other => {
                // A brace in quotes is a letter.
                word.push(if *open && matches!(other, '{' | '}') { '.' } else { other });
                some = true;
            }
        }
    }
    if some {
        words.push(word);
    }
    words
}
