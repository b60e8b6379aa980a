//! Upstream's library, asked about drawn pods in every version from 1.0 on, about the latest, and about labels.

use crate::draw::{Draw, Kind, pod};
use crate::sandbox::not_run;
use crate::{cases, ours, policy, seed};
use blackstart::checks::pod_security::{Level, NEWEST, Policy, Seen, Version};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What the variable names, else where the build puts it.
pub fn program(test: &str) -> Option<PathBuf> {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/judges/pod-security");
    let named = std::env::var_os("BLACKSTART_POD_SECURITY_JUDGE").map(PathBuf::from);
    let found = named.or(Some(built)).filter(|path| path.exists());
    if found.is_none() {
        not_run(test, "upstream's library of Pod Security is not built (scripts/build-judges)");
    }
    found
}

/// Its answers, one a question.
pub fn ask(program: &PathBuf, questions: &[Value]) -> Vec<Value> {
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the judge gave up");
    let answers: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

pub fn question(pod: &Value, policy: Policy) -> Value {
    json!({"level": policy.level.word(), "version": policy.version.to_string(), "metadata": pod["metadata"], "spec": pod["spec"]})
}

/// Reasons by how often they were among the words of the judge.
fn count(reasons: &mut BTreeMap<String, usize>, message: &str) {
    let Some((_, clauses)) = message.split_once("\": ") else { return };
    for name in [
        "forbidden AppArmor profile",
        "non-default capabilities",
        "host namespaces",
        "hostPath volumes",
        "hostPort",
        "probe or lifecycle host",
        "privileged (",
        "procMount",
        "seLinuxOptions",
        "seccompProfile",
        "forbidden annotation",
        "forbidden sysctls",
        "hostProcess",
        "allowPrivilegeEscalation != false",
        "unrestricted capabilities",
        "restricted volume types",
        "runAsNonRoot != true",
        "runAsUser=0",
    ] {
        *reasons.entry(name.to_owned()).or_default() += usize::from(clauses.contains(name));
    }
}

#[test]
fn upstream_says_the_same_of_every_pod_in_every_version() {
    let test = "upstream_says_the_same_of_every_pod_in_every_version";
    let Some(program) = program(test) else { return };
    let mut draw = Draw::new(seed(test));
    let (mut questions, mut mine, mut pods) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..cases(8_000, 400_000) {
        let drawn = pod(&mut draw, if number % 3 == 0 { Kind::Tame } else { Kind::Wild });
        let level = if draw.chance(3) { Level::Privileged } else { draw.pick(&[Level::Baseline, Level::Restricted]) };
        // Beyond the newest there is nothing new.
        let minor = draw.below(NEWEST as usize + 4) as u64;
        let policy = if draw.chance(10) { Policy::new(level, Version::Latest) } else { policy(level, minor) };
        questions.push(question(&drawn, policy));
        mine.push(ours(&drawn, Seen::Template, policy, NEWEST));
        pods.push(drawn);
    }
    let (mut reasons, mut let_in, mut disagreements) = (BTreeMap::new(), 0, 0);
    for ((answer, mine), pod) in ask(&program, &questions).iter().zip(&mine).zip(&pods) {
        let theirs = answer["message"].as_str().unwrap();
        let_in += usize::from(theirs.is_empty());
        count(&mut reasons, theirs);
        if theirs != mine {
            disagreements += 1;
            if disagreements <= 5 {
                println!("upstream: {theirs}\nours:     {mine}\n{pod}");
            }
        }
    }
    println!(
        "pod security: {} cases, {disagreements} disagreements (upstream's library, v1.0 to v1.{NEWEST}; {let_in} let in)",
        questions.len()
    );
    println!("pod security: by reason: {reasons:?}");
    assert_eq!(disagreements, 0);
    assert!(let_in * 10 > questions.len() && let_in * 10 < questions.len() * 9, "the cases are one-sided: {let_in}");
    assert!(reasons.values().all(|count| *count * 400 > questions.len()), "a reason is hardly drawn: {reasons:?}");
}
