//! The step on a real Argo CD: a child that cannot be read is told while the others come up, and after a push it all ends green.

use crate::k3s_host::host;
use crate::rig::{PLAIN, TURN, application, manifests};
use std::process::Stdio;
use std::sync::PoisonError;
use std::time::Instant;

const URL: &str = "http://192.0.2.1/home/lab.git";
const PUSH: &str = "git -C lab add -A && git -C lab -c user.name=a -c user.email=a@example.org commit -qm x && \
                    git -C lab push -q http://ada:a-push-word@192.0.2.1/home/lab.git main";
const PROJECT: &str = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: default}\nspec:\n  sourceRepos: ['*']\n  \
                       destinations: [{namespace: '*', server: '*'}]\n  clusterResourceWhitelist: [{group: '*', kind: '*'}]\n";
const CONFIG: &str = "cluster-init: true\nnode-name: standin-0\ndisable: [traefik, servicelb, metrics-server]\n";
const PLAN: &str = "name: rack
accept:
  - {id: F26, object: disk of /, reason: a stand-in has the disk of its machine, until: 2999-01-01}
  - {id: F10, object: Application argocd/lost, reason: it is what is tried, until: 2999-01-01}
cluster: {provider: k3s, config: config.yaml}
steps:
  - {id: namespaces, kind: manifests, path: namespaces.yaml}
  - {id: argocd, kind: argocd, path: ../argocd, root: ../root.yaml, timeout: 4m}
  - {id: workloads, kind: workloads}
";

#[test]
fn a_child_that_cannot_be_read_is_told_and_after_a_push_every_application_is_green() {
    let test = "a_child_that_cannot_be_read_is_told_and_after_a_push_every_application_is_green";
    let stand_in = std::env::var_os("BLACKSTART_STAND_IN").map(std::path::PathBuf::from);
    let built = ["more/argocd.tar", "bin/gitserver", "manifests/argocd/core-install.yaml"];
    if !stand_in.is_some_and(|folder| built.iter().all(|part| folder.join(part).exists())) {
        return crate::sandbox::not_run(test, "Argo CD is not built for the stand-in host");
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let words = ["--also", "edge", "--image", "argocd", "--image", "redis"];
    let Some(host) = host(test, &words) else { return };
    host.put("accounts", "ada:a-push-word");
    let (root, accounts) =
        (host.path("repositories").display().to_string(), host.path("accounts").display().to_string());
    let git = host.program("gitserver");
    let served = ["--root", &root, "--accounts", &accounts, "--listen", "192.0.2.1:80", "--control", "192.0.2.1:8081"];
    let mut server = host.beside(&[&[&git[..]][..], &served].concat()).stdout(Stdio::null()).spawn().unwrap();

    for (name, text) in [
        ("plans/plan.yaml", PLAN),
        ("plans/config.yaml", CONFIG),
        ("plans/namespaces.yaml", "{apiVersion: v1, kind: Namespace, metadata: {name: argocd}}"),
        ("argocd/core.yaml", &manifests()),
        ("argocd/project.yaml", PROJECT),
        ("root.yaml", &application("root", URL, "apps")),
        ("apps/plain.yaml", &application("plain", URL, "plain")),
        ("apps/lost.yaml", &application("lost", URL, "plain").replace(": main", ": nowhere")),
        // Nobody syncs it by itself.
        (
            "apps/manual.yaml",
            &application("manual", URL, "manual").replace("automated: {prune: true, selfHeal: true}, ", ""),
        ),
        // Argo CD keeps itself.
        ("apps/argocd.yaml", &application("argocd", URL, "argocd")),
        ("plain/all.yaml", PLAIN[0].1),
        ("manual/one.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: by-hand}}"),
    ] {
        host.put(&format!("lab/{name}"), text);
    }
    host.sh("git -C lab init -q -b main");
    host.sh(&format!("git -C lab remote add origin {URL}"));
    host.sh(PUSH);

    let (exit, said) = host.recover("lab/plans/plan.yaml");
    assert_eq!(exit, Some(1), "{said}");
    assert!(
        said.contains("F10  Application argocd/lost: ComparisonError: unable to resolve 'nowhere' to a commit SHA"),
        "{said}"
    );
    assert!(said.contains("lab/apps/lost.yaml:1"), "{said}");

    host.put("lab/apps/lost.yaml", application("lost", URL, "plain"));
    host.sh(PUSH);
    let since = Instant::now();
    let (exit, said) = host.resume();
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("apps 5H/5S/5") && said.contains("failing 0"), "{said}");
    println!("argo cd: five Applications green {:.1} s after the fix was pushed", since.elapsed().as_secs_f64());

    // What it did beside was said, and done once.
    let journal = host.sh("cat state/rack/*/journal | LC_ALL=C tr -cd '\\40-\\176'");
    let times = |words: &str| journal.matches(words).count();
    assert_eq!(times("Application argocd/manual is synced anew, this once"), 1);
    assert!(times("left to Argo CD, which tracks them") == 1, "what Argo CD tracks was not let go of");
    let argo = "k3s kubectl -n argocd get --show-managed-fields";
    let managers = host.sh(&format!("{argo} deployment argocd-repo-server -o yaml | grep manager:"));
    assert!(managers.contains("argocd-controller") && !managers.contains("blackstart"), "{managers}");
    let labels = host.sh(&format!("{argo} configmap argocd-cm -o jsonpath='{{.metadata.labels}}'"));
    assert!(labels.contains("\"app.kubernetes.io/part-of\":\"argocd\""), "{labels}");
    server.kill().unwrap();
    server.wait().unwrap();
}
