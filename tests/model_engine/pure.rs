//! The loop without a world: the line of ready steps, the board and the table of states, with an end for each step that
//! was drawn before. What finishes next is drawn as well.

use crate::common::{self, Dice};
use crate::{Case, Fate};
use blackstart::engine::board::Board;
use blackstart::engine::decide::{Decision, fresh};
use blackstart::engine::ready::Ready;
use blackstart::journal::Did;
use blackstart::model::{Digest, Mode, State};
use blackstart::plan::load::{Planned, load};
use blackstart::sys::Look;
use proptest::prelude::*;

fn planned(folder: &std::path::Path, case: &Case) -> Planned {
    let path = folder.join("plan.yaml");
    let steps = case.steps(|_| "kind: command, repeatable: true, run: [\"true\"], verify: [\"true\"]".to_owned());
    std::fs::write(&path, format!("name: model\nsteps:\n{steps}")).unwrap();
    load(Look::new(), &path, Mode::Recover).unwrap_or_else(|problem| panic!("{problem}\n{steps}"))
}

/// What was begun, in order, and the board at the end.
struct Played {
    begun: Vec<usize>,
    states: Vec<State>,
}

/// Plays a plan. `graph_of` is asked which step lets which go: another plan's, to see the checks turn red.
fn play(case: &Case, planned: &Planned, graph_of: &Planned, dice: &mut Dice) -> Result<Played, String> {
    let id_of = |at: usize| planned.file.steps[at].id.as_str()[1..].parse::<usize>().unwrap();
    let ways = planned.graph.longest(&planned.order, |_| 1.0);
    let mut ready = Ready::new(&graph_of.graph, &planned.order, ways);
    let mut board = Board::new(planned.file.steps.len());
    let (mut running, mut resting): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    let (mut begun, mut tries) = (Vec::new(), vec![0_usize; planned.file.steps.len()]);
    let mut stopped = false;
    loop {
        while !stopped && running.len() < case.jobs {
            let Some(at) = ready.take() else { break };
            let id = id_of(at);
            for need in &case.needs[id] {
                let other = planned.file.steps.iter().position(|step| step.id.as_str() == format!("s{need}")).unwrap();
                if !board.state(other).lets_dependents_go() {
                    return Err(format!("s{id} begins though s{need} is {:?}", board.state(other)));
                }
            }
            if tries[at] == 0 && begun.contains(&id) || board.state(at) != State::Waiting {
                return Err(format!("s{id} begins twice"));
            }
            if tries[at] == 0 {
                begun.push(id);
            }
            let decision = fresh(&planned.file.steps[at], Mode::Recover);
            let did = match (decision, case.fates[id]) {
                (Decision::Skip(reason), _) => Did::Skip { reason },
                (_, Fate::Unclear | Fate::UnclearAlone) => Did::Unclear { saw: String::new() },
                (_, _) => {
                    tries[at] += 1;
                    running.push(at);
                    let inputs = Digest::try_from("00".repeat(32)).unwrap();
                    Did::Touch { attempt: 1, inputs, why: String::new(), parts: Vec::new() }
                }
            };
            note(case, &mut board, &mut ready, graph_of, at, id, &did, &mut stopped)?;
        }
        if running.is_empty() {
            match resting.pop() {
                Some(at) if !stopped => ready.offer(at),
                Some(_) | None => break,
            }
            continue;
        }
        let at = running.swap_remove(dice.roll(running.len()));
        let id = id_of(at);
        let (reason, saw) = (String::new(), String::new());
        let acts = match case.fates[id] {
            Fate::WorksLater if tries[at] == 1 && !stopped => {
                resting.push(at);
                vec![Did::Retry { reason, wait_ms: 0 }]
            }
            Fate::Works | Fate::WorksLater => vec![Did::Touched, Did::Prove { saw }],
            Fate::Fails | Fate::FailsAlone => vec![Did::Break { reason, tail: Vec::new(), began: true }],
            Fate::Unclear | Fate::UnclearAlone | Fate::Skipped => return Err(format!("s{id} runs")),
        };
        for did in acts {
            note(case, &mut board, &mut ready, graph_of, at, id, &did, &mut stopped)?;
        }
    }
    let mut states = vec![State::Waiting; case.needs.len()];
    for at in 0..case.needs.len() {
        states[id_of(at)] = board.state(at);
    }
    Ok(Played { begun, states })
}

#[allow(clippy::too_many_arguments, reason = "the loop's own fields, without the loop")]
fn note(
    case: &Case,
    board: &mut Board,
    ready: &mut Ready,
    graph_of: &Planned,
    at: usize,
    id: usize,
    did: &Did,
    stopped: &mut bool,
) -> Result<(), String> {
    let state = board.apply(at, did).map_err(|why| why.0)?;
    if state.lets_dependents_go() {
        ready.release(&graph_of.graph, at);
    }
    *stopped |= matches!(state, State::Failed | State::Unknown) && case.fates[id].stops_all();
    Ok(())
}

/// Against brute force.
fn check(case: &Case, played: &Played) -> Result<(), String> {
    let reached = case.reached();
    let stops = (0..case.needs.len()).any(|id| case.fates[id].stops_all() && reached.contains(&id));
    for id in 0..case.needs.len() {
        let (is, begun) = (played.states[id], played.begun.contains(&id));
        if begun && !reached.contains(&id) {
            return Err(format!("s{id} began, and something that it needs had failed"));
        }
        if !begun && reached.contains(&id) && !stops {
            return Err(format!("s{id} did not begin, and nothing was in its way"));
        }
        let right = match case.fates[id] {
            _ if !begun => is == State::Waiting,
            Fate::Works => is == State::Verified,
            // Stopped by another between its attempts it may be left waiting.
            Fate::WorksLater => is == State::Verified || stops && is == State::Waiting,
            Fate::Fails | Fate::FailsAlone => is == State::Failed,
            Fate::Unclear | Fate::UnclearAlone => is == State::Unknown,
            Fate::Skipped => is == State::Skipped,
        };
        if !right {
            return Err(format!("s{id}: {:?} came out as {is:?}, begun: {begun}", case.fates[id]));
        }
    }
    Ok(())
}

const ALL: [Fate; 7] =
    [Fate::Works, Fate::Fails, Fate::FailsAlone, Fate::Unclear, Fate::UnclearAlone, Fate::Skipped, Fate::WorksLater];

proptest! {
    #![proptest_config(ProptestConfig { cases: if common::long() { 20_000 } else { 1500 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_graphs_are_worked_off_as_brute_force_says(seed in any::<u64>()) {
        let folder = tempfile::tempdir().unwrap();
        let mut dice = Dice(seed);
        let case = Case::random(&mut dice, &ALL);
        let planned = planned(folder.path(), &case);
        let played = play(&case, &planned, &planned, &mut dice).and_then(|played| check(&case, &played));
        prop_assert!(played.is_ok(), "{:?}\n{:?}", played, case);
    }
}

/// Seen red: with an edge taken out of what the line of ready steps knows, the same checks complain.
#[test]
fn an_edge_that_is_not_waited_for_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut noticed, mut tried) = (0, 0);
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let case = Case::random(&mut dice, &[Fate::FailsAlone]);
        let Some(poor) = (0..case.needs.len()).rev().find(|id| !case.needs[*id].is_empty()) else { continue };
        let whole = planned(folder.path(), &case);
        let mut less = case.clone();
        less.needs[poor].clear();
        let without = planned(folder.path(), &less);
        tried += 1;
        let played = play(&case, &whole, &without, &mut dice).and_then(|played| check(&case, &played));
        noticed += usize::from(played.is_err());
    }
    // Where the step comes last in line all the same, the missing edge does no harm and cannot be seen.
    assert!(tried > 100 && noticed * 3 > tried, "{noticed} of {tried}");
}

/// Seen red: an end that brute force does not expect is told.
#[test]
fn a_wrong_end_is_noticed() {
    let case = Case {
        needs: vec![[].into(), [0].into()],
        fates: vec![Fate::FailsAlone, Fate::Works],
        said: vec![0; 2],
        file: vec![1, 0],
        jobs: 2,
    };
    let right = Played { begun: vec![0], states: vec![State::Failed, State::Waiting] };
    assert_eq!(check(&case, &right), Ok(()));
    for (begun, states) in [
        (vec![0, 1], [State::Failed, State::Verified]),
        (vec![], [State::Waiting, State::Waiting]),
        (vec![0], [State::Verified, State::Waiting]),
    ] {
        assert!(check(&case, &Played { begun, states: states.to_vec() }).is_err());
    }
}
