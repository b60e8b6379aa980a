//! Where a plan is written, and what is never touched.

use crate::lab::{Repository, config, has};

fn repository() -> Repository {
    Repository::new(&[("kubernetes/a.yaml", &config("default", "a"))])
}

#[test]
fn it_lies_in_plans_where_there_is_such_a_folder() {
    let repository = repository();
    std::fs::create_dir(repository.0.path("home/plans")).unwrap();
    repository.0.run(&["init", "home"]).code(0).says("blackstart check home/plans/home.yaml");
    has(&repository.0.read("home/plans/home.yaml"), &["path: \"../kubernetes\""]);
    repository.0.run(&["plan", "home/plans/home.yaml"]).code(0);
}

#[test]
fn a_file_that_is_there_is_not_written_over_and_nothing_else_is_made() {
    let repository = repository();
    repository.0.write("home/home.plan.yaml", "mine");
    repository.0.run(&["init", "home"]).code(2).says("home/home.plan.yaml: is there already").says("--output");
    assert_eq!(repository.0.read("home/home.plan.yaml"), "mine");
    std::fs::remove_file(repository.0.path("home/home.plan.yaml")).unwrap();
    // A link that leads nowhere is somebody's, too.
    std::os::unix::fs::symlink("nowhere", repository.0.path("home/home.plan.yaml")).unwrap();
    repository.0.run(&["init", "home"]).code(2);
    let mut names: Vec<_> =
        std::fs::read_dir(repository.0.path("home")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["home.plan.yaml", "kubernetes"]);
    assert!(!repository.0.exists("state"), "it remembers nothing");
}

#[test]
fn it_goes_where_it_is_told_and_its_paths_lead_from_there() {
    let repository = repository();
    repository.0.write("other/x", "");
    repository.0.run(&["init", "home", "--output", "other/mine.yaml"]).code(0).says("blackstart plan other/mine.yaml");
    has(&repository.0.read("other/mine.yaml"), &["path: \"../home/kubernetes\""]);
    repository.0.run(&["plan", "other/mine.yaml"]).code(0);
    repository.0.run(&["init", "home", "--output", "nowhere/mine.yaml"]).code(2).says("its folder cannot be used");
}

#[test]
fn its_name_is_one_that_a_plan_takes() {
    let repository = Repository::new(&[]);
    repository.0.write("My Lab (new)/a.yaml", &config("default", "a"));
    repository.0.run(&["init", "My Lab (new)"]).code(0).says("'My Lab (new)/my-lab-new.plan.yaml'");
}
