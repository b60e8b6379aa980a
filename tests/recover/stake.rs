//! What is at stake: existence with its three values, the fence of identity, and data that would die.

use crate::lasting::{LB, SERVER, World, part, says, spot, standing};
use blackstart::engine::stake::Whose;
use blackstart::engine::stake::memory::{self, Memory, Print};
use blackstart::model::Kind;
use blackstart::steps::cluster::contract::{Exists, Sort, Standing};
use blackstart::sys::Look;
use std::fs;

fn print(uid: Option<&str>, containers: &[&str]) -> Print {
    let containers = containers.iter().map(|id| (*id).to_owned()).collect();
    Print { name: Some("homelab".to_owned()), uid: uid.map(str::to_owned), containers }
}

fn made(prints: &[(&str, Print)]) -> Memory {
    let made: Vec<(String, Print)> = prints.iter().map(|(run, print)| ((*run).to_owned(), print.clone())).collect();
    Memory { runs: made.iter().map(|(run, _)| run.clone()).collect(), made, ..Memory::default() }
}

#[test]
fn what_cannot_be_known_is_refused_with_every_word_and_the_next_command() {
    let silent = "docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock";
    let lies = "k3d: exit 0: No nodes found for cluster 'homelab', nothing to delete.";
    let stake = World::well(Exists::Unknown(vec![silent.to_owned(), lies.to_owned()])).look();
    let problem = stake.refusal().unwrap();
    assert_eq!(problem.kind, Kind::Refused);
    let told = problem.to_string();
    assert!(told.starts_with("REFUSED  nobody can say whether cluster homelab exists\n"), "{told}");
    assert!(told.contains(silent) && told.contains(lies) && told.contains("nothing was changed"), "{told}");
    assert!(told.ends_with("next   systemctl start docker, then the same command"), "{told}");
    assert_eq!((stake.standing, stake.whose), (None, Whose::Nobody));
}

#[test]
fn what_is_not_there_is_no_hindrance_and_harms_nobody() {
    let stake = World::well(Exists::No("Docker knows nothing of it".to_owned())).look();
    assert!(stake.refusal().is_none() && !stake.stands());
    assert_eq!(stake.standing, Some(Standing::default()), "the runner is told that nothing was there");
    says(&stake, &[]);
}

#[test]
fn a_cluster_that_an_earlier_run_made_is_known_by_its_uid_or_by_its_containers() {
    let whose = |uid: Option<&str>, memory: Memory| {
        let stake = World { memory, ..World::well(Exists::Yes(standing(uid))) }.look();
        says(&stake, &[]);
        stake.whose
    };
    let run = || Whose::Made("r1".to_owned());
    assert_eq!(whose(Some("u1"), made(&[("r1", print(Some("u1"), &["gone"]))])), run());
    assert_eq!(whose(None, made(&[("r1", print(Some("u1"), &[LB]))])), run(), "its API server is silent");
    assert_eq!(whose(Some("u2"), made(&[("r1", print(Some("u1"), &[SERVER, LB]))])), run());
    // Of several runs the one that fits, and not the newest.
    let both = made(&[("r2", print(Some("u2"), &["other"])), ("r1", print(Some("u1"), &["gone"]))]);
    assert_eq!(whose(Some("u1"), both), run());
    assert_eq!(whose(Some("u1"), Memory::default()), Whose::First);
}

#[test]
fn another_cluster_behind_the_same_name_is_an_error() {
    let memory = || made(&[("r1", print(Some("u1"), &["gone"]))]);
    let stake = World { memory: memory(), ..World::well(Exists::Yes(standing(Some("u2")))) }.look();
    says(&stake, &["F89 Error plan.yaml:3 cluster homelab | its uid is u2 | what run r1 made"]);
    let stake = World { memory: memory(), ..World::well(Exists::Yes(standing(None))) }.look();
    says(&stake, &["F89 Warning | whether it is the cluster that run r1 made is not known"]);
    assert_eq!(stake.whose, Whose::Unsure { run: "r1".to_owned() });
}

#[test]
fn what_was_confirmed_or_begun_by_an_earlier_run_is_no_strangers() {
    let confirmed = Memory {
        confirmed: vec![("r2".to_owned(), Print::of(&standing(Some("u2"))))],
        ..made(&[("r1", print(Some("u1"), &["gone"]))])
    };
    let stake = World { memory: confirmed, ..World::well(Exists::Yes(standing(Some("u2")))) }.look();
    assert_eq!(stake.whose, Whose::Confirmed("r2".to_owned()));
    let mut half = standing(None);
    half.parts.iter_mut().for_each(|part| part.run = Some("r3".to_owned()));
    let mut memory = made(&[("r1", print(Some("u1"), &["gone"]))]);
    let strange = World { memory: memory.clone(), ..World::well(Exists::Yes(half.clone())) }.look();
    assert_eq!(strange.whose, Whose::Unsure { run: "r1".to_owned() }, "a mark of a run that nobody remembers");
    memory.runs.insert(0, "r3".to_owned());
    let stake = World { memory, ..World::well(Exists::Yes(half)) }.look();
    assert_eq!(stake.whose, Whose::Begun("r3".to_owned()));
}

#[test]
fn what_runs_have_written_is_read_as_far_as_it_can_be_and_the_rest_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |run: &str, file: &str, text: &str| {
        fs::create_dir_all(folder.path().join(run)).unwrap();
        fs::write(folder.path().join(run).join(file), text).unwrap();
    };
    // What a later version adds is no hindrance.
    write("r3", "cluster.json", r#"{"name":"homelab","uid":"u3","containers":["a"],"server":"x","more":[1]}"#);
    write("r2", "cluster.json", r#"{"name":"homelab-drill-1","uid":"u2","containers":["b"]}"#);
    write("r1", "cluster.json", "{");
    let old = serde_json::to_string(&standing(Some("u0"))).unwrap();
    write("r0", "old.json", &old);
    let folders: Vec<_> = ["r3", "r2", "r1", "r0"].iter().map(|run| folder.path().join(run)).collect();
    let memory = memory::read(Look::new(), &folders, "homelab");
    assert_eq!(memory.made, [("r3".to_owned(), print(Some("u3"), &["a"]))], "that of a drill is no cluster of ours");
    assert_eq!(memory.confirmed.iter().map(|(run, _)| run.as_str()).collect::<Vec<_>>(), ["r0"]);
    assert_eq!(memory.broken.len(), 1, "{:?}", memory.broken);
    let stake = World { memory, ..World::well(Exists::Yes(standing(Some("u3")))) }.look();
    says(&stake, &["F89 unknown plan.yaml:3 what an earlier run says of it cannot be read | r1/cluster.json"]);
}

#[test]
fn data_that_lies_only_in_what_dies_refuses_until_the_plan_lets_it_go() {
    let storage = "/var/lib/rancher/k3s/storage";
    let of = |discard: &[&str]| {
        let mut world = World::well(Exists::Yes(standing(Some("u"))));
        world.maker.blast.lost = vec![(format!("{storage}/pvc-1"), "claim apps/db, volume v".to_owned())];
        world.discard = discard.iter().map(|path| ((*path).to_owned(), spot(9))).collect();
        world.look()
    };
    let error = "F21 Error plan.yaml:3 /var/lib/rancher/k3s/storage/pvc-1 | claim apps/db";
    says(&of(&[]), &[&format!("{error} | discard: [{storage}/pvc-1]")]);
    says(&of(&[storage]), &[]);
    says(&of(&["/var/lib/rancher/k3s/storage/pvc-1"]), &[]);
    // A name that begins alike is another folder, and one that matches nothing is told.
    says(
        &of(&["/var/lib/rancher/k3s/storage/pvc"]),
        &[error, "F21 Note plan.yaml:9 | nothing of it lies in what dies"],
    );
    says(&of(&[storage, "/srv/old"]), &["F21 Note plan.yaml:9 /srv/old | take it out of `discard`"]);
}

#[test]
fn what_of_the_data_is_not_known_is_told_and_never_taken_for_nothing() {
    let mut world = World::well(Exists::Yes(standing(None)));
    world.maker.blast.unknown = vec!["which pods live in it: no answer".to_owned()];
    world.discard = vec![("/srv/old".to_owned(), spot(9))];
    says(&world.look(), &["F21 unknown plan.yaml:3 which pods live in it"]);
}

#[test]
fn a_volume_without_a_path_is_let_go_by_its_name() {
    let mut world = World::well(Exists::Yes(standing(Some("u"))));
    world.maker.blast.lost = vec![("registry-data".to_owned(), "a volume of Docker's".to_owned())];
    says(&world.look(), &["F21 Error plan.yaml:3 registry-data | discard: [registry-data]"]);
    world.discard = vec![("registry-data".to_owned(), spot(9))];
    says(&world.look(), &[]);
    world.discard = vec![("registry".to_owned(), spot(9))];
    says(&world.look(), &["F21 Error plan.yaml:3 registry-data", "F21 Note plan.yaml:9 registry"]);
}

#[test]
fn what_somebody_else_holds_is_an_error() {
    let mut world = World::well(Exists::Yes(standing(Some("u"))));
    world.maker.blast.held = vec![("network k3d-home".to_owned(), "stranger holds it".to_owned())];
    says(
        &world.look(),
        &["F15 Error plan.yaml:3 network k3d-home cannot be deleted with the cluster: stranger holds it"],
    );
}

#[test]
fn a_network_of_which_the_addresses_are_not_known_is_remembered_as_such() {
    let stake = World::well(Exists::Yes(standing(Some("u")))).look();
    assert_eq!(stake.dying.hidden, ["network k3d-homelab"]);
    assert_eq!(stake.dying.containers, [SERVER, LB]);
    let alone = Standing { parts: vec![part(Sort::Service, "k3s", "k3s")], ..Standing::default() };
    assert_eq!(World::well(Exists::Yes(alone)).look().dying.hidden, Vec::<String>::new());
}
