//! What is wrong with k3d's own files is found in them, before anything is deleted: each seen with its fault and without.

use blackstart::model::{Mode, Place, Provider, Spot};
use blackstart::steps::cluster::blueprint::{Blueprint, Given};
use blackstart::sys::Look;
use std::path::Path;

const GOOD: &str =
    "apiVersion: k3d.io/v1alpha5\nkind: Simple\nmetadata: {name: home}\nimage: rancher/k3s:v1.34.4-k3s1\n";

/// Each finding as `id severity file:line message`.
fn found(folder: &Path, config: &str, registries: Option<&str>) -> Vec<String> {
    std::fs::write(folder.join("k3d.yaml"), config).unwrap();
    std::fs::write(folder.join("registries.yaml"), registries.unwrap_or_default()).unwrap();
    let spot = Spot { line: 2, column: 1 };
    let (config, named) = (("k3d.yaml".to_owned(), spot), ("registries.yaml".to_owned(), spot));
    let registries = registries.is_some().then_some(&named);
    let given = Given {
        provider: Provider::K3d,
        name: "home",
        config: Some(&config),
        registries,
        host: None,
        install: None,
        snapshot: None,
        token: None,
    };
    let place = Place { file: "home.yaml".to_owned(), spot };
    let blueprint = Blueprint::read(Look::new(), folder, &given, place).unwrap();
    let findings = blueprint.maker(Provider::K3d, Mode::Recover).unwrap().findings();
    let told = |one: blackstart::model::Finding| {
        format!("{} {:?} {}:{} {}", one.id, one.severity, one.place.file, one.place.spot.line, one.message)
    };
    findings.into_iter().map(told).collect()
}

#[test]
fn each_fault_of_k3ds_files_is_found_where_it_stands_and_a_good_file_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("ca.crt"), "x").unwrap();
    let mount = |host: &str, filter: &str| {
        format!(
            "{GOOD}volumes:\n- {{volume: \"{}/{host}:/certs/ca.crt\", nodeFilters: [{filter}]}}\n",
            folder.display()
        )
    };
    let mirrors = "mirrors:\n  docker.io:\n    endpoint: [http://registry:5000]\n";
    let certified = "configs:\n  registry:5000:\n    tls: {ca_file: /certs/ca.crt}\n";
    let none: [String; 0] = [];
    assert_eq!(found(folder, GOOD, None), none);
    assert_eq!(found(folder, GOOD, Some(mirrors)), none);
    assert_eq!(found(folder, &mount("ca.crt", "all"), Some(certified)), none);
    assert_eq!(found(folder, &mount("ca.crt", "\"server:*\", \"agent:*\""), Some(certified)), none);
    let embedded =
        |text: &str| format!("{GOOD}registries:\n  config: |\n    {}\n", text.trim().replace('\n', "\n    "));
    assert_eq!(found(folder, &embedded(mirrors), None), none);

    let twice = "volumes:\n- {volume: \"/etc/r.yaml:/etc/rancher/k3s/registries.yaml\"}\n";
    for (config, registries, wanted) in [
        (GOOD.replace("image:", "# image:"), None, "F17 Warning k3d.yaml:1 no image is named"),
        (GOOD.replace(":v1.34.4-k3s1", ""), None, "F17 Warning k3d.yaml:4 image rancher/k3s is whatever is newest"),
        (format!("{GOOD}registries: {{configs: x}}\n"), None, "F19 Error k3d.yaml:5 `registries` has no key `configs`"),
        (format!("{GOOD}registries: registries.yaml\n"), None, "F19 Error k3d.yaml:5 `registries` is no map"),
        (format!("{GOOD}registries: {{config: r.yaml}}\n"), None, "F19 Warning k3d.yaml:5 r.yaml is looked for"),
        (format!("{GOOD}{twice}"), Some(mirrors), "F19 Error k3d.yaml:6 registries are given twice"),
        (embedded(mirrors), Some(mirrors), "F19 Warning k3d.yaml:6 is not used: registries.yaml takes its place"),
        (GOOD.to_owned(), Some("mirors: {}\n"), "F19 Error registries.yaml:1 registries.yaml has no key `mirors`"),
        (GOOD.to_owned(), Some("mirrors: [x\n"), "F19 Error registries.yaml:"),
        (
            embedded("mirrors:\n  docker.io:\n    endpoints: [x]\n"),
            None,
            "F19 Error k3d.yaml:9 mirrors.docker.io has no key",
        ),
        (GOOD.to_owned(), Some(certified), "F19 Error registries.yaml:3 /certs/ca.crt is on no node"),
        (
            mount("ca.crt", "\"server:0\""),
            Some(certified),
            "F19 Error registries.yaml:3 /certs/ca.crt is not on every node",
        ),
        (mount("gone.crt", "all"), Some(certified), "F19 Error registries.yaml:3 /certs/ca.crt is not there"),
    ] {
        let told = found(folder, &config, registries);
        assert!(told.len() == 1 && told[0].starts_with(wanted), "{wanted}: {told:?}");
    }
}
