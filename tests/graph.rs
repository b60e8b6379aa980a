//! The graph against brute force: waves, loops and the digest, on random graphs small enough to try everything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::model::{Digest, Fact, Mode, Spot};
use blackstart::plan::cycle::loops;
use blackstart::plan::{Edge, Graph, Reason, load};
use proptest::prelude::*;
use std::collections::HashSet;
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// A graph as it is drawn: how many steps there are, and which wait for which.
#[derive(Clone, Debug)]
struct Drawn {
    steps: usize,
    edges: Vec<Edge>,
}

impl Drawn {
    fn graph(&self) -> Graph {
        Graph::new(self.steps, self.edges.clone())
    }
    /// The pairs of which the second waits for the first, without those at steps that are left out.
    fn pairs(&self, left_out: &HashSet<usize>) -> HashSet<(usize, usize)> {
        let there = |edge: &&Edge| !left_out.contains(&edge.from) && !left_out.contains(&edge.to);
        self.edges.iter().filter(there).map(|edge| (edge.from, edge.to)).collect()
    }
    /// For each pair of steps the length of the shortest way, found by taking every edge again and again.
    fn ways(&self, left_out: &HashSet<usize>) -> Vec<Vec<Option<usize>>> {
        let pairs = self.pairs(left_out);
        let mut ways = vec![vec![None; self.steps]; self.steps];
        let mut reached: HashSet<(usize, usize)> = pairs.clone();
        for length in 1..=self.steps {
            reached.iter().for_each(|(from, to)| {
                ways[*from][*to].get_or_insert(length);
            });
            reached = (reached.iter())
                .flat_map(|(from, middle)| {
                    pairs.iter().filter(move |pair| pair.0 == *middle).map(move |pair| (*from, pair.1))
                })
                .collect();
        }
        ways
    }
    fn is_cyclic(&self, left_out: &HashSet<usize>) -> bool {
        let ways = self.ways(left_out);
        (0..self.steps).any(|step| ways[step][step].is_some())
    }
}

/// Edges with their own lines, some for needs and some for facts, also twice between the same steps.
fn edges(steps: usize, pairs: Vec<(usize, usize, bool)>) -> Drawn {
    let edges = pairs.into_iter().enumerate().map(|(i, (from, to, fact))| Edge {
        from: from % steps,
        to: to % steps,
        reason: if fact { Reason::Fact(Fact::read("capability/x").unwrap()) } else { Reason::Needs },
        at: Spot { line: u32::try_from(i).unwrap() + 1, column: 1 },
    });
    Drawn { steps, edges: edges.collect() }
}

fn any_graph() -> impl Strategy<Value = Drawn> {
    (1..9_usize, prop::collection::vec((0..72_usize, 0..72_usize, any::<bool>()), 0..22))
        .prop_map(|(steps, pairs)| edges(steps, pairs))
}

/// A graph that has an order, which is not that of its numbers.
fn ordered_graph() -> impl Strategy<Value = Drawn> {
    let pairs = prop::collection::vec((0..99_usize, 0..99_usize, any::<bool>()), 0..22);
    (2..9_usize, pairs).prop_flat_map(|(steps, pairs)| {
        Just((0..steps).collect::<Vec<usize>>()).prop_shuffle().prop_map(move |names| {
            let forward = |(a, b, fact): &(usize, usize, bool)| {
                let (a, b) = (a % steps, b % steps);
                (a != b).then(|| (names[a.min(b)], names[a.max(b)], *fact))
            };
            edges(steps, pairs.iter().filter_map(forward).collect())
        })
    })
}

/// The wave of a step by its definition, every way tried.
fn wave(drawn: &Drawn, step: usize) -> u32 {
    let before = drawn.edges.iter().filter(|edge| edge.to == step);
    before.map(|edge| wave(drawn, edge.from) + 1).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_waves_are_those_of_brute_force(drawn in ordered_graph()) {
        let (waves, order) = drawn.graph().waves().unwrap();
        let wanted: Vec<u32> = (0..drawn.steps).map(|step| wave(&drawn, step)).collect();
        prop_assert_eq!(waves, wanted);
        prop_assert_eq!(order.iter().collect::<HashSet<_>>().len(), drawn.steps);
        let place = |step: usize| order.iter().position(|at| *at == step).unwrap();
        prop_assert!(drawn.edges.iter().all(|edge| place(edge.from) < place(edge.to)), "{:?} is no order", order);
    }

    #[test]
    fn there_are_waves_exactly_when_nothing_is_cyclic(drawn in any_graph()) {
        prop_assert_eq!(drawn.graph().waves().is_none(), drawn.is_cyclic(&HashSet::new()));
    }

    #[test]
    fn a_step_waits_for_what_the_plan_says_in_the_order_in_which_it_says_so(drawn in any_graph()) {
        let graph = drawn.graph();
        for (step, waits) in graph.waits().into_iter().enumerate() {
            let wanted: Vec<Edge> = drawn.edges.iter().filter(|edge| edge.to == step).cloned().collect();
            prop_assert_eq!(waits as usize, wanted.len());
            prop_assert_eq!(graph.before(step), wanted);
        }
    }

    #[test]
    fn loops_are_found_exactly_when_there_are_some_and_each_is_a_shortest_one(drawn in any_graph()) {
        let rings = loops(&drawn.graph());
        prop_assert_eq!(rings.is_empty(), !drawn.is_cyclic(&HashSet::new()));
        let mut left_out: HashSet<usize> = HashSet::new();
        for ring in &rings {
            // Closed: each edge begins where the next one ends, and the last begins where the first ends.
            for (i, edge) in ring.iter().enumerate() {
                prop_assert!(drawn.edges.contains(edge), "{:?} is no edge of the plan", edge);
                prop_assert_eq!(edge.from, ring[(i + 1) % ring.len()].to);
            }
            // No step twice, neither within a loop nor in two of them.
            let steps: HashSet<usize> = ring.iter().map(|edge| edge.to).collect();
            prop_assert_eq!(steps.len(), ring.len());
            prop_assert!(steps.is_disjoint(&left_out));
            // The shortest one through that step of its knot which stands first in the file.
            let ways = drawn.ways(&left_out);
            let first = ring[0].to;
            prop_assert_eq!(Some(ring.len()), ways[first][first]);
            let knot = (0..drawn.steps).filter(|step| ways[first][*step].is_some() && ways[*step][first].is_some());
            prop_assert_eq!(knot.min(), Some(first));
            left_out.extend(steps);
        }
        prop_assert!(!drawn.is_cyclic(&left_out), "a loop was passed over");
    }
}

/// A step as text: its id, what it runs, and what it needs.
#[derive(Clone, Debug)]
struct Line {
    id: String,
    kind: &'static str,
    needs: Vec<String>,
}

fn plan(lines: &[Line]) -> String {
    let mut text = "name: lab\nsteps:\n".to_owned();
    for Line { id, kind, needs } in lines {
        let rest = if *kind == "probe" { "" } else { ", verify: [tool]" };
        let _ = writeln!(text, "  - {{id: {id}, kind: {kind}, run: [tool]{rest}, needs: [{}]}}", needs.join(", "));
    }
    text
}

fn digest(lines: &[Line], mode: Mode) -> Digest {
    load::from_text(&plan(lines), "lab.yaml", Path::new("lab.yaml"), mode).unwrap_or_else(|why| panic!("{why}")).digest
}

fn lines(drawn: &Drawn) -> Vec<Line> {
    let id = |step: usize| format!("s{step}");
    let needs = |step| drawn.edges.iter().filter(|edge| edge.to == step).map(|edge| id(edge.from)).collect();
    let kind = |step| if step % 3 == 0 { "probe" } else { "command" };
    (0..drawn.steps).map(|step| Line { id: id(step), kind: kind(step), needs: needs(step) }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_digest_does_not_depend_on_the_order_in_the_file(
        (before, after) in ordered_graph().prop_flat_map(|drawn| {
            let lines = lines(&drawn);
            (Just(lines.clone()), Just(lines).prop_shuffle())
        })
    ) {
        let mut turned = after.clone();
        turned.iter_mut().for_each(|line| line.needs.reverse());
        let mut twice = after.clone();
        twice.iter_mut().for_each(|line| line.needs.extend(line.needs.clone()));
        for mode in [Mode::Recover, Mode::Drill] {
            let wanted = digest(&before, mode);
            prop_assert_eq!(wanted, digest(&after, mode));
            prop_assert_eq!(wanted, digest(&turned, mode));
            prop_assert_eq!(wanted, digest(&twice, mode));
        }
    }

    #[test]
    fn the_digest_depends_on_each_id_kind_edge_and_on_the_mode(drawn in ordered_graph(), pick in any::<prop::sample::Index>()) {
        let lines = lines(&drawn);
        let mut seen = HashSet::from([digest(&lines, Mode::Recover)]);
        prop_assert!(seen.insert(digest(&lines, Mode::Drill)), "the mode changes nothing");

        let at = pick.index(lines.len());
        let mut renamed = lines.clone();
        renamed[at].id = "renamed".to_owned();
        let old = lines[at].id.clone();
        renamed.iter_mut().flat_map(|line| &mut line.needs).filter(|need| **need == old).for_each(|need| {
            *need = "renamed".to_owned();
        });
        prop_assert!(seen.insert(digest(&renamed, Mode::Recover)), "the id of {} changes nothing", old);

        let mut other = lines.clone();
        other[at].kind = if other[at].kind == "probe" { "command" } else { "probe" };
        prop_assert!(seen.insert(digest(&other, Mode::Recover)), "the kind of {} changes nothing", old);

        let mut grown = lines.clone();
        grown.push(Line { id: "new".to_owned(), kind: "probe", needs: Vec::new() });
        prop_assert!(seen.insert(digest(&grown, Mode::Recover)), "a new step changes nothing");
        grown[at].needs.push("new".to_owned());
        prop_assert!(seen.insert(digest(&grown, Mode::Recover)), "a new edge changes nothing");

        let wanting: Vec<usize> = (0..lines.len()).filter(|step| !lines[*step].needs.is_empty()).collect();
        if !wanting.is_empty() {
            let mut fewer = lines.clone();
            let gone = fewer[wanting[pick.index(wanting.len())]].needs.clone();
            fewer[wanting[pick.index(wanting.len())]].needs.retain(|need| *need != gone[0]);
            prop_assert!(seen.insert(digest(&fewer, Mode::Recover)), "an edge that is gone changes nothing");
        }
    }
}

#[test]
fn what_a_step_runs_is_no_part_of_the_digest() {
    let one = [Line { id: "a".to_owned(), kind: "command", needs: Vec::new() }];
    let text = plan(&one).replace("[tool]", "[other, --now]");
    let other =
        load::from_text(&text, "lab.yaml", Path::new("lab.yaml"), Mode::Recover).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(digest(&one, Mode::Recover), other.digest);
}

#[test]
fn twenty_thousand_steps_into_one_and_out_of_it_again_are_quick() {
    const MANY: usize = 20_000;
    let mut text = "name: wide\nsteps:\n".to_owned();
    let all: Vec<String> = (0..MANY).map(|i| format!("s{i}")).collect();
    for id in &all {
        let _ = writeln!(text, "  - {{id: {id}, kind: probe, run: [tool], provides: [capability/some]}}");
    }
    let _ = writeln!(text, "  - {{id: by-name, kind: probe, run: [tool], needs: [{}]}}", all.join(", "));
    let _ =
        writeln!(text, "  - {{id: by-fact, kind: probe, run: [tool], requires: [capability/some], needs: [by-name]}}");
    for id in &all {
        let _ = writeln!(text, "  - {{id: after-{id}, kind: probe, run: [tool], needs: [by-fact]}}");
    }
    let begun = Instant::now();
    let planned = load::from_text(&text, "wide.yaml", Path::new("wide.yaml"), Mode::Recover)
        .unwrap_or_else(|why| panic!("{why}"));
    assert_eq!((planned.graph.edges(), planned.waves.iter().max()), (3 * MANY + 1, Some(&3)));
    // This build is not made to be fast: what is caught here is a step that looks at all others.
    assert!(begun.elapsed() < Duration::from_secs(8), "took {:?}", begun.elapsed());
}

#[test]
fn ten_thousand_loops_and_one_loop_of_ten_thousand_are_told_quickly() {
    const MANY: usize = 10_000;
    let begun = Instant::now();
    let pairs = (0..MANY).flat_map(|i| [(2 * i, 2 * i + 1, false), (2 * i + 1, 2 * i, false)]).collect();
    assert_eq!(loops(&edges(2 * MANY, pairs).graph()).len(), MANY);
    let ring = (0..MANY).map(|i| (i, (i + 1) % MANY, false)).collect();
    let rings = loops(&edges(MANY, ring).graph());
    assert_eq!((rings.len(), rings[0].len()), (1, MANY));
    // Everything waits for everything: a loop is left after each of the hundred rounds.
    let all = (0..250).flat_map(|a| (0..250).map(move |b| (a, b, false))).filter(|(a, b, _)| a != b).collect();
    assert_eq!(loops(&edges(250, all).graph()).len(), 100);
    assert!(begun.elapsed() < Duration::from_secs(8), "took {:?}", begun.elapsed());
}
