//! The picture of a plan, read back: well-formed, to the point, and the same each time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::model::Mode;
use blackstart::plan::load::{Planned, from_text};
use blackstart::plan::preview::{Decision, Past, Preview};
use blackstart::plan::svg::render;
use roxmltree::{Document, Node};
use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

const HOMELAB: &str = "
name: homelab
outside: [host/nas]
steps:
  - {id: hypervisor, kind: probe, tcp: 'pve.lan:8006'}
  - {id: vms, kind: command, run: [tofu, apply], verify: [ping, node], needs: [hypervisor], provides: [host/nodes]}
  - {id: cluster, kind: command, run: [talosctl, bootstrap], verify: [kubectl, get, nodes], needs: [vms], requires: [host/nodes]}
  - {id: storage, kind: command, run: [helmfile, sync], verify: [./check.sh], needs: [cluster]}
  - {id: keys, kind: command, run: [./keys.sh], verify: [./check.sh], needs: [cluster], drill: run}
  - {id: databases, kind: command, run: [./restore.sh], verify: [./check.sh], needs: [storage, keys, hypervisor]}
  - {id: front-door, kind: probe, http: 'https://home.example.org', needs: [databases]}
";

fn planned(text: &str) -> Planned {
    from_text(text, "plan.yaml", Path::new("plan.yaml"), Mode::Recover).unwrap_or_else(|_| panic!("refused: {text}"))
}

fn drawn(planned: &Planned, past: &Past, skipped: &[&str]) -> String {
    let decide = |id: &str| match skipped.contains(&id) {
        true => (Decision::Skip, "drill: skip".to_owned()),
        false => (Decision::Run, "nothing of it has run".to_owned()),
    };
    let decisions = planned.file.steps.iter().map(|step| decide(step.id.as_str())).collect();
    render(&Preview::new(planned, past, decisions, Default::default()))
}

fn picture(text: &str) -> String {
    drawn(&planned(text), &Past::default(), &[])
}

fn tip<'a>(node: Node<'a, '_>) -> &'a str {
    node.children().find(|child| child.has_tag_name("title")).and_then(|title| title.text()).unwrap_or_default()
}

fn of_class<'a, 'i>(svg: &'a Document<'i>, class: &str) -> Vec<Node<'a, 'i>> {
    let has = |node: &Node| node.attribute("class").is_some_and(|all| all.split(' ').any(|one| one == class));
    svg.descendants().filter(has).collect()
}

/// Left, top, width and height of each box, by the id of its step.
fn boxes<'a>(svg: &'a Document) -> HashMap<&'a str, [i32; 4]> {
    let read = |step: Node<'a, '_>| {
        let rect = step.children().find(|child| child.has_tag_name("rect")).unwrap();
        let number = |name| rect.attribute(name).unwrap().parse().unwrap();
        let id = tip(step).split(['\n', ':']).next().unwrap();
        (id, [number("x"), number("y"), number("width"), number("height")])
    };
    of_class(svg, "step").into_iter().map(read).collect()
}

/// Where a line begins and ends.
fn ends(path: &str) -> [(i32, i32); 2] {
    let (mut at, mut first) = ((0, 0), None);
    for piece in path.split(['M', 'H', 'C']).skip(1) {
        let numbers: Vec<i32> = piece.split(' ').map(|n| n.parse().unwrap()).collect();
        at = match numbers[..] {
            [x] => (x, at.1),
            [.., x, y] => (x, y),
            [] => at,
        };
        first = first.or(Some(at));
    }
    [first.unwrap(), at]
}

fn edge<'a>(svg: &'a Document, tip_of: &str) -> Node<'a, 'a> {
    let found: Vec<Node> = of_class(svg, "edge").into_iter().filter(|edge| tip(*edge).starts_with(tip_of)).collect();
    assert_eq!(found.len(), 1, "{tip_of}");
    found[0]
}

#[test]
fn every_step_is_a_box_and_no_two_overlap() {
    let text = picture(HOMELAB);
    let svg = Document::parse(&text).unwrap();
    let boxes = boxes(&svg);
    assert_eq!(boxes.len(), 7);
    for (a, [ax, ay, aw, ah]) in &boxes {
        for (b, [bx, by, bw, bh]) in boxes.iter().filter(|(b, _)| *b != a) {
            assert!(ax + aw < *bx || bx + bw < *ax || ay + ah < *by || by + bh < *ay, "{a} and {b} overlap");
        }
    }
}

#[test]
fn every_edge_leads_from_its_box_to_its_box() {
    let text = picture(HOMELAB);
    let svg = Document::parse(&text).unwrap();
    let boxes = boxes(&svg);
    let edges = of_class(&svg, "edge");
    assert_eq!(edges.len(), 8);
    for edge in edges {
        let (to, reason) = tip(edge).split_once(" needs ").unwrap();
        let from = reason.split('\n').next().unwrap();
        let ([fx, fy, fw, fh], [tx, ty, _, th]) = (boxes[from], boxes[to]);
        let [start, end] = ends(edge.attribute("d").unwrap());
        assert_eq!(start, (fx + fw, fy + fh / 2), "{from} → {to}");
        assert_eq!((end.0, end.1), (tx - 8, ty + th / 2), "{from} → {to}: the head of the arrow takes the rest");
        let head = format!("M{tx} {}", end.1);
        assert!(of_class(&svg, "head").iter().any(|path| path.attribute("d").unwrap().starts_with(&head)));
    }
}

#[test]
fn two_reasons_are_one_line_that_says_both() {
    let text = picture(HOMELAB);
    let svg = Document::parse(&text).unwrap();
    assert_eq!(tip(edge(&svg, "cluster needs vms")), "cluster needs vms\ncluster requires host/nodes (vms)");
}

#[test]
fn the_longest_way_is_heavy_even_where_it_leads_through_a_skipped_step() {
    let planned = planned(HOMELAB);
    for skipped in [&[][..], &["storage", "keys"]] {
        let text = drawn(&planned, &Past::default(), skipped);
        let svg = Document::parse(&text).unwrap();
        let mut heavy: Vec<&str> =
            of_class(&svg, "long").into_iter().filter(|node| node.has_tag_name("path")).map(tip).collect();
        heavy.retain(|tip| !tip.is_empty());
        assert_eq!(heavy.len(), 5, "{heavy:?}");
        assert_eq!(of_class(&svg, "skip").len(), skipped.len());
        let legend = text.contains("dashed: not exercised in this mode (2)");
        assert_eq!(legend, !skipped.is_empty());
    }
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    assert_eq!(picture(HOMELAB), picture(HOMELAB));
}

#[test]
fn known_times_are_shown_and_unknown_ones_are_not_invented() {
    let planned = planned(HOMELAB);
    let mut past = Past::default();
    past.seconds.insert(planned.file.steps[1].id.clone(), 282.0);
    let text = drawn(&planned, &past, &[]);
    let svg = Document::parse(&text).unwrap();
    let times: Vec<Option<&str>> = of_class(&svg, "time").iter().map(Node::text).collect();
    assert_eq!(times, [Some("4:42")]);
}

#[test]
fn a_hostile_summary_stays_text() {
    let evil = r#"</title></svg><script>alert(1)</script>]]>&amp;<!-- \" \e[31m \u202E \u0001 '"#;
    let text = picture(&format!(
        "name: evil\nsteps:\n  - {{id: a, kind: command, run: [\"{evil}\"], verify: [\"{evil}\"]}}\n  - {{id: b, kind: command, run: [\"{evil}\"], verify: [x], needs: [a]}}\n"
    ));
    let svg = Document::parse(&text).unwrap();
    assert!(!svg.descendants().any(|node| node.has_tag_name("script")));
    assert_eq!(of_class(&svg, "step").len(), 2);
    let told = tip(of_class(&svg, "step")[0]);
    assert!(told.contains("</title></svg><script>alert(1)</script>]]>&amp;<!--"), "{told}");
    assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'));
}

#[test]
fn the_longest_ids_and_summaries_stay_within_their_boxes() {
    let id = "w".repeat(100);
    let text = picture(&format!("name: {id}\nsteps:\n  - {{id: {id}, kind: command, run: [{id}], verify: [{id}]}}\n"));
    let svg = Document::parse(&text).unwrap();
    let [_, _, width, _] = boxes(&svg)[id.as_str()];
    for text in of_class(&svg, "step")[0].descendants().filter(|node| node.has_tag_name("text")) {
        let shown: String = text.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect();
        assert!(shown.ends_with('…') && shown.chars().count() < width as usize / 7, "{shown}");
    }
}

#[test]
fn nothing_is_loaded_and_nothing_is_run() {
    let text = picture(HOMELAB);
    let svg = Document::parse(&text).unwrap();
    for node in svg.descendants().filter(Node::is_element) {
        let plain = ["svg", "title", "desc", "style", "rect", "text", "tspan", "g", "path"];
        assert!(plain.contains(&node.tag_name().name()), "{node:?}");
        let loads = |name: &str| name.starts_with("on") || name.ends_with("href") || name == "style";
        assert!(!node.attributes().any(|a| loads(a.name()) || a.value().contains("url(")), "{node:?}");
    }
    let style = svg.descendants().find(|node| node.has_tag_name("style")).and_then(|style| style.text()).unwrap();
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("@font-face"));
    assert!(text.contains("role=\"img\"") && text.contains("prefers-color-scheme:dark"));
    assert_eq!(tip(svg.root_element()), "homelab: recover · 7 steps · 6 waves");
}

#[test]
fn a_plan_too_large_to_be_read_is_not_drawn_and_says_so() {
    let plan = |steps: usize| {
        let mut text = "name: large\nsteps:\n".to_owned();
        for step in 0..steps {
            let needs = if step < 50 { String::new() } else { format!(", needs: [s{}]", step - 50) };
            let _ = writeln!(text, "  - {{id: s{step}, kind: command, run: [x], verify: [x]{needs}}}");
        }
        text
    };
    let text = picture(&plan(2000));
    assert_eq!(of_class(&Document::parse(&text).unwrap(), "step").len(), 2000);
    let text = picture(&plan(2001));
    let svg = Document::parse(&text).unwrap();
    assert_eq!((of_class(&svg, "step").len(), of_class(&svg, "edge").len()), (0, 0));
    assert!(text.contains("The picture is not drawn: 2,001 steps and 1,951 edges are too many"), "{text}");
}
