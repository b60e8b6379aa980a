//! What a real API server warns of when a pod, or an object that makes pods, comes into a namespace that asks for warnings:
//! templates are judged as they are written, pods as the server has filled them in.

use crate::draw::{Draw, Kind, pod};
use crate::sandbox::sandbox;
use crate::server::{Room, SERVER, VERSIONS, ready};
use crate::world::World;
use crate::{cases, seed};
use blackstart::checks::pod_security::{Level, Pod, Policy, Seen, Version, evaluate, remedy::tree, warning};
use kube::client::Body;
use serde_json::{Value, json};

const KINDS: &[(&str, &str, &str)] = &[
    ("v1", "Pod", "/api/v1/namespaces/{}/pods"),
    ("apps/v1", "Deployment", "/apis/apps/v1/namespaces/{}/deployments"),
    ("apps/v1", "DaemonSet", "/apis/apps/v1/namespaces/{}/daemonsets"),
    ("batch/v1", "CronJob", "/apis/batch/v1/namespaces/{}/cronjobs"),
    ("v1", "PodTemplate", "/api/v1/namespaces/{}/podtemplates"),
];

fn object(version: &str, kind: &str, pod: &Value) -> Value {
    let labels = json!({"a": "b"});
    let mut template = json!({"metadata": pod["metadata"], "spec": pod["spec"]});
    template["metadata"]["labels"] = labels.clone();
    let (name, selector) = (json!({"name": "case"}), json!({"matchLabels": labels}));
    let rest = match kind {
        "Pod" => {
            template["metadata"]["name"] = json!("case");
            return json!({"apiVersion": version, "kind": kind, "metadata": template["metadata"], "spec": template["spec"]});
        }
        "PodTemplate" => return json!({"apiVersion": version, "kind": kind, "metadata": name, "template": template}),
        "CronJob" => {
            template["spec"]["restartPolicy"] = json!("Never");
            json!({"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": template}}})
        }
        _ => json!({"selector": selector, "template": template}),
    };
    json!({"apiVersion": version, "kind": kind, "metadata": name, "spec": rest})
}

/// A warning as it stands in its header: a code, an agent, and a text in quotes.
fn unquoted(header: &str) -> Option<String> {
    let text = header.strip_prefix("299 - \"")?.strip_suffix('"')?;
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next()? } else { c });
    }
    Some(out)
}

/// The warning of Pod Security, empty where there is none. None where the server finds it to be no such object.
async fn says(client: &kube::Client, path: &str, body: &Value) -> Option<String> {
    let request = http::Request::post(format!("{path}?dryRun=All"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string().into_bytes()));
    let response = client.send(request.unwrap()).await.unwrap();
    match response.status().as_u16() {
        201 => {}
        422 => return None,
        code => panic!("{code}: {body}"),
    }
    let warnings = response.headers().get_all("warning").iter().filter_map(|header| {
        unquoted(&String::from_utf8_lossy(header.as_bytes())).filter(|text| text.contains("PodSecurity"))
    });
    Some(warnings.collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_server_warns_in_our_words_of_pods_and_of_what_makes_them() {
    let test = "the_server_warns_in_our_words_of_pods_and_of_what_makes_them";
    let Some(sandbox) = sandbox(test) else { return };
    let mut draw = Draw::new(seed(test));
    let wanted = cases(300, 6_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::at(&sandbox.kubeconfig).await;
        let file = kube::config::Kubeconfig::read_from(&sandbox.kubeconfig).unwrap();
        let config = kube::Config::from_custom_kubeconfig(file, &Default::default()).await.unwrap();
        let client = kube::Client::try_from(config).unwrap();
        let mut rooms = Vec::new();
        for level in [Level::Baseline, Level::Restricted] {
            for version in VERSIONS {
                let namespace = format!("warn-{level}-{}", version.replace('.', "-"));
                let policy = Policy::new(level, Version::parse(version).unwrap());
                rooms.push(Room { namespace, policy, mode: "warn" });
            }
        }
        ready(&world, &rooms).await;
        let (mut asked, mut silent, mut disagreements) = (0, 0, 0);
        for number in 0.. {
            if asked == wanted {
                break;
            }
            assert!(number < wanted * 5, "most of what is drawn is no object");
            let (drawn, room) = (pod(&mut draw, Kind::Tame), &rooms[draw.below(rooms.len())]);
            let (version, kind, path) = draw.pick(KINDS);
            let body = object(version, kind, &drawn);
            let Some(theirs) = says(&client, &path.replace("{}", &room.namespace), &body).await else { continue };
            asked += 1;
            silent += usize::from(theirs.is_empty());
            let seen = if kind == "Pod" { Seen::Pod } else { Seen::Template };
            let tree = tree(&drawn).unwrap();
            let broken = evaluate(&Pod::of(&tree, seen).unwrap(), room.policy, SERVER);
            let mine = if broken.is_empty() { String::new() } else { warning(room.policy, &broken) };
            if theirs != mine {
                disagreements += 1;
                if disagreements <= 5 {
                    println!("server: {theirs}\nours:   {mine}\n{kind} {drawn}");
                }
            }
        }
        println!(
            "pod security: {asked} warnings of {} kinds, {disagreements} disagreements (a real API server 1.{SERVER}; {silent} without)",
            KINDS.len()
        );
        assert_eq!(disagreements, 0);
        assert!(silent * 10 > asked && silent * 10 < asked * 9, "the cases are one-sided: {silent}");
    });
}
