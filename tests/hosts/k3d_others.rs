//! What is not the cluster's: a guest on its network, a registry with a life of its own, a volume that was made anew, another
//! daemon. Found before anything is removed, and there afterwards as it was. Nodes are containers that never run.

use crate::k3d_world::{Run, World};
use crate::rig::{IMAGE, docker, fake_docker, faults, folder, inside};
use blackstart::model::Mode;
use blackstart::steps::cluster::contract::{Blast, Standing};
use blackstart::steps::contract::Mishap;
use blackstart::sys::Look;
use blackstart::sys::side::block_on;
use std::time::Duration;

/// A node and its network, as k3d calls them, and one more container.
fn stand(world: &World) -> Standing {
    docker(&["network", "create", "--label", "app=k3d", "k3d-home"]);
    let labels = ["--label", "app=k3d", "--label", "k3d.cluster=home", "--label", "k3d.role=server"];
    let words = ["create", "--name", "k3d-home-server-0", "--network", "k3d-home", "-v", "k3d-home-data:/data"];
    docker(&["volume", "create", "--label", "app=k3d", "--label", "k3d.cluster=home", "k3d-home-data"]);
    docker(&[&words[..], &labels, &[IMAGE]].concat());
    world.standing()
}
fn add(name: &str, more: &[&str]) {
    docker(&[&["create", "--name", name], more, &[IMAGE]].concat());
}
fn blast(world: &World, standing: &Standing) -> Blast {
    block_on(world.maker(Mode::Recover).blast(Look::new(), standing)).unwrap()
}
fn names() -> String {
    let mut names: Vec<String> = docker(&["ps", "-a", "--format", "{{.Names}}"]).lines().map(str::to_owned).collect();
    names.sort();
    names.join(" ")
}

#[test]
fn what_somebody_else_holds_is_found_before_anything_is_removed_and_a_registry_only_changes_its_network() {
    if !inside(
        "k3d_others::what_somebody_else_holds_is_found_before_anything_is_removed_and_a_registry_only_changes_its_network",
    ) {
        return;
    }
    let world = World::new("home", 6550, "");
    let run = world.run("r1", Mode::Recover);
    let standing = stand(&world);
    assert!(standing.keeper.as_ref().is_some_and(|keeper| keeper.starts_with("Docker daemon ")), "{standing:?}");
    let told = blast(&world, &standing);
    assert!(told.held.is_empty() && told.lost.iter().any(|(what, _)| what == "k3d-home-data"), "{told:?}");

    for (stranger, more, what) in [
        ("stranger", &["--network", "k3d-home"][..], "network k3d-home"),
        ("other", &["-v", "k3d-home-data:/x"], "volume k3d-home-data"),
    ] {
        add(stranger, more);
        let told = blast(&world, &world.standing());
        assert!(told.held.iter().any(|(held, why)| held == what && why.contains(stranger)), "{told:?}");
        let (words, began) = Run::words(run.delete(&standing));
        assert!(words.contains(what) && words.contains(stranger) && !began, "{words}");
        assert_eq!(world.standing().ids(), standing.ids());
        docker(&["rm", stranger]);
    }

    // A registry that k3d made with the cluster, and from which others pull.
    docker(&["network", "create", "lan"]);
    let labels = ["--label", "app=k3d", "--label", "k3d.role=registry", "--network", "k3d-home"];
    add("k3d-home-registry", &[&labels[..], &["--label", "k3d.cluster=home"]].concat());
    let told = blast(&world, &world.standing());
    assert!(told.lost.iter().any(|(what, _)| what == "k3d-home-registry") && told.held.is_empty(), "{told:?}");
    docker(&["network", "connect", "lan", "k3d-home-registry"]);
    let told = blast(&world, &world.standing());
    assert!(
        told.held.iter().any(|(what, why)| what == "registry k3d-home-registry" && why.contains("lan")),
        "{told:?}"
    );
    docker(&["rm", "k3d-home-registry"]);

    // One with a life of its own.
    add("k3d-cache", &labels);
    let told = blast(&world, &world.standing());
    assert!(told.held.is_empty() && told.stays.iter().any(|line| line.contains("k3d-cache")), "{told:?}");
    run.delete(&standing).unwrap();
    world.is_gone();
    assert_eq!(names(), "k3d-cache");
    assert!(!docker(&["volume", "ls", "-q"]).contains("k3d-home-data"));
}

#[test]
fn a_network_of_another_name_stays_while_others_are_on_it() {
    if !inside("k3d_others::a_network_of_another_name_stays_while_others_are_on_it") {
        return;
    }
    let world = World::new("home", 6550, "");
    docker(&["network", "create", "lan"]);
    let labels =
        ["k3d.cluster=home", "k3d.role=server", "k3d.cluster.network=lan", "k3d.cluster.network.external=false"];
    let labels: Vec<&str> = labels.iter().flat_map(|label| ["--label", label]).collect();
    add("k3d-home-server-0", &[&labels[..], &["--network", "lan"]].concat());
    let alone = world.standing();
    assert_eq!(alone.parts.len(), 2, "{alone:?}");
    add("stranger", &["--network", "lan"]);
    let shared = world.standing();
    assert_eq!(shared.parts.len(), 1, "{shared:?}");
    assert!(blast(&world, &shared).stays.iter().any(|line| line.contains("network lan")));
    world.run("r1", Mode::Recover).delete(&shared).unwrap();
    world.is_gone();
    assert_eq!(names(), "stranger");
}

#[test]
fn a_volume_that_was_made_anew_is_not_the_one_that_was_confirmed() {
    if !inside("k3d_others::a_volume_that_was_made_anew_is_not_the_one_that_was_confirmed") {
        return;
    }
    let world = World::new("home", 6550, "");
    let make = || docker(&["volume", "create", "--label", "k3d.cluster=home", "k3d-home-data"]);
    make();
    let confirmed = world.standing();
    docker(&["volume", "rm", "k3d-home-data"]);
    // Docker tells the second in which it was made.
    std::thread::sleep(Duration::from_millis(1100));
    make();
    assert!(!world.standing().is_same(&confirmed));
    world.run("r1", Mode::Recover).delete(&confirmed).unwrap();
    assert_eq!(world.standing().parts.len(), 1, "data that nobody confirmed is gone");
}

#[test]
fn another_daemon_is_refused_whatever_it_knows() {
    if !inside("k3d_others::another_daemon_is_refused_whatever_it_knows") {
        return;
    }
    let world = World::new("home", 6550, "");
    let standing = stand(&world);
    let run = world.run("r1", Mode::Recover);
    blackstart::steps::cluster::save::confirmed(&blackstart::sys::Touch::granted(), &run.run, &standing).unwrap();
    let other = "[ $1 = info ] && { echo OTHER; exit; }\n";
    fake_docker(&format!("{other}exec $docker \"$@\"\n"));
    let (words, began) = Run::words(run.delete(&standing));
    assert!(words.contains("Docker daemon OTHER answers") && !began, "{words}");
    let (words, began) = Run::words(run.create());
    assert!(words.contains("it was confirmed for Docker daemon") && words.contains("OTHER") && !began, "{words}");
    // It changes between two questions of one look.
    fake_docker("[ $1 = info ] && { echo x >> $own/n; wc -l < $own/n; exit; }\nexec $docker \"$@\"\n");
    let (words, began) = Run::words(run.create());
    assert!(!began && words.contains("nothing was made"), "{words}");
    let blackstart::steps::cluster::contract::Exists::Unknown(why) = world.exists() else { panic!() };
    assert!(why[0].contains("two daemons have answered"), "{why:?}");
    // And where it changes while containers are removed, what has only a name is left.
    fake_docker(
        "[ $1 = rm ] && touch $own/moved\n[ $1 = info ] && [ -e $own/moved ] && { echo OTHER; exit; }\nexec $docker \"$@\"\n",
    );
    let (words, began) = Run::words(run.delete(&standing));
    assert!(words.contains("OTHER answers") && began, "{words}");
    fake_docker("exec $docker \"$@\"\n");
    assert!(docker(&["volume", "ls", "-q"]).contains("k3d-home-data"));
}

#[test]
fn what_would_stop_the_new_cluster_stops_the_delete_of_the_old_one() {
    if !inside("k3d_others::what_would_stop_the_new_cluster_stops_the_delete_of_the_old_one") {
        return;
    }
    let world = World::new("home", 6550, "");
    let standing = stand(&world);
    let run = world.run("r1", Mode::Recover);
    let config = folder().join("plans/k3d.yaml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}# edited\n")).unwrap();
    let (words, began) = Run::words(run.delete(&standing));
    assert!(words.contains("nothing was deleted: ") && words.contains("k3d.yaml has changed") && !began, "{words}");
    std::fs::write(&config, text).unwrap();
    faults("{\"call\":\"version\",\"do\":\"exit\",\"stdout\":\"k3d version v4.4.8\\n\"}\n");
    let (words, began) = Run::words(run.delete(&standing));
    assert!(
        words.contains("nothing was deleted: the tools do not fit") && words.contains("v4.4.8") && !began,
        "{words}"
    );
    assert_eq!(world.standing().ids(), standing.ids());
}

#[test]
fn a_drill_that_is_not_made_to_its_end_leaves_nothing_and_one_daemon_does_not_clear_up_for_another() {
    if !inside(
        "k3d_others::a_drill_that_is_not_made_to_its_end_leaves_nothing_and_one_daemon_does_not_clear_up_for_another",
    ) {
        return;
    }
    let world = World::new("home", 6550, "");
    let mut run = world.run("d1", Mode::Drill);
    let things = || {
        ["ps -aq", "network ls -q --filter type=custom", "volume ls -q"]
            .map(|words| docker(&words.split(' ').collect::<Vec<_>>()))
    };
    let fences = || {
        let tables = std::process::Command::new("nft").args(["list", "tables"]).output().unwrap();
        String::from_utf8(tables.stdout).unwrap().matches("blackstart_").count()
    };
    let none = ["", "", ""].map(str::to_owned);
    // Each place where it can end after its network was made.
    for (fault, what) in [
        (
            "{\"call\":\"cluster create\",\"at\":\"begin\",\"do\":\"exit\",\"code\":7,\"stderr\":\"FATA[0000] canary\\n\"}\n",
            "canary",
        ),
        ("{\"call\":\"cluster create\",\"at\":\"after-server\",\"do\":\"fail\",\"stderr\":\"canary\"}\n", "canary"),
    ] {
        faults(fault);
        let (words, _) = Run::words(run.create());
        assert!(words.contains(what) && words.contains("taken back: "), "{words}");
        assert_eq!((things(), fences()), (none.clone(), 0), "{words}");
    }
    // The fence cannot be put up: its network goes too.
    let nft = folder().join("bin/nft");
    std::fs::write(&nft, "#!/bin/sh\necho 'no such thing' >&2\nexit 1\n").unwrap();
    std::process::Command::new("chmod").arg("755").arg(&nft).status().unwrap();
    let (words, _) = Run::words(run.create());
    std::fs::remove_file(&nft).unwrap();
    assert!(words.contains("the fence was not put up"), "{words}");
    assert_eq!(things(), none, "{words}");
    // Broken off by its time, it is taken back by whoever asks the same daemon.
    run.time = Duration::from_secs(5);
    faults("{\"call\":\"cluster create\",\"at\":\"after-volume\",\"do\":\"hang\"}\n");
    fake_docker(
        "[ $1 = info ] && [ -e $own/moved ] && { echo OTHER; exit; }\n[ $1 = rm ] && exit 1\n[ \"$1 $2\" = \"volume rm\" ] && exit 1\nexec $docker \"$@\"\n",
    );
    let (words, _) = Run::words(run.create());
    assert!(words.contains("could not be taken back"), "{words}");
    std::fs::write(folder().join("moved"), "").unwrap();
    run.time = Duration::from_secs(60);
    match run.undo() {
        Err(Mishap::Failed { reason, .. }) => assert!(reason.contains("another one answers"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(fences(), 1, "the fence is gone and its cluster is not");
    fake_docker("exec $docker \"$@\"\n");
    run.undo().unwrap().unwrap();
    assert_eq!((things(), fences()), (none, 0));
}
