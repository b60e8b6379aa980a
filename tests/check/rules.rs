//! Each folder of `rules/` is called by its id (with a word behind it where an id has several). In it `red*.yaml` break the
//! rule, `green*.yaml` do not. The first line of a red file says what is expected:
//! `# expect: SEVERITY FILE:LINE words of the message`, once for every finding of this id.

use blackstart::checks::rules::cluster::Cluster;
use blackstart::checks::rules::{Ground, RULES};
use blackstart::checks::told::Told;
use blackstart::checks::{causes, files, pod_security};
use blackstart::manifests::repository;
use blackstart::model::Severity;
use blackstart::sys::Look;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folders() -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/rules");
    let mut folders: Vec<PathBuf> = fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// The files or folders of a case whose names begin so.
fn cases(folder: &Path, begin: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = all.filter(|path| name(path).starts_with(begin)).collect();
    cases.sort();
    cases
}

/// What is found, as if the case were all that there is.
fn found(case: &Path) -> Told {
    let found = repository::read(Look::new(), &[case.to_owned()]);
    assert!(found.unread.is_empty(), "{}: {:#?}", case.display(), found.unread);
    let papers = [found.papers];
    let cluster = found.tools.iter().find_map(|object| Cluster::of_k3d(object));
    let mut ground = Ground::of(&papers, cluster, &|_| false);
    ground.beside = &found.beside;
    ground.keeps_keys = !found.stores.is_empty();
    ground.tools = &found.tools;
    let mut told = files::check(&papers, &ground, &pod_security::Rules::default());
    told.sort();
    told
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// The findings of this id, each as `severity file:line message` with the path as seen from the folder.
fn of_id(id: &str, folder: &Path, told: &Told) -> Vec<String> {
    let of_it = told.faults.iter().map(|fault| &fault.finding).filter(|finding| finding.id == id);
    of_it
        .map(|one| {
            let file = Path::new(&one.place.file).strip_prefix(folder).unwrap_or(Path::new(&one.place.file));
            format!("{} {}:{} {}", severity(one.severity), file.display(), one.place.spot.line, one.message)
        })
        .collect()
}

/// The lines `# expect: …` of the files of a case.
fn expected(case: &Path) -> Vec<String> {
    if case.is_dir() {
        return cases(case, "").iter().flat_map(|inner| expected(inner)).collect();
    }
    let texts = [fs::read_to_string(case).unwrap()].into_iter();
    let lines: Vec<String> = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.iter().filter_map(|line| Some(line.strip_prefix("# expect: ")?.to_owned())).collect()
}

#[test]
fn every_rule_is_red_on_its_own_fault_and_silent_beside_it() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let own = name(&folder);
        let id = own.split('-').next().unwrap();
        let (reds, greens) = (cases(&folder, "red"), cases(&folder, "green"));
        if reds.is_empty() || greens.is_empty() {
            wrong.push(format!("{own}: wants a file that is red and one that is green"));
        }
        for red in reds {
            let (got, wanted) = (of_id(id, &folder, &found(&red)), expected(&red));
            let meets = |want: &String| {
                let (head, words) =
                    want.splitn(3, ' ').enumerate().fold((String::new(), ""), |(head, words), (at, part)| {
                        if at < 2 { (format!("{head}{part} "), words) } else { (head, part) }
                    });
                got.iter().any(|got| got.starts_with(&head) && got.contains(words))
            };
            if wanted.is_empty() || got.len() != wanted.len() || !wanted.iter().all(meets) {
                wrong.push(format!("{own}/{}: wanted {wanted:#?}, got {got:#?}", name(&red)));
            }
        }
        for green in greens {
            let got = of_id(id, &folder, &found(&green));
            if !got.is_empty() {
                wrong.push(format!("{own}/{}: is not silent: {got:#?}", name(&green)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_page_and_no_page_is_there_twice() {
    let mut seen = BTreeSet::new();
    let twice: Vec<&str> = causes::all().map(|cause| cause.id).filter(|id| !seen.insert(*id)).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let without: Vec<&&str> = RULES.iter().flat_map(|rule| rule.ids).filter(|id| causes::find(id).is_none()).collect();
    assert!(without.is_empty(), "no page for {without:?}");
}

#[test]
fn no_rule_is_without_its_files() {
    let there: BTreeSet<String> =
        folders().iter().map(|folder| name(folder).split('-').next().unwrap().to_owned()).collect();
    let all = RULES.iter().flat_map(|rule| rule.ids).map(|id| (*id).to_owned());
    let without: Vec<String> = all.filter(|id| !there.contains(id)).collect();
    assert!(without.is_empty(), "no folder in tests/check/rules for {without:?}");
}
