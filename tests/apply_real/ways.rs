//! Watches, and a way to the server that is cut again and again.

use crate::proxy;
use crate::sandbox::sandbox;
use crate::world::{self, World, run};
use crate::{map, namespace};
use blackstart::sys::kube::{Change, Verdict};
use serde_json::json;
use std::time::Duration;

real!(a_watch_of_the_real_server_tells_what_comes_and_goes, world, {
    let set =
        format!("{}{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: seen}}}}", namespace("seen"));
    World::went(&world.apply(&set).await, 2, 0, 0);
    let go = async {
        world.other_edits("somebody", &map("seen", "a"), &json!({"data": {"a": "b"}})).await;
        assert!(world.kube.delete(&world.touch, &map("seen", "a")).await.unwrap());
        assert!(!world.kube.delete(&world.touch, &map("seen", "a")).await.unwrap());
    };
    let gone = |object: Option<&serde_json::Value>| match object {
        None => Verdict::Met,
        Some(_) => Verdict::NotYet("it is there".to_owned()),
    };
    let (id, pace) = (map("seen", "a"), world::pace(20));
    let (gone, ()) = tokio::join!(world.kube.until(&id, &pace, &|_| {}, gone), go);
    assert_eq!(gone, Ok(None));
    assert!(world.kube.version().await.unwrap().starts_with("v1."));
    let about = &sandbox("about").unwrap().about;
    assert_eq!(about["uid"], world.kube.uid().await.unwrap());
});

real!(a_way_that_is_cut_again_and_again_ends_with_everything_there, world, {
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    println!("seed {seed}");
    let proxy = proxy::Proxy::to(&sandbox("proxy").unwrap().kubeconfig, seed);
    let spoilt = World::at(&proxy.kubeconfig()).await;
    let mut set = namespace("spoilt");
    for n in 0..150 {
        set += &format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: n{n}, namespace: spoilt}}, data: {{at: \"{n}\"}}}}\n---\n"
        );
    }
    proxy.shut(true);
    let away = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        proxy.shut(false);
    };
    let (end, ()) = tokio::join!(spoilt.apply_within(&set, 100), away);
    World::went(&end, 151, 0, 0);
    assert!(proxy.cuts() > 5, "only {} connections were cut", proxy.cuts());
    let said = spoilt.said.borrow().join("\n");
    assert!(said.contains("; asking again") && said.contains("it goes on, after "), "{said}");
    // Judged on the straight way.
    let compared = world.compare(&set).await;
    assert!(compared.same == 151 && compared.hitches.is_empty(), "{compared:#?}");
    World::went(&world.apply(&set).await, 0, 0, 151);
});

real!(a_watch_over_a_way_that_is_cut_misses_nothing, world, {
    let set = namespace("missed");
    World::went(&world.apply(&set).await, 1, 0, 0);
    let proxy = proxy::Proxy::to(&sandbox("proxy").unwrap().kubeconfig, 7);
    let spoilt = World::at(&proxy.kubeconfig()).await;
    let mut watch = spoilt.kube.watch(&[("v1", "ConfigMap")], Some("missed"));
    let writer = async {
        for n in 0..60 {
            let set = format!(
                "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: n{}, namespace: missed}}, data: {{at: \"{n}\"}}}}",
                n % 20
            );
            world.apply(&set).await;
            proxy.shut(n % 20 == 7 || n % 20 == 8);
            if n % 3 == 0 {
                world.kube.delete(&world.touch, &map("missed", &format!("n{}", n % 20))).await.unwrap();
            }
        }
        proxy.shut(false);
    };
    // What is known from the watch alone, until it is what there is.
    let reader = async {
        let mut known = std::collections::BTreeMap::new();
        loop {
            match tokio::time::timeout(Duration::from_secs(8), watch.next()).await {
                Ok(Change::Is(object)) => {
                    let name = object["metadata"]["name"].as_str().unwrap().to_owned();
                    known.insert(name, object["metadata"]["resourceVersion"].clone());
                }
                Ok(Change::Gone(id)) => drop(known.remove(&*id.name)),
                Ok(Change::Synced | Change::Lost { .. }) => {}
                Err(_) => return known,
            }
        }
    };
    let ((), known) = tokio::join!(writer, reader);
    let there = world.kube.list("v1", "ConfigMap", Some("missed")).await.unwrap();
    let there: std::collections::BTreeMap<_, _> = (there.iter())
        .map(|object| {
            (object["metadata"]["name"].as_str().unwrap().to_owned(), object["metadata"]["resourceVersion"].clone())
        })
        .collect();
    assert_eq!(known, there);
    assert!(proxy.cuts() > 0 && !there.is_empty());
});
