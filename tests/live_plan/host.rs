//! Questions to this host, for clusters of k3d: ports, ranges, a proxy, folders of volumes. No plan makes such a cluster yet, so
//! they are asked as the program does, below its command line.

use super::meets;
use blackstart::checks::before::{self, Answers, Scene};
use blackstart::checks::rules::Ground;
use blackstart::checks::rules::cluster::Cluster;
use blackstart::manifests::repository;
use blackstart::sys::{Look, side, sockets};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const FREE: &str = "{arg: --cluster-cidr=203.0.113.0/25}, {arg: --service-cidr=203.0.113.128/25}";

/// What is said about this host, for a cluster with these keys in its file, and these manifests.
fn asked(keys: &str, arguments: &str, manifests: &str) -> Answers {
    let folder = tempfile::tempdir().unwrap();
    let head = "apiVersion: k3d.io/v1alpha5\nkind: Simple\nmetadata: {name: lab}\n";
    let text = format!("{head}{keys}options: {{k3s: {{extraArgs: [{arguments}]}}}}\n");
    fs::write(folder.path().join("k3d.yaml"), text).unwrap();
    fs::write(folder.path().join("apps.yaml"), manifests).unwrap();
    let found = repository::read(Look::new(), &[folder.path().to_owned()]);
    let cluster = found.tools.iter().find_map(|object| Cluster::of_k3d(object));
    assert!(cluster.is_some() && found.unread.is_empty(), "{:?}", found.unread);
    let papers = [found.papers];
    let ground = Ground::of(&papers, cluster, &|_| false);
    let scene = Scene::new(&ground, "plan.yaml", None, true);
    side::block_on(before::ask(Look::new(), &scene)).unwrap()
}

/// Exactly these, of the ids that are asked about here; how full the disk is and what the kernel bears, is not ours to say.
#[track_caller]
fn says(answers: &Answers, wanted: &[&str]) {
    let findings = answers
        .told
        .faults
        .iter()
        .map(|fault| &fault.finding)
        .filter(|finding| finding.id != "F26" && (finding.id != "F15" || finding.object != "this host"));
    let shown: Vec<String> = findings
        .map(|one| format!("{} {:?} {} {}", one.id, one.severity, one.place.file, one.message))
        .chain(answers.told.unknowns.iter().map(|one| format!("{} unknown {} {}", one.id, one.place.file, one.message)))
        .collect();
    assert_eq!(shown.len(), wanted.len(), "{shown:#?}");
    meets(&shown, wanted);
}

#[test]
fn a_port_that_is_listened_on_is_told_with_its_process() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ports = format!("ports: [{{port: \"{port}:80@loadbalancer\"}}, {{port: \"{port}:80/udp\"}}]\n");
    let own = format!("(pid {})", std::process::id());
    says(&asked(&ports, FREE, ""), &[&format!("F15 Error | k3d.yaml | port {port} of this host is taken | {own}")]);
    let api = format!("kubeAPI: {{hostPort: \"{port}\"}}\n");
    says(&asked(&api, FREE, ""), &["F15 Error"]);
    // On another address it is free.
    says(&asked(&format!("ports: [{{port: \"127.0.0.2:{port}:80@loadbalancer\"}}]\n"), FREE, ""), &[]);
    drop(listener);
    says(&asked(&ports, FREE, ""), &[]);
}

#[test]
fn a_range_that_this_host_routes_is_an_error() {
    let routes = sockets::routes(Look::new());
    let Some(route) = routes.iter().find(|route| route.to.is_ipv4() && !route.device.starts_with("cni")) else {
        return println!("not run: this host has no route but the one for all");
    };
    let taken =
        format!("{{arg: \"--cluster-cidr={}/{}\"}}, {{arg: --service-cidr=203.0.113.128/25}}", route.to, route.bits);
    says(
        &asked("", &taken, ""),
        &[&format!("F69 Error | k3d.yaml | its range for pods | goes through {}", route.device)],
    );
    says(&asked("", FREE, ""), &[]);
}

/// Variables cannot be set in a process that has threads: this asks in another, which is this test once more.
fn again(test: &str, variables: &[(&str, &str)]) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact"]).env("LIVE_PLAN_WITHIN", "yes").env_remove("NO_PROXY").env_remove("no_proxy");
    command.envs(variables.iter().copied()).output().unwrap().status.success()
}

#[test]
fn a_proxy_that_the_cluster_is_not_excepted_from_is_a_warning() {
    const NAME: &str = "host::a_proxy_that_the_cluster_is_not_excepted_from_is_a_warning";
    if std::env::var_os("LIVE_PLAN_WITHIN").is_some() {
        return says(
            &asked("", FREE, ""),
            &["F77 Warning | HTTPS_PROXY is set, and NO_PROXY does not except 203.0.113.0/25"],
        );
    }
    let proxy = ("HTTPS_PROXY", "http://127.0.0.1:1");
    assert!(again(NAME, &[proxy, ("NO_PROXY", "127.0.0.1,203.0.113.128/25,.svc,.cluster.local")]));
    assert!(
        !again(NAME, &[proxy, ("NO_PROXY", "203.0.113.0/24,.svc,.cluster.local")]),
        "all is excepted, and it was told"
    );
}

/// A database on a volume of this host.
fn database(tag: &str, user: u32) -> String {
    format!(
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: db}}\nspec:\n  capacity: {{storage: 1Gi}}\n  \
         accessModes: [ReadWriteOnce]\n  claimRef: {{namespace: default, name: db}}\n  local: {{path: /srv/db}}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {{name: db, namespace: default}}\nspec:\n  \
         securityContext: {{runAsUser: {user}}}\n  containers: [{{name: db, imagePullPolicy: Never, image: \"postgres:{tag}\"}}]\n  \
         volumes: [{{name: v, persistentVolumeClaim: {{claimName: db}}}}]\n"
    )
}

fn volumes(host: &Path) -> String {
    format!("volumes: [{{volume: \"{}:/srv@all\"}}]\n", host.display())
}

#[test]
fn data_of_another_major_version_is_an_error() {
    let host = tempfile::tempdir().unwrap();
    let folder = host.path().join("db");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(folder.join("PG_VERSION"), "15\n").unwrap();
    says(
        &asked(&volumes(host.path()), FREE, &database("16.4-alpine", 4242)),
        &["F33 Error | apps.yaml | PG_VERSION says 15"],
    );
    says(&asked(&volumes(host.path()), FREE, &database("15.8", 4242)), &[]);
}

#[test]
fn a_folder_that_is_missing_empty_or_anothers_is_told() {
    let host = tempfile::tempdir().unwrap();
    let (folder, keys) = (host.path().join("db"), volumes(host.path()));
    let ask = || asked(&keys, FREE, &database("16", 4242));
    says(&ask(), &["F31 Warning | is not on this host"]);
    fs::write(&folder, "").unwrap();
    says(&ask(), &["F31 Error | is no folder"]);
    fs::remove_file(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    says(&ask(), &["F31 Note | is empty"]);
    fs::write(folder.join("x"), "").unwrap();
    says(&ask(), &[]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    says(&ask(), &["F31 Warning | runs as 4242: it may not write there"]);
}
