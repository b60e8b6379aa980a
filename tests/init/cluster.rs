//! The cluster of a plan, where a file of k3d or k3s lies in the repository.

use crate::drills::{Home, PLAN};
use crate::lab::{Repository, config, has};
use std::collections::BTreeSet;

fn k3d(name: &str, more: &str) -> String {
    format!("apiVersion: k3d.io/v1alpha5\nkind: Simple\nmetadata: {{name: {name}}}\nservers: 1\n{more}")
}

/// A volume that one node reaches.
fn pinned(host: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: data}}\nspec:\n  capacity: {{storage: 1Gi}}\n  \
         accessModes: [ReadWriteOnce]\n  storageClassName: ''\n  local: {{path: /srv/data}}\n  nodeAffinity: {{required: {{nodeSelectorTerms: \
         [{{matchExpressions: [{{key: kubernetes.io/hostname, operator: In, values: [{host}]}}]}}]}}}}\n"
    )
}

#[test]
fn the_config_of_k3d_makes_the_cluster_with_the_registries_beside_it() {
    let config = config("default", "a");
    let files =
        [("infra/k3d.yaml", &*k3d("rack", "")), ("infra/registries.yaml", "mirrors: {}\n"), ("a/a.yaml", &config)];
    let repository = Repository::new(&files);
    repository.0.run(&["init", "home"]).code(0);
    // The plan is called as the cluster is.
    let plan = repository.0.read("home/rack.plan.yaml");
    has(
        &plan,
        &["\nname: rack\n", "\ncluster: {provider: k3d, config: infra/k3d.yaml, registries: infra/registries.yaml}\n"],
    );
    repository.0.run(&["plan", "home/rack.plan.yaml", "--mode", "drill"]).code(0).says("drill in sandbox (plan: k3d)");

    // One that has its registries itself gets no others.
    let own = k3d("rack", "registries: {config: \"mirrors: {}\"}\n");
    let files = [("k3d.yaml", &*own), ("registries.yaml", "mirrors: {}\n"), ("a/a.yaml", &config)];
    has(&Repository::new(&files).plan(), &["\ncluster: {provider: k3d, config: k3d.yaml}\n"]);
}

#[test]
fn a_node_that_k3d_does_not_make_is_asked_about() {
    let (k3d, pinned) = (k3d("rack", ""), pinned("old-server"));
    let plan = Repository::new(&[("k3d.yaml", &k3d), ("a/a.yaml", &pinned)]).plan();
    has(&plan, &["# ? k3d.yaml makes k3d-rack-server-0, and these ask for others: node old-server (a/a.yaml:"]);
}

#[test]
fn a_config_of_k3s_makes_the_cluster_and_its_host_is_asked_for() {
    let (config, pinned) = (config("default", "a"), pinned("rack"));
    let k3s = "disable: [traefik]\nnode-label+: [disk=ssd]\n";
    let plan = Repository::new(&[("host/k3s/config.yaml", k3s), ("a/a.yaml", &config)]).plan();
    has(
        &plan,
        &[
            "\nname: home\n",
            "\ncluster: {provider: k3s, config: host/k3s/config.yaml}\n",
            "# ? host: root@NAME   does k3s live on",
        ],
    );
    // Its node is called as the one host that objects name.
    let plan = Repository::new(&[("k3s-server.yaml", k3s), ("a/a.yaml", &pinned)]).plan();
    has(&plan, &["\ncluster: {provider: k3s, name: rack, config: k3s-server.yaml}\n"]);
    assert!(!plan.contains("ask for others"), "{plan}");
}

#[test]
fn what_only_looks_like_a_file_of_k3s_is_none() {
    let config = config("default", "a");
    for (name, text) in [
        ("host/rack/config.yaml", "disable: [traefik]\n"),
        ("k3s/config.yaml", "disable: [traefik]\ncolour: blue\n"),
        ("k3s/config.yaml", "server: https://rack:6443\ntoken: x\n"),
        ("k3s/config.yaml", "[traefik]\n"),
        ("k3s/config.yaml", ""),
    ] {
        let plan = Repository::new(&[(name, text), ("a/a.yaml", &config)]).plan();
        assert!(plan.contains("\ncluster: {provider: sandbox}\n"), "{name}: {text}\n{plan}");
    }
}

#[test]
fn the_example_with_a_config_of_k3d_drills_green_without_a_change() {
    let Some(home) = Home::new("example of k3d that init plans") else { return };
    std::fs::remove_file(home.lab.path(PLAN)).unwrap();
    home.lab.write("plans/k3d.yaml", &k3d("homelab", ""));
    // Runs are told apart by the plan's name, and all examples have one.
    let name = format!("metadata: {{name: {}}}", home.lab.name);
    home.edit("plans/k3d.yaml", |text| text.replace("metadata: {name: homelab}", &name));
    let node = format!("k3d-{}-server-0", home.lab.name);
    home.edit("plans/kubernetes/cluster/storage.yaml", |text| text.replace("k3d-homelab-server-0", &node));
    home.does(&["init"]).code(0);
    let plan = format!("plans/{}.yaml", home.lab.name);
    assert!(home.lab.read(&plan).contains("\ncluster: {provider: k3d, config: k3d.yaml}\n"));
    home.go(&["drill", &plan, "--output", "json"]).end().is_green();
    home.nothing_is_left(&BTreeSet::new());
}
