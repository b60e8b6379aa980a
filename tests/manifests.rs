//! Manifests as files and folders: what is read, what is refused and where, and that nothing hostile, broken or secret gets
//! further than an error with a place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/damage.rs"]
mod damage;

use blackstart::manifests::{At, Papers, Wrongs, read_all};
use blackstart::sys::Look;
use damage::{Dice, TOKENS, damage};
use std::fs;
use std::os::unix::fs::symlink;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(TempDir::new().unwrap());
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fn read(&self, steps: &[&[&str]]) -> Result<Vec<Papers>, Wrongs> {
        let wanted: Vec<Vec<String>> =
            steps.iter().map(|paths| paths.iter().map(|p| (*p).to_owned()).collect()).collect();
        read_all(Look::new(), self.0.path(), "plans", &wanted)
    }
    /// The objects of one step that names everything, each with its place.
    fn objects(&self, paths: &[&str]) -> Vec<String> {
        let papers = self.read(&[paths]).unwrap_or_else(|wrongs| panic!("{wrongs:#?}"));
        papers[0].objects.iter().map(|object| format!("{} {}", object.place(), object.id)).collect()
    }
    /// What is wrong, as it is told.
    fn wrong(&self, steps: &[&[&str]]) -> Vec<String> {
        let Err(wrongs) = self.read(steps) else { panic!("it was read") };
        assert!(wrongs.count >= wrongs.list.len() && !wrongs.list.is_empty());
        let told = |at: &At| match at {
            At::Asked { step, path } => format!("step {step} path {path}: "),
            At::Place(_) => String::new(),
        };
        wrongs.list.iter().map(|wrong| format!("{}{wrong}", told(&wrong.at))).collect()
    }
}

fn object(kind: &str, name: &str) -> String {
    format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: apps}}\n")
}

/// What is wrong with one file of this text.
fn wrong_with(text: impl AsRef<[u8]>) -> Vec<String> {
    let folder = Folder::new(&[]);
    folder.write("a.yaml", text);
    folder.wrong(&[&["a.yaml"]])
}

#[test]
fn each_object_and_field_knows_its_file_line_and_column() {
    let folder = Folder::new(&[("apps/web.yaml", include_str!("manifests/small.yaml"))]);
    let papers = folder.read(&[&["apps"]]).unwrap();
    let web = &papers[0].objects[0];
    assert_eq!(web.place().to_string(), "plans/apps/web.yaml:1:1");
    assert_eq!(web.place_of(&["spec", "replicas"]).to_string(), "plans/apps/web.yaml:7:3");
    assert_eq!(web.place_of(&["spec", "paused"]).to_string(), "plans/apps/web.yaml:6:1");
    assert_eq!(papers[0].objects[1].place().to_string(), "plans/apps/web.yaml:23:1");
    assert_eq!(papers[0].files, 1);
    assert_eq!(papers[0].find(&web.id).unwrap().id, web.id);
}

#[test]
fn objects_come_in_the_order_of_paths_and_names_and_documents() {
    let folder = Folder::new(&[
        ("b/two.yml", &object("Secret", "two")),
        ("b/one.yaml", &format!("{}---\n{}", object("Secret", "one"), object("ConfigMap", "one"))),
        (
            "b/a/deep.json",
            r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "deep", "namespace": "apps"}}"#,
        ),
        ("b/notes.txt", "no manifest"),
        ("b/.hidden.yaml", "no: [manifest"),
        ("b/.git/config.yaml", "no: [manifest"),
        ("a.yaml", &object("Secret", "a")),
    ]);
    let expected = [
        "plans/b/a/deep.json:1:1 Secret apps/deep",
        "plans/b/one.yaml:1:1 Secret apps/one",
        "plans/b/one.yaml:5:1 ConfigMap apps/one",
        "plans/b/two.yml:1:1 Secret apps/two",
        "plans/a.yaml:1:1 Secret apps/a",
    ];
    assert_eq!(folder.objects(&["b", "a.yaml"]), expected);
    // A file that is named beside its folder is read once.
    assert_eq!(folder.objects(&["./b/", "b/one.yaml", "b//two.yml", "a.yaml"]), expected);
}

#[test]
fn a_path_that_cannot_be_read_is_told_with_the_step_that_names_it() {
    let folder = Folder::new(&[("good.yaml", &object("Secret", "a")), ("empty/readme.md", "")]);
    rustix::fs::mkfifoat(rustix::fs::CWD, folder.path("pipe.yaml"), rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    fs::create_dir(folder.path("pipes")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, folder.path("pipes/a.yaml"), rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    symlink("nowhere", folder.path("pipes/b.yaml")).unwrap();
    let wrong = folder.wrong(&[&["good.yaml", "nothing.yaml"], &["empty", "pipe.yaml", "pipes"]]);
    assert_eq!(
        wrong,
        [
            "step 0 path 1: plans/nothing.yaml is not there",
            "step 1 path 0: plans/empty holds no manifest: no .yaml, .yml or .json",
            "step 1 path 1: plans/pipe.yaml is neither a file nor a folder",
            "plans/pipes/a.yaml:1:1: this is neither a file nor a folder",
            "plans/pipes/b.yaml:1:1: this link leads nowhere",
        ]
    );
}

#[test]
fn links_are_followed_and_circles_are_refused() {
    let folder = Folder::new(&[("real/a.yaml", &object("Secret", "a")), ("apps/b.yaml", &object("Secret", "b"))]);
    symlink("../real", folder.path("apps/linked")).unwrap();
    assert_eq!(
        folder.objects(&["apps"]),
        ["plans/apps/b.yaml:1:1 Secret apps/b", "plans/apps/linked/a.yaml:1:1 Secret apps/a"]
    );
    symlink("../apps", folder.path("real/back")).unwrap();
    let wrong = folder.wrong(&[&["apps"]]);
    let circle = "this link leads to a folder that it lies in: take it out";
    assert_eq!(wrong, [format!("plans/apps/linked/back:1:1: {circle}")]);
}

#[test]
fn folders_that_fan_out_by_links_end() {
    // Each of thirty folders has two links to the next: a thousand million ways and no circle.
    let folder = Folder::new(&[("f30/a.yaml", &object("Secret", "a"))]);
    for at in 0..30 {
        fs::create_dir(folder.path(&format!("f{at}"))).unwrap();
        for link in ["x", "y"] {
            symlink(format!("../f{}", at + 1), folder.path(&format!("f{at}/{link}"))).unwrap();
        }
    }
    let begun = Instant::now();
    let wrong = folder.wrong(&[&["f0"]]);
    assert!(wrong[0].contains("more than 20000 folders, or links that lead in circles"), "{wrong:#?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn what_other_tools_put_together_is_refused_and_not_skipped() {
    let patch = "apiVersion: apps/v1\nkind: Deployment\nspec: {}\n";
    let folder = Folder::new(&[
        ("k/kustomization.yaml", "resources: [a.yaml]\n"),
        ("k/patch.yaml", patch),
        ("k/sub/patch.yaml", patch),
        ("l/Kustomization", "resources: []\n"),
        ("m/any.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"),
        ("c/Chart.yaml", "name: c\n"),
        ("c/templates/a.yaml", "{{ if }}"),
    ]);
    let kustomize =
        "kustomize puts this folder together, and is not run here: run kubectl kustomize, and name the file it makes";
    let chart = "this is a Helm chart, which is not rendered here: run helm template, and name the file it makes";
    let wrong = folder.wrong(&[&["k", "l", "m", "c"]]);
    assert_eq!(
        wrong,
        [
            format!("plans/c/Chart.yaml:1:1: {chart}"),
            format!("plans/k/kustomization.yaml:1:1: {kustomize}"),
            format!("plans/l/Kustomization:1:1: {kustomize}"),
            format!("plans/m/any.yaml:1:1: {kustomize}"),
        ]
    );
}

#[test]
fn an_object_of_flux_in_a_file_of_that_name_is_an_object() {
    let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\n";
    let folder = Folder::new(&[("k/kustomization.yaml", flux)]);
    assert_eq!(folder.objects(&["k"]), ["plans/k/kustomization.yaml:1:1 Kustomization flux-system/apps"]);
}

#[test]
fn an_object_stands_in_one_place() {
    let folder = Folder::new(&[
        ("a.yaml", &object("Secret", "x")),
        ("b.yaml", &format!("{}---\n{}", object("ConfigMap", "x"), object("Secret", "x"))),
        ("c.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n"),
        ("d.yaml", "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: x, namespace: ''}\n"),
    ]);
    assert_eq!(
        folder.wrong(&[&["a.yaml", "b.yaml"]]),
        ["plans/b.yaml:5:1: Secret apps/x stands also in plans/a.yaml:1:1: an object belongs in one place"]
    );
    assert_eq!(
        folder.wrong(&[&["a.yaml"], &["b.yaml"]]),
        [
            "plans/b.yaml:5:1: Secret apps/x stands also in plans/a.yaml:1:1, which another step names: an object belongs in one place"
        ]
    );
    assert_eq!(
        folder.wrong(&[&["c.yaml", "d.yaml"]]),
        ["plans/d.yaml:1:1: Deployment x stands also in plans/c.yaml:1:1: an object belongs in one place"]
    );
    assert_eq!(
        folder.wrong(&[&["a.yaml"], &["a.yaml"]]),
        ["plans/a.yaml:1:1: two steps name this file, and an object belongs to one: take it out of one of them"]
    );
}

#[test]
fn a_namespace_on_what_belongs_to_none_is_dropped_as_the_server_does() {
    let crd = |kind: &str, scope: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: {kind}}}\nspec:\n  group: example.org\n  \
             scope: {scope}\n  names: {{kind: {kind}}}\n  versions: [{{name: v1, served: true}}]\n---\napiVersion: example.org/v1\nkind: {kind}\n\
             metadata: {{name: a, namespace: apps}}\n---\n"
        )
    };
    let folder = Folder::new(&[
        ("a.yaml", &object("ClusterRole", "r").replace("v1", "rbac.authorization.k8s.io/v1")),
        ("b.yaml", &format!("{}{}", crd("Far", "Cluster"), crd("Near", "Namespaced"))),
        ("c.yaml", &object("Unknown", "u").replace("v1", "example.com/v1")),
    ]);
    assert_eq!(
        folder.objects(&["a.yaml", "b.yaml", "c.yaml"]),
        [
            "plans/a.yaml:1:1 ClusterRole r",
            "plans/b.yaml:1:1 CustomResourceDefinition Far",
            "plans/b.yaml:10:1 Far a",
            "plans/b.yaml:14:1 CustomResourceDefinition Near",
            "plans/b.yaml:23:1 Near apps/a",
            "plans/c.yaml:1:1 Unknown apps/u",
        ]
    );
}

/// A text, and the place and a part of the one thing that is wrong with it.
const WRONG: &[(&str, &str, &str)] = &[
    ("a: 1\n", "1:1", "neither `apiVersion` nor `kind`"),
    ("# values\nreplicas: 3\n", "2:1", "neither `apiVersion` nor `kind`"),
    ("- a\n", "1:1", "not a map"),
    ("just words\n", "1:1", "not a map"),
    ("kind: Secret\n", "1:1", "`apiVersion` is missing"),
    ("apiVersion: v1\n", "1:1", "`kind` is missing"),
    ("apiVersion: 1\nkind: Secret\n", "1:1", "`apiVersion` wants a text"),
    ("apiVersion: a/b/c\nkind: Secret\n", "1:1", "`apiVersion` wants a version"),
    ("apiVersion: v1\nkind: [a]\n", "2:1", "`kind` wants a text"),
    ("apiVersion: v1\nkind: a b\n", "2:1", "`kind` wants one word"),
    ("apiVersion: v1\nkind: Secret\n", "1:1", "this Secret has no `metadata.name`"),
    ("apiVersion: v1\nkind: Secret\nmetadata: {labels: {}}\n", "3:1", "has no `metadata.name`"),
    ("apiVersion: v1\nkind: Secret\nmetadata: {name: 12}\n", "3:12", "wants a text: put it in quotes"),
    ("apiVersion: v1\nkind: Secret\nmetadata: {name: a/b}\n", "3:12", "no name that Kubernetes takes"),
    (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: \"x\\e[1m\"}\n",
        "3:21",
        "no name that Kubernetes takes",
    ),
    ("apiVersion: v1\nkind: Job\nmetadata:\n  generateName: a-\n", "4:3", "give it a `name`"),
    ("apiVersion: v1\nkind: List\n", "1:1", "a List without `items`"),
    ("apiVersion: v1\nkind: List\nitems: {a: b}\n", "3:8", "`items` wants a list"),
    ("apiVersion: v1\nkind: List\nitems: [{a: b}]\n", "3:9", "neither `apiVersion` nor `kind`"),
    ("apiVersion: v1\nkind: Thing\nitems: []\n", "1:1", "its kind does not end in List"),
    ("a: 1\nb: 2\na: 3\n", "3:1", "this key stands twice in its map, first in line 1"),
    ("a: {b: 1, 'b': 2}\n", "1:11", "stands twice"),
    ("yes: 1\n", "1:1", "put it in quotes"),
    ("a: {y: 1}\n", "1:5", "put it in quotes"),
    ("0644: 1\n", "1:1", "put it in quotes"),
    ("? [a]\n: b\n", "1:3", "a key must be a plain word"),
    (": b\n", "1:1", "a key is missing here"),
    ("a: .inf\n", "1:4", "infinity"),
    ("a: !Ref b\n", "1:4", "this tag (!name) is not read"),
    ("a: !!binary aGk=\n", "1:4", "!!binary is not read"),
    ("a: !!int b\n", "1:4", "no whole number"),
    ("a: !x {b: c}\n", "1:4", "this tag (!name) is not read"),
    ("a: *b\n", "1:4", "stands here without an anchor"),
    ("a: &a [*a]\n", "1:8", "within what it is an alias of"),
    ("a: &a {b: c}\n*a : d\n", "2:1", "not read as a key"),
    ("<<: 1\n", "1:5", "<< wants a map"),
    ("<<: [1]\n", "1:6", "<< wants a map"),
    ("<<: {a: 1}\n<<: {b: 1}\n", "2:1", "a second <<"),
    ("a: 1\n<<: {a: 2}\n", "1:1", "readers disagree which counts: put << first"),
    ("%YAML 1.1\n---\na: 1\n", "1:1", "begins with %"),
    ("a: 1\n...\nb: 2\n", "3:1", "does not read what stands behind `...`"),
    ("--- a\n", "1:1", "nothing behind --- in its line"),
    ("---a: 1\n", "1:1", "nothing behind --- in its line"),
    ("a:\n\tb: 1\n", "2:2", "tab"),
    ("a: [1\n", "2:1", "not YAML"),
    ("a: \"x\n", "1:4", "a quote that begins here is not closed"),
    ("a: b: c\n", "1:5", "not YAML"),
    ("a: \u{85}\n", "1:4", "U+0085 is read differently"),
    ("a: \u{2028}\n", "1:4", "U+2028 is read differently"),
    ("a: \0\n", "1:4", "U+0000 may not stand in a text file"),
    ("a: \u{7f}\n", "1:4", "U+007F may not stand"),
];

#[test]
fn each_mistake_has_its_place() {
    let mut missed = Vec::new();
    for (text, place, part) in WRONG {
        let wrong = wrong_with(text);
        let begins = format!("plans/a.yaml:{place}: ");
        if !wrong.iter().any(|wrong| wrong.starts_with(&begins) && wrong.contains(part)) {
            missed.push(format!("{text:?} wants {place} {part}: {wrong:#?}"));
        }
        // Behind other documents the place moves with them.
        let (line, column) = place.split_once(':').unwrap();
        if !text.starts_with('%') && !text.starts_with('-') && !text.contains("U+") {
            let wrong = wrong_with(format!("{}--- # next\n{text}", object("Secret", "a")));
            let begins = format!("plans/a.yaml:{}:{column}: ", line.parse::<usize>().unwrap() + 4);
            if !wrong.iter().any(|wrong| wrong.starts_with(&begins)) {
                missed.push(format!("{text:?} wants {begins} behind another document: {wrong:#?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn json_is_read_as_json_and_its_mistakes_have_places() {
    let folder = Folder::new(&[
        ("a.json", include_str!("manifests/object.json")),
        (
            "b.json",
            &format!("{0}\n{0}", r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "X"}}"#)
                .replacen('X', "b", 1)
                .replacen('X', "c", 1),
        ),
    ]);
    let papers = folder.read(&[&["a.json", "b.json"]]).unwrap();
    let root = &papers[0].objects[0].root;
    assert_eq!(root.text_at(&["metadata", "labels", "a"]), Some("b\né😀/"));
    assert_eq!(root.json()["list"].to_string(), "[1,2.5,-300,1e+21,1.2345678901234567e+19,true,false,null,[],{}]");
    assert_eq!(papers[0].objects[2].place().to_string(), "plans/b.json:2:1");
    for (text, place, part) in [
        ("{\"a\": 1,\n \"b\": ]}", "2:7", "a value is missing"),
        ("{\"a\": 1,\n \"a\": 2}", "2:2", "this key stands twice"),
        ("{\"a\": \"\\x\"}", "1:8", "an unknown escape"),
        ("{\"a\": \"b\nc\"", "1:9", "a line break or control character within quotes"),
        ("{\"a\": 01}", "1:8", "a comma or } is missing"),
        ("{\"a\": 1e999}", "1:12", "too large"),
        ("{\"é\": [1 2]}", "1:10", "a comma or ] is missing"),
        ("{\"a\": [[", "1:9", "a value is missing"),
    ] {
        folder.write("c.json", text);
        let wrong = folder.wrong(&[&["c.json"]]);
        assert!(
            wrong[0].starts_with(&format!("plans/c.json:{place}: ")) && wrong[0].contains(part),
            "{text}: {wrong:#?}"
        );
    }
}

#[test]
fn line_ends_and_marks_of_other_systems_are_read() {
    let text = include_str!("manifests/everything.yaml");
    let of = |text: &str| {
        let folder = Folder::new(&[]);
        folder.write("a.yaml", text);
        let papers = folder.read(&[&["a.yaml"]]).unwrap();
        papers[0].objects.iter().map(|object| (object.place().to_string(), object.root.json())).collect::<Vec<_>>()
    };
    let plain = of(text);
    assert_eq!(plain.len(), 6);
    assert_eq!(of(&text.replace('\n', "\r\n")), plain, "with carriage returns");
    assert_eq!(of(&format!("\u{feff}{text}")), plain, "with a byte order mark");
    assert_eq!(of(text.trim_end_matches('\n')), plain, "without a last line break");
}

#[test]
fn what_is_no_text_is_refused_with_a_place() {
    let utf16: Vec<u8> = [0xfeff].into_iter().chain("a: 1\n".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert!(wrong_with(&utf16)[0].contains("it looks like UTF-16"));
    assert!(wrong_with(b"a: 1\nb: \xff\n")[0].starts_with("plans/a.yaml:2:4: not UTF-8"));
    assert!(wrong_with(b"\x7fELF\x02\x01\x01\0\0\0")[0].starts_with("plans/a.yaml:1:1: the character U+007F"));
}

#[test]
fn hostile_files_end_soon_and_with_a_place() {
    let bomb = |base: &str, times: usize| {
        let mut text = format!("a0: &a0 {base}\n");
        for level in 1..12 {
            let list = vec![format!("*a{}", level - 1); times].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        text
    };
    let merges: String = (0..200).map(|i| format!("m{i}: {{<<: *base}}\n")).collect();
    let wide: String = (0..1000).map(|i| format!("k{i}: v, ")).collect();
    let keys: String = (0..300_000).map(|i| format!("k{i}: v\n")).collect();
    let twice: String = (0..300_000).map(|i| format!("k{}: v\n", i % 299_999)).collect();
    let nested_anchors: String = (0..150).map(|i| format!("{{a: &n{i} ")).collect();
    let cases: Vec<(&str, String, &str)> = vec![
        ("a billion laughs", bomb("lol", 10), "far larger than its file"),
        ("a long text many times", bomb(&"x".repeat(1 << 20), 9), "far larger than its file"),
        ("merges of a wide map", format!("base: &base {{{wide}}}\n{merges}"), "far larger than its file"),
        ("anchors in anchors", format!("{nested_anchors} x{} *n0", "}".repeat(150)), "not YAML"),
        ("lists 10,000 deep", format!("a: {}", "[".repeat(10_000)), "nested far too deep"),
        ("maps 10,000 deep", format!("a: {}", "{a: ".repeat(10_000)), "deep"),
        ("dashes 10,000 deep", "- ".repeat(10_000), "nested more than 200 deep"),
        ("JSON 10,000 deep", format!("{{\"a\": {}", "[".repeat(10_000)), "nested more than 200 deep"),
        ("a text of 17 MiB", format!("a: \"{}\"\n", "x".repeat(17 << 20)), "has more than 16777216 bytes"),
        ("a text of 15 MiB without end", format!("a: \"{}", "x".repeat(15 << 20)), "is not closed"),
        ("300,000 keys", keys, "neither `apiVersion` nor `kind`"),
        ("300,000 keys, one twice", twice, "stands twice"),
        ("5 million values", "[".to_owned() + &"1,".repeat(5_000_000), "more than 4000000 values"),
        ("a million documents", "---\n{}\n".repeat(200_000), "neither `apiVersion` nor `kind`"),
        ("quotes", "'".repeat((1 << 20) + 1), "not YAML"),
        ("anchors", "&a ".repeat(1 << 18), "not YAML"),
        ("colons", ": ".repeat(1 << 18), ""),
        ("questions", "? ".repeat(1 << 18), ""),
        ("bangs", "!".repeat(1 << 20), ""),
        ("comments", "# x\n".repeat(1 << 18), "x"),
    ];
    for (name, text, part) in cases {
        let folder = Folder::new(&[]);
        folder.write("a.yaml", &text);
        let begun = Instant::now();
        if name == "comments" {
            assert!(folder.objects(&["a.yaml"]).is_empty());
        } else {
            let wrong = folder.wrong(&[&["a.yaml"]]);
            assert!(wrong[0].starts_with("plans/a.yaml:") && wrong[0].contains(part), "{name}: {}", wrong[0]);
            assert!(wrong.iter().all(|wrong| wrong.len() < 300), "{name}: {wrong:#?}");
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "{name}: {took:?}");
    }
}

#[test]
fn a_file_of_100_mib_is_refused_without_being_read() {
    let folder = Folder::new(&[("a.yaml", "")]);
    fs::File::options().write(true).open(folder.path("a.yaml")).unwrap().set_len(100 << 20).unwrap();
    let begun = Instant::now();
    assert_eq!(folder.wrong(&[&["a.yaml"]]), ["plans/a.yaml:1:1: has more than 16777216 bytes"]);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_file_cut_at_any_byte_is_read_or_refused() {
    let folder = Folder::new(&[]);
    for text in [include_str!("manifests/everything.yaml"), include_str!("manifests/object.json")] {
        for cut in 0..=text.len() {
            folder.write("a.yaml", &text.as_bytes()[..cut]);
            if let Err(wrongs) = folder.read(&[&["a.yaml"]]) {
                check_places(&wrongs, &text.as_bytes()[..cut]);
            }
        }
    }
}

/// Each wrong thing has a place that an editor can go to, and a text without control characters.
fn check_places(wrongs: &Wrongs, text: &[u8]) {
    let lines = String::from_utf8_lossy(text).split(['\n', '\r']).count();
    assert!(wrongs.count > 0);
    for wrong in &wrongs.list {
        let At::Place(place) = &wrong.at else { continue };
        let (line, column) = (place.spot.line as usize, place.spot.column);
        assert!(line >= 1 && column >= 1 && line <= lines + 1, "{wrong} in {lines} lines");
        assert!(!wrong.to_string().contains(char::is_control), "{:?}", wrong.to_string());
    }
}

/// Values of a Secret never reach an error, wherever its file is damaged.
#[test]
fn no_error_quotes_a_value() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: hunter2\n  b: \"hunter2\"\n  c: 'x hunter2'\n  d: |\n    \
                  hunter2: x\n  e: [hunter2, {hunter2: hunter2}]\n  ? hunter2\n  : &hunter2 x\n  f: *hunter2\n  g: hunter2 #hunter2\n";
    let folder = Folder::new(&[]);
    let (mut tried, mut refused) = (0, 0);
    for at in (0..secret.len()).filter(|at| secret.is_char_boundary(*at)) {
        for token in TOKENS {
            folder.write("a.yaml", format!("{}{token}{}", &secret[..at], &secret[at..]));
            tried += 1;
            if let Err(wrongs) = folder.read(&[&["a.yaml"]]) {
                refused += 1;
                for wrong in &wrongs.list {
                    assert!(!wrong.to_string().contains("hunter2"), "{token:?} at {at}: {wrong}");
                }
            }
        }
    }
    println!("{tried} damaged Secrets, {refused} refused");
    assert!(refused > tried / 4);
}

#[test]
fn a_damaged_file_is_read_or_refused_and_nothing_else() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("BLACKSTART_FUZZ_SECONDS").unwrap_or(10);
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = number("BLACKSTART_SEED").unwrap_or_else(now);
    println!("a_damaged_file_is_read_or_refused: BLACKSTART_SEED={seed}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let seeds: Vec<Vec<u8>> = ["everything.yaml", "small.yaml", "object.json"].map(read).into();
    let mut dice = Dice(seed);
    let work = Folder::new(&[]);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut tried, mut good) = (0_u64, 0_u64);
    while Instant::now() < until {
        let text = damage(&seeds[dice.below(seeds.len())], &seeds, &mut dice);
        work.write("a.yaml", &text);
        let begun = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| match work.read(&[&["a.yaml"]]) {
            Ok(_) => true,
            Err(wrongs) => {
                check_places(&wrongs, &text);
                false
            }
        }));
        tried += 1;
        match done {
            Ok(read) if begun.elapsed() < Duration::from_secs(2) => good += u64::from(read),
            Ok(_) | Err(_) => {
                let path = std::env::temp_dir().join(format!("blackstart-fuzz-{seed}-{tried}.yaml"));
                fs::write(&path, &text).unwrap();
                panic!("text {tried} of BLACKSTART_SEED={seed} is in {}", path.display());
            }
        }
    }
    println!("{tried} texts, {good} of them were read");
    assert!(tried > 100 && good > tried / 100, "{good} of {tried} texts were read");
}
