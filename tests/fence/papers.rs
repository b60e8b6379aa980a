//! What a drill makes of the objects and places of a plan: found by the table, told in the preview, and gone from what is applied.

use blackstart::checks::before::Answers;
use blackstart::checks::told::Told;
use blackstart::manifests::Node;
use blackstart::model::Mode;
use blackstart::plan::load::{self, Planned};
use blackstart::plan::preview::{Decision, Past, Preview};
use blackstart::plan::text;
use blackstart::sys::Look;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const PLAN: &str = "
name: home
cluster: {provider: k3d, config: k3d.yaml, registries: registries.yaml}
drill: {in: k3d, allow: [mirror.example.org:8443, acme-v02.api.letsencrypt.org:443]}
outside: [git/git.example.org, registry/docker.io, registry/registry.example.org:5000, git/api.cloudflare.com, host/disk]
steps: [{id: all, kind: manifests, path: all.yaml}]
";
const K3D: &str = "
apiVersion: k3d.io/v1alpha5
kind: Simple
metadata: {name: home}
registries:
  config: |
    mirrors:
      quay.io: {endpoint: ['https://inner.example.org/v2']}
";
const REGISTRIES: &str = "
# endpoint: https://in-a-comment.example.org
mirrors:
  docker.io: {endpoint: ['http://10.0.0.5:5001', 'https://hub.example.org']}
configs: {hub.example.org: {auth: {username: a, password: https://never.example.org}}}
";

/// Each object, by the field that shows what became of it; an empty one is left as it is, and `gone` is left out.
const OBJECTS: &[(&str, &str)] = &[
    ("spec.replicas=0", "Deployment apps/v1 tunnel registry.example.org:5000/cloudflare/cloudflared:2026.1@sha256:0 3"),
    ("spec.replicas=3", "Deployment apps/v1 web ghcr.io/x/not-cloudflared:1 3"),
    ("spec.replicas=0", "StatefulSet apps/v1 names registry.k8s.io/external-dns/external-dns:v0.18 1"),
    ("spec.replicas=0", "Deployment apps/v1 updater quay.io/argoprojlabs/argocd-image-updater:v1 1"),
    ("spec.template.spec.nodeSelector.blackstart@drill/none=true", "DaemonSet apps/v1 vpn tailscale/tailscale:v1 1"),
    ("gone", "Pod v1 runner ghcr.io/actions/actions-runner:2 1"),
    ("gone", "Job batch/v1 once docker.io/renovate/renovate:1 1"),
    ("spec.suspend=true", "CronJob batch/v1 nightly busybox 1"),
];
const OTHERS: &[(&str, &str)] = &[
    (
        "spec.selfSigned={}",
        "cert-manager.io/v1 ClusterIssuer le {acme: {server: https://acme-v02.api.letsencrypt.org/directory}}",
    ),
    ("spec.acme=", "cert-manager.io/v1 Issuer le2 {acme: {server: https://acme-v02.api.letsencrypt.org/directory}}"),
    ("spec.ca.secretName=own", "cert-manager.io/v1 Issuer own {ca: {secretName: own}}"),
    ("spec.suspend=true", "postgresql.cnpg.io/v1 ScheduledBackup pg {schedule: daily}"),
    (
        "spec.backup=",
        "postgresql.cnpg.io/v1 Cluster pg {instances: 1, backup: {barmanObjectStore: {destinationPath: s3://b}}}",
    ),
    ("spec.paused=true", "velero.io/v1 Schedule all {schedule: daily}"),
    ("spec.accessMode=ReadOnly", "velero.io/v1 BackupStorageLocation main {provider: aws}"),
    ("spec.suspend=true", "notification.toolkit.fluxcd.io/v1beta3 Provider chat {type: slack}"),
    ("gone", "actions.github.com/v1alpha1 AutoscalingRunnerSet ci {}"),
    ("gone", "networking.cfargotunnel.com/v1alpha2 ClusterTunnel t {}"),
    ("gone", "s3.aws.upbound.io/v1beta1 Bucket b {}"),
    (
        "gone",
        "argoproj.io/v1alpha1 Application far {destination: {server: https://192.0.2.1:6443}, source: {repoURL: https://git.example.org/a}}",
    ),
    (
        "spec.destination.server=https://kubernetes.default.svc",
        "argoproj.io/v1alpha1 Application near {destination: {server: https://kubernetes.default.svc}, source: {repoURL: 'ssh://git@code.example.org:2222/a.git'}}",
    ),
    (
        "spec.url=git@scp.example.org:a/b",
        "source.toolkit.fluxcd.io/v1 GitRepository flux {url: 'git@scp.example.org:a/b'}",
    ),
    ("spec.suspend=true", "kustomize.toolkit.fluxcd.io/v1 Kustomization far {kubeConfig: {secretRef: {name: far}}}"),
    ("spec.suspend=", "kustomize.toolkit.fluxcd.io/v1 Kustomization near {path: ./a}"),
];

fn workload(words: &str) -> (String, String) {
    let parts: Vec<&str> = words.split(' ').collect();
    let [kind, version, name, image, replicas] = parts.as_slice() else { panic!("{words}") };
    let pod = format!("{{containers: [{{name: a, image: '{image}'}}]}}");
    let template = format!("{{metadata: {{labels: {{a: a}}}}, spec: {pod}}}");
    let spec = match *kind {
        "Pod" => pod,
        "Job" => format!("{{template: {template}}}"),
        "CronJob" => format!("{{schedule: '0 0 * * *', jobTemplate: {{spec: {{template: {template}}}}}}}"),
        "DaemonSet" => format!("{{selector: {{matchLabels: {{a: a}}}}, template: {template}}}"),
        _ => format!("{{replicas: {replicas}, selector: {{matchLabels: {{a: a}}}}, template: {template}}}"),
    };
    let head = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: default}}");
    (format!("{kind} {name}"), format!("{head}\nspec: {spec}\n"))
}

fn other(words: &str) -> (String, String) {
    let parts: Vec<&str> = words.splitn(4, ' ').collect();
    let [version, kind, name, spec] = parts.as_slice() else { panic!("{words}") };
    let head = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: default}}");
    (format!("{kind} {name}"), format!("{head}\nspec: {spec}\n"))
}

fn write(folder: &Path, plan: &str) -> Vec<(String, &'static str)> {
    let workloads = OBJECTS.iter().map(|(field, words)| (workload(words), *field));
    let all: Vec<_> = workloads.chain(OTHERS.iter().map(|(field, words)| (other(words), *field))).collect();
    let texts: Vec<String> = all.iter().map(|((_, text), _)| text.clone()).collect();
    for (name, text) in
        [("plan.yaml", plan), ("k3d.yaml", K3D), ("registries.yaml", REGISTRIES), ("all.yaml", &texts.join("---\n"))]
    {
        std::fs::write(folder.join(name), text).unwrap();
    }
    all.into_iter().map(|((name, _), field)| (name, field)).collect()
}

fn shown(root: &Node, way: &str) -> String {
    let mut node = Some(root);
    for name in way.split('.') {
        let name = name.replace('@', ".");
        node = node.and_then(|node| node.get(&name));
    }
    node.map_or_else(String::new, |node| node.json().to_string().trim_matches('"').to_owned())
}

fn preview(planned: &Planned) -> String {
    let decisions = planned.file.steps.iter().map(|_| (Decision::Run, String::new())).collect();
    let past = Past::default();
    let mut preview = Preview::new(planned, &past, decisions, Told::default());
    preview.answered(Answers::default());
    text::render(&preview, 160)
}

#[test]
fn what_would_reach_out_of_a_drill_becomes_what_does_not_and_the_preview_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let expected = write(folder.path(), PLAN);
    let path = folder.path().join("plan.yaml");
    let planned = load::load(Look::new(), &path, Mode::Drill).unwrap();
    let step = planned.file.steps.iter().position(|step| step.id.as_str() == "all").unwrap();
    let there: BTreeMap<String, &Node> = planned.papers[step]
        .objects
        .iter()
        .map(|object| (format!("{} {}", object.kind(), object.name()), &object.root))
        .collect();
    let told = preview(&planned);
    for (name, field) in &expected {
        let Some((way, value)) = field.split_once('=') else {
            assert!(!there.contains_key(name), "{name} is there");
            continue;
        };
        assert_eq!(shown(there[name], way), value, "{name}: {way}");
    }
    // What the step was given is what was changed, and each change is told.
    let papers = planned.file.steps[step].kind.papers().unwrap();
    assert_eq!(papers.objects.len(), there.len());
    let kept = ["Deployment web", "Issuer own", "Application near", "GitRepository flux", "Kustomization near"];
    assert_eq!(papers.swapped.len(), expected.len() - kept.len(), "{:?}", papers.swapped);
    for swap in &papers.swapped {
        assert!(told.contains(&format!("in a drill: {} ", swap.id)), "{swap}: {told}");
    }
    // A recovery applies what is written.
    let planned = load::load(Look::new(), &path, Mode::Recover).unwrap();
    let papers = planned.papers.iter().find(|papers| !papers.objects.is_empty()).unwrap();
    assert!(planned.allowed.is_none() && papers.swapped.is_empty() && papers.objects.len() == expected.len());
}

#[test]
fn a_drill_reaches_what_its_plan_rests_on_and_nothing_that_is_shut_unless_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), PLAN);
    let planned = load::load(Look::new(), &folder.path().join("plan.yaml"), Mode::Drill).unwrap();
    let allowed = planned.allowed.as_ref().unwrap();
    let of = |lifted: bool| -> Vec<String> {
        let own = allowed.openings.iter().filter(|one| one.lifted == lifted);
        let mut places: Vec<String> = own.map(|one| format!("{}:{}", one.host, one.port)).collect();
        places.sort();
        places
    };
    let wanted = [
        "10.0.0.5:5001",
        "auth.docker.io:443",
        "code.example.org:2222",
        "docker.io:443",
        "git.example.org:22",
        "git.example.org:443",
        "hub.example.org:443",
        "inner.example.org:443",
        "production.cloudflare.docker.com:443",
        "production.cloudfront.docker.com:443",
        "registry-1.docker.io:443",
        "registry.example.org:5000",
        "scp.example.org:22",
    ];
    assert_eq!(of(false), wanted);
    assert_eq!(of(true), ["acme-v02.api.letsencrypt.org:443", "mirror.example.org:8443"]);
    let refused: Vec<String> = allowed.refused.iter().map(|one| format!("{}:{}", one.host, one.port)).collect();
    assert_eq!(refused, ["api.cloudflare.com:22", "api.cloudflare.com:443"]);
    let told = preview(&planned);
    assert!(told.contains("lifted: mirror.example.org:8443 (lifted by the plan, drill.allow)"), "{told}");
    // Of all images only those of one registry can be pulled by no way; what rests in a drill pulls nothing.
    assert!(told.contains("stays shut: ghcr.io, and ghcr.io/x/not-cloudflared:1 comes from there"), "{told}");
    assert_eq!(told.matches("it will not be").count(), 1, "{told}");
    assert!(told.contains("stays shut: api.cloudflare.com:443 (outside: git/api.cloudflare.com)"), "{told}");
}

#[test]
fn a_pattern_lifts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (allow, word) in [
        ("'*.example.org:443'", "is a pattern"),
        ("10.0.0.0/8:443", "is a pattern"),
        ("git.example.org", "is no place"),
        ("'git.example.org:0'", "is no place"),
        ("'-x:22'", "is no place"),
    ] {
        write(folder.path(), &PLAN.replace("mirror.example.org:8443", allow));
        let told = match load::load(Look::new(), &folder.path().join("plan.yaml"), Mode::Drill) {
            Ok(_) => panic!("{allow} was taken"),
            Err(problem) => problem.to_string(),
        };
        assert!(told.contains(word), "{allow}: {told}");
    }
}

#[test]
fn a_drill_in_k3d_without_the_right_to_fence_it_is_refused_with_exit_3() {
    const TEST: &str = "a_drill_in_k3d_without_the_right_to_fence_it_is_refused_with_exit_3";
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), PLAN);
    // Root without the right, or somebody who never had it.
    let less = Command::new("setpriv").args(["--bounding-set", "-net_admin", "true"]).status();
    let program = env!("CARGO_BIN_EXE_blackstart");
    let mut command = match less {
        Ok(status) if status.success() => {
            let mut command = Command::new("setpriv");
            command.args(["--bounding-set", "-net_admin", program]);
            command
        }
        _ if !std::fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t") => Command::new(program),
        _ => return crate::sandbox::not_run(TEST, "setpriv cannot take the right away"),
    };
    let out = command
        .args(["drill", "plan.yaml"])
        .current_dir(folder.path())
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(3), "{told}");
    assert!(told.contains("the fence around it cannot be put up") && told.contains("CAP_NET_ADMIN"), "{told}");
    assert!(!folder.path().join("state").exists(), "nothing was begun");
}
