//! k3d and Docker failing in the ways that they were seen to: refused or failed with their own words, never made over something
//! alive, and made by the same run once they are well again. A cluster beside is the same to the byte before and after.

use crate::k3d_world::{Run, World, beside};
use crate::rig::{calls, docker, faults, inside, on_host};
use blackstart::model::Mode;
use blackstart::steps::cluster::contract::Exists;
use blackstart::steps::contract::{Mishap, Seen};
use std::time::Duration;

#[test]
fn a_create_that_fails_at_any_point_is_told_in_k3ds_words_and_made_anew_by_the_same_run() {
    if !inside("k3d_faults::a_create_that_fails_at_any_point_is_told_in_k3ds_words_and_made_anew_by_the_same_run") {
        return;
    }
    let before = beside();
    let world = World::new("home", 6550, "");
    let run = world.run("r1", Mode::Recover);
    for at in ["begin", "after-network", "after-volume", "after-containers", "after-server"] {
        faults(&format!(
            "{{\"call\":\"cluster create\",\"at\":\"{at}\",\"do\":\"fail\",\"stderr\":\"canary at {at}\"}}\n"
        ));
        let (words, began) = Run::words(run.create());
        assert!(words.contains(&format!("canary at {at}")) && began, "{at}: {words}");
        let parts = world.standing().parts;
        assert!(parts.iter().all(|part| part.run.as_deref() == Some("r1")), "{at}: {parts:?}");
        // Another run leaves it alone.
        let (words, began) = Run::words(world.run("r2", Mode::Recover).create());
        assert!(words.contains("that this run did not make") && !began, "{at}: {words}");
    }
    assert!(run.run.join("log/cluster.k3d-home-server-0.log").exists(), "{:?}", run.said.borrow());
    // It says that it has rolled back, and lets everything live.
    faults("{\"call\":\"cluster create\",\"at\":\"end\",\"do\":\"rolled-back-alive\"}\n");
    let (words, _) = Run::words(run.create());
    assert!(words.contains("rolled back"), "{words}");
    assert!(world.standing().parts.iter().any(|part| part.runs));
    faults("");
    run.create().unwrap();
    assert!(matches!(run.verify(), Seen::Present(_)), "{:?}", run.verify());
    let standing = world.standing();
    run.delete(&standing).unwrap();
    world.is_gone();
    assert_eq!(calls("cluster delete"), 0, "k3d was asked to delete");
    assert_eq!(beside(), before);
}

#[test]
fn a_create_that_hangs_is_ended_and_what_it_left_is_the_runs_own() {
    if !inside("k3d_faults::a_create_that_hangs_is_ended_and_what_it_left_is_the_runs_own") {
        return;
    }
    let before = beside();
    let world = World::new("home", 6550, "");
    let mut run = world.run("r1", Mode::Recover);
    run.time = Duration::from_secs(6);
    faults("{\"call\":\"cluster create\",\"at\":\"after-volume\",\"do\":\"hang\"}\n");
    let (words, began) = Run::words(run.create());
    assert!(words.contains("did not end within") && began, "{words}");
    let standing = world.standing();
    assert!(standing.parts.iter().all(|part| part.run.as_deref() == Some("r1")), "{standing:?}");
    run.delete(&standing).unwrap();
    world.is_gone();
    assert_eq!(beside(), before);
}

#[test]
fn a_cluster_whose_node_lost_its_address_is_there_whatever_k3d_says() {
    if !inside("k3d_faults::a_cluster_whose_node_lost_its_address_is_there_whatever_k3d_says") {
        return;
    }
    let world = World::new("home", 6550, "");
    world.run("r1", Mode::Recover).create().unwrap();
    let beside_before = beside();
    on_host(&["blank", "k3d-home-server-0"]);
    let standing = world.standing();
    assert!(standing.told.iter().any(|line| line.contains("failed to parse IP")), "{:?}", standing.told);
    assert_eq!(standing.parts.len(), 4, "{standing:?}");
    let made = calls("cluster create");
    let (words, began) = Run::words(world.run("r2", Mode::Recover).create());
    assert!(words.contains("that this run did not make") && !began, "{words}");
    assert_eq!(calls("cluster create"), made, "k3d was asked to make it over the living one");
    assert_eq!(world.standing().ids(), standing.ids());
    world.run("r2", Mode::Recover).delete(&standing).unwrap();
    world.is_gone();
    assert_eq!(beside(), beside_before);
}

#[test]
fn without_an_answer_of_docker_nothing_is_known_made_or_deleted() {
    if !inside("k3d_faults::without_an_answer_of_docker_nothing_is_known_made_or_deleted") {
        return;
    }
    let world = World::new("home", 6550, "");
    let run = world.run("r1", Mode::Recover);
    run.create().unwrap();
    let standing = world.standing();
    on_host(&["daemon", "kill"]);
    let Exists::Unknown(why) = world.exists() else { panic!("{:?}", world.exists()) };
    assert!(why.len() == 2 && why.iter().all(|line| line.contains("Cannot connect to the Docker daemon")), "{why:?}");
    assert!(why[0].starts_with("docker: ") && why[1].starts_with("k3d: "), "{why:?}");
    let made = calls("cluster create");
    let (words, began) = Run::words(world.run("r2", Mode::Recover).create());
    assert!(words.contains("Cannot connect to the Docker daemon") && !began, "{words}");
    assert_eq!(calls("cluster create"), made);
    let (words, began) = Run::words(run.delete(&standing));
    assert!(words.contains("Cannot connect to the Docker daemon") && !began, "{words}");
    assert!(matches!(run.verify(), Seen::Unknown(_)), "{:?}", run.verify());
    on_host(&["daemon", "start"]);
    assert_eq!(world.standing().ids(), standing.ids());
    run.delete(&standing).unwrap();
    world.is_gone();
}

#[test]
fn a_daemon_that_goes_while_a_cluster_is_made_is_a_failure_that_the_run_mends() {
    if !inside("k3d_faults::a_daemon_that_goes_while_a_cluster_is_made_is_a_failure_that_the_run_mends") {
        return;
    }
    let world = World::new("home", 6550, "");
    let run = world.run("r1", Mode::Recover);
    faults("{\"call\":\"cluster create\",\"at\":\"after-network\",\"do\":\"daemon-gone\"}\n");
    let (words, began) = Run::words(run.create());
    assert!(words.contains("FATA") && began, "{words}");
    faults("");
    run.create().unwrap();
    let standing = world.standing();
    run.delete(&standing).unwrap();
    world.is_gone();
}

#[test]
fn a_name_that_stands_for_anything_at_all_is_refused() {
    if !inside("k3d_faults::a_name_that_stands_for_anything_at_all_is_refused") {
        return;
    }
    let before = beside();
    let world = World::new("home", 6550, "");
    let run = world.run("r1", Mode::Recover);
    let refused = |what: &str| match run.create() {
        Err(Mishap::Failed { reason, tail, began: false }) => {
            assert!(tail.concat().contains(what), "{reason}: {tail:?}")
        }
        other => panic!("{what}: {other:?}"),
    };
    docker(&["volume", "create", "k3d-home-images"]);
    refused("volume k3d-home-images");
    docker(&["volume", "rm", "k3d-home-images"]);
    docker(&["network", "create", "k3d-home"]);
    refused("network k3d-home");
    docker(&["network", "rm", "k3d-home"]);
    docker(&["create", "--name", "k3d-home-serverlb", crate::rig::IMAGE]);
    refused("container k3d-home-serverlb");
    docker(&["rm", "-v", "k3d-home-serverlb"]);
    docker(&["create", "--name", "renamed", "--label", "k3d.cluster=home", crate::rig::IMAGE]);
    refused("container renamed");
    docker(&["rm", "-v", "renamed"]);
    world.is_gone();
    assert_eq!(calls("cluster create"), 0);
    assert_eq!(beside(), before);
}
