//! `plan --live` and the same questions before a recovery, each turned red by its own fault and green by the nearest world that
//! has none. Everything outside is a fake on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
mod fake;
mod host;
mod images;
mod sources;

use common::{Lab, Told};
use serde_json::Value;

/// A plan for a sandbox with one node, that applies these manifests.
pub fn lab(manifests: &str) -> Lab {
    let lab = Lab::new("  - {id: x, kind: probe, run: ['true']}\n");
    let cluster = "cluster: {provider: sandbox, config: nodes.yaml}";
    let steps = "  - {id: apps, kind: manifests, path: apps.yaml}\n";
    lab.write("plan.yaml", &format!("name: {}\n{cluster}\nsteps:\n{steps}", lab.name));
    lab.write("nodes.yaml", "nodes: [{name: one, architecture: amd64}]\n");
    lab.write("apps.yaml", manifests);
    lab
}

/// The binary, with no proxy between it and the fakes.
pub fn run(lab: &Lab, words: &[&str]) -> Told {
    let mut command = lab.command(words);
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    Told::of(command.output().unwrap())
}

pub struct Live {
    findings: Vec<Value>,
    unknowns: Vec<Value>,
}

/// What `plan --live` says of these manifests, and nothing that files alone say.
pub fn live(manifests: &str) -> Live {
    live_in(&lab(manifests))
}

pub fn live_in(lab: &Lab) -> Live {
    let asked = |words: &[&str]| {
        let told = run(lab, words).code(0);
        serde_json::from_str::<Value>(&told.out).unwrap()
    };
    let without = asked(&["plan", "plan.yaml", "--output", "json"]);
    let with = asked(&["plan", "plan.yaml", "--live", "--output", "json"]);
    assert!(!lab.exists("state"), "something was written");
    let new = |key: &str| {
        let before = without[key].as_array().unwrap();
        with[key].as_array().unwrap().iter().filter(|one| !before.contains(one)).cloned().collect()
    };
    Live { findings: new("findings"), unknowns: new("unknowns") }
}

impl Live {
    /// Exactly these findings, each as `F17 error apps.yaml:9 words of its message`, and this many unknowns.
    #[track_caller]
    pub fn says(&self, wanted: &[&str]) -> &Self {
        let shown: Vec<String> = self.findings.iter().map(shown).collect();
        assert_eq!(shown.len(), wanted.len(), "{shown:#?}");
        meets(&shown, wanted);
        self
    }
    /// Exactly these unknowns, each as `F17 words of its message`.
    #[track_caller]
    pub fn asks(&self, wanted: &[&str]) {
        let shown: Vec<String> = self.unknowns.iter().map(shown).collect();
        assert_eq!(shown.len(), wanted.len(), "{shown:#?}");
        meets(&shown, wanted);
        assert!(self.unknowns.iter().all(|one| one["missing"] != ""));
    }
}

fn shown(one: &Value) -> String {
    let severity = one["severity"].as_str().map_or_else(String::new, |severity| format!(" {severity}"));
    format!(
        "{}{severity} {}:{} {}",
        one["id"].as_str().unwrap(),
        one["file"].as_str().unwrap(),
        one["line"],
        one["message"]
    )
}

#[track_caller]
fn meets(shown: &[String], wanted: &[&str]) {
    for wanted in wanted {
        let words: Vec<&str> = wanted.split(" | ").collect();
        assert!(shown.iter().any(|one| words.iter().all(|word| one.contains(word))), "{wanted} is not in {shown:#?}");
    }
}

/// A Deployment of one pod; its image stands in line 8.
pub fn app(image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app, namespace: default}}\nspec:\n  \
         selector: {{matchLabels: {{app: a}}}}\n  template:\n    metadata: {{labels: {{app: a}}}}\n    \
         spec: {{containers: [{{name: a, image: \"{image}\"}}]}}\n"
    )
}

#[test]
fn without_the_word_nobody_is_asked_and_a_picture_has_no_room_for_answers() {
    let fake = fake::Fake::well();
    let lab = lab(&app(&fake.image("all/gone:1")));
    let told = run(&lab, &["plan", "plan.yaml"]).code(0);
    assert!(!told.out.contains("what answers now"), "{}", told.out);
    assert_eq!(fake.asked(), Vec::<String>::new());
    run(&lab, &["plan", "plan.yaml", "--live", "--output", "svg"]).code(2);
    assert_eq!(fake.asked(), Vec::<String>::new());
}

#[test]
fn people_see_what_answers_now() {
    let fake = fake::Fake::new(fake::Moods { left: Some(96), ..Default::default() });
    let told = run(&lab(&app(&fake.image("all/both:1"))), &["plan", "plan.yaml", "--live"]).code(0);
    let line = format!("  127.0.0.1:{}: 1 of 1 image there, 96 of 100 pulls left\n", fake.port);
    assert!(told.out.contains("what answers now\n") && told.out.contains(&line), "{}", told.out);
    assert!(told.out.contains("  clock: within ") && told.out.contains(" free ("), "{}", told.out);
    assert!(told.out.ends_with("nothing was touched\n"), "{}", told.out);
    assert!(!told.err.contains("not asked"), "{}", told.err);
    let more = run(&lab(&app(&fake.image("all/both:1"))), &["plan", "plan.yaml", "--live", "-v"]).code(0);
    assert!(more.err.contains("not asked: folders of volumes: a sandbox keeps them"), "{}", more.err);
}

#[test]
fn a_recovery_in_a_sandbox_asks_nobody_for_what_it_does_not_fetch() {
    let fake = fake::Fake::well();
    let lab = lab(&app(&fake.image("all/gone:1")));
    // Nobody can type a name here: it ends at the question, which comes after what is asked of the world.
    let told = run(&lab, &["recover", "plan.yaml", "-v"]).code(2);
    let said = "not asked: whether registries have the images: nothing is fetched into a sandbox";
    assert!(told.err.contains(said) && told.err.contains("no terminal"), "{}", told.err);
    assert_eq!(fake.asked(), Vec::<String>::new());
    assert!(!lab.exists("state"), "something was begun");
}

#[test]
fn what_the_plan_accepts_may_stand() {
    let fake = fake::Fake::well();
    let lab = lab(&app(&fake.image("all/gone:1")));
    live_in(&lab).says(&["F17 error apps.yaml:8 | manifest unknown"]);
    let plan = lab.read("plan.yaml");
    let accept = "accept: [{id: F17, object: Deployment default/app, reason: it is built here, until: 2099-01-01}]\n";
    lab.write("plan.yaml", &format!("{plan}{accept}"));
    live_in(&lab).says(&[]);
}

#[test]
fn a_host_that_never_answers_holds_up_nobody_for_long_and_is_told_of() {
    let fake = fake::Fake::new(fake::Moods { mute: true, ..Default::default() });
    let image = |name: &str| app(&fake.image(name)).replace("name: app,", &format!("name: {name},"));
    let many: Vec<String> = (0..30).map(|n| image(&format!("n{n}"))).collect();
    let lab = lab(&many.join("---\n"));
    let began = std::time::Instant::now();
    let told = run(&lab, &["plan", "plan.yaml", "--live"]).code(0);
    assert!(began.elapsed() < std::time::Duration::from_secs(14), "{:?}", began.elapsed());
    assert!(told.err.contains("asking registries"), "{}", told.err);
    assert!(told.out.contains(": no answer for 30 images\n"), "{}", told.out);
    assert!(told.out.contains("whether 30 images of 127.0.0.1") && told.out.contains("F66"), "{}", told.out);
}
