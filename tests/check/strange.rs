//! Files as they really lie in repositories, through the binary: nothing of it ends `check`, and each file is counted: among
//! those with objects, those without anything of Kubernetes, or those that could not be read, which are named.

use crate::common::{self, binary};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What a file must be counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    /// It has so many objects.
    Objects(usize),
    /// It has so many, and something that could not be read.
    Partly(usize),
    Foreign,
    /// Named among what is not known.
    Unread,
}
use As::{Foreign, Objects, Partly, Unread};

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: @, namespace: default}\n";

fn map(name: &str) -> String {
    MAP.replace('@', name)
}

fn check(folder: &Path, words: &[&str]) -> common::Told {
    let mut command = Command::new(binary());
    command.arg("check").args(words).current_dir(folder).env("XDG_STATE_HOME", folder.join("state"));
    common::Told::of(command.output().unwrap())
}

/// The numbers of the line that counts: files, objects, not Kubernetes, unknown.
fn counts(told: &common::Told) -> [usize; 4] {
    let last = told.out.lines().rfind(|line| !line.starts_with("next ")).unwrap_or_else(|| panic!("{told:?}"));
    let (counts, _) = last.split_once(':').unwrap_or_else(|| panic!("{last}"));
    let numbers: Vec<usize> = counts
        .split(", ")
        .map(|part| part.split(' ').next().unwrap().replace(',', "").parse().unwrap_or_else(|_| panic!("{last}")))
        .collect();
    numbers.try_into().unwrap_or_else(|_| panic!("{last}"))
}

/// Checks a folder with these files in it, and holds what is said of each against what it is.
#[track_caller]
fn held(folder: &Path, files: &[(&str, As)]) {
    let told = check(folder, &["all"]);
    assert!(matches!(told.code, 0 | 3) && told.err.is_empty(), "{told:?}");
    let json: Value = serde_json::from_str(&check(folder, &["all", "--output", "json"]).out).unwrap();
    let named: BTreeSet<&str> =
        json["unknowns"].as_array().unwrap().iter().map(|unknown| unknown["file"].as_str().unwrap()).collect();
    let unread: BTreeSet<String> = (files.iter())
        .filter(|(_, is)| matches!(is, Unread | Partly(_)))
        .map(|(name, _)| format!("all/{name}"))
        .collect();
    assert_eq!(named, unread.iter().map(String::as_str).collect(), "{json:#}");
    let objects = files.iter().map(|(_, is)| if let Objects(count) | Partly(count) = is { *count } else { 0 }).sum();
    let foreign = files.iter().filter(|(_, is)| *is == Foreign).count();
    let unknown = json["unknowns"].as_array().unwrap().len();
    assert_eq!(counts(&told), [files.len(), objects, foreign, unknown], "{told:?}");
}

fn written(files: &[(&str, Vec<u8>, As)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("all/.git")).unwrap();
    for (name, text, _) in files {
        let path = folder.path().join("all").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[track_caller]
fn all_are_counted(files: Vec<(&str, Vec<u8>, As)>) {
    let folder = written(&files);
    let expected: Vec<(&str, As)> = files.iter().map(|(name, _, is)| (*name, *is)).collect();
    held(folder.path(), &expected);
}

fn utf16(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

#[test]
fn documents_are_cut_where_kubectl_cuts_them() {
    let (a, b) = (map("a"), map("b"));
    all_are_counted(vec![
        (
            "many.yaml",
            (0..200).map(|at| format!("---\n{}", map(&format!("m{at}")))).collect::<String>().into(),
            Objects(200),
        ),
        ("empty-documents.yaml", format!("---\n---\n# nothing\n---\n{a}---\n---\n\n---\n").into(), Objects(1)),
        (
            "marks-at-odd-places.yaml",
            format!("--- # first\n{a}data:\n  text: |\n    ---\n    not a mark\n---   \n{b}...\n").into(),
            Objects(2),
        ),
        (
            "a-tools-and-more.yaml",
            b"kind: Simple\napiVersion: k3d.io/v1alpha5\n---\nregistries: {}\n".to_vec(),
            Objects(0),
        ),
        ("no-end-of-line.yaml", format!("{a}---\n{}", b.trim_end()).into(), Objects(2)),
        ("crlf.yaml", format!("---\n{a}---\n{b}").replace('\n', "\r\n").into(), Objects(2)),
        ("bom.yaml", format!("\u{feff}{a}").into(), Objects(1)),
        ("bom-and-crlf.yaml", format!("\u{feff}---\n{a}").replace('\n', "\r\n").into(), Objects(1)),
        ("empty.yaml", Vec::new(), Foreign),
        ("blank.yaml", b"\n \n\n".to_vec(), Foreign),
        ("only-marks.yaml", b"---\n---\n---\n".to_vec(), Foreign),
        ("only-comments.yaml", b"# apiVersion: v1\n# kind: ConfigMap\n".to_vec(), Foreign),
        ("one-of-two-broken.yaml", format!("{a}---\napiVersion: v1\nkind: [\n---\n{b}").into(), Partly(2)),
        ("beside-something-else.yaml", format!("{a}---\nname: of something else\n").into(), Objects(1)),
    ]);
}

#[test]
fn anchors_merge_keys_and_lists_become_the_objects_that_they_say() {
    let anchors = format!("{}data: &all\n  a: \"1\"\n---\n{}", map("a"), map("b"));
    let merge = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: merged, namespace: default}\nx: &base {a: \"1\"}\ndata:\n  <<: *base\n  b: \"2\"\n";
    let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: one, namespace: default}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: two, namespace: default}}\n";
    let json = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "j", "namespace": "default"}}"#;
    // Copies of copies: without a limit these are 10^9 values.
    let mut bomb = String::from(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb, namespace: default}\nl0: &l0 [x, x, x, x, x, x, x, x, x, x]\n",
    );
    for at in 1..10 {
        bomb += &format!("l{at}: &l{at} [{}]\n", vec![format!("*l{}", at - 1); 10].join(", "));
    }
    all_are_counted(vec![
        ("anchors.yaml", anchors.into(), Objects(2)),
        ("merge.yaml", merge.into(), Objects(1)),
        ("list.yaml", list.into(), Objects(2)),
        ("one.json", json.into(), Objects(1)),
        ("two.json", format!("{json}\n{}", json.replace("\"j\"", "\"k\"")).into(), Objects(2)),
        ("json-in-yaml.yaml", json.replace("\"j\"", "\"l\"").into(), Objects(1)),
        ("package.json", br#"{"name": "web", "kind": "module"}"#.to_vec(), Foreign),
        ("bomb.yaml", bomb.into(), Unread),
        ("no-such-anchor.yaml", format!("{}data: *nowhere\n", map("n")).into(), Unread),
        ("deep.yaml", format!("{}data: {}{}\n", map("d"), "[".repeat(5_000), "]".repeat(5_000)).into(), Unread),
    ]);
}

#[test]
fn templates_and_encrypted_files_are_told_for_what_they_are() {
    let jinja = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ name }}\n{% if x %}\ndata: {}\n{% endif %}\n";
    let helm = "{{- if .Values.on }}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include \"x.name\" . }}\n{{- end }}\n";
    let sops = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: sealed-by-sops\n  namespace: default\nstringData:\n  password: ENC[AES256_GCM,data:QUJD,iv:QUJD,tag:QUJD,type:str]\nsops:\n  kms: []\n  age:\n    - recipient: age1abc\n      enc: |\n        -----BEGIN AGE ENCRYPTED FILE-----\n        QUJD\n        -----END AGE ENCRYPTED FILE-----\n  mac: ENC[AES256_GCM,data:QUJD,iv:QUJD,tag:QUJD,type:str]\n  version: 3.9.0\n";
    all_are_counted(vec![
        ("jinja.yaml", jinja.into(), Unread),
        ("helm-without-a-chart.yaml", helm.into(), Unread),
        ("helpers.yaml", b"{{- define \"x.name\" -}}x{{- end }}\n".to_vec(), Foreign),
        ("sops.yaml", sops.into(), Objects(1)),
        ("vault.yaml", b"$ANSIBLE_VAULT;1.1;AES256\n6162636465\n".to_vec(), Foreign),
        ("compose.yaml", b"services:\n  web: {image: nginx}\n".to_vec(), Foreign),
        ("pipeline.yaml", b"kind: pipeline\nname: default\n".to_vec(), Foreign),
        ("ansible.yml", b"- hosts: all\n  tasks: []\n".to_vec(), Foreign),
    ]);
}

#[test]
fn rubbish_is_counted_and_ends_nothing() {
    let noise: Vec<u8> = (0..100_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let with_words = [b"apiVersion: v1\nkind: ".to_vec(), noise.clone()].concat();
    let tabs = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: tabs\n";
    all_are_counted(vec![
        ("noise.yaml", noise, Foreign),
        ("noise-with-words.yaml", with_words, Unread),
        ("zeros.yaml", vec![0; 4096], Foreign),
        ("zeros-in-between.yaml", format!("{}data: {{a: \"\0\"}}\n", map("z")).into(), Unread),
        (
            "latin1.yaml",
            [b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: l}\ndata: {a: \"".to_vec(), vec![0xe4, 0x22, 0x7d]]
                .concat(),
            Unread,
        ),
        ("utf16.yaml", utf16(&map("wide")), Unread),
        ("tabs.yaml", tabs.into(), Unread),
        ("no-name.yaml", b"apiVersion: v1\nkind: ConfigMap\ndata: {}\n".to_vec(), Unread),
        ("a name with spaces.yaml", map("spaces").into(), Objects(1)),
        ("ein Ordner/größe.yml", map("umlaut").into(), Objects(1)),
        ("-dash.yaml", map("dash").into(), Objects(1)),
        ("new\nline.yaml", map("newline").into(), Objects(1)),
    ]);
}

#[test]
fn a_huge_definition_is_read_in_a_moment() {
    let mut text = String::from(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.org}\nspec:\n  group: example.org\n  \
         scope: Namespaced\n  names: {kind: Thing, plural: things}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      \
         openAPIV3Schema:\n        type: object\n        properties:\n",
    );
    for at in 0..12_000 {
        text += &format!(
            "          field{at}:\n            type: string\n            description: What stands in field {at}, said at some length.\n"
        );
    }
    assert!(text.len() > 1 << 20);
    let began = Instant::now();
    all_are_counted(vec![("crd.yaml", text.into(), Objects(1))]);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn links_pipes_and_odd_names_are_told_and_hide_nothing() {
    let folder =
        written(&[("plain/a.yaml", map("a").into(), Objects(1)), ("plain/b/b.yaml", map("b").into(), Objects(1))]);
    let all = folder.path().join("all");
    symlink("..", all.join("plain/b/up")).unwrap();
    symlink(".", all.join("plain/self")).unwrap();
    symlink(folder.path(), all.join("plain/out")).unwrap();
    symlink("nowhere.yaml", all.join("plain/void.yaml")).unwrap();
    symlink("circle.yaml", all.join("plain/circle.yaml")).unwrap();
    symlink("/proc/self/mem", all.join("memory.yaml")).unwrap();
    assert!(Command::new("mkfifo").arg(all.join("pipe.yaml")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(all.join("socket.yaml")).unwrap();
    fs::create_dir(all.join("folder.yaml")).unwrap();
    fs::write(all.join("folder.yaml/c.yaml"), map("c")).unwrap();
    fs::write(all.join(OsStr::from_bytes(b"latin-\xe4.yaml")), map("d")).unwrap();
    let unread = ["plain/void.yaml", "plain/circle.yaml", "memory.yaml", "pipe.yaml", "socket.yaml"];
    let objects = ["plain/a.yaml", "plain/b/b.yaml", "folder.yaml/c.yaml", "latin"];
    let files = unread.map(|name| (name, Unread)).into_iter().chain(objects.map(|name| (name, Objects(1))));
    held(folder.path(), &files.collect::<Vec<_>>());
}

#[test]
fn what_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let folder = written(&[
        ("a.yaml", map("a").into(), Objects(1)),
        ("shut.yaml", map("b").into(), Unread),
        ("closed/c.yaml", map("c").into(), Unread),
    ]);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["shut.yaml", "closed"] {
        fs::set_permissions(folder.path().join("all").join(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
    // Root may read it all; so somebody else looks, with a copy of the program where it can be entered.
    let program = folder.path().join("blackstart");
    fs::copy(binary(), &program).unwrap();
    let mut command = Command::new(&program);
    command.args(["check", "all"]).current_dir(folder.path()).env("XDG_STATE_HOME", folder.path().join("state"));
    if fs::read(folder.path().join("all/shut.yaml")).is_ok() {
        command.uid(65_534).gid(65_534);
    }
    let told = common::Told::of(command.output().unwrap());
    fs::set_permissions(folder.path().join("all/closed"), fs::Permissions::from_mode(0o755)).unwrap();
    let told = told.says("all/shut.yaml:1").says("all/closed:1");
    assert_eq!(counts(&told), [2, 1, 0, 2], "{told:?}");
}

#[test]
fn ten_thousand_files_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all");
    for at in 0..100 {
        let own = all.join(format!("app-{at}"));
        fs::create_dir_all(&own).unwrap();
        for file in 0..100 {
            let text = if file % 4 == 0 { "key: value\n".to_owned() } else { map(&format!("m{at}-{file}")) };
            fs::write(own.join(format!("{file}.yaml")), text).unwrap();
        }
    }
    let began = Instant::now();
    let told = check(folder.path(), &["all"]).code(0);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(counts(&told), [10_000, 7_500, 2_500, 0], "{}", told.out);
}

#[test]
fn braces_in_one_document_do_not_hide_what_is_wrong_in_others() {
    let labels = format!("{}data:\n  alert: |\n    on {{{{ .Labels }}}}\n", map("a"));
    let broken = |kind: &str| format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: b\n  namespace: no\n");
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.name }}\n";
    let cut = "apiVersion: v1\nkind: [\n";
    let text = [&*labels, &broken("Service"), &broken("Pod"), template, cut, &labels.replace("name: a", "name: z")];
    let folder = written(&[("many.yaml", text.join("---\n").into(), Partly(2))]);
    let told = check(folder.path(), &["all", "--output", "json"]).code(0);
    let json: Value = serde_json::from_str(&told.out).unwrap();
    let said: Vec<(u64, bool)> = (json["unknowns"].as_array().unwrap().iter())
        .map(|one| (one["line"].as_u64().unwrap(), one["message"].as_str().unwrap().starts_with("is a template")))
        .collect();
    let alone = |at: usize| matches!(said.get(at), Some((_, false)));
    assert!(said.len() == 4 && alone(0) && alone(1) && said[2].1 && alone(3), "{json:#}");
    let own = |at: usize| json["unknowns"][at]["message"].as_str().unwrap().contains("namespace");
    assert!(own(0) && own(1), "{json:#}");
}
