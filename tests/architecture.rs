//! The shape of the source, held by rules: who may use whom, which file may name which outside crate, how a file looks.
//! Each rule is shown to turn red on a sample that breaks it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/source.rs"]
mod source;

use source::{Source, files, paths, root, rust};
use std::collections::BTreeSet;
use std::fs;

/// Which modules each module may use, beside itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("sys", &["model"]),
    ("manifests", &["sys", "model"]),
    ("secrets", &["manifests", "sys", "model"]),
    ("checks", &["secrets", "manifests", "sys", "model"]),
    ("steps", &["checks", "secrets", "manifests", "sys", "model"]),
    ("plan", &["steps", "checks", "secrets", "manifests", "sys", "model"]),
    ("journal", &["model"]),
    ("report", &["model"]),
    ("engine", &["plan", "steps", "journal", "sys", "model", "checks", "manifests", "secrets"]),
    ("cli", &["engine", "plan", "steps", "journal", "report", "checks", "secrets", "manifests", "sys", "model"]),
];

/// Where each outside crate may be named: a file, a folder, or (the vocabulary of data) anywhere.
const NAMED_IN: &[(&str, &[&str])] = &[
    ("age", &["src/sys/age/"]),
    ("aws_lc_rs", &["src/sys/crypto/"]),
    ("base64", &["src/sys/base64.rs"]),
    ("clap", &["src/cli/"]),
    ("clap_complete", &["src/cli/"]),
    ("clap_mangen", &["src/cli/"]),
    ("crc32fast", &["src/journal/frame.rs"]),
    ("duct", &["src/sys/"]),
    ("futures_util", &["src/sys/kube/"]),
    ("http", &["src/sys/kube/"]),
    ("hyper_util", &["src/sys/kube/config.rs"]),
    ("indicatif", &["src/report/"]),
    ("jiff", &["src/model/time.rs"]),
    ("k8s_openapi", &["src/sys/kube/"]),
    ("kube", &["src/sys/kube/"]),
    ("petgraph", &["src/plan/graph.rs"]),
    ("rcgen", &["src/sys/crypto/"]),
    ("reqwest", &["src/sys/net.rs"]),
    ("rustix", &["src/sys/"]),
    ("saphyr_parser", &["src/sys/yaml/"]),
    ("serde", &["src/"]),
    ("serde_json", &["src/"]),
    ("sha2", &["src/model/digest.rs"]),
    ("strsim", &["src/steps/fields.rs"]),
    ("tokio", &["src/sys/", "src/engine/"]),
    ("tower", &["src/sys/kube/config.rs"]),
    ("x509_parser", &["src/sys/crypto/"]),
    ("zeroize", &["src/model/hidden.rs", "src/secrets/text.rs", "src/sys/"]),
];

/// Where the value of a secret is taken out of its type, and what for. Any other file has to give its reason here.
const REVEALS: &[(&str, &str)] = &[
    ("src/checks/rules/cookie.rs", "to tell the length of a key from what was written"),
    ("src/cli/identity.rs", "to tell an identity from a file that is protected, and to cut a passphrase at its line"),
    ("src/cli/runner.rs", "to pack the identities behind the task of a runner, and to unpack them"),
    ("src/cli/secrets/init.rs", "to write an identity into the file that is made for it"),
    ("src/cli/secrets/open.rs", "to print what a person asked to see"),
    ("src/cli/secrets/seal.rs", "to read a certificate"),
    ("src/cli/secrets/sealing_key.rs", "to take the parts of a fresh key into the text of its Secret"),
    ("src/cli/secrets/unseal.rs", "to read a private key, and to print what a person asked to see"),
    ("src/cli/secrets/values.rs", "to take what was typed or piped for what it is"),
    ("src/cli/secrets/write_back.rs", "to read the certificate of a key"),
    ("src/model/redact.rs", "to know the forms of a value"),
    ("src/secrets/amend.rs", "to change one Secret among the others of its file"),
    ("src/secrets/document.rs", "to read the text of a store file"),
    ("src/secrets/key.rs", "to read a sealing key"),
    ("src/secrets/manifest.rs", "to write a Secret as the text of a store file"),
    ("src/secrets/open.rs", "to tell what was opened from a placeholder"),
    ("src/secrets/placeholder.rs", "to tell a value from a placeholder"),
    ("src/secrets/store/digests.rs", "to make keyed digests"),
    ("src/secrets/text.rs", "to write a value into the text of a store file"),
    ("src/secrets/tunnel.rs", "to read whose tunnel a token is of"),
    ("src/secrets/vault.rs", "to know one that is a name which everybody may read"),
    ("src/secrets/wire.rs", "to write the body of an apply"),
    ("src/steps/secrets/certificate.rs", "to read the certificate of a key in the cluster"),
    ("src/steps/secrets/write_back.rs", "to write a certificate beside what was sealed for it"),
    ("src/steps/cluster/k3d/mirrors.rs", "to ask a registry as the nodes will"),
    ("src/sys/age/identities.rs", "to read identities"),
    ("src/sys/age/mod.rs", "to encrypt"),
    ("src/sys/crypto/certificate.rs", "to read a certificate"),
    ("src/sys/crypto/hash.rs", "to make keyed digests"),
    ("src/sys/crypto/pem.rs", "to read and write keys"),
    ("src/sys/crypto/rsa.rs", "to read keys, and to seal and open with them"),
    ("src/sys/crypto/session.rs", "to seal and open"),
    ("src/sys/desk.rs", "to put a store file before its editor, in memory"),
    ("src/sys/detach.rs", "to send a runner its task"),
    ("src/sys/kube/secret.rs", "to send the body of an apply"),
    ("src/sys/memory.rs", "to hand a value to a program, in memory"),
    ("src/sys/terminal.rs", "to print what a person asked to see"),
];

const MOST_LINES: usize = 400;

/// Uses of a module that the table does not allow.
fn wrong_ways(file: &Source) -> Vec<String> {
    let Some(module) = file.module() else { return Vec::new() };
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
        return vec![format!("{}: module {module} is in no row of the table", file.path)];
    };
    let mut wrong = Vec::new();
    for (line, path) in paths(&file.code()) {
        let place = format!("{}:{line}", file.path);
        if path.starts_with("super::super") {
            wrong.push(format!("{place}: {path}: say it from the top, crate::…, so that its direction can be seen"));
        }
        let parts: Vec<&str> = path.split("::").collect();
        match parts[..] {
            ["crate" | "blackstart", used, ..] if used != module && !allowed.contains(&used) => {
                wrong.push(format!("{place}: {module} may not use {used}"));
            }
            _ => {}
        }
    }
    wrong
}

/// Outside crates that are named where they may not be.
fn wrong_names(file: &Source) -> Vec<String> {
    let (mut wrong, code) = (Vec::new(), file.code());
    // A module of ours may have the name of the crate that it stands before.
    let ours: BTreeSet<String> = (paths(&code).into_iter())
        .filter_map(|(_, path)| {
            let path = path.strip_prefix("crate::")?;
            Some(path.strip_suffix("::self").unwrap_or(path).rsplit_once("::")?.1.to_owned())
        })
        .collect();
    for (line, path) in paths(&code) {
        let (first, inner) = path.split_once("::").unwrap_or((&path, ""));
        let is_path = (!inner.is_empty() && !ours.contains(first)) || code.contains(&format!("use {first};"));
        let row = NAMED_IN.iter().find(|(name, _)| *name == first && is_path);
        if let Some((name, places)) = row
            && !places.iter().any(|place| file.path.starts_with(place))
        {
            wrong.push(format!("{}:{line}: {name} may be named in {} only", file.path, places.join(" and ")));
        }
    }
    wrong
}

fn names_crate(file: &Source, name: &str) -> bool {
    paths(&file.code()).iter().any(|(_, path)| path.split("::").next() == Some(name))
}

/// What is wrong with the look of a file.
fn wrong_looks(file: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    if !file.text.starts_with("//! ") {
        wrong.push(format!("{}: its first line does not say what it is (//! …)", file.path));
    }
    let lines = file.text.lines().count();
    if lines > MOST_LINES {
        wrong.push(format!("{}: has {lines} lines; {MOST_LINES} is the most", file.path));
    }
    wrong
}

/// Calls that take the right to change the world, outside of the commands.
fn wrong_grants(file: &Source) -> Vec<String> {
    let outside = !file.path.starts_with("src/cli/");
    let calls = paths(&file.code()).into_iter().filter(|(_, path)| path.ends_with("Touch::granted"));
    calls.filter(|_| outside).map(|(line, _)| format!("{}:{line}: only a command grants a Touch", file.path)).collect()
}

/// Takes the value of a secret out of its type: as a call, or by the name of the function.
fn reveals(file: &Source) -> Vec<String> {
    let code = file.code();
    let taken = |at: usize| {
        let (before, after) = (code[..at].trim_end(), code[at + "reveal".len()..].trim_start());
        let named = before.ends_with("::") && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        named || before.ends_with('.') && after.starts_with('(')
    };
    let found = code.match_indices("reveal").filter(|(at, _)| taken(*at));
    found.map(|(at, _)| format!("{}:{}", file.path, code[..at].lines().count())).collect()
}

/// Those outside of the list. A file of tests alone has values that are nobody's.
fn wrong_reveals(file: &Source) -> Vec<String> {
    let tests = file.path.ends_with("/tests.rs");
    let known = tests || file.path == "src/model/hidden.rs" || REVEALS.iter().any(|(path, _)| *path == file.path);
    let wrong = reveals(file).into_iter().filter(|_| !known);
    wrong
        .map(|place| format!("{place}: a value of a secret leaves its type in a file that has no row for it"))
        .collect()
}

/// Words of work that is not done.
fn unfinished(file: &Source) -> Vec<String> {
    // Put together here, so that this file does not find itself.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!"), concat!("unimple", "mented!")];
    let found = file.text.lines().enumerate().filter(|(_, line)| words.iter().any(|word| line.contains(word)));
    found.map(|(i, line)| format!("{}:{}: {}", file.path, i + 1, line.trim())).collect()
}

fn hold(files: &[Source], rule: fn(&Source) -> Vec<String>) {
    let wrong: Vec<String> = files.iter().flat_map(rule).collect();
    assert!(!files.is_empty() && wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn modules_use_each_other_in_one_direction() {
    hold(&rust("src"), wrong_ways);
    let modules: BTreeSet<String> = rust("src").iter().filter_map(|file| file.module().map(str::to_owned)).collect();
    let rows: BTreeSet<String> = MAY_USE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(modules, rows, "the table has a row for each module");
}

#[test]
fn the_table_of_directions_has_no_way_around() {
    // Each row names only modules whose own rows stand above it.
    for (i, (name, allowed)) in MAY_USE.iter().enumerate() {
        let above: Vec<&str> = MAY_USE[..i].iter().map(|(name, _)| *name).collect();
        assert!(allowed.iter().all(|used| above.contains(used)), "{name} uses what stands below it");
    }
}

#[test]
fn each_outside_crate_is_named_in_its_place_only() {
    hold(&rust("src"), wrong_names);
}

#[test]
fn each_outside_crate_has_a_row_and_each_row_is_used() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let listed: BTreeSet<String> = (section.lines())
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .collect();
    let rows: BTreeSet<String> = NAMED_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, rows, "left: Cargo.toml, right: the table");
    let files = rust("src");
    for name in rows {
        let used = files.iter().any(|file| names_crate(file, &name));
        assert!(used, "{name} is used nowhere: take it out of Cargo.toml and of the table");
    }
}

#[test]
fn each_file_says_what_it_is_and_is_not_too_long() {
    hold(&rust("src"), wrong_looks);
    let says = |file: &Source| wrong_looks(file).into_iter().filter(|why| why.contains("first line")).collect();
    hold(&rust("tests"), says);
}

#[test]
fn each_folder_of_the_source_has_a_table_of_contents() {
    let files = rust("src");
    let folders: BTreeSet<&str> =
        files.iter().filter_map(|file| file.path.rsplit_once('/')).map(|(at, _)| at).collect();
    for folder in folders.into_iter().filter(|folder| *folder != "src") {
        assert!(files.iter().any(|file| file.path == format!("{folder}/mod.rs")), "{folder} has no mod.rs");
    }
}

#[test]
fn only_commands_grant_the_right_to_change_the_world() {
    hold(&rust("src"), wrong_grants);
}

#[test]
fn values_of_secrets_leave_their_type_in_listed_files_only_and_each_row_is_used() {
    let files = rust("src");
    hold(&files, wrong_reveals);
    for (path, why) in REVEALS {
        let file = files.iter().find(|file| file.path == *path);
        assert!(!why.is_empty() && file.is_some_and(|file| !reveals(file).is_empty()), "{path}: take out its row");
    }
}

#[test]
fn nothing_is_left_to_be_done_later() {
    let ours = |name: &str| {
        let written = [".rs", ".md", ".sh", ".py", ".toml", ".yaml", ".yml"].iter().any(|end| name.ends_with(end));
        written || !name.contains('.') || name == "justfile"
    };
    let files = files("", &ours);
    hold(&files, unfinished);
    assert!(files.iter().any(|file| file.path == "src/lib.rs"));
}

#[test]
fn each_rule_turns_red_on_a_sample_that_breaks_it() {
    let red = |rule: fn(&Source) -> Vec<String>, path: &str, text: &str| {
        assert!(!rule(&Source::new(path, text)).is_empty(), "{path} passes:\n{text}");
    };
    let green = |rule: fn(&Source) -> Vec<String>, path: &str, text: &str| {
        assert_eq!(rule(&Source::new(path, text)), Vec::<String>::new(), "{path} is refused:\n{text}");
    };

    red(wrong_ways, "src/model/a.rs", "use crate::sys::Look;");
    red(wrong_ways, "src/model/a.rs", "pub use crate::{\n    model::Id,\n    sys::{Look, files},\n};");
    red(wrong_ways, "src/report/a.rs", "fn f() { crate::journal::open(); }");
    red(wrong_ways, "src/report/a.rs", "fn f(x: &dyn (crate::plan::Kind)) {}");
    red(wrong_ways, "src/journal/a.rs", "let url = \"http://x\"; crate::sys::clock::now();");
    red(wrong_ways, "src/plan/a.rs", "use super::super::engine::run;");
    red(wrong_ways, "src/plan/a.rs", "use blackstart::cli;");
    red(wrong_ways, "src/news/a.rs", "");
    green(
        wrong_ways,
        "src/model/a.rs",
        "//! crate::sys\nuse crate::model::Id; /* crate::sys::x */ let s = \"crate::sys::x\";",
    );
    green(wrong_ways, "src/model/a.rs", "let c = '\"'; // crate::sys::x\nlet s = r#\"crate::sys::x \" \"#;");
    green(
        wrong_ways,
        "src/report/a.rs",
        "use crate::model::Id;\n#[cfg(test)]\nmod tests {\n    use crate::plan::load;\n}",
    );

    red(wrong_names, "src/plan/a.rs", "use petgraph::graph::DiGraph;");
    red(wrong_names, "src/plan/a.rs", "fn f(x: ::petgraph::Graph) {}");
    red(wrong_names, "src/engine/run.rs", "use rustix;\n");
    red(wrong_names, "src/report/a.rs", "#[derive(clap::Args)]\nstruct A;");
    red(wrong_names, "src/report/a.rs", "#[tokio::main]\nasync fn main() {}");
    red(wrong_names, "src/sys/files.rs", "let x = reqwest::get(url);");
    red(wrong_names, "src/secrets/a.rs", "use base64::Engine;\nbase64::encode(x)");
    green(wrong_names, "src/secrets/a.rs", "use crate::sys::{base64, files};\nbase64::encode(x)");
    green(wrong_names, "src/sys/files.rs", "let duct = 1; duct + 1; serde_json::to_string(&x); rustix::fs::open()");

    red(wrong_looks, "src/model/a.rs", "use std::fmt;\n");
    red(wrong_looks, "src/model/a.rs", &format!("//! A file.\n{}", "\n".repeat(MOST_LINES)));
    green(wrong_looks, "src/model/a.rs", &format!("//! A file.\n{}", "\n".repeat(MOST_LINES - 1)));

    red(wrong_grants, "src/engine/run.rs", "let touch = Touch::granted();");
    red(wrong_grants, "src/sys/lock.rs", "f(&crate::sys::Touch::granted())");
    red(wrong_grants, "src/sys/lock.rs", "let grant = Touch::granted;");
    green(wrong_grants, "src/cli/recover.rs", "let touch = Touch::granted();");
    green(
        wrong_grants,
        "src/sys/lock.rs",
        "// Touch::granted()\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    fn f() { Touch::granted(); }\n}",
    );

    red(wrong_reveals, "src/report/a.rs", "f(value.reveal());");
    red(wrong_reveals, "src/report/a.rs", "value\n    .reveal ()");
    red(wrong_reveals, "src/engine/a.rs", "values.map(Hidden::reveal)");
    green(wrong_reveals, "src/secrets/wire.rs", "value.reveal()");
    green(
        wrong_reveals,
        "src/report/a.rs",
        "// value.reveal()\nlet revealed = \"reveal\"; args.reveal && x.revealed();",
    );
    green(wrong_reveals, "src/report/a.rs", "#[cfg(test)]\nmod tests {\n    fn f() { value.reveal(); }\n}");

    for word in
        [concat!("// TO", "DO: later"), concat!("# FIX", "ME"), concat!("to", "do!()"), concat!("unimple", "mented!()")]
    {
        red(unfinished, "scripts/a.sh", word);
    }
    green(unfinished, "Cargo.toml", "todo = \"deny\"\nunimplemented = \"deny\"");
}
