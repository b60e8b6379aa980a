//! A cluster of k3d from nothing to nothing: made, looked at, found again, taken for nobody else's, deleted by ids.

use crate::k3d_world::{REGISTRIES, Run, World, beside, same};
use crate::rig::{docker, inside};
use blackstart::model::Mode;
use blackstart::steps::cluster::contract::Sort;
use blackstart::steps::contract::Seen;
use blackstart::sys::Look;
use blackstart::sys::side::block_on;

#[test]
fn a_cluster_is_made_looked_at_found_again_and_deleted_with_everything_that_is_its_own() {
    if !inside("k3d::a_cluster_is_made_looked_at_found_again_and_deleted_with_everything_that_is_its_own") {
        return;
    }
    let (beside_before, volumes) = (beside(), docker(&["volume", "ls", "-q"]));
    let data = crate::rig::folder().join("data");
    std::fs::create_dir(&data).unwrap();
    let volume = format!("volumes:\n- {{volume: \"{}:/data\", nodeFilters: [all]}}\n", data.display());
    let world = World::new("home", 6550, &volume).with_registries(REGISTRIES);
    world.is_gone();

    let run = world.run("r1", Mode::Recover);
    run.create().unwrap();
    let Seen::Present(told) = run.verify() else { panic!("{:?}", run.verify()) };
    for part in ["127.0.0.1:6550", "1 of 1 nodes Ready", "registries as written on 1 node", "DNS answers"] {
        assert!(told.contains(part), "{told}");
    }
    let standing = world.standing();
    assert!(standing.uid.is_some(), "{standing:?}");
    assert!(standing.parts.iter().all(|part| part.run.as_deref() == Some("r1")), "{standing:?}");
    let count = |sort: Sort| standing.parts.iter().filter(|part| part.sort == sort).count();
    assert_eq!((count(Sort::Container), count(Sort::Network), count(Sort::Volume)), (2, 1, 1));

    let blast = block_on(run.maker.blast(Look::new(), &standing)).unwrap();
    assert!(blast.dies.iter().any(|line| line.contains("alive now")), "{blast:?}");
    assert!(blast.stays.iter().any(|line| line.contains("/data")), "{blast:?}");
    assert!(blast.unknown.is_empty() && blast.lost.is_empty(), "{blast:?}");

    // Another run makes nothing over it, and changes nothing.
    let other = world.run("r2", Mode::Recover);
    let (words, began) = Run::words(other.create());
    assert!(words.contains("that this run did not make") && words.contains("k3d-home-server-0") && !began, "{words}");
    assert_eq!(world.standing().ids(), standing.ids());

    // Somebody else's container on its network is not removed, and neither is anything before it is away.
    docker(&[
        "run",
        "-d",
        "--name",
        "stranger",
        "--network",
        "k3d-home",
        "--entrypoint",
        "/bin/sh",
        crate::rig::IMAGE,
        "-c",
        "sleep 600",
    ]);
    let (words, began) = Run::words(other.delete(&standing));
    assert!(words.contains("stranger") && !began, "{words}");
    assert_eq!(world.standing().ids(), standing.ids());
    docker(&["rm", "-f", "-v", "stranger"]);
    other.delete(&standing).unwrap();
    world.is_gone();
    assert_eq!(docker(&["volume", "ls", "-q"]), volumes, "volumes without a name are left");
    assert!(data.exists());
    assert!(matches!(run.verify(), Seen::Absent(_)));
    same(&beside(), &beside_before);
}

#[test]
fn a_drill_is_made_beside_the_living_cluster_and_leaves_nothing() {
    if !inside("k3d::a_drill_is_made_beside_the_living_cluster_and_leaves_nothing") {
        return;
    }
    let beside_before = beside();
    let data = crate::rig::folder().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("precious"), "canary").unwrap();
    let more = format!(
        "volumes:\n- {{volume: \"{}:/data\", nodeFilters: [all]}}\nports:\n- {{port: \"28080:80\", nodeFilters: [loadbalancer]}}\n",
        data.display()
    );
    let world = World::new("home-lab", 6551, &more);
    let things =
        || ["ps -aq", "network ls -q", "volume ls -q"].map(|words| docker(&words.split(' ').collect::<Vec<_>>()));
    let before = things();
    let run = world.run("d1", Mode::Drill);
    run.create().unwrap();
    let drill = docker(&["ps", "--filter", "label=blackstart.drill=d1", "--format", "{{.Names}} {{.Ports}}"]);
    assert_eq!(drill.lines().count(), 2, "{drill}");
    assert!(!drill.contains("28080") && !drill.contains("6551") && !drill.contains("0.0.0.0"), "{drill}");
    let fences = || {
        let tables = std::process::Command::new("nft").args(["list", "tables"]).output().unwrap();
        String::from_utf8(tables.stdout).unwrap().matches("blackstart_").count()
    };
    assert_eq!(fences(), 1, "the drill is made without its fence");
    let server = drill.lines().find(|line| line.contains("-server-0")).unwrap().split(' ').next().unwrap();
    assert_eq!(docker(&["exec", server, "ls", "/data"]), "", "data of the real cluster is in a drill");
    let Seen::Present(_) = run.verify() else { panic!("{:?}", run.verify()) };
    let told = run.undo().unwrap().unwrap();
    assert!(told.starts_with("2 containers, 1 network, 1 volume of cluster home-lab-drill-"), "{told}");
    assert_eq!(things(), before);
    assert_eq!((fences(), run.undo().unwrap()), (0, None));
    same(&beside(), &beside_before);
}
