//! F04, F05, F06, F85 and the volume binder: which claim gets which volume, which gets none, and which is left to chance.

mod draw;
mod verdict;

use crate::drawing::Draw;
use crate::hand::Hand;
use crate::{Tally, cases, checked, seed, with};
use draw::{Batch, SPACE, Usual, batch};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use verdict::{Verdict, verdicts};

/// The last of each kind: when these are bound, the binder has had all of them in its hands.
fn watchers(round: usize, waits: bool) -> (Value, Value, Value) {
    let mode = if waits { "WaitForFirstConsumer" } else { "Immediate" };
    let name = format!("watch{round}-{}", mode.to_lowercase());
    let class = draw::class(&name, "kubernetes.io/no-provisioner", mode, false);
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name, "labels": {"judge": "storage"}},
        "spec": {"storageClassName": name, "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/watch"}}});
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": SPACE, "labels": {"judge": "storage"}},
        "spec": {"storageClassName": name, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    (class, volume, claim)
}

/// Wants a claim, and takes any node.
fn pod(claim: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": claim, "namespace": SPACE, "labels": {"judge": "storage"}}, "spec": {
        "tolerations": [{"operator": "Exists"}], "containers": [{"name": "a", "image": "example.org/a:1"}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]}})
}

/// The volume of each claim, None for those that have none.
type Ends = BTreeMap<String, Option<String>>;

/// Makes all of it, as far as the server takes it.
async fn make(hand: &Hand, batch: &mut Batch, round: usize, tally: &mut Tally) -> Vec<String> {
    hand.ground(&batch.classes).await;
    let taken = hand.make_all(&batch.volumes.iter().map(draw::applied).collect::<Vec<Value>>()).await;
    tally.refused += taken.iter().filter(|end| end.is_err()).count();
    let mut ends = taken.iter();
    batch.volumes.retain(|_| ends.next().unwrap().is_ok());
    let watch: Vec<_> = [false, true].map(|waits| watchers(round, waits)).into();
    for (class, volume, _) in &watch {
        hand.ground(&[class.clone(), volume.clone()]).await;
    }
    let settled = async || {
        let phases = hand.list("/api/v1/persistentvolumes").await;
        phases.iter().all(|volume| volume["status"]["phase"].as_str().is_some_and(|phase| phase != "Pending"))
    };
    assert!(hand.until(40, settled).await, "volumes stay Pending");
    let bodies: Vec<Value> = batch.claims.iter().map(|claim| claim.body.clone()).collect();
    let taken = hand.make_all(&bodies).await;
    tally.refused += taken.iter().filter(|end| end.is_err()).count();
    let mut ends = taken.iter();
    batch.claims.retain(|_| ends.next().unwrap().is_ok());
    for (.., claim) in &watch {
        hand.ground(std::slice::from_ref(claim)).await;
    }
    let waiting = batch.claims.iter().filter(|claim| claim.waits).map(|claim| claim.name());
    let late = watch[1].2["metadata"]["name"].as_str().unwrap();
    hand.ground(&waiting.chain([late]).map(pod).collect::<Vec<Value>>()).await;
    watch.iter().map(|(.., claim)| claim["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

/// What became of the claims, when the binder has had all of them in its hands and nothing changes any more.
async fn outcome(hand: &Hand, watched: &[String], as_said: impl Fn(&Ends) -> bool) -> Ends {
    let claims = async || {
        let all = hand.list(&format!("/api/v1/namespaces/{SPACE}/persistentvolumeclaims")).await;
        let bound = |claim: &Value| {
            let is = claim["status"]["phase"] == "Bound";
            is.then(|| claim["spec"]["volumeName"].as_str().unwrap().to_owned())
        };
        let name = |claim: &Value| claim["metadata"]["name"].as_str().unwrap().to_owned();
        all.iter().map(|claim| (name(claim), bound(claim))).collect::<Ends>()
    };
    let seen = async || {
        let claims = claims().await;
        watched.iter().all(|name| claims[name].is_some())
    };
    assert!(hand.until(60, seen).await, "the binder does nothing");
    let pause = Duration::from_millis(cases(2_500, 17_000).try_into().unwrap());
    // Every 15 seconds it looks at all of them again, and so mends what it tried in vain.
    let until = Instant::now() + Duration::from_secs(40);
    let mut last = claims().await;
    loop {
        tokio::time::sleep(pause).await;
        let now = claims().await;
        if now == last && (as_said(&now) || Instant::now() > until) {
            return now;
        }
        last = now;
    }
}

async fn clear(hand: &Hand) {
    for path in ["/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/persistentvolumeclaims"] {
        hand.clear(path, "judge=storage").await;
    }
    for path in ["/api/v1/persistentvolumes", "/apis/storage.k8s.io/v1/storageclasses"] {
        hand.clear(path, "judge=storage").await;
    }
}

#[test]
fn the_binder_gives_each_claim_the_volume_that_check_says() {
    let test = "the_binder_gives_each_claim_the_volume_that_check_says";
    with(test, async |hand| {
        let mut draw = Draw::new(seed(test));
        let (mut tally, wanted, mut round) = (Tally::default(), cases(160, 1_600), 0);
        while tally.count() < wanted {
            let default = [Usual::None, Usual::Static, Usual::Dynamic][round % 3];
            let mut batch = batch(&mut draw, round, cases(45, 60), default);
            let watched = make(&hand, &mut batch, round, &mut tally).await;
            let all: Vec<Value> = (batch.classes.iter().chain(&batch.volumes).cloned())
                .chain(batch.claims.iter().map(|claim| claim.body.clone()))
                .chain(batch.claims.iter().filter(|claim| claim.waits).map(|claim| pod(claim.name())))
                .collect();
            let told = checked(&all);
            let verdicts = verdicts(&told, &batch, default);
            let each = || batch.claims.iter().zip(&verdicts);
            let allowed = |ends: &Ends| each().all(|(claim, verdict)| verdict.allows(ends[claim.name()].as_deref()));
            let real = outcome(&hand, &watched, allowed).await;
            for (claim, verdict) in each() {
                let got = real[claim.name()].as_deref();
                match verdict {
                    Verdict::Open => tally.open += 1,
                    one if one.allows(got) => tally.agree(claim.about, got.is_some()),
                    one => {
                        let own = claim.name().split('-').next().unwrap();
                        let near =
                            |body: &&Value| body["metadata"]["name"].as_str().unwrap().split('-').next() == Some(own);
                        let case: Vec<String> = all.iter().filter(near).map(Value::to_string).collect();
                        let what = format!("{}: check says: {one}; it got {got:?} ({default:?})", claim.name());
                        tally.disagree(claim.about, format!("{what}\n{}", case.join("\n")));
                    }
                }
            }
            clear(&hand).await;
            round += 1;
        }
        tally.end("storage", "claims", ("bound", "not bound"));
    });
}
