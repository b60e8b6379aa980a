//! Where charts and manifests come from, F18 and F10, and NFS servers, F58.

use super::fake::Fake;
use super::live;

/// An Application of Argo CD needs its kind to be there.
const KIND: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: KINDS.GROUP}\nspec:\n  \
                    group: GROUP\n  scope: Namespaced\n  names: {kind: KIND, plural: KINDS}\n  versions: [{name: VERSION, served: true, \
                    storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]\n---\n";

fn with_kind(group: &str, version: &str, kind: &str, spec: &str) -> String {
    let plural = format!("{}s", kind.to_ascii_lowercase());
    let definition = KIND.replace("KINDS", &plural).replace("KIND,", &format!("{kind},"));
    let definition = definition.replace("GROUP", group).replace("VERSION", version);
    format!(
        "{definition}apiVersion: {group}/{version}\nkind: {kind}\nmetadata: {{name: it, namespace: default}}\nspec: {{{spec}}}\n"
    )
}

fn argo(spec: &str) -> String {
    with_kind("argoproj.io", "v1alpha1", "Application", &format!("source: {{{spec}}}"))
}

#[test]
fn a_chart_is_looked_up_in_the_index_of_its_repository() {
    let fake = Fake::well();
    let chart = |path: &str, chart: &str, version: &str| {
        live(&argo(&format!("repoURL: \"{}\", chart: {chart}, targetRevision: \"{version}\"", fake.url(path))))
    };
    chart("charts", "loki", "6.0.0").says(&[]).asks(&[]);
    chart("charts/", "loki", "v6.1.0").says(&[]).asks(&[]);
    chart("charts", "loki", "6.*").says(&[]).asks(&[]);
    chart("charts", "loki", "5.9.9")
        .says(&["F18 error apps.yaml:13 | no version 5.9.9 of chart loki | 6.1.0"])
        .asks(&[]);
    chart("charts", "tempo", "6.0.0").says(&["F18 error apps.yaml:13 | has no chart tempo"]).asks(&[]);
    chart("moved", "loki", "6.0.0").says(&["F18 error apps.yaml:13 | has no index.yaml: it answers 404"]).asks(&[]);
    chart("closed", "loki", "6.0.0").says(&[]).asks(&["F18 | it answers 401"]);
    live(&argo("repoURL: registry.example.org/charts, chart: loki, targetRevision: 6.0.0"))
        .says(&[])
        .asks(&["F18 | lies in a registry of images", "F66"]);
}

#[test]
fn charts_of_k3s_are_asked_for_too() {
    let fake = Fake::well();
    let chart = |version: &str| {
        let spec = format!("repo: \"{}\", chart: loki, version: {version}", fake.url("charts"));
        live(&with_kind("helm.cattle.io", "v1", "HelmChart", &spec))
    };
    chart("6.0.0").says(&[]).asks(&[]);
    chart("5.9.9").says(&["F18 error | no version 5.9.9"]).asks(&[]);
}

#[test]
fn sources_of_flux_are_asked_for_too() {
    let fake = Fake::well();
    let release = |version: &str| {
        let url = format!("url: \"{}\"", fake.url("charts"));
        let repository = with_kind("source.toolkit.fluxcd.io", "v1", "HelmRepository", &url);
        let chart = format!(
            "chart: {{spec: {{chart: loki, version: {version}, sourceRef: {{kind: HelmRepository, name: it}}}}}}"
        );
        live(&format!("{repository}---\n{}", with_kind("helm.toolkit.fluxcd.io", "v2", "HelmRelease", &chart)))
    };
    release("6.0.0").says(&[]).asks(&[]);
    release("5.9.9").says(&["F18 error apps.yaml:27 | no version 5.9.9"]).asks(&[]);
    let source = |more: &str| {
        let spec = format!("url: \"{}\", {more}", fake.url("ops.git"));
        live(&with_kind("source.toolkit.fluxcd.io", "v1", "GitRepository", &spec))
    };
    source("ref: {branch: main}").says(&[]).asks(&[]);
    source("ref: {semver: '1.x'}").says(&[]).asks(&[]);
    // Flux means master where nothing is said.
    source("interval: 1m").says(&["F10 error | no branch or tag master"]).asks(&[]);
}

#[test]
fn a_git_source_is_asked_for_its_branches() {
    let fake = Fake::well();
    let source = |path: &str, revision: &str| {
        live(&argo(&format!("repoURL: \"{}\", path: ., targetRevision: \"{revision}\"", fake.url(path))))
    };
    for revision in ["main", "HEAD", "v1.0.0", "refs/heads/main", "1.*", "11111111"] {
        source("ops.git", revision).says(&[]).asks(&[]);
    }
    source("ops.git", "rebuild").says(&["F10 error apps.yaml:13 | no branch or tag rebuild"]).asks(&[]);
    source("ops.git", "2222222").says(&[]).asks(&["F10 | has commit 2222222"]);
    source("gone.git", "main").says(&["F10 error apps.yaml:13 | is not there"]).asks(&[]);
    source("closed.git", "main").says(&[]).asks(&["F10 | is not known"]);
}

#[test]
fn no_program_is_started_for_what_an_address_says_and_no_credentials_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("started");
    let evil = format!("ext::sh -c touch% {}", mark.display());
    live(&argo(&format!("repoURL: \"{evil}\", path: ., targetRevision: main"))).says(&[]).asks(&["F10 | is not known"]);
    assert!(!mark.exists());
    let fake = Fake::well();
    let told = format!("http://ana:geheim@127.0.0.1:{}/ops.git", fake.port);
    live(&argo(&format!("repoURL: \"{told}\", path: ., targetRevision: main")))
        .says(&[])
        .asks(&["F10 | credentials in its address"]);
    assert_eq!(fake.asked(), Vec::<String>::new());
}

#[test]
fn an_nfs_server_that_takes_no_connection_is_a_warning() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let volume = format!(
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: media}}\nspec:\n  capacity: {{storage: 1Gi}}\n  \
         accessModes: [ReadWriteMany]\n  mountOptions: [soft, port={port}]\n  nfs: {{server: 127.0.0.1, path: /srv}}\n"
    );
    live(&volume).says(&[]).asks(&[]);
    drop(server);
    live(&volume).says(&["F58 warning apps.yaml:8 | takes no connection"]).asks(&[]);
}
