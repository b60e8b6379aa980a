//! Which store a command works on: the one that is named, else the plan's, else the usual one; and whose identity.

use crate::lab::Lab;

const STEPS: &str = "outside: [namespace/apps]\nsteps:\n  - {id: a, kind: command, run: ['true'], verify: ['true']}\n";

/// A lab whose plan keeps its secrets in `lab/`, opened by an identity beside the home.
fn planned(files: &str) -> Lab {
    let lab = Lab::bare();
    let identity = lab.home().join("lab.txt");
    let identity = identity.to_str().unwrap();
    lab.write("plans/lab.yaml", &format!("name: lab\nsecrets: {{files: {files}, identity: {identity}}}\n{STEPS}"));
    lab
}

#[test]
fn without_a_word_it_is_the_store_of_the_only_plan() {
    let lab = planned("../lab/*.yaml.age");
    let told = lab.run(&["list"]).code(2).says("lab: there is no store").says("blackstart secrets init");
    assert!(!told.all().contains(".."), "{told:?}");
    let told = lab.run(&["init"]).code(0).says("store      lab ").says("lab.txt   new");
    assert!(!told.all().contains("--store") && lab.home().join("lab.txt").exists() && !lab.identity().exists());
    lab.add("apps/db", "password", "canary-1").says("lab/apps-db.yaml.age: Secret apps/db is new");
    lab.run(&["list"]).code(0).says("lab/apps-db.yaml.age\n");
    lab.run(&["check"]).code(0).says("lab: all is well");
    lab.run(&["rotate"]).code(0).says("lab: 1 file encrypted anew");
    lab.edit("apps/db", "sed -i s/canary-1/canary-2/").code(0).says("lab/apps-db.yaml.age: changed");
    assert!(lab.open("apps/db").contains("canary-2") && lab.open("lab/apps-db.yaml.age").contains("canary-2"));
    lab.run(&["init"]).code(3).says("lab: is a store already").says("blackstart secrets rotate --add AGE1…");
    // The environment comes after the plan, and what is named before it.
    let told = crate::common::told(lab.command(&["check"]).env("BLACKSTART_IDENTITY", "/none"));
    told.code(0);
    lab.run(&["check", "--identity", "/none"]).code(3).says("/none");
}

#[test]
fn a_store_that_is_named_wins_and_needs_no_plan() {
    let lab = planned("../lab");
    let named = ["--store", "other", "--identity", "../home/own.txt"];
    lab.run(&[&["init"], &named[..]].concat()).code(0).says("next   blackstart secrets add --store other --identity");
    assert!(lab.path("other/recipients.lock").exists() && !lab.path("lab").exists());
    lab.write("plans/lab.yaml", "name: [broken\n");
    lab.run(&["list", "--store", "other"]).code(0).says("0 files");
    lab.run(&["list"]).code(2).says("plans/lab.yaml:").says("--store DIR");
    // What is to be copied leads to the same store.
    std::fs::remove_file(lab.path("other/digest-key.age")).unwrap();
    let told = lab.feed(&[&["add", "a/b", "c"], &named[..]].concat(), "x").code(3);
    told.says("blackstart secrets rotate --store other --identity ../home/own.txt --new-digest-key");
}

#[test]
fn of_several_plans_the_one_that_is_named_counts() {
    let lab = planned("../lab");
    lab.write("plans/second.yaml", &format!("name: second\nsecrets: {{files: second}}\n{STEPS}"));
    lab.write("plans/without.yaml", &format!("name: without\n{STEPS}"));
    lab.run(&["list"]).code(2).says("secrets: there is no store").says("none of them is asked for its store");
    lab.run(&["init", "--plan", "plans/second.yaml"]).code(0).says("store      plans/second ");
    assert!(lab.path("plans/second/recipients.lock").exists());
    lab.run(&["list", "--plan", "plans/without.yaml"]).code(2).says("secrets: there is no store");
    lab.run(&["list", "--plan", "plans/none.yaml"]).code(2).says("plans/none.yaml is not there");
    let told = lab.run(&["check", "--plan", "plans/second.yaml"]).code(0).says("plans/second: all is well");
    assert_eq!(told.err, "");
    // From another folder too, and never by a detour.
    lab.run(&["init", "--plan", "plans/lab.yaml"]).code(0);
    let mut command = lab.command(&["list", "--plan", "../plans/lab.yaml"]);
    std::fs::create_dir_all(lab.path("deep")).unwrap();
    command.current_dir(lab.path("deep"));
    assert_eq!(crate::common::told(&mut command).code(0).out.lines().last().unwrap(), "0 files, 0 Secrets, 0 keys");
    let mut command = lab.command(&["check", "--plan", "../plans/lab.yaml"]);
    crate::common::told(command.current_dir(lab.path("deep"))).code(0).says("../lab: all is well");
}

#[test]
fn an_identity_of_a_plan_is_found_at_home_and_never_left_in_the_work_tree() {
    let lab = Lab::bare();
    lab.write("plans/lab.yaml", &format!("name: lab\nsecrets: {{files: ../lab, identity: '~/deep/lab.txt'}}\n{STEPS}"));
    lab.run(&["init"]).code(0);
    assert!(lab.home().join("deep/lab.txt").exists());
    lab.run(&["check"]).code(0);
    lab.write("plans/lab.yaml", &format!("name: lab\nsecrets: {{files: ../next, identity: ../id.txt}}\n{STEPS}"));
    let told = lab.run(&["init"]).code(3).says("must not lie in a git work tree");
    assert!(!told.all().contains("..") || !lab.path("id.txt").exists(), "{told:?}");
}

#[test]
fn a_pattern_that_takes_some_files_loses_none_of_the_others() {
    let lab = planned("../lab/one-*.yaml.age");
    lab.run(&["init"]).code(0);
    let told = lab.feed(&["add", "apps/db", "password"], "canary-1").code(3);
    told.says("is none of the files that the plan takes: lab/one-*.yaml.age").says("--file");
    lab.feed(&["add", "apps/db", "password", "--file", "one-db.yaml.age"], "canary-1").code(0);
    let by_name = ["--store", "lab", "--identity", "../home/lab.txt"];
    lab.feed(&[&["add", "apps/other", "k"], &by_name[..]].concat(), "canary-2").code(0);
    lab.run(&["list"]).code(0).says("1 file, 1 Secret").never_says("other");
    let before = std::fs::read(lab.path("lab/apps-other.yaml.age")).unwrap();
    lab.run(&["rotate"]).code(0).says("2 files encrypted anew");
    assert!(before != std::fs::read(lab.path("lab/apps-other.yaml.age")).unwrap());
    lab.run(&[&["list"], &by_name[..2]].concat()).code(0).says("2 files, 2 Secrets").never_says("stale");
    lab.run(&[&["check"], &by_name[..]].concat()).code(0);
    lab.run(&["init", "--sealing-key"]).code(3).says("sealing-keys.yaml.age: is none of the files");
}
