//! Docker gone at each call, one after the other, and k3d answering with each failure that the real one was seen to give: never
//! taken for no, nothing of others touched, and gone on with once all is well. Nodes are containers that never run.

use crate::k3d_world::{Run, World, beside, same};
use crate::rig::{IMAGE, calls, docker, fake_docker, faults, folder, inside};
use blackstart::model::Mode;
use blackstart::steps::cluster::contract::{Exists, Standing};
use blackstart::steps::contract::Mishap;
use serde_json::json;
use std::path::{Path, PathBuf};

const GONE: &str = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";

/// From its nth call on there is no daemon.
fn gone_from(nth: usize) {
    let _ = std::fs::remove_file(folder().join("n"));
    fake_docker(&format!(
        "echo x >> $own/n\n[ $(wc -l < $own/n) -ge {nth} ] && {{ echo '{GONE}' >&2; exit 1; }}\nexec $docker \"$@\"\n"
    ));
}
fn asked() -> usize {
    std::fs::read_to_string(folder().join("n")).unwrap_or_default().lines().count()
}
fn well() {
    fake_docker("exec $docker \"$@\"\n");
}
fn stand(world: &World) -> Standing {
    docker(&["network", "create", "--label", "app=k3d", "k3d-home"]);
    let labels = ["--label", "app=k3d", "--label", "k3d.cluster=home", "--label", "k3d.role=server"];
    for name in ["k3d-home-server-0", "k3d-home-server-1"] {
        let words = ["create", "--name", name, "--network", "k3d-home"];
        docker(&[&words[..], &labels, &[IMAGE]].concat());
    }
    docker(&["volume", "create", "--label", "app=k3d", "--label", "k3d.cluster=home", "k3d-home-images"]);
    world.standing()
}

#[test]
fn docker_gone_at_any_call_is_never_a_no_and_what_it_left_undone_is_done_later() {
    if !inside("k3d_calls::docker_gone_at_any_call_is_never_a_no_and_what_it_left_undone_is_done_later") {
        return;
    }
    let long = std::env::var_os("BLACKSTART_LONG").is_some();
    let pace = if long { 1 } else { 3 };
    let before = beside();
    let world = World::new("home", 6550, "");
    let run = world.run("r1", Mode::Recover);
    well();
    let standing = stand(&world);
    let (mut looked, mut deleted, mut made) = (0, 0, 0);

    for nth in 1.. {
        gone_from(nth);
        let exists = world.exists();
        if asked() < nth {
            assert_eq!(exists, Exists::Yes(standing.clone()));
            break;
        }
        // Past the second look at the lists only its API server is asked, of which it is known then that it is not heard.
        match exists {
            Exists::Unknown(why) => assert!(why[0].contains("Cannot connect"), "call {nth}: {why:?}"),
            Exists::Yes(seen) => assert!(seen.is_same(&standing), "call {nth}: {seen:?}"),
            Exists::No(why) => panic!("call {nth}: {why}"),
        }
        looked += 1;
    }
    for nth in (1..).step_by(pace) {
        gone_from(nth);
        let done = run.delete(&standing);
        if asked() < nth {
            done.unwrap();
            break;
        }
        match done {
            Err(Mishap::Failed { reason, tail, .. }) => {
                assert!(format!("{reason} {tail:?}").contains("Cannot connect"), "call {nth}: {reason} {tail:?}");
            }
            other => panic!("call {nth}: {other:?}"),
        }
        deleted += 1;
        well();
    }
    well();
    world.is_gone();
    // A k3d that says that all is well, and makes nothing.
    faults(
        "{\"call\":\"cluster create\",\"do\":\"exit\",\"stdout\":\"INFO[0000] Cluster 'home' created successfully!\\n\"}\n",
    );
    for nth in (1..).step_by(pace) {
        gone_from(nth);
        let (words, began) = Run::words(run.create());
        if asked() < nth {
            assert!(words.contains("k3d said that cluster home was made, and it is not there") && began, "{words}");
            break;
        }
        // Gone after that, it only cannot give out the logs of nodes.
        assert!(words.contains("Cannot connect") || words.contains("it is not there"), "call {nth}: {words}");
        made += 1;
    }
    well();
    let left = world.standing();
    assert!(left.parts.iter().all(|part| part.run.as_deref() == Some("r1")), "{left:?}");
    run.delete(&left).unwrap();
    world.is_gone();
    same(&beside(), &before);
    println!("k3d faults: docker gone at {looked} calls of a look, {deleted} of a delete, {made} of a create");
}

/// What the real k3d answered to such a call: its words, and how it ended.
fn seen(call: &str) -> Vec<(String, String, String, i32)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-in/cmd/k3d/testdata");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let of = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).ok()?;
        let (head, rest) = text.split_once("# --- stdout\n")?;
        let (out, err) = rest.split_once("# --- stderr\n")?;
        let code = head.lines().nth(1)?.strip_prefix("# exit ")?.trim().parse().ok()?;
        let name = path.file_stem()?.to_string_lossy().into_owned();
        head.starts_with(&format!("$ k3d {call}")).then(|| (name, out.to_owned(), err.to_owned(), code))
    };
    files.into_iter().filter(|path| path.is_file()).filter_map(of).collect()
}

#[test]
fn each_answer_that_the_real_k3d_was_seen_to_give_is_told_and_believed_by_nobody() {
    if !inside("k3d_calls::each_answer_that_the_real_k3d_was_seen_to_give_is_told_and_believed_by_nobody") {
        return;
    }
    let long = std::env::var_os("BLACKSTART_LONG").is_some();
    let before = beside();
    let world = World::new("home", 6550, "");
    let run = world.run("r1", Mode::Recover);
    let answer = |call: &str, (out, err, code): (&str, &str, i32)| {
        faults(&format!("{}\n", json!({"call": call, "do": "exit", "stdout": out, "stderr": err, "code": code})));
    };
    let (mut creates, mut lists) = (0, 0);
    let failed = seen("cluster create").into_iter().filter(|(_, _, _, code)| *code != 0);
    for (name, out, err, code) in failed.step_by(if long { 1 } else { 3 }) {
        answer("cluster create", (&out, &err, code));
        let (words, began) = Run::words(run.create());
        let last = err.lines().rev().find(|line| line.starts_with("FATA")).unwrap();
        let fatal = last.split_once(']').unwrap().1.trim();
        assert!(words.contains(fatal) && began, "{name}: {words}");
        let left = world.standing();
        assert!(left.parts.iter().all(|part| part.run.as_deref() == Some("r1")), "{name}: {left:?}");
        creates += 1;
    }
    let standing = world.standing();
    for (name, out, err, code) in seen("cluster list").into_iter().step_by(if long { 1 } else { 4 }) {
        answer("cluster list", (&out, &err, code));
        let now = world.standing();
        assert!(now.is_same(&standing), "{name}: {now:?}");
        assert_eq!(now.told.iter().any(|line| line.contains("FATA")), err.contains("FATA"), "{name}: {:?}", now.told);
        lists += 1;
    }
    faults("");
    run.delete(&standing).unwrap();
    // And with nothing there, none of its answers puts anything there.
    for (name, out, err, code) in seen("cluster list").into_iter().step_by(if long { 1 } else { 8 }) {
        answer("cluster list", (&out, &err, code));
        assert!(matches!(world.exists(), Exists::No(_)), "{name}");
        lists += 1;
    }
    assert_eq!(calls("cluster delete"), 0);
    same(&beside(), &before);
    println!("k3d faults: {creates} failures of a create and {lists} answers of a list as the real k3d gave them");
}
