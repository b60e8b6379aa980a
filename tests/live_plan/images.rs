//! Images: F17, F43, and the clock that their registries tell, F66.

use super::fake::{Fake, Moods, at};
use super::{app, lab, live, live_in};

#[test]
fn an_image_that_is_there_is_no_finding_however_its_manifest_looks() {
    let fake = Fake::well();
    for name in ["all/both:1", "all/single:1", "token/both:1", "all/both@sha256:1"] {
        live(&app(&fake.image(name))).says(&[]).asks(&[]);
    }
    assert!(
        fake.asked().iter().any(|asked| asked.starts_with("GET /token?scope=repository:token/both:pull&service=fake"))
    );
}

#[test]
fn an_image_that_its_registry_does_not_know_is_an_error_where_it_is_needed() {
    let fake = Fake::well();
    let gone = app(&fake.image("all/gone:1"));
    live(&gone).says(&["F17 error apps.yaml:8 | all/gone:1 is not in its registry: manifest unknown"]).asks(&[]);
    // Nobody waits for what does not run.
    let asleep = gone.replace("spec:\n  selector", "spec:\n  replicas: 0\n  selector");
    live(&asleep).says(&["F17 warning apps.yaml:9 | manifest unknown"]).asks(&[]);
    let never = gone.replace("name: a, image", "name: a, imagePullPolicy: Never, image");
    live(&never).says(&[]).asks(&[]);
    // A page that no registry writes proves nothing.
    live(&app(&fake.image("strange/app:1"))).says(&[]).asks(&["F17 | not in the words of a registry"]);
}

#[test]
fn an_image_of_another_architecture_is_an_error_and_one_for_a_part_of_the_nodes_a_warning() {
    let fake = Fake::well();
    let board = app(&fake.image("all/board:1"));
    live(&board).says(&["F43 error apps.yaml:8 | for arm64 only, and its nodes are amd64"]).asks(&[]);
    let chosen = board.replace("spec: {containers", "spec: {nodeSelector: {kubernetes.io/arch: arm64}, containers");
    live(&chosen).says(&[]).asks(&[]);
    let two = |manifests: &str| {
        let lab = lab(manifests);
        lab.write("nodes.yaml", "nodes: [{name: one, architecture: amd64}, {name: two, architecture: arm64}]\n");
        live_in(&lab)
    };
    two(&board).says(&["F43 warning apps.yaml:8 | cannot run on nodes of amd64"]).asks(&[]);
    let sent = board.replace("spec: {containers", "spec: {nodeSelector: {kubernetes.io/hostname: two}, containers");
    two(&sent).says(&[]).asks(&[]);
    two(&app(&fake.image("all/both:1"))).says(&[]).asks(&[]);
}

#[test]
fn a_registry_that_hands_out_little_is_told_with_its_numbers() {
    let few = Fake::new(Moods { left: Some(0), ..Default::default() });
    live(&app(&few.image("all/both:1")))
        .says(&["F17 warning apps.yaml:8 | gives out 0 of 100 more pulls now, and 1 image come from there"])
        .asks(&["F43 | was not asked: few pulls are left"]);
    assert!(few.asked().iter().all(|asked| asked.starts_with("HEAD ")), "a pull was used up: {:?}", few.asked());
    let many = Fake::new(Moods { left: Some(2), ..Default::default() });
    live(&app(&many.image("all/both:1"))).says(&[]).asks(&[]);
    live(&app(&many.image("busy/app:1"))).says(&["F17 warning apps.yaml:8 | 2 of 100 more pulls"]).asks(&[]);
    live(&app(&Fake::well().image("busy/app:1"))).says(&["F17 warning apps.yaml:8 | (429)"]).asks(&[]);
}

#[test]
fn what_nobody_is_told_or_nobody_answers_stays_unknown() {
    let fake = Fake::well();
    live(&app(&fake.image("private/app:1"))).says(&[]).asks(&["F17 | told to nobody without credentials (401)"]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    live(&app(&format!("127.0.0.1:{closed}/all/both:1")))
        .says(&[])
        .asks(&["F17 | is not known | refused", "F66 | no host outside told its own"]);
    live(&app("registry.git.svc.cluster.local:5000/a:1")).says(&[]).asks(&["F17 | lives in a cluster", "F66"]);
}

#[test]
fn a_clock_that_no_host_agrees_with_is_an_error() {
    for (when, words) in [("100 seconds ago", "s behind it"), ("now + 100 seconds", "s ahead of it")] {
        let fake = Fake::new(Moods { date: Some(at(when)), ..Default::default() });
        live(&app(&fake.image("all/both:1")))
            .says(&[&format!("F66 error plan.yaml:1 | clock is wrong | {words}")])
            .asks(&[]);
    }
    let (off, well) = (Fake::new(Moods { date: Some(at("100 seconds ago")), ..Default::default() }), Fake::well());
    let both = format!(
        "{}---\n{}",
        app(&off.image("all/both:1")),
        app(&well.image("all/both:1")).replace("name: app,", "name: b,")
    );
    live(&both).says(&["F66 warning plan.yaml:1 | and others do"]).asks(&[]);
    let near = Fake::new(Moods { date: Some(at("20 seconds ago")), ..Default::default() });
    live(&app(&near.image("all/both:1"))).says(&[]).asks(&[]);
}
