//! The proof that an apply would change nothing, judged by a real API server: whenever it holds, a dry run and a real apply
//! of the same object change nothing indeed; and it holds where it should, for most of what people write.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/sandbox.rs"]
mod sandbox;
#[path = "support/world.rs"]
mod world;

use blackstart::model::ObjectId;
use blackstart::steps::apply::proof;
use blackstart::sys::Look;
use blackstart::sys::kube::{Force, Trouble};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sandbox::sandbox;
use serde_json::{Value, json};
use world::World;

/// Small alphabets, so that two drawings of the same object often share parts.
fn some<T: Clone + std::fmt::Debug + 'static>(values: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(values.to_vec())
}

fn texts() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(some(&["a", "b", "c.d/e"]), some(&["", "x", "y", "1"]), 1..3).prop_map(|map| json!(map))
}

/// A map of fields, each there or not.
fn fields(all: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let all: Vec<_> = all
        .into_iter()
        .map(|(name, value)| prop::option::weighted(0.4, value).prop_map(move |value| value.map(|value| (name, value))))
        .collect();
    all.prop_map(|all| Value::Object(all.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()))
        .boxed()
}

fn one_of(values: Vec<Value>) -> BoxedStrategy<Value> {
    some(&values).boxed()
}

/// In any order, as lists with keys are merged by them.
fn shuffled(items: Vec<Value>) -> BoxedStrategy<Value> {
    let most = items.len();
    prop::sample::subsequence(items, 1..=most).prop_shuffle().prop_map(Value::from).boxed()
}

fn about() -> BoxedStrategy<Value> {
    fields(vec![
        ("labels", texts().boxed()),
        ("annotations", texts().boxed()),
        ("finalizers", shuffled(vec![json!("example.org/a"), json!("example.org/b")])),
    ])
}

fn container() -> BoxedStrategy<Value> {
    let ports = vec![
        json!({"containerPort": 80}),
        json!({"containerPort": 53, "protocol": "UDP"}),
        json!({"containerPort": 53}),
        json!({"containerPort": 443, "protocol": "TCP", "name": "tls"}),
    ];
    let env = vec![
        json!({"name": "A", "value": "1"}),
        json!({"name": "A2", "value": ""}),
        json!({"name": "B"}),
        json!({"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}),
        json!({"name": "D", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}),
    ];
    let mounts = vec![json!({"name": "v", "mountPath": "/v"}), json!({"name": "v", "mountPath": "/w", "subPath": "w"})];
    fields(vec![
        ("ports", shuffled(ports)),
        ("env", shuffled(env)),
        ("volumeMounts", shuffled(mounts)),
        ("args", one_of(vec![json!([]), json!(["a"]), json!(["a", "b"])])),
        (
            "resources",
            one_of(vec![
                json!({}),
                json!({"requests": {"cpu": "100m"}}),
                json!({"requests": {"cpu": 1, "memory": "1Gi"}}),
                json!({"limits": {"memory": "1024Mi"}, "requests": {"cpu": "0.5"}}),
            ]),
        ),
        ("securityContext", one_of(vec![json!({}), json!({"runAsUser": 1000, "capabilities": {"drop": ["ALL"]}})])),
        (
            "readinessProbe",
            one_of(vec![json!({"httpGet": {"port": 80}}), json!({"tcpSocket": {"port": "tls"}, "periodSeconds": 10})]),
        ),
        ("imagePullPolicy", one_of(vec![json!("Always"), json!("IfNotPresent")])),
    ])
}

fn deployment() -> BoxedStrategy<Value> {
    let pod = fields(vec![
        ("nodeSelector", texts().boxed()),
        (
            "tolerations",
            one_of(vec![json!([]), json!([{"operator": "Exists"}]), json!([{"key": "a", "effect": "NoExecute"}])]),
        ),
        (
            "hostAliases",
            shuffled(vec![
                json!({"ip": "1.1.1.1", "hostnames": ["a"]}),
                json!({"ip": "2.2.2.2", "hostnames": ["b", "c"]}),
            ]),
        ),
        ("imagePullSecrets", shuffled(vec![json!({"name": "a"}), json!({"name": "b"})])),
        ("securityContext", one_of(vec![json!({}), json!({"fsGroup": 7})])),
        ("terminationGracePeriodSeconds", one_of(vec![json!(30), json!(5), json!(0)])),
    ]);
    let spec = fields(vec![
        ("strategy", one_of(vec![json!({"type": "Recreate"}), json!({}), json!({"rollingUpdate": {"maxSurge": 1}})])),
        ("revisionHistoryLimit", one_of(vec![json!(3), json!(10)])),
        ("minReadySeconds", one_of(vec![json!(0), json!(5)])),
    ]);
    let sides = prop::sample::subsequence(vec!["main", "side", "other"], 1..=3).prop_shuffle();
    (about(), pod, spec, sides, prop::collection::vec(container(), 3), any::<bool>())
        .prop_map(|(about, mut pod, mut spec, names, containers, nulls)| {
            let containers = names.iter().zip(containers).map(|(name, mut container)| {
                (container["name"], container["image"]) = (json!(name), json!("a:1"));
                if let Some(pull) = container.get_mut("imagePullPolicy").filter(|_| nulls) {
                    *pull = Value::Null;
                }
                container
            });
            pod["containers"] = containers.collect();
            pod["volumes"] = json!([{"name": "v", "emptyDir": {}}]);
            spec["replicas"] = json!(0);
            spec["selector"] = json!({"matchLabels": {"app": "x"}});
            spec["template"] = json!({"metadata": {"labels": {"app": "x"}}, "spec": pod});
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": about, "spec": spec})
        })
        .boxed()
}

fn service() -> BoxedStrategy<Value> {
    let ports = vec![
        json!({"port": 80, "name": "web"}),
        json!({"port": 80, "name": "udp", "protocol": "UDP"}),
        json!({"port": 443, "name": "tls", "targetPort": "tls"}),
        json!({"port": 53, "name": "dns", "protocol": "TCP"}),
    ];
    let spec = fields(vec![
        ("selector", texts().boxed()),
        ("externalIPs", one_of(vec![json!([]), json!(["192.0.2.1"])])),
        ("sessionAffinity", one_of(vec![json!("None"), json!("ClientIP")])),
        ("internalTrafficPolicy", one_of(vec![json!("Cluster")])),
    ]);
    (about(), spec, shuffled(ports))
        .prop_map(|(about, mut spec, mut ports)| {
            if let Some(ports) = ports.as_array_mut().filter(|ports| ports.is_empty()) {
                ports.push(json!({"port": 80}));
            }
            spec["ports"] = ports;
            json!({"apiVersion": "v1", "kind": "Service", "metadata": about, "spec": spec})
        })
        .boxed()
}

fn flat() -> BoxedStrategy<Value> {
    let map = (about(), prop::option::of(texts())).prop_map(|(about, data)| {
        let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": about});
        if let Some(data) = data {
            map["data"] = data.as_object().unwrap().iter().map(|(k, v)| (k.replace('/', "."), v.clone())).collect();
        }
        map
    });
    let account = (about(), shuffled(vec![json!({"name": "a"}), json!({"name": "b"})])).prop_map(|(about, secrets)| {
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about, "imagePullSecrets": secrets})
    });
    prop_oneof![map, account].boxed()
}

/// Twice the same object, or two drawings of one kind; and what somebody else does in between.
#[derive(Clone, Debug)]
struct Case {
    first: Value,
    second: Value,
    edit: Option<Value>,
    /// The other hand applies what it wrote, instead of editing.
    applies: bool,
}

fn case() -> BoxedStrategy<Case> {
    let pairs = prop_oneof![
        3 => (deployment(), deployment()), 2 => (service(), service()), 2 => (flat(), flat()),
    ];
    let edit = prop::option::weighted(
        0.4,
        one_of(vec![
            json!({"metadata": {"labels": {"a": "x", "theirs": "1"}}}),
            json!({"metadata": {"annotations": {"a": "other"}}}),
            json!({"metadata": {"labels": null}}),
            json!({"metadata": {"finalizers": ["example.org/b"]}}),
            json!({"data": {"a": "theirs"}}),
            json!({"spec": {"replicas": 0, "minReadySeconds": 5}}),
            json!({"spec": {"template": {"spec": {"tolerations": [{"operator": "Exists"}]}}}}),
            json!({"spec": {"sessionAffinity": "ClientIP"}}),
        ]),
    );
    let how = some(&["same", "same", "same", "same", "near", "near", "other", "turned"]);
    (pairs, how, edit, any::<bool>(), any::<prop::sample::Index>(), 0..3_u8)
        .prop_map(|((first, other), how, edit, applies, at, what)| {
            let mut second = first.clone();
            match how {
                "near" => nearly(&mut second, at, what),
                // Only the order of what has keys.
                "turned" => reverse(&mut second),
                "other" if first["kind"] == other["kind"] => second = other,
                _ => {}
            }
            Case { first, second, edit, applies }
        })
        .boxed()
}

/// Takes one field or item away, or puts something in its place: what a small change in a file does.
fn nearly(object: &mut Value, at: prop::sample::Index, what: u8) {
    let mut places = Vec::new();
    pointers(object, "", &mut places);
    places.retain(|place| !["/apiVersion", "/kind", "/metadata", "/spec"].contains(&place.as_str()));
    if places.is_empty() {
        return;
    }
    let place = &places[at.index(places.len())];
    let (parent, name) = place.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/").replace("~0", "~");
    match (object.pointer_mut(parent), what) {
        (Some(Value::Object(fields)), 0) => drop(fields.remove(&name)),
        (Some(Value::Array(items)), 0) => drop(items.remove(name.parse().unwrap())),
        (Some(Value::Array(items)), 1) => items.push(items[0].clone()),
        (Some(parent), _) => {
            let there = match parent {
                Value::Array(items) => &mut items[name.parse::<usize>().unwrap()],
                parent => &mut parent[name],
            };
            *there = match there {
                Value::String(text) => json!(format!("{text}x")),
                Value::Number(number) => json!(number.as_i64().unwrap_or(0) + 1),
                Value::Array(_) => json!([]),
                Value::Object(_) => json!({}),
                Value::Bool(_) | Value::Null => Value::Null,
            };
        }
        (None, _) => {}
    }
}

fn pointers(value: &Value, at: &str, places: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (name, value) in inner {
        let place = format!("{at}/{name}");
        pointers(value, &place, places);
        places.push(place);
    }
}

fn reverse(value: &mut Value) {
    for list in ["/spec/ports", "/spec/template/spec/containers", "/metadata/finalizers", "/imagePullSecrets"] {
        if let Some(Value::Array(items)) = value.pointer_mut(list) {
            items.reverse();
        }
    }
}

#[derive(Debug, Default)]
struct Count {
    held: usize,
    /// The server found nothing to change and we could not prove it.
    missed: usize,
    changed: usize,
}

#[test]
fn whenever_the_proof_holds_the_server_agrees() {
    let Some(sandbox) = sandbox("whenever_the_proof_holds_the_server_agrees") else { return };
    let seed: u64 = std::env::var("BLACKSTART_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs());
    println!("BLACKSTART_SEED={seed}");
    let cases = if std::env::var_os("BLACKSTART_LONG").is_some() { 2_000 } else { 250 };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    block_on(async {
        let world = World::at(&sandbox.kubeconfig).await;
        world.apply("{apiVersion: v1, kind: Namespace, metadata: {name: proof}}").await;
        let mut count = Count::default();
        for number in 0..cases {
            let case = case().new_tree(&mut runner).unwrap().current();
            one(&world, number, case, &mut count).await;
        }
        println!("{cases} cases: {count:?}");
        assert!(count.held * 10 > cases && count.changed * 10 > cases, "the cases are one-sided: {count:?}");
        assert!(count.held * 3 > count.missed, "the proof holds too seldom to be of use: {count:?}");
    });
}

fn block_on<T>(work: impl std::future::Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn one(world: &World, number: usize, mut case: Case, count: &mut Count) {
    for body in [&mut case.first, &mut case.second] {
        body["metadata"]["name"] = json!(format!("case-{number}"));
        body["metadata"]["namespace"] = json!("proof");
    }
    let (kube, touch, look) = (&world.kube, &world.touch, Look::new());
    match kube.apply(touch, &case.first, Force::No).await {
        Ok(_) => {}
        // Some drawings are no objects.
        Err(Trouble::Refused(refusal)) if refusal.code == 422 => return,
        Err(trouble) => panic!("{trouble}\n{case:#?}"),
    }
    let id = ObjectId::of(&case.first).unwrap();
    if let Some(mut edit) = case.edit.clone().filter(|edit| edit.get("metadata").is_some() || fits(&id, edit)) {
        if case.applies && edit["metadata"]["labels"] != Value::Null {
            (edit["apiVersion"], edit["kind"]) = (case.first["apiVersion"].clone(), case.first["kind"].clone());
            (edit["metadata"]["name"], edit["metadata"]["namespace"]) = (json!(id.name), json!("proof"));
            world.other_applies("other", &edit).await;
        } else {
            world.other_edits("other", &id, &edit).await;
        }
    }
    // A controller may write in between; then the question is put again.
    let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
    for _ in 0..50 {
        let live = kube.get(&id).await.unwrap().unwrap();
        let dry = kube.apply_dry(look, &case.second, Force::No).await;
        if version(&kube.get(&id).await.unwrap().unwrap()) != version(&live) {
            continue;
        }
        let holds = proof::holds(&case.second, &live);
        // A bare name says nothing that could change; that the server begins its books with it is no change of ours.
        let begins = live["metadata"]["managedFields"].is_null();
        let same = matches!(&dry, Ok(dry) if *dry == live || begins && without_books(dry.clone()) == live);
        assert!(same || !holds, "proved, and the server would change it: {dry:?}\n{case:#?}\nlive {live:#}");
        match (holds, same) {
            (true, _) => count.held += 1,
            (false, true) => count.missed += 1,
            (false, false) => count.changed += 1,
        }
        // What no controller writes to can be applied in earnest.
        if *id.kind != *"Deployment" && holds && !begins {
            let after = kube.apply(touch, &case.second, Force::No).await.unwrap();
            assert_eq!(version(&after), version(&live), "proved, and the server changed it\n{case:#?}\nlive {live:#}");
        }
        return;
    }
    panic!("no quiet moment for {id}");
}

fn without_books(mut object: Value) -> Value {
    object["metadata"].as_object_mut().unwrap().remove("managedFields");
    object
}

fn fits(id: &ObjectId, edit: &Value) -> bool {
    match &*id.kind {
        "ConfigMap" => edit.get("data").is_some(),
        "Deployment" => edit.pointer("/spec/minReadySeconds").or(edit.pointer("/spec/template")).is_some(),
        "Service" => edit.pointer("/spec/sessionAffinity").is_some(),
        _ => false,
    }
}

#[test]
fn an_object_of_another_name_or_kind_is_never_the_same() {
    let ours = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}});
    let mut live = ours.clone();
    assert!(proof::holds(&ours, &live));
    live["metadata"]["name"] = json!("b");
    assert!(!proof::holds(&ours, &live));
    live = ours.clone();
    live["kind"] = json!("Secret");
    assert!(!proof::holds(&ours, &live));
    // Somebody else's books are not ours.
    live = ours.clone();
    live["metadata"]["managedFields"] = json!([{"manager": "blackstart", "operation": "Update", "apiVersion": "v1",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}}}]);
    assert!(!proof::holds(&ours, &live));
}
