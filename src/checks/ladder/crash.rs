//! A container that ends again and again: killed for its memory (F52), by its probe (F94), or by itself (F53); and what its last
//! words tell of the cause.

use super::cause::{Cause, Sight};
use super::container::{Container, ended_at};
use super::scene::Scene;
use super::{probe, redact};
use crate::checks::live::Item;

/// So many restarts are no longer a start-up that waits for something else.
const MANY: u64 = 5;

/// It runs right now, or has just ended, and has ended often before.
pub fn again_and_again<'a>(scene: &Scene<'a>, container: Container<'a>) -> Option<Sight> {
    let ended_now = container.state["state"]["terminated"]["exitCode"].as_i64().is_some_and(|code| code != 0);
    let flaps = container.restarts() >= 2 && container.state["ready"] != true;
    let fails = container.end().is_some_and(|end| end["exitCode"] != 0);
    ((ended_now || flaps) && fails).then(|| cause(scene, container, "").sight())
}

pub fn cause<'a>(scene: &Scene<'a>, container: Container<'a>, backoff: &str) -> Cause {
    let pod = container.pod;
    let end = container.end().unwrap_or(&serde_json::Value::Null);
    let code = end["exitCode"].as_i64();
    let times = container.restarts();
    let says = format!("{} {} ends again and again: {times} restarts", container.kind(), container.name());
    let words = last_words(scene, container);
    let told_before = words.join("\n");
    let cause = if end["reason"] == "OOMKilled" {
        out_of_memory(scene, container)
    } else if let Some(cause) = told(scene, container, &told_before) {
        cause
    } else if let Some(cause) = probe::killed(scene, container) {
        cause
    } else {
        by_itself(scene, container, code)
    };
    let heals = cause.trouble.heals;
    let mut cause = cause.raw(told_before).raw(backoff).seen_from(&pod.id, says);
    // Databases and the like come up late, and what needs them ends until then: some time for that.
    if heals == super::Heals::May {
        cause = cause
            .may_heal(90, pod.created())
            .never_heals_if(times >= MANY && scene.now.since(ended_at(container).unwrap_or(scene.now)).as_secs() > 60);
    }
    cause
}

/// The message that the container left, and the last lines it wrote, as they may be shown.
fn last_words(scene: &Scene<'_>, container: Container<'_>) -> Vec<String> {
    let pod = container.pod;
    let message = container.end().and_then(|end| end["message"].as_str()).unwrap_or_default();
    let heard = scene.live.heard(pod.namespace(), pod.name(), container.name());
    let last = heard.iter().skip(heard.len().saturating_sub(20)).map(String::as_str);
    let all = std::iter::once(message).filter(|text| !text.is_empty()).chain(last);
    all.map(|text| redact::shown(scene, pod, text)).collect()
}

fn out_of_memory<'a>(scene: &Scene<'a>, container: Container<'a>) -> Cause {
    let origin = scene.origin(container.pod);
    let limit = container.spec()["resources"]["limits"]["memory"].as_str();
    let message = match limit {
        Some(limit) => format!(
            "{}: {} {} was killed for using more than its memory limit of {limit}",
            origin.item.id,
            container.kind(),
            container.name()
        ),
        None => format!(
            "{}: {} {} was killed because its node ran out of memory; it has no limit of its own",
            origin.item.id,
            container.kind(),
            container.name()
        ),
    };
    let fix =
        "look at what it uses (a leak only takes longer with more); then raise resources.limits.memory, or set one";
    let way = container.way().keys(&["resources", "limits", "memory"]);
    Cause::new("F52", &origin.item.id, message, fix)
        .field_in_pod(scene, container.pod, &way)
        .may_heal(90, container.pod.created())
}

fn by_itself<'a>(scene: &Scene<'a>, container: Container<'a>, code: Option<i64>) -> Cause {
    let origin = scene.origin(container.pod);
    let name = container.name();
    let what = match code {
        Some(137) => "exit code 137: it was killed".to_owned(),
        Some(143) => "exit code 143: it was asked to end".to_owned(),
        Some(code) => format!("exit code {code}"),
        None => "no exit code is known".to_owned(),
    };
    let message = format!("{}: {} {name} ends by itself, {what}", origin.item.id, container.kind());
    let fix = format!("kubectl logs {} -n {} -c {name} --previous", container.pod.name(), container.pod.namespace());
    Cause::new("F53", &origin.item.id, message, fix)
        .field_in_pod(scene, container.pod, &container.way())
        .may_heal(90, container.pod.created())
}

/// What a program says in its last words, and what that means: the texts that have one cause only.
struct Word {
    marks: &'static [&'static str],
    id: &'static str,
    says: &'static str,
    fix: &'static str,
    never: bool,
}

const WORDS: &[Word] = &[
    Word {
        marks: &["exec format error", "no match for platform in manifest"],
        id: "F43",
        says: "its image is for another architecture than its node",
        fix: "use an image that has the architecture of the node, or nodeSelector kubernetes.io/arch",
        never: true,
    },
    Word {
        marks: &["password authentication failed for user"],
        id: "F20",
        says: "the database does not know the password: it keeps the one it was made with",
        fix: "put back the old value of the Secret, or change the password within the database; a new value alone does nothing",
        never: true,
    },
    Word {
        marks: &["database files are incompatible with server"],
        id: "F33",
        says: "the data on the volume is of another major version than the program",
        fix: "use the image of the version that wrote the data, or restore a dump into the new one",
        never: true,
    },
    Word {
        marks: &[
            "dial tcp 10.43.0.1:443: connect: connection refused",
            "dial tcp 10.96.0.1:443: connect: connection refused",
        ],
        id: "F48",
        says: "the address of the API server refuses pods",
        fix: "the rules of kube-proxy are missing: see whether a firewall step or a restart took them away",
        never: false,
    },
    Word {
        marks: &["is attempting to grant RBAC permissions not currently held"],
        id: "F39",
        says: "it wants to grant rights that it does not hold itself",
        fix: "give its ServiceAccount the rights that the message lists, or the verbs escalate and bind",
        never: true,
    },
    Word {
        marks: &[
            "ermission denied",
            "PERMISSION DENIED",
            "EACCES",
            "file access denied",
            "Operation not permitted",
            "operation not permitted",
        ],
        id: "F31",
        says: "it may not read or write its files",
        fix: "compare owner and mode of the directory on the host with runAsUser and fsGroup of the pod: chown -R UID:GID there, or set fsGroup",
        never: true,
    },
];

/// A cause that the last words of a container name.
pub fn told<'a>(scene: &Scene<'a>, container: Container<'a>, said: &str) -> Option<Cause> {
    let word = WORDS.iter().find(|word| word.marks.iter().any(|mark| said.contains(mark)))?;
    let origin = scene.origin(container.pod);
    let way = match word.id {
        "F43" => container.way().key("image"),
        "F31" => super::way::Way::to(&["spec", "securityContext"]),
        _ => container.way(),
    };
    let mut message = format!("{}: {} {}: {}", origin.item.id, container.kind(), container.name(), word.says);
    if word.id == "F31" {
        message.push_str(&user(container.pod, container));
    }
    let cause = Cause::new(word.id, &origin.item.id, message, word.fix).field_in_pod(scene, container.pod, &way);
    Some(if word.never { cause } else { cause.may_heal(60, container.pod.created()) })
}

/// As whom it runs, as far as the pod says.
fn user(pod: &Item, container: Container<'_>) -> String {
    let of_pod = &pod.value["spec"]["securityContext"];
    let own = &container.spec()["securityContext"];
    let said = |name: &str| own[name].as_i64().or(of_pod[name].as_i64());
    match (said("runAsUser"), said("fsGroup")) {
        (Some(user), Some(group)) => format!(" (it runs as {user}, fsGroup {group})"),
        (Some(user), None) => format!(" (it runs as {user})"),
        (None, Some(group)) => format!(" (it runs as the image's user, fsGroup {group})"),
        (None, None) => " (it runs as the image's user)".to_owned(),
    }
}
