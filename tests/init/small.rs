//! Small repositories: of Flux, of Argo CD, with charts and kustomizations, with files that no plan may name.

use crate::lab::{Repository, config, has, runs, space};

#[test]
fn a_plain_folder_becomes_one_step_and_what_waits_for_it() {
    let web = runs("web", "web", "nginx:1.27", "");
    let repository = Repository::new(&[("space.yaml", &space("web")), ("web.yaml", &web), ("notes.md", "x")]);
    repository.planned().says("workloads");
    // The plan lies among them and is no manifest: they are named one by one.
    has(
        &repository.0.read("home/home.plan.yaml"),
        &[
            "\n  - {id: manifests, kind: manifests, path: [space.yaml, web.yaml]}\n  - {id: workloads, kind: workloads}\n",
        ],
    );
}

#[test]
fn names_with_spaces_and_quotes_are_read_back() {
    let files = [("my apps/it's: #1.yaml", config("default", "a")), ("my apps/b \"c\"/d.yaml", config("default", "d"))];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let repository = Repository::new(&files);
    repository.planned();
    has(&repository.0.read("home/home.plan.yaml"), &["\"my apps/it's: #1.yaml\"", "\"my apps/b \\\"c\\\"\""]);
}

#[test]
fn of_flux_it_asks_where_from_and_what_patched_files_come_to() {
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: web}\nspec: {replicas: 3}\n";
    let sync = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux, namespace: web}\n";
    let web = runs("web", "web", "nginx:1.27", "");
    let repository = Repository::new(&[
        ("clusters/home/sync.yaml", sync),
        ("clusters/home/space.yaml", &space("web")),
        ("clusters/home/kustomization.yaml", "resources: [sync.yaml, 'https://example.org/more.yaml']\n"),
        ("apps/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("apps/base/web.yaml", &web),
        ("apps/prod/kustomization.yaml", "resources: [../base]\npatches:\n  - path: patch.yaml\n"),
        ("apps/prod/patch.yaml", patch),
    ]);
    let plan = repository.plan();
    has(
        &plan,
        &[
            "# ? apps/prod/kustomization.yaml:2: kustomize changes what it puts together here (`patches`)",
            "kubectl kustomize apps/prod",
            "# ? clusters/home/kustomization.yaml:1: https://example.org/more.yaml comes from elsewhere",
            "# ? GitRepository web/flux (clusters/home/sync.yaml:1:1): Flux keeps what these name",
            "which is in no file: add the file, or say `provides: [crd/GitRepository.source.toolkit.fluxcd.io]`",
        ],
    );
    assert!(
        !plan.contains("web.yaml,") && !plan.contains("path: apps"),
        "what is patched is applied as it lies:\n{plan}"
    );
}

#[test]
fn where_there_is_only_a_chart_nothing_is_written_and_the_chart_is_named() {
    let files =
        [("web/Chart.yaml", "apiVersion: v2\nname: web\n"), ("web/templates/a.yaml", "kind: {{ .Values.kind }}\n")];
    let told = Repository::new(&files).refused(2);
    told.says("web/Chart.yaml:1: is a Helm chart").says("render charts and kustomizations first");
}

#[test]
fn an_empty_repository_and_one_that_is_not_there_are_exit_2() {
    let repository = Repository::new(&[("README.md", "nothing")]);
    repository.refused(2).says("holds no manifest that a plan could apply");
    repository.0.run(&["init", "nowhere"]).code(2).says("nowhere: is not there");
    repository.0.run(&["init", "home/README.md"]).code(2).says("is no folder");
}

#[test]
fn a_file_that_a_plan_would_refuse_is_left_out_and_told() {
    let repository = Repository::new(&[
        ("a/good.yaml", &config("default", "good")),
        ("a/again.yaml", &config("default", "good")),
        ("a/mixed.yaml", &format!("{}---\nfoo: bar\n", config("default", "x"))),
        ("a/torn.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n"),
        ("a/made.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}\n"),
        (".hidden/h.yaml", &config("default", "h")),
    ]);
    repository.planned();
    let plan = repository.0.read("home/home.plan.yaml");
    has(
        &plan,
        &[
            "# ? a/good.yaml:2:1: ConfigMap default/good stands also in a/again.yaml:2:1: an object belongs in one place; left out",
            "# ? a/mixed.yaml:6:1: neither `apiVersion` nor `kind`",
            "# ? a/torn.yaml:",
            "# ? a/made.yaml:3: this ConfigMap has `generateName`",
            "# ? .hidden/h.yaml: lies hidden; left out",
            "\n  - {id: a, kind: manifests, path: a/again.yaml}\n",
        ],
    );
}

#[test]
fn what_argo_cd_and_charts_of_k3s_keep_is_asked_about() {
    let application =
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: root, namespace: default}\n";
    let chart = "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: traefik, namespace: kube-system}\n";
    let repository = Repository::new(&[("argocd/root.yaml", application), ("k3s/chart.yaml", chart)]);
    has(
        &repository.plan(),
        &[
            "# ? Application default/root (argocd/root.yaml:1:1): Argo CD keeps what these name",
            "# ? HelmChart kube-system/traefik (k3s/chart.yaml:1:1): k3s makes something of these charts",
        ],
    );
}

#[test]
fn what_no_file_gives_is_asked_with_its_place() {
    let spec = "      nodeSelector: {disk: ssd}\n      volumes:\n      - {name: s, secret: {secretName: token}}\n      \
                - {name: d, persistentVolumeClaim: {claimName: data}}\n";
    let claim = "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: default}\nspec:\n  \
                 {storageClassName: local-path, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n";
    let files = format!("{}{claim}", runs("default", "web", "nginx:1.27", spec));
    has(
        &Repository::new(&[("web.yaml", &files)]).plan(),
        &[
            "# ? Deployment default/web mounts Secret default/token (web.yaml:13:28), which is in no file: put it into the \
             store (blackstart secrets add default/token)",
            "# ? claims of StorageClass local-path find no volume in these files: PersistentVolumeClaim default/data (web.yaml:",
            "# ? the sandbox has one node, and these ask for others: label disk=ssd (web.yaml:11:22). ",
            "nodes: [{name: home, labels: {disk: ssd}}]",
        ],
    );
}
