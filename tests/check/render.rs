//! What `check` says of what kustomize and helm make, asked of the real programs: each finding stands in the file that people
//! wrote.

use crate::common::{Lab, Told, not_run};
use std::path::PathBuf;

/// A repository of files, and a PATH with these programs on it and no others but those of the system.
pub struct Home {
    pub lab: Lab,
    path: String,
}

fn on_path(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The program as the variable or PATH names it.
fn program(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os(format!("BLACKSTART_{}", name.to_uppercase())).map(PathBuf::from);
    named.or_else(|| on_path(name)).filter(|path| path.is_file())
}

/// None, and told, where one of the programs is not here.
pub fn home(test: &str, programs: &[&str]) -> Option<Home> {
    let lab = Lab::new("");
    std::fs::create_dir_all(lab.path("bin")).unwrap();
    for name in programs {
        let Some(path) = program(name) else {
            not_run(test, &format!("{name} is not here (scripts/build-judges)"));
            return None;
        };
        std::os::unix::fs::symlink(path, lab.path("bin").join(name)).unwrap();
    }
    let path = lab.path("bin").display().to_string();
    let home = Home { lab, path };
    home.file(".git/config", "[remote \"origin\"]\n\turl = https://host.example/me/lab.git\n");
    Some(home)
}

impl Home {
    pub fn file(&self, name: &str, text: &str) {
        self.lab.write(&format!("repo/{name}"), text);
    }
    pub fn files(&self, all: &[(&str, &str)]) {
        all.iter().for_each(|(name, text)| self.file(name, text));
    }
    pub fn check(&self) -> Told {
        let mut command = self.lab.command(&["check", "."]);
        command.current_dir(self.lab.path("repo")).env("PATH", &self.path);
        command.env("HELM_CACHE_HOME", self.lab.path("cache"));
        Told::of(command.output().unwrap())
    }
}

/// A Deployment that wants a Secret which is in no file: the want stands in line 12.
pub const WANTS: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          envFrom: [{secretRef: {name: gone}}]
          image: registry.example/web:1
          resources: {requests: {cpu: 10m, memory: 16Mi}}
";
const APPS: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n";
const PATCH: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2}\n";

fn overlay(home: &Home) {
    home.files(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WANTS),
        (
            "over/kustomization.yaml",
            "namePrefix: my-\nnamespace: apps\nresources: [../base, ns.yaml]\npatches: [{path: more.yaml}]\n",
        ),
        ("over/ns.yaml", APPS),
        ("over/more.yaml", PATCH),
    ]);
}

#[test]
fn a_finding_on_what_kustomize_makes_stands_in_the_file_of_the_base() {
    for program in ["kustomize", "kubectl"] {
        let test = "a_finding_on_what_kustomize_makes_stands_in_the_file_of_the_base";
        let Some(home) = home(test, &[program]) else { continue };
        overlay(&home);
        let told = home.check().code(3).says("F01  base/web.yaml:12  Deployment apps/my-web");
        // The patch is no object, the base is none beside the overlay, and neither counts twice.
        told.says("5 files, 2 objects, 2 not Kubernetes, 0 unknown: 1 error");
    }
}

#[test]
fn what_two_overlays_take_is_told_once() {
    let Some(home) = home("what_two_overlays_take_is_told_once", &["kustomize"]) else { return };
    overlay(&home);
    home.file("more/kustomization.yaml", "namePrefix: my-\nnamespace: apps\nresources: [../base]\n");
    let told = home.check().code(3).says("3 objects, 3 not Kubernetes, 0 unknown: 1 error");
    assert_eq!(told.out.matches("  F01  ").count(), 1, "{}", told.out);
}

#[test]
fn what_a_generator_makes_is_there() {
    let Some(home) = home("what_a_generator_makes_is_there", &["kustomize"]) else { return };
    overlay(&home);
    home.file(
        "over/kustomization.yaml",
        "namespace: apps\nresources: [../base, ns.yaml]\nsecretGenerator: [{name: gone, literals: [a=b]}]\n",
    );
    home.check().code(0).says("0 unknown: 0 errors");
}

#[test]
fn without_the_program_the_files_are_looked_at_as_they_lie_there() {
    let Some(home) = home("", &[]) else { return };
    overlay(&home);
    let told = home.check().says("F97  over/kustomization.yaml:1").says("missing: kustomize or kubectl");
    told.says("F01  base/web.yaml:12  Deployment apps/web").code(0);
}

#[test]
fn what_would_be_fetched_is_not_and_the_rest_is_put_together() {
    let Some(home) = home("what_would_be_fetched_is_not_and_the_rest_is_put_together", &["kustomize"]) else { return };
    overlay(&home);
    home.file(
        "over/kustomization.yaml",
        "namePrefix: my-\nnamespace: apps\nresources:\n  - ../base\n  - https://127.0.0.1:1/install.yaml\n  - github.com/a/b//c?ref=v1\n",
    );
    home.check()
        .code(0)
        .says("F97  over/kustomization.yaml:5")
        .says("F97  over/kustomization.yaml:6")
        .says("takes github.com/a/b//c?ref=v1 from elsewhere")
        .says("F01  base/web.yaml:12  Deployment apps/my-web");
}

#[test]
fn a_kustomization_that_does_not_build_is_an_error_in_the_words_of_the_program() {
    let test = "a_kustomization_that_does_not_build_is_an_error_in_the_words_of_the_program";
    let Some(home) = home(test, &["kustomize"]) else { return };
    home.files(&[
        ("a/kustomization.yaml", "resources: [gone.yaml]\n"),
        ("b/kustomization.yaml", "resources: [../b]\n"),
    ]);
    let told = home.check().code(3).says("F96  a/kustomization.yaml:1").says("gone.yaml");
    told.never_says("blackstart-scratch").says("F96  b/kustomization.yaml:1").says("cycle");
}

#[test]
fn the_words_of_kustomize_tell_no_value_of_a_secret() {
    let Some(home) = home("the_words_of_kustomize_tell_no_value_of_a_secret", &["kustomize"]) else { return };
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: CANARY10}\n";
    let patch = "- {op: replace, path: /stringData/nope, value: CANARY12}\n- bad CANARY13\n";
    let inline = format!(
        "resources: [s.yaml]\npatches:\n- target: {{kind: Secret}}\n  patch: |-\n    {}\n",
        patch.trim().replace('\n', "\n    ")
    );
    home.files(&[
        ("inline/kustomization.yaml", &inline),
        ("inline/s.yaml", secret),
        ("file/kustomization.yaml", "resources: [s.yaml]\npatches: [{target: {kind: Secret}, path: p.yaml}]\n"),
        ("file/s.yaml", secret),
        ("file/p.yaml", patch),
        ("gen/kustomization.yaml", "secretGenerator: [{name: x, literals: [CANARY15]}]\n"),
    ]);
    let mut told = home.check().code(3).never_says("CANARY").says("literal sources");
    for folder in ["inline", "file", "gen"] {
        told = told.says(&format!("F96  {folder}/kustomization.yaml:1"));
    }
}

#[test]
fn the_words_of_kubectl_are_the_same_at_each_run() {
    use std::os::unix::fs::PermissionsExt;
    let Some(home) = home("", &[]) else { return };
    let script = "#!/bin/sh\necho \"E1121 20:14:46.123 $$ run.go:72] \\\"command failed\\\" err=\\\"no \\\\\\\"a.yaml\\\\\\\" here\\\"\" >&2\nexit 1\n";
    home.lab.write("bin/kubectl", script);
    std::fs::set_permissions(home.lab.path("bin/kubectl"), std::fs::Permissions::from_mode(0o755)).unwrap();
    home.file("a/kustomization.yaml", "resources: []\n");
    let first =
        home.check().code(3).never_says("run.go").says("F96  a/kustomization.yaml:1").says("no \"a.yaml\" here").all();
    assert_eq!(first, home.check().all());
}

#[test]
fn folders_that_lead_in_circles_end() {
    let Some(home) = home("folders_that_lead_in_circles_end", &["kustomize"]) else { return };
    overlay(&home);
    std::os::unix::fs::symlink("..", home.lab.path("repo/over/up")).unwrap();
    home.check().code(3).says("F01  base/web.yaml:12  Deployment apps/my-web").says("2 objects");
}

fn chart(home: &Home) {
    home.files(&[
        ("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n"),
        ("charts/web/values.yaml", "name: {}\n"),
        (
            "charts/web/templates/web.yaml",
            &format!(
                "{{{{- if .Values.enabled }}}}\n{}{{{{- end }}}}\n",
                WANTS.replace("gone", "{{ required \"say a name\" .Values.secret }}")
            ),
        ),
    ]);
}

#[test]
fn a_chart_is_rendered_and_a_finding_stands_in_its_template() {
    let Some(home) = home("a_chart_is_rendered_and_a_finding_stands_in_its_template", &["helm"]) else { return };
    chart(&home);
    home.file("charts/web/values.yaml", "enabled: true\nsecret: gone\n");
    home.check().code(3).says("F01  charts/web/templates/web.yaml:3  Deployment default/web").says("1 object,");
    // With its own values alone it may lack what somebody would give it.
    home.file("charts/web/values.yaml", "enabled: true\n");
    home.check().code(0).says("F97  charts/web/Chart.yaml:1").says("say a name");
}

#[test]
fn a_chart_that_is_not_whole_is_not_known() {
    let Some(home) = home("a_chart_that_is_not_whole_is_not_known", &["helm"]) else { return };
    chart(&home);
    let needs = "apiVersion: v2\nname: web\nversion: 0.1.0\ndependencies:\n  - {name: db, version: 1.2.3, repository: https://127.0.0.1:1}\n";
    home.file("charts/web/Chart.yaml", needs);
    home.check()
        .code(0)
        .says("F97  charts/web/Chart.yaml:5")
        .says("needs the chart db 1.2.3")
        .says("missing: the chart db");
    // One that lies beside it is taken from there.
    home.file("charts/web/Chart.yaml", &needs.replace("https://127.0.0.1:1", "file://../../db"));
    home.files(&[
        ("db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.2.3\n"),
        ("db/templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-db}\n"),
    ]);
    home.check().code(0).says("0 unknown").says("1 object,");
}
