//! What a person reads before the one question: five boxes, in their order, and nothing in them that was not looked at.

use crate::lasting::{World, spot, standing};
use blackstart::engine::stake::{Asked, Drilled, Stake, question};
use blackstart::model::{Provider, Stamp};
use blackstart::plan::file::Way;
use blackstart::steps::cluster::contract::Exists;
use blackstart::sys::access::{Hop, Session};
use std::time::Duration;

fn way(name: &str, inside: bool, told: &str) -> Way {
    Way { name: name.to_owned(), inside, told: told.to_owned(), at: spot(5) }
}

fn ways() -> Vec<Way> {
    vec![way("tunnel", true, "networking/cloudflared"), way("console", false, "keyboard and screen")]
}

/// A server of ssh with this peer.
fn through(peer: &str) -> Session {
    let peers = Ok(vec![peer.parse().unwrap()]);
    let hop =
        Hop { pid: 812, name: "sshd".to_owned(), apart: Some(false), containers: [].into(), in_pod: false, peers };
    Session { hops: vec![hop], ..Session::default() }
}

fn shown(stake: &Stake, access: &[Way], drilled: Drilled) -> String {
    let accepted = ["F47 ConfigMap apps/page until 2027-03-01".to_owned()];
    let told = Asked {
        access,
        drilled,
        accepted: &accepted,
        unfinished: None,
        attach: "blackstart attach".to_owned(),
        diagnose: "blackstart diagnose plan.yaml".to_owned(),
        columns: 110,
    };
    question(stake, &told)
}

fn drilled() -> Drilled {
    let at = Stamp::read("2026-10-31T03:00:00Z").unwrap();
    Drilled::Well { at, took: Duration::from_secs(404), age: Duration::from_secs(3 * 86_400) }
}

#[test]
fn the_question_reads_like_this() {
    let mut world = World::well(Exists::Yes(standing(Some("6f1c2a"))));
    world.access = ways();
    world.session = through("10.42.0.17");
    let cluster = blackstart::checks::before::Range::read("10.42.0.0/16").unwrap();
    world.dying.networks = vec![(cluster, "the range of its pods, 10.42.0.0/16".to_owned())];
    let stake = world.look();
    insta::assert_snapshot!("question", shown(&stake, &ways(), drilled()));
}

#[test]
fn the_five_boxes_stand_there_in_their_order() {
    let world = World { access: ways(), ..World::well(Exists::Yes(standing(None))) };
    let text = shown(&world.look(), &ways(), Drilled::Never);
    let places: Vec<usize> =
        ["blast radius", "rollback", "alternate access", "non-destructive test", "minimal change", "Type the name"]
            .iter()
            .filter_map(|label| text.find(label))
            .collect();
    assert_eq!(places.len(), 5, "{text}");
    assert!(places.is_sorted(), "{text}");
    assert!(text.contains("NEVER drilled") && text.contains("uid not known"), "{text}");
    assert!(text.contains(" k3d cluster stop homelab\n") && text.contains(" k3d cluster start homelab\n"), "{text}");
}

#[test]
fn less_than_a_deletion_is_named_after_what_is_still_alive() {
    let says = |world: &World, words: &str| {
        let text = shown(&world.look(), &[], Drilled::Never).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words), "{words}\n{text}");
    };
    let alive = World::well(Exists::Yes(standing(Some("u"))));
    says(
        &alive,
        "alive now: 2 of 2 running, its API server answers less than this is to see the first cause of what is broken: blackstart diagnose plan.yaml",
    );
    let mut stopped = standing(None);
    stopped.parts.iter_mut().for_each(|part| part.runs = false);
    says(&World::well(Exists::Yes(stopped.clone())), "alive now: 0 of 2 running, its API server does not answer");
    says(&World::well(Exists::Yes(stopped.clone())), "less than this: k3d cluster start homelab");
    let mut k3s = World::well(Exists::Yes(stopped));
    k3s.maker.provider = Provider::K3s;
    says(&k3s, "less than this: systemctl start k3s");
    says(&k3s, "that is the way back");
    says(&alive, "No way back after this point but forward");
    says(&World::well(Exists::No(String::new())), "Nothing stands under that name: nothing is deleted.");
}

#[test]
fn a_session_that_ends_and_a_house_without_a_door_are_said_aloud() {
    let mut world = World::well(Exists::Yes(standing(Some("u"))));
    world.session = through("10.0.0.7");
    let inside = [way("tunnel", true, "networking/cloudflared")];
    world.access = inside.to_vec();
    let text = shown(&world.look(), &inside, Drilled::Never);
    assert!(text.contains("NONE is left while the cluster is away"), "{text}");
    // Which addresses its network has is not known here, so that nobody can say no.
    assert!(text.contains("It may end your own session") && text.contains("this session: not known"), "{text}");
    world.session = Session::default();
    let text = shown(&world.look(), &inside, Drilled::Never);
    assert!(!text.contains("your own session") && text.contains("this session: outside"), "{text}");
    let text = shown(&world.look(), &[], Drilled::Never);
    assert!(text.contains("the plan names no way in"), "{text}");
}

#[test]
fn a_drill_of_another_order_or_with_a_bad_end_is_no_test_of_this_plan() {
    let world = World::well(Exists::Yes(standing(Some("u"))));
    let at = Stamp::read("2026-10-31T03:00:00Z").unwrap();
    for (drilled, words) in [
        (drilled(), "last drill of this very plan: 2026-10-31 (3 days ago), verified in 6 min 44 s"),
        (Drilled::Another { at }, "NEVER drilled; another order of its steps was, on 2026-10-31"),
        (Drilled::Badly { at, how: "2 failed".to_owned() }, "did NOT come to a good end: 2026-10-31, 2 failed"),
        (Drilled::Unknown("it cannot be read".to_owned()), "whether it was drilled is not known: it cannot be read"),
    ] {
        let text = shown(&world.look(), &[], drilled);
        assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(words), "{words}\n{text}");
    }
}
