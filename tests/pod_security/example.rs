//! The example homelab and each of its faults: what is right is not found, and what a real server once said is said from the files.

use blackstart::checks::pod_security::{Rules, check};
use blackstart::checks::told::Told;
use blackstart::manifests::read_all;
use blackstart::sys::Look;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Lays one folder over another.
fn lay(from: &Path, over: &Path) {
    fs::create_dir_all(over).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = over.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => lay(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

fn found(folder: &Path) -> Told {
    let mut wanted: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    wanted.sort();
    let wanted: Vec<Vec<String>> = wanted.into_iter().map(|name| vec![name]).collect();
    let papers = read_all(Look::new(), folder, "", &wanted).unwrap_or_else(|wrongs| panic!("{wrongs:?}"));
    check(&papers, &[], &Rules::default())
}

#[test]
fn nothing_is_found_in_the_example_as_it_is() {
    let found = found(&root().join("plans/kubernetes"));
    assert!(found.faults.is_empty(), "{:#?}", found.faults);
    assert!(found.unknowns.is_empty(), "{:#?}", found.unknowns);
}

#[test]
fn of_all_faults_of_the_example_only_its_own_is_found_and_in_the_words_that_a_server_had_for_it() {
    let (mut variants, mut red) = (0, 0);
    for folder in fs::read_dir(root().join("tests/variants")).unwrap().map(|entry| entry.unwrap().path()) {
        let Ok(text) = fs::read_to_string(folder.join("what.yaml")) else { continue };
        let what: Value = serde_saphyr::from_str(&text).unwrap();
        let changed = tempfile::tempdir().unwrap();
        lay(&root().join("plans/kubernetes"), changed.path());
        if folder.join("changes").exists() {
            lay(&folder.join("changes"), changed.path());
        }
        for file in what["remove"].as_array().into_iter().flatten() {
            fs::remove_file(changed.path().join(file.as_str().unwrap())).unwrap();
        }
        variants += 1;
        let found = found(changed.path());
        if what["fault"] != "F03" {
            assert!(found.faults.is_empty(), "{}: {:#?}", folder.display(), found.faults);
            continue;
        }
        red += 1;
        let (_, seen) = what["seen"].as_str().unwrap().split_once("is forbidden: ").unwrap();
        assert_eq!(found.faults.len(), 1, "{:#?}", found.faults);
        let finding = &found.faults[0].finding;
        assert_eq!(finding.message, format!("its pods are refused: {seen}"));
        assert_eq!(finding.object, what["object"].as_str().unwrap());
        assert!(finding.place.file.ends_with(what["file"].as_str().unwrap()), "{}", finding.place);
        assert!(finding.fix.contains("[cloudflared].securityContext.runAsUser: 65532"), "{}", finding.fix);
    }
    assert!(variants >= 25 && red >= 1, "{variants} {red}");
    println!("pod security: {variants} faults of the example, {red} of them found, and nothing else");
}
