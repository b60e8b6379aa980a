//! The way in from outside: a real API server, and fakes of an edge and of connectors in front of it. Each fault is played, and
//! told by what it is; nothing is started with a token that is not the right one, and nothing is left of a proof.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../hosts/k3s_host.rs"]
mod k3s_host;
#[path = "../support/sandbox.rs"]
mod sandbox;
mod stand;
mod world;

use blackstart::model::{Mode, ObjectId};
use blackstart::plan::load::{self, Planned};
use blackstart::steps::contract::{Kind, Mishap, Seen};
use blackstart::steps::scene::Scene;
use blackstart::steps::target::{Ground, Target, Up};
use blackstart::sys::kube::{Force, Kube};
use blackstart::sys::pace::{Brake, Halt};
use blackstart::sys::side::block_on;
use blackstart::sys::{Look, Touch, base64, net};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::time::Duration;
use world::{Edge, World};

const ID: &str = "6ff42ae2-765d-4adf-8112-31c55c1551ef";
const OTHER: &str = "0d9f3a52-1111-4222-8333-444455556666";
const ACCOUNT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
/// In every token's secret; it must never be seen.
const CANARY: &str = "canary-canary-canary-canary-secret";

fn token(tunnel: &str) -> String {
    let secret = base64::encode(CANARY.as_bytes());
    base64::encode(format!(r#"{{"a":"{ACCOUNT}","t":"{tunnel}","s":"{secret}"}}"#).as_bytes())
}

/// A namespace of which the example's store holds something.
const IN_STORE: &str = "networking";

const SAFE: &str =
    "      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}\n";

fn manifests(space: &str, safe: &str) -> String {
    let inner = if safe.is_empty() {
        ""
    } else {
        "        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}\n"
    };
    format!(
        "apiVersion: v1
kind: Namespace
metadata: {{name: {space}, labels: {{pod-security.kubernetes.io/enforce: restricted}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: cloudflared, namespace: {space}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: cloudflared}}}}
  template:
    metadata: {{labels: {{app: cloudflared}}}}
    spec:
{safe}      containers:
      - name: cloudflared
        image: cloudflare/cloudflared:2025.9.1
        args: [tunnel, --metrics, '0.0.0.0:2000', run]
        env: [{{name: TUNNEL_TOKEN, valueFrom: {{secretKeyRef: {{name: tunnel-token, key: token}}}}}}]
{inner}"
    )
}

/// A cluster behind fakes, with a namespace of its own.
struct Rig {
    _folder: tempfile::TempDir,
    run: PathBuf,
    space: String,
    world: World,
    planned: Planned,
    seconds: u64,
}

/// What is different from the good case.
struct Case<'a> {
    edge: Edge,
    connections: u64,
    token: Option<String>,
    safe: &'a str,
    more: String,
    mode: Mode,
}

fn good<'a>() -> Case<'a> {
    Case {
        edge: Edge::Here,
        connections: 4,
        token: Some(token(ID)),
        safe: SAFE,
        more: String::new(),
        mode: Mode::Recover,
    }
}

fn rig(name: &str, case: &Case<'_>) -> Option<Rig> {
    let sandbox = sandbox::sandbox(name)?;
    // The nodes of a sandbox are nowhere; what matters is that this host has an address other than loopback.
    if net::own_address(Look::new(), [198, 18, 0, 10].into()).is_err() {
        sandbox::not_run(name, "this machine has no address that others could reach");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path(), &sandbox.kubeconfig, case.edge, case.connections);
    let space = if name == IN_STORE { name.to_owned() } else { format!("t-{name}") };
    std::fs::write(folder.path().join("cloudflared.yaml"), manifests(&space, case.safe)).unwrap();
    let plan = format!(
        "name: lab\ncluster: {{provider: sandbox}}\nsecrets: {{files: '{}/secrets.example/*.yaml.age'}}\noutside: [secret/{space}/tunnel-token]\nsteps:\n  - {{id: tunnel, kind: tunnel, \
         path: cloudflared.yaml, probe: '{}', tunnel-id: {ID}, account: {ACCOUNT}{}}}\n",
        env!("CARGO_MANIFEST_DIR"),
        world.url,
        case.more
    );
    let planned = load::from_text(&plan, "plan.yaml", &folder.path().join("plan.yaml"), case.mode);
    let planned = planned.unwrap_or_else(|problem| panic!("{problem}"));
    let run = folder.path().join("run");
    std::fs::create_dir_all(run.join("log")).unwrap();
    let rig = Rig { _folder: folder, run, space, world, planned, seconds: 40 };
    rig.with(async |_, kube, _| {
        let touch = Touch::granted();
        let class = json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "fake"},
            "spec": {"controller": "example.org/fake"}});
        kube.apply(&touch, &class, Force::Yes).await.unwrap();
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": rig.space}});
        kube.apply(&touch, &namespace, Force::Yes).await.unwrap();
        if let Some(token) = &case.token {
            let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tunnel-token", "namespace": rig.space},
                "stringData": {"token": token}});
            kube.apply(&touch, &secret, Force::Yes).await.unwrap();
        }
    });
    Some(rig)
}

impl Rig {
    fn kind(&self) -> &dyn Kind {
        &*self.planned.file.steps[1].kind
    }

    /// Work on the step, in a cluster of containers as far as it can see.
    fn with<T>(&self, work: impl AsyncFn(&Scene<'_>, &Kube, &RefCell<Vec<String>>) -> T) -> T {
        let (touch, target, brake) = (Touch::granted(), Target::default(), Brake::default());
        let said: RefCell<Vec<String>> = RefCell::default();
        block_on(async {
            let kube = Kube::connect(Look::new(), &self.world.kubeconfig).await.unwrap();
            let text = |text: &str| text.to_owned();
            target.is(
                Up {
                    kube: kube.clone(),
                    name: text("lab"),
                    server: kube.server().to_owned(),
                    version: text("v1.34.0"),
                    uid: text("u"),
                    kubeconfig: self.world.kubeconfig.clone(),
                    nameless: false,
                    ground: Ground::Containers { mounts: Vec::new() },
                },
                None,
            );
            let scene = Scene {
                touch: &touch,
                folder: &self.run,
                run: &self.run,
                step: "tunnel",
                mode: self.planned.mode,
                pace: brake.pace(Duration::from_secs(self.seconds), Halt::Now),
                target: &target,
                vault: None,
                usual: None,
                log: RefCell::new(None),
                started: &|_, _| {},
                say: &|text| said.borrow_mut().push(text),
                unchanged: Cell::new(false),
                found: &|_| {},
            };
            work(&scene, &kube, &said).await
        })
        .unwrap()
    }

    /// The touch, with all that was said on the way; nothing of it may show the token.
    fn touch(&self) -> (Result<(), Mishap>, String) {
        let (done, said) = self.with(async |scene, _, said| (self.kind().touch(scene).await, said.borrow().join("\n")));
        let all = format!(
            "{said}\n{done:?}\n{}",
            std::fs::read_to_string(self.run.join("log/tunnel.log")).unwrap_or_default()
        );
        for secret in [CANARY.to_owned(), base64::encode(CANARY.as_bytes()), token(ID), token(OTHER)] {
            assert!(!all.contains(&secret[..24]), "the token is shown:\n{all}");
        }
        assert!(!self.world.has_path(), "the path of the proof is left:\n{all}");
        (done, all)
    }

    fn verify(&self) -> Seen {
        self.with(async |scene, _, _| self.kind().verify(scene).await)
    }

    fn live(&self, kind: (&str, &str), name: &str) -> Option<Value> {
        let id = ObjectId::new(kind.0, kind.1, Some(&self.space), name);
        self.with(async |_, kube, _| kube.get(&id).await.unwrap())
    }

    fn deployment(&self) -> Option<Value> {
        self.live(("apps/v1", "Deployment"), "cloudflared")
    }
}

/// The reason of a failure with what is told below it.
fn failed(done: Result<(), Mishap>) -> String {
    match done {
        Err(Mishap::Failed { reason, tail, .. }) => format!("{reason}\n{}", tail.join("\n")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_tunnel_comes_up_and_this_cluster_is_proved_to_answer() {
    let Some(rig) = rig("good", &good()) else { return };
    let (done, all) = rig.touch();
    assert_eq!(done, Ok(()), "{all}");
    assert!(all.contains("before the start somebody else answered for localhost"), "{all}");
    assert!(all.contains("8 of 8 answers of localhost came from this cluster"), "{all}");
    let Seen::Present(saw) = rig.verify() else { panic!("{:?}", rig.verify()) };
    assert!(saw.contains("8 connections of 2 connectors (connector 11111111"), "{saw}");
    assert!(saw.contains("8 of 8 answers"), "{saw}");
    for (kind, name) in [
        (("v1", "Service"), "Service"),
        (("discovery.k8s.io/v1", "EndpointSlice"), "slice"),
        (("networking.k8s.io/v1", "Ingress"), "Ingress"),
    ] {
        assert_eq!(rig.live(kind, "blackstart-proof"), None, "{name}");
    }
    // A connection that is lost after all that is seen by the next look.
    rig.world.connections(0);
    let Seen::Absent(why) = rig.verify() else { panic!("lost, and not told") };
    assert!(why.contains("no connection to the edge"), "{why}");
    println!("tunnel: 1 fault told: connection lost after ready");
}

#[test]
fn no_connector_is_started_with_a_token_that_is_not_the_right_one() {
    let wrong = |tunnel: &str| Case { token: Some(token(tunnel)), ..good() };
    for (name, case, word) in [
        ("not-base64", Case { token: Some("REPLACE ME".to_owned()), ..good() }, "it is not base64"),
        ("no-token", Case { token: Some(base64::encode(b"hello")), ..good() }, "the fields a, t and s are not in it"),
        (
            "other-tunnel",
            wrong(OTHER),
            "is of tunnel 0d9f3a52-1111-4222-8333-444455556666, and the plan wants 6ff42ae2",
        ),
    ] {
        let Some(rig) = rig(name, &case) else { return };
        let why = failed(rig.touch().0);
        assert!(why.contains("F23") && why.contains(word), "{name}: {why}");
        assert!(why.contains("cloudflared.yaml:") && why.contains("no connector was started"), "{name}: {why}");
        assert_eq!(rig.deployment(), None, "{name}: a connector was made");
        assert_eq!(rig.world.seen(), 0, "{name}: the name was asked");
    }
    println!("tunnel: 3 faults told: bad token (2), token of another tunnel");
}

#[test]
fn pods_that_would_be_refused_are_told_before_a_deployment_is_made() {
    let Some(rig) = rig("unsafe", &Case { safe: "", ..good() }) else { return };
    let why = failed(rig.touch().0);
    assert!(why.contains("F03") && why.contains("violates PodSecurity \"restricted:latest\""), "{why}");
    assert!(why.contains("cloudflared.yaml:"), "{why}");
    assert_eq!(rig.deployment(), None);
    println!("tunnel: 1 fault told: Pod Security");
}

#[test]
fn who_answers_in_place_of_this_cluster_is_told() {
    let cases = [
        ("no-origin", Edge::NoOrigin, "found no origin behind it"),
        ("elsewhere", Edge::Elsewhere, "an origin answers, and it is not in this cluster"),
        ("shared", Edge::Shared, "another connector of this tunnel serves its traffic too"),
        ("no-connector", Edge::NoConnector, "error 1033"),
        ("loop", Edge::Loop, "a redirect to itself"),
        ("login", Edge::Login, "asks for a login"),
        ("cached", Edge::Cached, "a cache answers"),
        ("down", Edge::Down, "no answer"),
    ];
    let told = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for (name, edge, word) in cases {
            let told = &told;
            threads.spawn(move || {
                let Some(mut rig) = rig(name, &Case { edge, ..good() }) else { return };
                rig.seconds = 9;
                let why = failed(rig.touch().0);
                assert!(why.contains("F23 localhost") && why.contains(word), "{name}: {why}");
                told.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            });
        }
    });
    println!("tunnel: {} faults told: who answers for the name", told.into_inner());
}

#[test]
fn a_connector_without_a_connection_is_waited_for_and_told() {
    let Some(mut rig) = rig("unconnected", &Case { connections: 0, ..good() }) else { return };
    rig.seconds = 8;
    let why = failed(rig.touch().0);
    assert!(why.contains("F23 the edge was waited for, after 8") && why.contains("no connection to the edge"), "{why}");
    println!("tunnel: 1 fault told: no connection");
}

#[test]
fn what_a_killed_proof_has_left_is_seen_and_taken_away_and_nothing_of_others() {
    let Some(rig) = rig("killed", &good()) else { return };
    assert_eq!(rig.touch().0, Ok(()));
    let service = |mark: &str| {
        json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]},
            "metadata": {"name": "blackstart-proof", "namespace": rig.space, "labels": {"app.kubernetes.io/managed-by": mark}}})
    };
    let put = |mark: &str| {
        rig.with(async |scene, kube, _| kube.apply(scene.touch, &service(mark), Force::Yes).await.unwrap())
    };
    put("blackstart");
    let Seen::Absent(why) = rig.verify() else { panic!("what is left is not seen") };
    assert!(why.contains("blackstart-proof is left of a proof that was cut off"), "{why}");
    let (done, all) = rig.touch();
    assert_eq!(done, Ok(()), "{all}");
    assert!(all.contains("took away the path of a proof that was cut off"), "{all}");
    assert!(matches!(rig.verify(), Seen::Present(_)));
    put("somebody");
    assert!(failed(rig.touch().0).contains("is somebody else's"));
    assert!(rig.live(("v1", "Service"), "blackstart-proof").is_some(), "what is somebody else's was deleted");
    let intended = rig.kind().intends(Look::new(), &rig.run);
    assert_eq!(intended.len(), 3, "{intended:?}");
}

#[test]
fn a_drill_runs_no_connector_and_asks_nobody() {
    let Some(rig) = rig("drill", &Case { mode: Mode::Drill, ..good() }) else { return };
    let (done, all) = rig.touch();
    assert_eq!(done, Ok(()), "{all}");
    assert_eq!(rig.deployment().unwrap()["spec"]["replicas"], 0);
    assert!(matches!(rig.verify(), Seen::Present(saw) if saw.contains("no connector runs")));
    assert_eq!(rig.world.seen(), 0, "the public name was asked in a drill");
    let unproven = rig.with(async |scene, _, _| rig.kind().unproven(scene));
    assert!(unproven[0].starts_with("drill: no connector ran with production's token"), "{unproven:?}");
    // The very same world is asked where it is no drill.
    let Some(real) = self::rig("no-drill", &good()) else { return };
    assert_eq!(real.touch().0, Ok(()));
    assert!(real.world.seen() >= 9, "{}", real.world.seen());
    assert_eq!(real.deployment().unwrap()["spec"]["replicas"], 2);
}

#[test]
fn a_drill_with_a_token_of_its_own_runs_one_connector_and_never_with_productions() {
    let case = Case {
        mode: Mode::Drill,
        more: ", drill-token: secret/networking/gitlab-agent-token/token".to_owned(),
        ..good()
    };
    let Some(rig) = rig(IN_STORE, &case) else { return };
    let hold = |tunnel: &str| {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gitlab-agent-token", "namespace": rig.space},
            "stringData": {"token": token(tunnel)}});
        rig.with(async |scene, kube, _| kube.apply(scene.touch, &secret, Force::Yes).await.unwrap());
    };
    hold(ID);
    let why = failed(rig.touch().0);
    assert!(why.contains("which is production's: a drill would be given its requests"), "{why}");
    assert_eq!(rig.deployment(), None, "a connector was made");
    hold(OTHER);
    let (done, all) = rig.touch();
    assert_eq!(done, Ok(()), "{all}");
    assert!(all.contains("of tunnel 0d9f3a52-1111-4222-8333-444455556666, another than production's"), "{all}");
    let live = rig.deployment().unwrap();
    assert_eq!(live["spec"]["replicas"], 1);
    let from = &live["spec"]["template"]["spec"]["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"];
    assert_eq!(from, &json!({"name": "gitlab-agent-token", "key": "token"}));
    assert_eq!(rig.world.seen(), 0, "the public name was asked in a drill");
}
