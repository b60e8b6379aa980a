//! A small repository: an Argo CD of one controller, a root, and children of several sorts.

use crate::drills::{Home, PLAN};

pub const STEPS: &str = "  - {id: namespaces, kind: manifests, path: kubernetes/cluster/namespaces.yaml}
  - {id: argocd, kind: argocd, path: ../gitops/argocd, root: ../gitops/root.yaml}
  - {id: workloads, kind: workloads}
";
const COMMIT: &str = "141a46e079028d65f8c31eb5e244dd7538cf71bd";

/// An Application of this repository.
pub fn app(name: &str, path: &str, more: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: argocd}}
spec:
  project: default
  source: {{repoURL: https://git.example.org/me/lab.git, path: {path}, targetRevision: main}}
  destination: {{server: https://kubernetes.default.svc, namespace: {name}}}
  syncPolicy: {{automated: {{prune: true, selfHeal: true}}, syncOptions: [CreateNamespace=true]}}
{more}"
    )
}

pub fn deployment(name: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers: [{{name: {name}, image: 'busybox:1.37.0'}}]
"
    )
}

/// Writes it all around the plan of a home, in place of the plan's steps.
pub fn write(home: &Home, steps: &str) {
    home.edit(PLAN, |plan| format!("{}steps:\n{steps}", plan.split("steps:\n").next().unwrap()));
    let put = |name: &str, text: &str| {
        let path = home.lab.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("gitops/.git/config", "[remote \"origin\"]\n\turl = git@git.example.org:me/lab.git\n");
    put("gitops/.git/HEAD", "ref: refs/heads/main\n");
    put("gitops/.git/refs/heads/main", &format!("{COMMIT}\n"));
    let open = "type: object, x-kubernetes-preserve-unknown-fields: true";
    let definition = |kind: &str, plural: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.argoproj.io}}
spec:
  group: argoproj.io
  scope: Namespaced
  names: {{kind: {kind}, plural: {plural}}}
  versions: [{{name: v1alpha1, served: true, storage: true, schema: {{openAPIV3Schema: {{{open}}}}}}}]
---
"
        )
    };
    let core = [
        definition("Application", "applications"),
        definition("ApplicationSet", "applicationsets"),
        definition("AppProject", "appprojects"),
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: argocd}\n---\n".to_owned(),
        "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: default}\nspec: {}\n---\n".to_owned(),
        deployment("argocd-application-controller").replace(
            "busybox:1.37.0'}",
            "busybox:1.37.0', env: [{name: REDIS_PASSWORD, valueFrom: {secretKeyRef: {name: argocd-redis, key: \
             auth}}}]}",
        ),
    ];
    put("gitops/argocd/core.yaml", &core.concat());
    put("gitops/root.yaml", &app("root", "apps", "").replace("namespace: root", "namespace: argocd"));
    put("gitops/apps/web.yaml", &app("web", "web", ""));
    put("gitops/apps/nested.yaml", &app("nested", "more", ""));
    put("gitops/web/web.yaml", &deployment("web"));
    put("gitops/more/inner.yaml", &app("inner", "inner", ""));
    put("gitops/inner/inner.yaml", &deployment("inner"));
    let set = "apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: pairs, namespace: argocd}
spec:
  generators: [{list: {elements: [{name: left}, {name: right}]}}]
  template:
";
    let template =
        app("'{{name}}'", "pairs", "").lines().skip(2).fold(String::new(), |all, line| all + "    " + line + "\n");
    put("gitops/apps/pairs.yaml", &format!("{set}{}", template));
    put("gitops/pairs/pair.yaml", &deployment("pair"));
}
