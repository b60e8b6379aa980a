//! What `check` says of what Argo CD and Flux would take from the repository.

use crate::render::{Home, WANTS, home};

const APPS: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n";

/// An Application of Argo CD whose source has these fields.
fn application(name: &str, source: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  destination: {{namespace: apps}}\n  source:\n    repoURL: git@host.example:me/lab.git\n{source}"
    )
}

fn plain(home: &Home) {
    home.files(&[("ns.yaml", APPS), ("apps/web/web.yaml", WANTS)]);
}

#[test]
fn a_folder_of_an_application_lies_in_its_namespace() {
    let Some(home) = home("", &[]) else { return };
    plain(&home);
    home.file("argo/web.yaml", &application("web", "    path: apps/web\n"));
    home.check().says("F01  apps/web/web.yaml:12  Deployment apps/web").says("0 unknown");
    // A folder below it counts only where the Application says so.
    home.file("argo/web.yaml", &application("web", "    path: apps\n"));
    home.check().says("Deployment web");
    home.file("argo/web.yaml", &application("web", "    path: apps\n    directory: {recurse: true}\n"));
    home.check().says("Deployment apps/web");
}

#[test]
fn an_application_of_another_repository_is_not_known() {
    let Some(home) = home("", &[]) else { return };
    plain(&home);
    home.file("argo/web.yaml", &application("web", "    path: apps/web\n").replace("me/lab", "you/lab"));
    home.check().says("F97  argo/web.yaml:7  Application argocd/web").says("is not in this repository");
    home.file("argo/web.yaml", &application("web", "    chart: db\n    targetRevision: 1.2.3\n"));
    home.check()
        .says("F97  argo/web.yaml:8  Application argocd/web")
        .says("chart db 1.2.3 from git@host.example:me/lab.git is not in this");
}

#[test]
fn an_application_of_applications_is_followed_and_its_chart_gets_its_values() {
    let test = "an_application_of_applications_is_followed_and_its_chart_gets_its_values";
    let Some(home) = home(test, &["kustomize", "helm"]) else { return };
    let helm = "    path: charts/web\n    helm:\n      valueFiles: [mine.yaml]\n      valuesObject: {enabled: true}\n      parameters: [{name: tag, value: one}]\n";
    home.files(&[
        ("ns.yaml", APPS),
        ("root.yaml", &application("root", "    path: argo\n")),
        ("argo/kustomization.yaml", "resources: [web.yaml]\n"),
        ("argo/web.yaml", &application("web", helm)),
        ("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n"),
        ("charts/web/mine.yaml", "secret: gone\n"),
        (
            "charts/web/templates/web.yaml",
            &format!(
                "{{{{- if .Values.enabled }}}}\n{}{{{{- end }}}}\n",
                WANTS.replace("gone", "{{ .Values.secret }}-{{ .Values.tag }}")
            ),
        ),
    ]);
    home.check()
        .says("F01  charts/web/templates/web.yaml:3  Deployment apps/web")
        .says("Secret apps/gone-one")
        .says("0 unknown");
}

#[test]
fn an_application_set_makes_one_of_each_folder() {
    let Some(home) = home("", &[]) else { return };
    plain(&home);
    let set = |generators: &str, path: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: all, namespace: argocd}}\nspec:\n  goTemplate: true\n  generators:\n    - {generators}\n  template:\n    metadata: {{name: '{{{{.path.basename}}}}'}}\n    spec:\n      destination: {{namespace: apps}}\n      source: {{repoURL: 'https://host.example/me/lab', path: '{path}'}}\n"
        )
    };
    let git = "git: {repoURL: 'https://host.example/me/lab', directories: [{path: apps/*}]}";
    home.file("set.yaml", &set(git, "{{ .path.path }}"));
    home.check().says("Deployment apps/web").says("0 unknown");
    home.file("set.yaml", &set(git, "{{ .path.path | lower }}"));
    home.check().says("F97  set.yaml:9").says("which is not worked out here");
    home.file("set.yaml", &set("clusters: {}", "{{ .path.path }}"));
    home.check().says("F97  set.yaml:7").says("its generator `clusters` asks what the files do not tell");
}

#[test]
fn a_kustomization_of_flux_gives_namespace_and_values() {
    let Some(home) = home("a_kustomization_of_flux_gives_namespace_and_values", &["kustomize"]) else { return };
    home.files(&[
        ("ns.yaml", APPS),
        ("apps/web/kustomization.yaml", "resources: [web.yaml]\n"),
        ("apps/web/web.yaml", &WANTS.replace("gone", "'${SECRET}-${KIND:=old}'")),
        (
            "flux/web.yaml",
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: web, namespace: flux-system}\nspec:\n  path: ./apps/web\n  targetNamespace: apps\n  sourceRef: {kind: GitRepository, name: flux-system}\n  postBuild: {substitute: {SECRET: gone}}\n",
        ),
    ]);
    home.check().says("F01  apps/web/web.yaml:12  Deployment apps/web").says("Secret apps/gone-old").says("0 unknown");
}

#[test]
fn a_release_of_flux_is_rendered_where_its_chart_is_here() {
    let Some(home) = home("a_release_of_flux_is_rendered_where_its_chart_is_here", &["helm"]) else { return };
    let release = |source: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: web, namespace: apps}}\nspec:\n  chart:\n    spec:\n      {source}\n  values: {{secret: gone}}\n"
        )
    };
    home.files(&[
        ("ns.yaml", APPS),
        ("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n"),
        ("charts/web/templates/web.yaml", &WANTS.replace("gone", "{{ required \"say a name\" .Values.secret }}")),
        ("release.yaml", &release("{chart: ./charts/web, sourceRef: {kind: GitRepository, name: lab}}")),
    ]);
    home.check()
        .says("F01  charts/web/templates/web.yaml:2  Deployment apps/web")
        .says("Secret apps/gone")
        .says("0 unknown");
    home.file(
        "release.yaml",
        &release("{chart: ./charts/web, sourceRef: {kind: GitRepository, name: lab}}").replace("secret", "other"),
    );
    home.check().code(3).says("F96  release.yaml:7  charts/web/Chart.yaml").says("say a name");
    home.file("release.yaml", &release("{chart: db, version: 1.2.3, sourceRef: {kind: HelmRepository, name: far}}"));
    home.check().says("F97  release.yaml:7").says("chart db 1.2.3 from HelmRepository far is not in this repository");
}

#[test]
fn a_secret_that_sops_encrypted_gives_its_keys() {
    let Some(home) = home("", &[]) else { return };
    plain(&home);
    home.file(
        "apps/web/web.yaml",
        &WANTS.replace(
            "envFrom: [{secretRef: {name: gone}}]",
            "env: [{name: A, valueFrom: {secretKeyRef: {name: gone, key: a}}}]",
        ),
    );
    let secret = |key: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: gone}}\nstringData: {{{key}: 'ENC[AES256_GCM,data:YQ==,type:str]'}}\nsops: {{version: 3.9.0}}\n"
        )
    };
    home.file("apps/web/secret.sops.yaml", &secret("a"));
    home.check().code(0).never_says("F01");
    home.file("apps/web/secret.sops.yaml", &secret("b"));
    home.check().says("F01  apps/web/web.yaml:12").says("key a of Secret");
}

#[test]
fn flux_stops_at_the_first_folder_with_a_kustomization() {
    let Some(home) = home("flux_stops_at_the_first_folder_with_a_kustomization", &["kustomize"]) else { return };
    let flux = |name: &str, spec: &str| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\nspec: {{{spec}, sourceRef: {{kind: GitRepository, name: flux-system}}}}\n"
        )
    };
    home.files(&[
        ("clusters/apps.yaml", &flux("apps", "path: ./apps")),
        ("apps/media/kustomization.yaml", "resources: [ns.yaml, web/ks.yaml]\n"),
        ("apps/media/ns.yaml", &APPS.replace("apps", "media")),
        ("apps/media/web/ks.yaml", &flux("web", "path: ./apps/media/web/app, targetNamespace: media")),
        ("apps/media/web/app/kustomization.yaml", "resources: [web.yaml]\n"),
        ("apps/media/web/app/web.yaml", WANTS),
    ]);
    let told = home.check().says("Deployment media/web").never_says("Deployment default/web");
    let told = told.never_says("F35").never_says("Deployment web");
    assert_eq!(told.out.matches("  F01  ").count(), 1, "{}", told.out);
}

#[test]
fn a_namespace_that_a_controller_is_told_to_make_is_there() {
    let Some(home) = home("", &[]) else { return };
    let asked =
        |policy: &str| application("web", "    path: apps/web\n").replace("  source:", &format!("{policy}  source:"));
    home.files(&[("apps/web/web.yaml", WANTS), ("argo/web.yaml", &asked(""))]);
    home.check().says("F82  apps/web/web.yaml");
    home.file("argo/web.yaml", &asked("  syncPolicy: {syncOptions: [CreateNamespace=false]}\n"));
    home.check().says("F82  apps/web/web.yaml");
    home.file("argo/web.yaml", &asked("  syncPolicy: {syncOptions: [CreateNamespace=true]}\n"));
    home.check().says("F01  apps/web/web.yaml").never_says("F82  apps/web/web.yaml").never_says("F03");
    // With the labels that it gives the namespace, its pods are held against them.
    home.file(
        "argo/web.yaml",
        &asked("  syncPolicy:\n    syncOptions: [CreateNamespace=true]\n    managedNamespaceMetadata:\n      labels:\n        pod-security.kubernetes.io/enforce: restricted\n"),
    );
    home.check().code(3).says("F03  apps/web/web.yaml:11").never_says("F82  apps/web/web.yaml");
    let web = WANTS.replace("  name: web\nspec", "  name: web\n  namespace: apps\nspec");
    home.file("apps/web/web.yaml", &web);
    for (kind, makes) in [
        ("apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease", "install: {createNamespace: true}"),
        ("apiVersion: helm.cattle.io/v1\nkind: HelmChart", "createNamespace: true"),
    ] {
        let object = |spec: &str, own: &str| {
            format!("{kind}\nmetadata: {{name: web, namespace: {own}}}\nspec: {{targetNamespace: apps, {spec}}}\n")
        };
        home.file("argo/web.yaml", &object("a: b", "kube-system"));
        home.check().says("F82  apps/web/web.yaml");
        home.file("argo/web.yaml", &object(makes, "kube-system"));
        home.check().never_says("F82");
        // What lies in it itself has to wait for another that makes it.
        home.file("argo/web.yaml", &object(makes, "apps"));
        home.check().says("F82");
    }
}
