//! The example without its plan, and the repository of the first outage.

use crate::drills::{Home, PLAN, copy};
use crate::lab::{Repository, has};
use std::collections::BTreeSet;
use std::path::Path;

/// The example as its owner had it before there was a plan; its name is in what git knows.
fn repository(test: &str) -> Option<(Home, String)> {
    let home = Home::new(test)?;
    std::fs::remove_file(home.lab.path(PLAN)).unwrap();
    let remote = format!("[core]\n[remote \"origin\"]\n\turl = git@git.example.org:me/{}.git\n", home.lab.name);
    home.lab.write(".git/config", &remote);
    let plan = format!("plans/{}.yaml", home.lab.name);
    Some((home, plan))
}

#[test]
fn the_plan_of_the_example_drills_green_without_a_change() {
    let Some((home, plan)) = repository("the plan that init writes is drilled") else { return };
    home.does(&["init"]).code(0).says("nothing wrong is known of it").says(&format!("blackstart drill {plan}"));
    let run = home.go(&["drill", &plan, "--output", "json"]).end().is_green();
    assert_eq!(run.events("step.verified").len(), 12);
    assert!(run.events("finding").is_empty(), "{}", run.out);
    println!("drill of the plan that init wrote: {:.1} s", run.took.as_secs_f64());
    home.nothing_is_left(&BTreeSet::new());
}

/// Without a sandbox program, too.
fn example() -> Repository {
    let repository = Repository::new(&[]);
    for folder in ["plans", "secrets.example"] {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &repository.0.path(&format!("home/{folder}")));
    }
    std::fs::remove_file(repository.0.path("home/plans/homelab.yaml")).unwrap();
    repository
}

#[test]
fn what_the_example_says_stands_in_its_plan_and_what_it_does_not_is_asked() {
    let plan = example().plan();
    has(
        &plan,
        &[
            "\nname: home\n",
            "\ncluster: {provider: sandbox, config: cluster/sandbox.yaml}\n",
            "\n  tunnel: {inside: networking/cloudflared}\n",
            "\nsecrets: {files: \"../secrets.example/*.yaml.age\", identity: \"../secrets.example/identity.txt\"}\n",
            "kind: storage, path: kubernetes/cluster/storage.yaml, labels: {environment: prod}}\n",
            "\n  - {id: sealed-secrets, kind: sealing, path: kubernetes/sealed-secrets}\n  - {id: secrets, kind: secrets}\n",
            "\n  - {id: networking, kind: manifests, path: kubernetes/networking}\n",
            "\n# ? rto: 20m ",
            "# ? console: {outside: keyboard and screen in the rack} ",
            "# ? PersistentVolume appdata-pv lies on /srv/homelab/appdata (kubernetes/cluster/storage.yaml:32:5): is it saved anywhere?",
            "identity.txt lies beside what it opens: is it a throw-away one?",
        ],
    );
    assert!(plan.ends_with("  - {id: workloads, kind: workloads}\n"), "{plan}");
}

#[test]
fn of_the_first_outage_the_plan_asks_about_the_key_and_the_label() {
    let repository = Repository::new(&[]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["plans/kubernetes", "tests/check/founding/changes"] {
        copy(&root.join(folder), &repository.0.path("home"));
    }
    let told = repository.0.run(&["init", "home"]).code(0).says("a drill refuses to begin");
    assert!(told.out.contains("home/homelab.plan.yaml"), "the name is that of the k3d file: {}", told.out);
    let plan = repository.0.read("home/homelab.plan.yaml");
    has(
        &plan,
        &[
            // Its node is the one that volumes and pods name.
            "\ncluster: {provider: k3d, config: k3d.yaml, registries: registries.yaml}\n",
            "# ? apps/claims.yaml:17:7 asks for a volume with environment=prod, and none has it (the first: cluster/storage.yaml:19:3)",
            "# ? no store keeps the sealing key, so a new one is made, which does not open secrets/alert-webhook-sealed-secret.yaml:1:1",
            "\n  - {id: sealed-secrets, kind: sealing, path: sealed-secrets, key: fresh}\n",
        ],
    );
    // Nothing was put beside the plan, and what was there is as it was.
    repository.0.run(&["check", "home/homelab.plan.yaml"]).code(3).says("F02").says("F04").says("F03");
}
