//! The pages under docs/, held against the program: their tables, examples, pictures and links.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod architecture;
#[path = "../common/mod.rs"]
mod common;
#[path = "../support/page.rs"]
mod page;

use blackstart::model::{Mode, fact};
use blackstart::plan::OnFailure;
use blackstart::plan::load::{self, Planned};
use blackstart::steps::cluster::sandbox_config as config;
use blackstart::steps::keys::{self, Key, Shape};
use blackstart::steps::{KINDS, fields};
use blackstart::sys::yaml;
use common::{Told, binary};
use page::{Page, pages, root};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn the_picture_and_the_schema_are_those_of_today() {
    let empty = tempfile::tempdir().unwrap();
    let said = |words: &[&str]| {
        let mut command = Command::new(binary());
        command.args(words).current_dir(root()).env("XDG_STATE_HOME", empty.path()).stdin(Stdio::null());
        Told::of(command.output().unwrap()).code(0).out
    };
    let now = [
        ("docs/homelab.svg", said(&["plan", "plans/homelab.yaml", "--output", "svg"])),
        ("docs/plan.schema.json", said(&["schema"])),
    ];
    for (name, now) in now {
        if std::env::var_os("BLACKSTART_GOLDEN").is_some_and(|what| what == "write") {
            std::fs::write(root().join(name), &now).unwrap();
        }
        let before = std::fs::read_to_string(root().join(name)).unwrap_or_default();
        assert!(before == now, "{name} is of another day: BLACKSTART_GOLDEN=write cargo test --test docs");
    }
}

fn kind_of_value(shape: Shape) -> String {
    let either = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>();
    match shape {
        Shape::Id => "a name".into(),
        Shape::Ids => "a list of step ids".into(),
        Shape::Facts => "a list of facts".into(),
        Shape::Argv => "a list: a program and its arguments".into(),
        Shape::WordOrArgv(words) => format!("{}, or a list: a program and its arguments", either(words).join(", ")),
        Shape::Word(words) => either(words).join(" or "),
        Shape::Span => "a time".into(),
        Shape::Bool => "`true` or `false`".into(),
        Shape::Count(most) => format!("a whole number from 0 to {most}"),
        Shape::Number(least, most) => format!("a whole number from {least} to {most}"),
        Shape::Text => "a text".into(),
        Shape::Env => "a map of names and texts".into(),
        Shape::Access => "a map of ways in".into(),
        Shape::Kind => either(&KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>()).join(" or "),
        Shape::Steps => "a list of steps".into(),
        Shape::Paths => "a path, or a list of paths".into(),
        Shape::Pairs => "a map of names and texts".into(),
        Shape::Names => "a list of names".into(),
        Shape::Entry => "a value of the store".into(),
        Shape::Entries => "a map of names and values of the store".into(),
        Shape::Accept => "a list of maps, see below".into(),
        Shape::Host => "a host".into(),
        Shape::Day => "a day".into(),
        Shape::Finding => "an id of a finding".into(),
        Shape::Cluster | Shape::Drill | Shape::Secrets => "a map, see below".into(),
        Shape::Places => "a list of HOST:PORT".into(),
        Shape::Data => "a list of whole paths or names".into(),
    }
}

/// A plan that is whole but for one line, which comes from the page.
fn plan_with(table: &str, key: &str, line: &str) -> String {
    let mut plan = String::new();
    let mut put = |name: &str, text: &str| {
        if !(table == "plan" && key == name) {
            plan.push_str(text);
        }
    };
    put("name", "name: homelab\n");
    put("outside", "outside: [host/disk]\n");
    let on_cluster = ["argocd", "manifests", "storage", "sealing", "secrets", "tunnel", "workloads"].contains(&table)
        || key == "before";
    match table {
        "cluster" if key == "provider" => plan.push_str(&format!("cluster:\n  {line}\n")),
        "cluster" if ["registries", "host", "install", "snapshot", "token"].contains(&key) => {
            plan.push_str(&format!("cluster:\n  provider: k3s\n  {line}\n"));
        }
        "drill" if key == "allow" => plan.push_str(&format!("drill:\n  in: k3d\n  {line}\n")),
        "drill" => plan.push_str(&format!("drill:\n  {line}\n")),
        "cluster" => plan.push_str(&format!("cluster:\n  provider: sandbox\n  {line}\n")),
        _ if on_cluster => plan.push_str("cluster: {provider: sandbox}\n"),
        _ => {}
    }
    if table == "plan" {
        plan.push_str(line);
        plan.push('\n');
    }
    match table {
        "accept" => {
            let all = ["id: F47", "object: ConfigMap apps/page", "reason: why", "until: 2999-03-01"];
            let rest = all.into_iter().filter(|text| !text.starts_with(&format!("{key}:")));
            let entry: Vec<&str> = rest.chain([line]).collect();
            plan.push_str(&format!("accept:\n  - {{{}}}\n", entry.join(", ")));
        }
        "secrets of a plan" if key == "files" => plan.push_str(&format!("secrets: {{{line}}}\n")),
        "secrets of a plan" => plan.push_str(&format!("secrets:\n  files: secrets\n  {line}\n")),
        "cluster" if key == "token" => plan.push_str(
            "secrets: {files: secrets}
",
        ),
        "sealing" | "secrets" | "command" | "tunnel" => plan.push_str(
            "secrets: {files: secrets}
",
        ),
        _ => {}
    }
    if table == "plan" && key == "steps" {
        return plan;
    }
    plan.push_str("steps:\n  - {id: key, kind: probe, run: [date]}\n");
    let of_step = KINDS.iter().any(|kind| kind.name == table) || table == "step";
    let mut step: Vec<&str> = if of_step { vec![line] } else { Vec::new() };
    let kind = format!("kind: {}", if table == "step" || !of_step { "command" } else { table });
    let rest: &[(&str, &str)] = match table {
        "probe" if key == "status" => &[("http", "http: https://git.example.org/healthz")],
        "probe" | "workloads" => &[],
        // What is sealed wants somebody who opens it.
        "secrets" if ["seal", "write-back"].contains(&key) => &[],
        "secrets" => &[("seal", "seal: false")],
        "tunnel" => match key {
            "interface" => &[("through", "through: wireguard")],
            "peer" => &[("through", "through: wireguard"), ("interface", "interface: wg0")],
            "address" => &[("through", "through: ssh")],
            "host-key" => &[("through", "through: ssh"), ("address", "address: home.example.org:22")],
            "through" => &[("probe", "probe: https://home.example.org/")],
            _ => &[("path", "path: kubernetes/apps")],
        },
        "manifests" | "storage" | "sealing" => &[("path", "path: kubernetes/apps")],
        "argocd" => &[("path", "path: kubernetes/argocd"), ("root", "root: kubernetes/root-app.yaml")],
        _ => &[("run", "run: [./node]"), ("verify", "verify: [./node, --check]")],
    };
    let all = [("id", "id: node"), ("kind", &kind)].into_iter().chain(rest.iter().copied());
    step.extend(all.filter(|(name, _)| *name != key || !of_step).map(|(_, text)| text));
    if table == "secrets" && key == "write-back" {
        plan.push_str("  - {id: controller, kind: sealing, path: kubernetes/sealed-secrets}\n");
    }
    if table == "step" && key == "retries" {
        step.push("repeatable: true");
    }
    let _ = writeln!(plan, "  - {}", step.join("\n    "));
    plan
}

/// The smallest thing that is whole by the rules of a snapshot of etcd: a first page, and its digest behind it.
fn snapshot() -> Vec<u8> {
    const DIGEST: &str = "af63c8ff5bf857b996aeb917ab401c3155e0b812ddbc645a93f9101d6b259c70";
    let mut bytes = vec![0; 512];
    bytes[16..24].copy_from_slice(&[0xed, 0xda, 0x0c, 0xed, 2, 0, 0, 0]);
    bytes.extend((0..32).map(|at| u8::from_str_radix(&DIGEST[2 * at..2 * at + 2], 16).unwrap()));
    bytes
}

/// A folder with every file that the examples of the page name.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = place.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for name in [
        "namespaces.yaml",
        "storage.yaml",
        "apps/page.yaml",
        "sealed-secrets/controller.yaml",
        "argocd/core.yaml",
        "root-app.yaml",
    ] {
        let object = name.replace(['/', '.'], "-");
        put(&format!("kubernetes/{name}"), &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {object}}}\n"));
    }
    put("cluster/sandbox.yaml", "nodes: [{name: rack-1}]\n");
    put("cluster/images.json", "[]\n");
    put("cluster/registries.yaml", "mirrors: {}\n");
    put("cluster/k3s", "#!/bin/sh\n");
    std::fs::write(place.path().join("cluster/etcd-snapshot"), snapshot()).unwrap();
    std::fs::create_dir(place.path().join("secrets")).unwrap();
    for file in std::fs::read_dir(root().join("secrets.example")).unwrap().map(|entry| entry.unwrap()) {
        std::fs::copy(file.path(), place.path().join("secrets").join(file.file_name())).unwrap();
    }
    place
}

fn taken(text: &str, place: &Path, what: &str) -> Planned {
    let read = load::from_text(text, "plan.yaml", &place.join("plan.yaml"), Mode::Recover);
    read.unwrap_or_else(|error| panic!("{what}: {error}\n{text}"))
}

#[test]
fn the_page_of_the_plan_file_has_every_key_and_its_examples_are_taken() {
    let (page, place) = (Page::open("docs/plan-file.md"), place());
    let kinds = KINDS.iter().map(|kind| (kind.name, kind.keys));
    let own: [(&str, &[Key]); 6] = [
        ("plan", keys::PLAN),
        ("cluster", keys::CLUSTER),
        ("drill", keys::DRILL),
        ("accept", keys::ACCEPT),
        ("secrets of a plan", keys::SECRETS),
        ("step", keys::STEP),
    ];
    for (table, keys) in own.into_iter().chain(kinds) {
        let rows = page.rows(&format!("keys of {table}"));
        let names: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name)).collect();
        assert_eq!(rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>(), names, "keys of {table}");
        for (key, row) in keys.iter().zip(&rows) {
            let what = format!("{table}: {}", key.name);
            assert_eq!(row[1], kind_of_value(key.shape), "{what}");
            assert_eq!(row[2] == "required", key.required, "{what}");
            assert!(row[3].starts_with(key.doc), "{what}: {}", key.doc);
            let example = row[4].trim_matches('`');
            assert!(example.starts_with(&format!("{}:", key.name)), "{what}: {example}");
            taken(&plan_with(table, key.name, example), place.path(), &what);
        }
    }
}

#[test]
fn the_page_has_every_key_of_a_sandbox_and_its_examples_are_taken() {
    let (page, place) = (Page::open("docs/plan-file.md"), place());
    for (table, keys) in [("sandbox", config::KEYS), ("node", config::NODE)] {
        let rows = page.rows(&format!("keys of {table}"));
        let names: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name)).collect();
        assert_eq!(rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>(), names, "keys of {table}");
        for (key, row) in keys.iter().zip(&rows) {
            assert!(row[1].starts_with(key.doc), "{table}: {}: {}", key.name, key.doc);
            let example = row[2].trim_matches('`');
            let text = match (table, key.name) {
                ("node", "name") => format!("nodes:\n  - {example}\n"),
                ("node", _) => format!("nodes:\n  - name: a\n    {example}\n"),
                _ => format!("{example}\n"),
            };
            std::fs::write(place.path().join("cluster/sandbox.yaml"), &text).unwrap();
            let plan = plan_with("cluster", "config", "config: cluster/sandbox.yaml");
            taken(&plan, place.path(), &format!("{table}: {}: {text}", key.name));
        }
    }
}

#[test]
fn the_first_plan_of_the_page_is_one() {
    let (page, place) = (Page::open("docs/plan-file.md"), place());
    let plan = page.text.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    taken(plan, place.path(), "the first plan");
}

/// Each kind with what it does, whether it may be done twice, and the time it has.
fn kinds() -> String {
    let mut out = "| kind | what it does | may be done twice | time |\n|---|---|---|---|\n".to_owned();
    let place = place();
    for kind in KINDS {
        let line = if kind.name == "probe" { "run: [date]" } else { "timeout: 1m" };
        let plan = plan_with(kind.name, if kind.name == "probe" { "run" } else { "timeout" }, line);
        let planned = taken(&plan, place.path(), kind.name);
        let step = planned.file.steps.iter().find(|step| step.id.as_str() == "node").unwrap();
        let twice = if step.kind.repeatable() { "yes" } else { "only if it says `repeatable: true`" };
        let minutes = step.kind.deadline().as_secs() / 60;
        let _ = writeln!(out, "| `{}` | {} | {twice} | `{minutes}m` |", kind.name, kind.doc);
    }
    out
}

fn facts() -> String {
    let rows = fact::WRITTEN.iter().map(|(kind, told)| format!("| `{kind}` | {told} |\n"));
    format!("| kind | what it is |\n|---|---|\n{}", rows.collect::<String>())
}

#[test]
fn the_kinds_of_steps_and_of_facts_are_those_of_the_program() {
    let mut page = Page::open("docs/plan-file.md");
    for (block, now) in [("kinds", kinds()), ("facts", facts())] {
        page.holds(block, &now, str::to_owned);
    }
}

#[test]
fn the_defaults_on_the_page_are_those_of_the_program() {
    let page = Page::open("docs/plan-file.md");
    let text = "name: a\nsteps:\n- {id: c, kind: command, run: [a], verify: [b]}\n- {id: p, kind: probe, run: [a]}\n";
    let planned = load::from_text(text, "p", Path::new("p"), Mode::Recover).unwrap_or_else(|error| panic!("{error}"));
    let [command, _] = &planned.file.steps[..] else { panic!("two steps") };
    let default = |table: &str, key: &str| {
        let rows = page.rows(&format!("keys of {table}"));
        rows.iter().find(|row| row[0] == format!("`{key}`")).unwrap()[2].clone()
    };
    assert_eq!(default("step", "retries"), format!("`{}`", command.retries));
    assert!(command.on_failure == OnFailure::Stop && default("step", "on-failure") == "`stop`");
    assert_eq!(default("command", "repeatable"), format!("`{}`", command.kind.repeatable()));
    assert!(command.absent_in(Mode::Drill).is_some() && default("command", "drill") == "`skip`");
    for limit in [
        format!("{} deep", yaml::DEEPEST),
        format!("{} KiB", yaml::LONGEST_SCALAR >> 10),
        format!("first {} mistakes", fields::SHOWN),
    ] {
        assert!(page.text.contains(&limit), "{limit}");
    }
}

#[test]
fn a_program_gets_the_environment_that_the_page_lists() {
    let page = Page::open("docs/plan-file.md");
    let listed: BTreeSet<String> = page
        .block("environment")
        .split_whitespace()
        .filter(|word| !word.starts_with("```"))
        .map(str::to_owned)
        .collect();
    let lab = common::Lab::new(
        "  - {id: a, kind: command, run: [sh, -c, 'env > world/env'], verify: [test, -s, world/env], env: {MINE: x}}\n",
    );
    let mut command = lab.command(&["recover", "plan.yaml", "--confirm", &lab.name]);
    // These would lead the program itself astray; the rest may be anything.
    let held = ["PATH", "HOME", "TMPDIR", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "SUDO_USER"];
    for name in listed.iter().filter(|name| !held.contains(&name.as_str())).chain([&"SECRET_OF_MINE".to_owned()]) {
        command.env(name, "C");
    }
    let place = lab.folder.path();
    command.env("TMPDIR", place).env("XDG_RUNTIME_DIR", place).env("HOME", place).env("SUDO_USER", "nobody-at-all");
    Told::of(command.output().unwrap()).code(0);
    let of_the_shell = ["PWD", "OLDPWD", "SHLVL", "_", "MINE"];
    let got: BTreeSet<String> = (lab.read("world/env").lines())
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.to_owned())
        .filter(|name| !of_the_shell.contains(&name.as_str()))
        .collect();
    assert_eq!(got, listed, "left: what a program got, right: the page");
}

#[test]
fn every_crate_has_its_line_of_reason() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let page = Page::open("docs/dependencies.md");
    for (section, block) in [("dependencies", "program"), ("dev-dependencies", "tests")] {
        let lines = manifest.split(&format!("\n[{section}]\n")).nth(1).unwrap().split("\n[").next().unwrap().lines();
        let listed: BTreeSet<String> =
            lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| format!("`{name}`")).collect();
        let rows = page.rows(block);
        assert!(rows.iter().all(|row| row[1].len() > 20), "a reason is more than a word");
        let named: BTreeSet<String> = rows.into_iter().map(|row| row[0].clone()).collect();
        assert_eq!(named, listed, "left: the page, right: [{section}] of Cargo.toml");
    }
}

/// The targets of links that lead to files of ours.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let sources = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let ours = targets.chain(sources).filter(|target| !target.contains("://") && !target.starts_with('#'));
    ours.map(|target| target.split('#').next().unwrap().to_owned()).collect()
}

#[test]
fn every_link_leads_somewhere() {
    assert_eq!(links("[a](b.md#c) ![x](d.svg) [e](https://f) [g](#h)"), ["b.md", "d.svg"]);
    let mut seen = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in links(&text) {
            let path = page.parent().unwrap().join(&target);
            assert!(path.exists(), "{}: {target} is not there", page.display());
            seen += 1;
        }
    }
    assert!(seen > 5, "only {seen} links were found");
}
