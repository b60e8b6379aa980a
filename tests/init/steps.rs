//! How files become steps: what waits for each other is never cut so that the plan would be refused.

use crate::lab::{Repository, config, has, runs, space};

const CONTROLLER: &str = "bitnami/sealed-secrets-controller:0.40.0";

fn reads(space: &str, name: &str, config: &str) -> String {
    let volume = format!("      volumes: [{{name: c, configMap: {{name: {config}}}}}]\n");
    runs(space, name, "nginx:1.27", &volume)
}

fn volume(name: &str, host: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}}}\nspec:\n  capacity: {{storage: 1Gi}}\n  \
         accessModes: [ReadWriteOnce]\n  persistentVolumeReclaimPolicy: Retain\n  local: {{path: /srv/{name}}}\n  nodeAffinity:\n    \
         required:\n      nodeSelectorTerms:\n      - matchExpressions: [{{key: kubernetes.io/hostname, operator: In, values: [{host}]}}]\n"
    )
}

#[test]
fn folders_that_wait_for_each_other_become_one_step() {
    let repository = Repository::new(&[
        ("k/spaces/all.yaml", &space("x")),
        ("k/one/a.yaml", &format!("{}{}", reads("x", "one", "of-two"), config("x", "of-one"))),
        ("k/two/b.yaml", &format!("{}{}", reads("x", "two", "of-one"), config("x", "of-two"))),
        ("k/three/c.yaml", &reads("x", "three", "of-two")),
    ]);
    repository.planned();
    has(
        &repository.0.read("home/home.plan.yaml"),
        &[
            "\n  - {id: namespaces, kind: manifests, path: k/spaces}\n",
            "\n  - {id: one-two, kind: manifests, path: [k/one, k/two]}\n",
            "\n  - {id: three, kind: manifests, path: k/three}\n",
        ],
    );
}

#[test]
fn volumes_stand_in_a_step_of_their_own_wherever_they_lie() {
    let repository = Repository::new(&[
        ("media/pv.yaml", &volume("films", "rack-1")),
        ("media/app.yaml", &runs("default", "films", "nginx:1.27", "")),
        ("photos/pv.yaml", &volume("photos", "rack-2")),
        ("storage/app.yaml", &runs("default", "photos", "nginx:1.27", "")),
    ]);
    repository.planned();
    has(
        &repository.0.read("home/home.plan.yaml"),
        &[
            "\n  - {id: storage, kind: storage, path: [media/pv.yaml, photos]}\n",
            "\n  - {id: media, kind: manifests, path: media/app.yaml}\n",
            "\n  - {id: storage-manifests, kind: manifests, path: storage}\n",
            // Two hosts are no one node.
            "\ncluster: {provider: sandbox}\n",
            "these ask for others: node rack-1 (media/pv.yaml:13:81), node rack-2 (photos/pv.yaml:13:81)",
            "nodes: [{name: rack-1}, {name: rack-2}]",
        ],
    );
}

#[test]
fn a_controller_gets_what_it_stands_on_out_of_a_folder_that_waits_for_it() {
    // The namespace of the controller lies among applications that are sealed for it.
    let sealed = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: t, namespace: web}\n\
                  spec: {encryptedData: {a: AgBy}}\n";
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: sealedsecrets.bitnami.com}\n\
                      spec:\n  group: bitnami.com\n  scope: Namespaced\n  names: {kind: SealedSecret, plural: sealedsecrets}\n  \
                      versions: [{name: v1alpha1, served: true, storage: true}]\n";
    let repository = Repository::new(&[
        ("apps/space.yaml", &format!("{}{}", space("web"), space("sealed"))),
        ("apps/web.yaml", &runs("web", "web", "nginx:1.27", "")),
        ("apps/secret.yaml", sealed),
        ("sealed/definition.yaml", definition),
        ("sealed/controller.yaml", &runs("sealed", "controller", CONTROLLER, "")),
    ]);
    repository.planned();
    has(
        &repository.0.read("home/home.plan.yaml"),
        &[
            "\n  - {id: namespaces, kind: manifests, path: apps/space.yaml}\n",
            "\n  - {id: sealed-secrets, kind: sealing, path: sealed, key: fresh}\n",
            "\n  - {id: apps, kind: manifests, path: [apps/secret.yaml, apps/web.yaml]}\n",
        ],
    );
}

#[test]
fn a_loop_that_no_cut_between_files_opens_is_told_and_nothing_is_written() {
    let definition = "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: sealedsecrets.bitnami.com}\n\
                      spec:\n  group: bitnami.com\n  scope: Namespaced\n  names: {kind: SealedSecret, plural: sealedsecrets}\n  \
                      versions: [{name: v1alpha1, served: true, storage: true}]\n";
    let sealed = "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: t, namespace: sealed}\n\
                  spec: {encryptedData: {a: AgBy}}\n";
    let repository = Repository::new(&[
        // The namespace that the controller stands in and what needs its definition are one file.
        ("apps/all.yaml", &format!("{}{sealed}", space("sealed"))),
        ("sealed/controller.yaml", &format!("{definition}{}", runs("sealed", "controller", CONTROLLER, ""))),
    ]);
    let told =
        repository.refused(3).says("no plan can be made of these files as they are: these steps wait for each other");
    told.says("apps/all.yaml:").says("was not written");
}

#[test]
fn what_a_store_holds_goes_there_as_plain_secrets_where_nothing_would_open_sealed_ones() {
    let spec = "      volumes: [{name: s, secret: {secretName: token}}]\n";
    let repository =
        Repository::new(&[("k/web.yaml", &format!("{}{}", space("web"), runs("web", "web", "nginx:1.27", spec)))]);
    let secrets = |words: &[&str]| {
        let identity = repository.0.path("identity.txt");
        let words = [&["secrets"], words, &["--store", "home/secrets"]].concat();
        let mut command = repository.0.command(&words);
        command.env("BLACKSTART_IDENTITY", identity);
        command
    };
    crate::common::Told::of(secrets(&["init"]).output().unwrap()).code(0);
    let told = crate::common::feed(&mut secrets(&["add", "web/token", "token"]), "a value");
    assert_eq!(told.code, 0, "{told:?}");
    // The namespace and what reads the Secret are one file: the Secret would have to come between them.
    repository.refused(3).says("k/web.yaml:").says("put what others wait for into a file of its own");
    repository.0.write("home/k/web.yaml", &runs("web", "web", "nginx:1.27", spec));
    repository.0.write("home/k/space.yaml", &space("web"));
    repository.planned();
    let plan = repository.0.read("home/home.plan.yaml");
    has(
        &plan,
        &[
            "# ? where does the age identity lie when all is down?",
            "\nsecrets: {files: \"secrets/*.yaml.age\"}\n",
            "\n  - {id: namespaces, kind: manifests, path: k/space.yaml}\n",
            "\n  - {id: secrets, kind: secrets, seal: false}\n",
            "\n  - {id: k, kind: manifests, path: k/web.yaml}\n",
        ],
    );
    assert!(!plan.contains("default/token") && !plan.contains("is in no file"), "{plan}");
}

#[test]
fn a_link_in_a_circle_and_one_to_a_folder_are_gone_through_once() {
    let repository =
        Repository::new(&[("k/a/a.yaml", &config("default", "a")), ("k/b/b.yaml", &config("default", "b"))]);
    std::os::unix::fs::symlink("..", repository.0.path("home/k/a/up")).unwrap();
    std::os::unix::fs::symlink("a", repository.0.path("home/k/other")).unwrap();
    repository.planned();
    let plan = repository.0.read("home/home.plan.yaml");
    assert_eq!(plan.matches("a.yaml").count(), 1, "{plan}");
    has(&plan, &["path: k/b}"]);
}
