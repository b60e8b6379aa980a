//! What a step names, read as files and folders: their order, links, what is none of its own, and what stands twice.

use crate::{Folder, object};
use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

#[test]
fn each_object_and_field_knows_its_file_line_and_column() {
    let folder = Folder::new(&[("apps/web.yaml", include_str!("small.yaml"))]);
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
