//! A host with a k3s, a git server outside of it, and Argo CD on it for who wants it installed: booted with the first test, ended
//! with the binary. Inside: `kubectl` and the library's `Kube` by `KUBECONFIG_PATH`; the git server by its address.

use super::k3s_host::{Host, host};
use blackstart::sys::Look;
use blackstart::sys::kube::Kube;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Set in the copy of a test that runs on the host: the folder of that test.
const INSIDE: &str = "BLACKSTART_ARGOCD_INSIDE";
pub const KUBECONFIG_PATH: &str = "/etc/rancher/k3s/k3s.yaml";
/// Where the git server is asked for repositories, by the host and by pods.
pub const GIT: &str = "192.0.2.1:80";
/// Where it is asked for its counts, and told to be down.
const CONTROL: &str = "http://192.0.2.1:8081";
/// Who may push.
const ACCOUNT: &str = "ada:a-push-word";
/// The images beside those that every host has.
const IMAGES: [&str; 8] =
    ["--image", "argocd", "--image", "redis", "--image", "sealed-secrets", "--image", "gitserver"];
const UNIT: &str =
    "[Service]\nType=notify\nKillMode=process\nDelegate=yes\nTimeoutStartSec=0\nExecStart=/usr/local/bin/k3s server\n";

type Files = &'static [(&'static str, &'static str)];
pub const PLAIN: Files = &[(
    "all.yaml",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {word: one}\n---\n\
     apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    \
     metadata: {labels: {app: web}}\n    spec:\n      terminationGracePeriodSeconds: 0\n      containers:\n        - name: c\n          \
     image: busybox:1.36\n          imagePullPolicy: IfNotPresent\n          command: [sleep, \"100000\"]\n",
)];
pub const KUSTOMIZE: Files = &[
    ("kustomization.yaml", "resources: [one.yaml]\nnamePrefix: drawn-\n"),
    ("one.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {word: two}\n"),
];
pub const CHART: Files = &[
    ("Chart.yaml", "apiVersion: v2\nname: chart\nversion: 0.1.0\n"),
    ("values.yaml", "word: three\n"),
    (
        "templates/one.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}-one'}\ndata: {word: {{ .Values.word }}}\n",
    ),
];

static RIG: OnceLock<Option<(Host, [Child; 2])>> = OnceLock::new();
/// One host at a time: each has a Kubernetes of its own.
pub static TURN: Mutex<()> = Mutex::new(());

/// Nobody drops what is static, and a host's disk is large: this child removes it when its input ends, which is when this process does.
fn sweeper(folder: &Path) -> Child {
    let script = "cat >/dev/null; for i in 1 2 3 4 5; do sleep 1; rm -rf \"$0\" && exit; done";
    Command::new("sh").args(["-c", script]).arg(folder).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn start(test: &str) -> Option<(Host, [Child; 2])> {
    let words = [&["--also", "edge"][..], &IMAGES].concat();
    let stand_in = stand_in();
    for needed in ["more/argocd.tar", "bin/gitserver", "manifests/argocd/core-install.yaml"] {
        if !stand_in.join(needed).exists() {
            super::sandbox::not_run(test, &format!("{} is not built", stand_in.join(needed).display()));
            return None;
        }
    }
    let host = host(test, &words)?;
    host.put("accounts", ACCOUNT);
    let repositories = host.path("repositories").display().to_string();
    let accounts = host.path("accounts").display().to_string();
    let git = host.program("gitserver");
    let served = ["--root", &repositories, "--accounts", &accounts];
    let mut server = host.beside(&[&[&git[..], "--listen", GIT, "--control", "192.0.2.1:8081"][..], &served].concat());
    let mut server = server.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("listen"), "the git server: {line:?}");
    host.put("host/fs/etc/systemd/system/k3s.service", UNIT);
    host.sh("systemctl daemon-reload && systemctl start k3s");
    // The images of its own come after the node's: a pod that comes before its image would be told to pull it.
    host.until("k3s kubectl get nodes | grep -qw Ready && k3s crictl images | grep -q sealed-secrets", 240);
    let sweeper = sweeper(&host.path(""));
    Some((host, [server, sweeper]))
}

fn stand_in() -> PathBuf {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/stand-in");
    std::env::var_os("BLACKSTART_STAND_IN").map(PathBuf::from).unwrap_or(built)
}

/// True where the body of the test is to be run now: on the host. Outside it sees to it that it is, and fails as it does.
pub fn inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let first = RIG.get().is_none();
    let Some((host, _)) = RIG.get_or_init(|| start(test)) else {
        // The first has said why already.
        if !first {
            super::sandbox::not_run(test, "there is no host with Argo CD");
        }
        return false;
    };
    let own = host.path(&format!("of-{test}"));
    std::fs::create_dir_all(&own).unwrap();
    let program = std::env::current_exe().unwrap().display().to_string();
    let mut copy = host.enter(&["timeout", "400", &program, "--exact", test, "--nocapture"]);
    let ended = copy.env(INSIDE, &own).env("KUBECONFIG", KUBECONFIG_PATH).env("HOME", &own).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    println!("{out}{err}");
    assert!(ended.status.success() && out.contains("1 passed"), "{test} failed on the host:\n{out}\n{err}");
    false
}

/// The folder that this test has for itself.
pub fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os(INSIDE).unwrap())
}

/// What a command prints, which must end well.
#[track_caller]
pub fn run(program: &str, words: &[&str]) -> String {
    let said = Command::new(program).args(words).stdin(Stdio::null()).output().unwrap();
    let err = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{program} {words:?}: {err}");
    String::from_utf8(said.stdout).unwrap()
}

#[track_caller]
pub fn kubectl(words: &[&str]) -> String {
    run("kubectl", words)
}

#[track_caller]
pub fn apply(text: &str) {
    let file = folder().join("applied.yaml");
    std::fs::write(&file, text).unwrap();
    kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &file.display().to_string()]);
}

/// Argo CD's own manifests as they are, but for what no registry is here for: nothing is asked of one.
pub fn manifests() -> String {
    let path = stand_in().join("manifests/argocd/core-install.yaml");
    std::fs::read_to_string(path).unwrap().replace("imagePullPolicy: Always", "imagePullPolicy: IfNotPresent")
}

/// Makes Argo CD stand, with the project that a core install lacks; nothing is done where it stands.
pub fn install() -> Duration {
    let begun = Instant::now();
    apply("{apiVersion: v1, kind: Namespace, metadata: {name: argocd}}");
    let file = folder().join("core-install.yaml");
    std::fs::write(&file, manifests()).unwrap();
    kubectl(&["apply", "-n", "argocd", "--server-side", "--force-conflicts", "-f", &file.display().to_string()]);
    kubectl(&[
        "wait",
        "--for=condition=Established",
        "crd/applications.argoproj.io",
        "crd/appprojects.argoproj.io",
        "--timeout=60s",
    ]);
    apply(
        "{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: default, namespace: argocd}, spec: {sourceRepos: ['*'], \
         destinations: [{namespace: '*', server: '*'}], clusterResourceWhitelist: [{group: '*', kind: '*'}]}}",
    );
    for workload in ["deploy/argocd-repo-server", "deploy/argocd-redis", "sts/argocd-application-controller"] {
        kubectl(&["-n", "argocd", "rollout", "status", workload, "--timeout=180s"]);
    }
    println!("argo cd: core stands after {:.1} s", begun.elapsed().as_secs_f64());
    begun.elapsed()
}

/// An Application of a path in a repository, synced by itself into a namespace of its own name; the root's is Argo CD's.
pub fn application(name: &str, url: &str, path: &str) -> String {
    let namespace = if path == "apps" { "argocd" } else { name };
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  project: default\n  \
         source: {{repoURL: '{url}', targetRevision: main, path: {path}}}\n  \
         destination: {{server: https://kubernetes.default.svc, namespace: {namespace}}}\n  \
         syncPolicy: {{automated: {{prune: true, selfHeal: true}}, syncOptions: [CreateNamespace=true, ServerSideApply=true]}}\n"
    )
}

/// A work tree of this test, and the address that it is pushed to.
pub struct Repository {
    pub tree: PathBuf,
    pub url: String,
    push: String,
}

impl Repository {
    pub fn new(name: &str) -> Self {
        let tree = folder().join("trees").join(name);
        std::fs::create_dir_all(&tree).unwrap();
        let own =
            Self { tree, url: format!("http://{GIT}/{name}.git"), push: format!("http://{ACCOUNT}@{GIT}/{name}.git") };
        own.git(&["init", "-q", "-b", "main"]);
        own
    }
    pub fn write(&self, name: &str, text: &str) {
        let path = self.tree.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    pub fn git(&self, words: &[&str]) -> String {
        let tree = self.tree.display().to_string();
        run("git", &[&["-C", &tree, "-c", "user.name=a", "-c", "user.email=a@example.org"], words].concat())
            .trim()
            .to_owned()
    }
    /// Commits all that was written, pushes it, and gives the commit.
    pub fn push(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", message]);
        self.git(&["push", "-q", &self.push, "main"]);
        self.git(&["rev-parse", "HEAD"])
    }
}

/// Makes the git server `up`, `down`, `hang`, or a status that is all it says.
pub fn git_is(mode: &str) {
    run("curl", &["-sSf", "-X", "POST", &format!("{CONTROL}/be/{mode}")]);
}

/// How often the git server was read from and pushed to.
pub fn git_counts() -> Value {
    serde_json::from_str(&run("curl", &["-sSf", &format!("{CONTROL}/counts")])).unwrap()
}

/// All Applications, as the library sees them.
pub fn applications() -> Vec<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let kube = Kube::connect(Look::new(), KUBECONFIG_PATH.as_ref()).await.unwrap();
        kube.list("argoproj.io/v1alpha1", "Application", Some("argocd")).await.unwrap()
    })
}

/// Has Argo CD look at git again now instead of after minutes.
pub fn refresh(name: &str) {
    kubectl(&["-n", "argocd", "annotate", "--overwrite", "application", name, "argocd.argoproj.io/refresh=normal"]);
}

/// Waits until there are these and each is green in every respect, at that commit; tells what they were where they do not become so.
pub fn green(names: &[&str], commit: &str, longest: Duration) -> Duration {
    let begun = Instant::now();
    loop {
        let all = applications();
        let is_green = |one: &&Value| {
            let status = &one["status"];
            status["sync"]["status"] == "Synced"
                && status["sync"]["revision"] == commit
                && status["health"]["status"] == "Healthy"
                && status["operationState"]["phase"] == "Succeeded"
                && status["conditions"].as_array().is_none_or(Vec::is_empty)
        };
        let mut found: Vec<&str> =
            all.iter().filter(is_green).filter_map(|one| one["metadata"]["name"].as_str()).collect();
        found.sort_unstable();
        if names.iter().all(|name| found.contains(name)) {
            return begun.elapsed();
        }
        let shown = || all.iter().map(|one| one["status"].to_string()).collect::<Vec<_>>().join("\n");
        assert!(begun.elapsed() < longest, "green: {found:?} of {names:?}\n{}", shown());
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// Asks until there is an answer.
#[track_caller]
pub fn until<T>(longest: Duration, ask: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begun.elapsed() < longest, "no answer within {longest:?}");
        std::thread::sleep(Duration::from_millis(250));
    }
}
