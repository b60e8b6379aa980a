//! `secrets seal` and `secrets unseal` as scripts use them: pipes, exit codes, and what is said when something is wrong.

use crate::{judge, key_file, key_text, made};
use blackstart::secrets::key::LABEL;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringData: {k: canary-4711}\n";

struct Told {
    code: i32,
    out: String,
    err: String,
}

/// What it says to a pipe.
fn ask(words: &[&str], input: &str) -> Told {
    let mut child = Command::new(env!("CARGO_BIN_EXE_blackstart"))
        .arg("secrets")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that refuses may be gone before it reads.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    told(child.wait_with_output().unwrap())
}

fn told(output: Output) -> Told {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let told = Told { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) };
    assert!(!told.err.contains("4711"), "a value was said: {}", told.err);
    told
}

impl Told {
    #[track_caller]
    fn ends(self, code: i32, says: &str) -> Told {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(self.err.contains(says), "{says:?} was not said: {}", self.err);
        if code != 0 {
            assert_eq!(self.out, "", "something was printed all the same");
        }
        self
    }
}

fn file(name: &str) -> String {
    key_file(name).to_str().unwrap().to_owned()
}

fn seal(words: &[&str], input: &str) -> Told {
    ask(&[&["seal", "--cert", &file("second.cert.pem")], words].concat(), input)
}

fn unseal(words: &[&str], input: &str) -> Told {
    ask(&[&["unseal", "--key", &file("second.key.pem")], words].concat(), input)
}

#[test]
fn what_goes_through_two_pipes_comes_out_as_it_was() {
    let two = format!("{SECRET}---\n{}", SECRET.replace("name: a", "name: c"));
    let sealed = seal(&["-"], &two).ends(0, "");
    assert!(!sealed.out.contains("4711") && sealed.out.matches("kind: SealedSecret").count() == 2, "{}", sealed.out);
    let opened = unseal(&["-"], &sealed.out).ends(0, "");
    let documents = crate::documents(&opened.out);
    let names: Vec<String> = documents.iter().map(|document| document.id.to_string()).collect();
    assert_eq!(names, ["Secret b/a", "Secret b/c"]);
    assert!(documents.iter().all(|document| document.entries["k"].value.reveal() == b"canary-4711"));
}

#[test]
fn a_scope_that_is_said_wins_over_what_is_written() {
    let wide =
        SECRET.replace("namespace: b", "namespace: b, annotations: {sealedsecrets.bitnami.com/cluster-wide: 'true'}");
    for (input, words, annotation) in [
        (SECRET, &[][..], None),
        (SECRET, &["--scope", "namespace-wide"], Some("namespace-wide")),
        (SECRET, &["--scope", "cluster-wide"], Some("cluster-wide")),
        (&wide, &[], Some("cluster-wide")),
        (&wide, &["--scope", "namespace-wide"], Some("namespace-wide")),
        (&wide, &["--scope", "strict"], None),
    ] {
        let sealed = seal(&[words, &["-"]].concat(), input).ends(0, "").out;
        for name in ["namespace-wide", "cluster-wide"] {
            // Once on the SealedSecret itself, once in its template.
            let many = sealed.matches(&format!("sealedsecrets.bitnami.com/{name}: \"true\"")).count();
            assert_eq!(many, if annotation == Some(name) { 2 } else { 0 }, "{words:?}: {sealed}");
        }
        unseal(&["-"], &sealed).ends(0, "");
        if let Some(kubeseal) = judge::kubeseal("a_scope_that_is_said_wins_over_what_is_written") {
            assert!(judge::unseal(&kubeseal, &key_file("second.key.pem"), &sealed).is_ok(), "{words:?}");
        }
    }
}

#[test]
fn a_certificate_that_is_unfit_is_refused_before_anything_is_read() {
    if !made::has_openssl("a_certificate_that_is_unfit_is_refused_before_anything_is_read") {
        return;
    }
    let with = |name: &str| ask(&["seal", "--cert", &file(name), "-"], SECRET);
    with("expired.cert.pem").ends(3, "expired.cert.pem: expired on 2020-12-3");
    with("not-yet.cert.pem").ends(3, "is not valid before 2100");
    with("signing.cert.pem").ends(3, "encryption is not among it");
    with("small.cert.pem").ends(3, "less than 2048 bits");
    with("curve.cert.pem").ends(3, "not RSA");
    with("second.key.pem").ends(2, "second.key.pem: holds no certificate");
    ask(&["seal", "--cert", "/nonexistent/no-such-file", "-"], SECRET).ends(2, "no-such-file: cannot be read");
}

#[test]
fn a_certificate_expires_with_the_clock_of_the_machine() {
    let late = |date: &str| {
        let binary = env!("CARGO_BIN_EXE_blackstart");
        let mut command = Command::new("faketime");
        command.args([date, binary, "secrets", "seal", "--cert", &file("second.cert.pem"), "/dev/stdin"]);
        command.stdin(Stdio::null()).output()
    };
    if late("2026-01-01").is_err() {
        return crate::sandbox::not_run("a_certificate_expires_with_the_clock_of_the_machine", "there is no faketime");
    }
    told(late("2119-12-09").unwrap()).ends(3, "second.cert.pem: expired on 2119-12-0");
    told(late("2019-12-30").unwrap()).ends(3, "is not valid before 20");
}

#[test]
fn a_secret_that_is_wrong_is_told_with_its_place_and_nothing_is_sealed() {
    let wrong = SECRET.replace("stringData: {k: canary-4711}", "data: {k: canary-4711}");
    seal(&["-"], &wrong).ends(2, "stdin:4:").ends(2, "data.k: is not base64");
    seal(&["-"], &format!("{SECRET}---\n{wrong}")).ends(2, "data.k");
    seal(&["-"], "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n").ends(2, "nothing to seal");
    seal(&["-"], "").ends(2, "holds no Secret");
    seal(&[], "").ends(2, "FILE");
}

#[test]
fn secrets_are_shown_to_a_pipe_only_or_when_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (sealed, out) = (folder.path().join("sealed.yaml"), folder.path().join("out.yaml"));
    std::fs::write(&sealed, seal(&["-"], SECRET).out).unwrap();
    let to_file = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blackstart"));
        command.args(["secrets", "unseal", "--key", &file("second.key.pem")]).args(more).arg(&sealed);
        let file = std::fs::File::create(&out).unwrap();
        told(command.stdin(Stdio::null()).stdout(file).output().unwrap())
    };
    to_file(&[]).ends(3, "say --reveal");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "");
    to_file(&["--reveal"]).ends(0, "");
    assert!(std::fs::read_to_string(&out).unwrap().contains("kind: Secret"));
}

fn key_secret(name: &str, file: &str, mark: &str) -> String {
    let indented = |name: String| String::from_utf8(key_text(&name)).unwrap().trim_end().replace('\n', "\n        ");
    let (key, certificate) = (indented(format!("{file}.key.pem")), indented(format!("{file}.cert.pem")));
    format!(
        "- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: {name}\n    namespace: kube-system\n    labels: \
         {{{LABEL}: {mark}}}\n  type: kubernetes.io/tls\n  stringData:\n    tls.crt: |\n        {certificate}\n    \
         tls.key: |\n        {key}\n"
    )
}

#[test]
fn keys_come_as_the_cluster_gives_them() {
    if !made::has_openssl("keys_come_as_the_cluster_gives_them") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.yaml");
    let list = |parts: &[String]| format!("apiVersion: v1\nkind: List\nitems:\n{}", parts.concat());
    let write = |path: &Path, text: String| std::fs::write(path, text).unwrap();
    write(&keys, list(&[key_secret("old", "second", "compromised"), key_secret("new", "third", "active")]));
    let sealed = seal(&["-"], SECRET).out;
    let path = keys.to_str().unwrap();
    let told = ask(&["unseal", "--key", path, "-"], &sealed).ends(
        0,
        "note: stdin:8:5: spec.encryptedData.k: opens with the key kube-system/old, which the controller does",
    );
    assert!(told.err.contains("compromised") && !told.err.contains("kube-system/new"), "{}", told.err);
    if let Some(kubeseal) = judge::kubeseal("keys_come_as_the_cluster_gives_them") {
        // Upstream reads values of keys under `data` only, so it is shown the Secret that we print.
        let text =
            blackstart::secrets::manifest::yaml(&crate::documents(&list(&[key_secret("old", "second", "active")]))[0]);
        write(&keys, String::from_utf8(text.reveal().to_vec()).unwrap());
        assert!(judge::unseal(&kubeseal, &keys, &sealed).is_ok());
    }
    write(&keys, list(&[key_secret("new", "third", "active").replace("-----BEGIN RSA", "-----BEGIN")]));
    ask(&["unseal", "--key", path, "-"], &sealed).ends(2, "tls.key: ");
    ask(&["unseal", "--key", &file("second.protected.pem"), "-"], &sealed).ends(2, "passphrase");
    ask(&["unseal", "--key", &file("second.cert.pem"), "-"], &sealed).ends(2, "second.cert.pem: holds no private key");
}

#[test]
fn why_something_does_not_open_is_told() {
    let sealed = seal(&["-"], SECRET).out;
    unseal(&["-"], &sealed.replace("namespace: b", "namespace: c"))
        .ends(1, "stdin:8:5: spec.encryptedData.k: the one key that is held does not open it")
        .ends(1, "anew");
}

#[test]
fn a_name_out_of_a_file_moves_no_cursor() {
    let bad = SECRET.replace("k: canary", "\"k\\e[2J\\u202E\": canary");
    assert!(!seal(&["-"], &bad).ends(2, "stringData: this key has other letters").err.contains(['\u{1b}', '\u{202e}']));
    let sealed = seal(&["-"], SECRET).out.replace("    k: ", "    \"k\\e[2J\": ");
    assert!(!unseal(&["-"], &sealed).ends(2, r"spec.encryptedData.k\u{1b}[2J: is no key").err.contains('\u{1b}'));
}

#[test]
fn a_large_value_goes_through_both_pipes_whole() {
    let value = "0123456789abcde\n".repeat(40_000);
    let large = SECRET.replace("canary-4711", &format!("{value:?}"));
    let opened = unseal(&["-"], &seal(&["-"], &large).ends(0, "").out).ends(0, "");
    assert!(crate::documents(&opened.out)[0].entries["k"].value.reveal() == value.as_bytes());
}

#[test]
fn a_part_is_never_shown() {
    let sealed = seal(&["-"], SECRET).out;
    let other = seal(&["--scope", "cluster-wide", "-"], &SECRET.replace("name: a", "name: d")).out;
    let broken = other.replace("sealedsecrets.bitnami.com/cluster-wide: \"true\"", "a: b");
    let told = unseal(&["-"], &format!("{sealed}---\n{broken}")).ends(1, "was sealed cluster-wide");
    assert!(told.err.contains("cluster-wide: \"true\""), "{}", told.err);
    // Names and namespaces of what is read beside it are tried.
    let renamed = sealed.replace("name: a", "name: z");
    let with = format!("{renamed}---\n{}", seal(&["-"], SECRET).out);
    unseal(&["-"], &with).ends(1, "was sealed for b/a, and is applied as b/z");
    unseal(&["-"], "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n").ends(2, "is a ConfigMap");
    unseal(&["-"], "# nothing\n").ends(2, "holds no SealedSecret");
    let templated = sealed.replace("  template:\n", "  template:\n    data: {url: 'https://{{ .k }}@host'}\n");
    unseal(&["-"], &templated).ends(2, "only the controller fills in");
}
