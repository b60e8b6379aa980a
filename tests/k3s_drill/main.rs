//! Plans for k3d and k3s, drilled in a sandbox: what k3s brings is stood in for, as far as their files do not leave it out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/drills.rs"]
mod drills;

use blackstart::sys::Look;
use blackstart::sys::kube::Kube;
use drills::{Home, Run};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// A set whose claims are of local-path, a Service that asks for an address, and objects of kinds that only k3s brings.
const APPS: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: apps}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, namespace: apps}
spec:
  serviceName: store
  replicas: 2
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      terminationGracePeriodSeconds: 5
      nodeSelector: {disk: fast}
      tolerations: [{key: dedicated, operator: Exists}]
      containers:
        - name: store
          image: docker.io/library/postgres:17
          resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 64Mi}}
          volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: local-path
        resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: Service
metadata: {name: store, namespace: apps}
spec: {clusterIP: None, selector: {app: store}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: door, namespace: apps}
spec: {type: LoadBalancer, selector: {app: store}, ports: [{port: 5432}]}
"#;

const KINDS: &str = r#"
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: store, namespace: apps}
spec:
  entryPoints: [web]
  routes: [{match: Host(`store.example.org`), kind: Rule, services: [{name: store, port: 5432}]}]
---
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: extra, namespace: kube-system}
spec: {repo: "https://charts.example.org", chart: extra, version: 1.0.0, targetNamespace: apps}
"#;

/// One that wants a folder that k3d mounts into its nodes.
const MOUNTED: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: reader, namespace: apps}
spec:
  terminationGracePeriodSeconds: 5
  nodeSelector: {disk: fast}
  tolerations: [{key: dedicated, operator: Exists}]
  containers:
    - name: reader
      image: docker.io/library/busybox:1.37
      resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 16Mi}}
      volumeMounts: [{name: media, mountPath: /media}]
  volumes: [{name: media, hostPath: {path: /media, type: Directory}}]
"#;

const K3D: &str = r#"
apiVersion: k3d.io/v1alpha5
kind: Simple
metadata: {name: NAME}
servers: 1
agents: 1
image: docker.io/rancher/k3s:v1.34.4-k3s1
volumes: [{volume: "/srv/media:/media", nodeFilters: [all]}]
options:
  k3s:
    nodeLabels: [{label: disk=fast, nodeFilters: ["agent:0"]}]
    extraArgs:
      - {arg: "--node-taint=dedicated=apps:NoSchedule", nodeFilters: ["agent:0"]}
MORE
"#;

const WITHOUT_SERVICELB: &str = r#"      - {arg: "--disable=servicelb", nodeFilters: ["server:*"]}"#;

const K3S: &str = r#"
node-name: rack
node-label: [disk=fast]
MORE
"#;

struct Lab {
    home: Home,
    name: String,
}

impl Lab {
    /// A plan with this cluster; `more` goes into the provider's file.
    fn new(test: &str, provider: &str, more: &str, parts: &[&str]) -> Option<Self> {
        let home = Home::new(test)?;
        let name = home.lab.name.clone();
        let file = if provider == "k3d" { K3D } else { K3S };
        home.lab.write("lab/cluster.yaml", &file.replace("NAME", &name).replace("MORE", more));
        home.lab.write("lab/files/apps.yaml", &parts.join("---"));
        let plan = format!(
            "name: {name}\ncluster: {{provider: {provider}, config: cluster.yaml}}\nsteps:\n  \
             - {{id: apps, kind: manifests, path: files}}\n  - {{id: workloads, kind: workloads, timeout: 90s}}\n"
        );
        home.lab.write("lab/plan.yaml", &plan);
        Some(Self { home, name })
    }
    fn drill(&self) -> Run {
        self.home.does(&["drill", "lab/plan.yaml", "--output", "json"])
    }
    /// A drill in which this step fails: why.
    fn red(&self, step: &str) -> String {
        let run = self.drill().code(1);
        self.home.reap().code(0);
        self.home.nothing_is_left(&BTreeSet::new());
        run.failure(step)
    }
}

fn not_exercised(run: &Run) -> String {
    let list = run.finished()["not_exercised"].as_array().unwrap().clone();
    list.iter().map(|not| not["reason"].as_str().unwrap().to_owned() + "\n").collect()
}

#[test]
fn a_plan_for_k3d_drills_green_in_a_sandbox_that_has_what_k3s_brings() {
    let Some(lab) = Lab::new("k3d in the sandbox", "k3d", "", &[APPS, KINDS, MOUNTED]) else { return };
    let run = lab.drill().is_green();
    let told = not_exercised(&run);
    for words in [
        "stood in for (k3s, helm-controller, local-storage, servicelb, traefik)",
        "no chart was unpacked",
        "memory of the machine",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    // The cluster that was made has the nodes of the plan's own.
    let nodes: Vec<Value> = lab.home.about().unwrap()["nodes"].as_array().unwrap().clone();
    let names: BTreeSet<&str> = nodes.iter().map(|node| node["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [format!("k3d-{}-server-0", lab.name), format!("k3d-{}-agent-0", lab.name)]
            .iter()
            .map(String::as_str)
            .collect()
    );
    lab.home.nothing_is_left(&BTreeSet::new());
}

#[test]
fn a_plan_for_k3s_drills_green_in_a_sandbox_that_has_what_k3s_brings() {
    let Some(lab) = Lab::new("k3s in the sandbox", "k3s", "", &[APPS, KINDS]) else { return };
    let run = lab.drill().is_green();
    assert!(not_exercised(&run).contains("stood in for"), "{}", run.out);
    lab.home.nothing_is_left(&BTreeSet::new());
}

#[test]
fn without_local_storage_the_claim_has_no_class_and_that_is_the_first_cause() {
    let Some(lab) = Lab::new("k3s without local-storage", "k3s", "disable: [local-storage]", &[APPS, KINDS]) else {
        return;
    };
    let failure = lab.red("workloads");
    assert!(failure.contains("F01  StorageClass local-path is not there"), "{failure}");
}

#[test]
fn without_traefik_its_kinds_are_refused() {
    let Some(lab) = Lab::new("k3s without traefik", "k3s", "disable: traefik", &[APPS, KINDS]) else { return };
    let failure = lab.red("apps");
    assert!(failure.contains("IngressRoute"), "{failure}");
}

/// The addresses of the Service in a cluster that a drill left standing, as soon as it has any, else after five seconds.
fn door(lab: &Lab) -> Vec<String> {
    lab.home.does(&["drill", "lab/plan.yaml", "--keep", "--output", "json"]).is_green();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found = runtime.block_on(async {
        let kube = Kube::connect(Look::new(), &lab.home.kubeconfig()).await.unwrap();
        let mut found = Vec::new();
        for _ in 0..50 {
            let services = kube.list("v1", "Service", Some("apps")).await.unwrap();
            let door = services.iter().find(|service| service["metadata"]["name"] == "door").unwrap();
            let given = door["status"]["loadBalancer"]["ingress"].as_array().into_iter().flatten();
            found = given.map(|one| one["ip"].as_str().unwrap().to_owned()).collect();
            if !found.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        found
    });
    lab.home.reap().code(0);
    lab.home.nothing_is_left(&BTreeSet::new());
    found
}

#[test]
fn a_load_balancer_has_the_address_of_the_node() {
    let Some(lab) = Lab::new("address of a Service", "k3s", "", &[APPS, KINDS]) else { return };
    assert_eq!(door(&lab), ["198.18.0.10"]);
}

#[test]
fn without_servicelb_nobody_gives_an_address() {
    let Some(lab) = Lab::new("k3d without servicelb", "k3d", WITHOUT_SERVICELB, &[APPS, KINDS]) else { return };
    assert!(door(&lab).is_empty());
}

#[test]
fn a_port_that_traefik_has_is_given_to_nobody_else() {
    let ours = "type: LoadBalancer, selector: {app: store}, ports: [{port: 5432}]";
    let apps = APPS.replace(ours, &ours.replace("5432", "80"));
    assert_ne!(apps, APPS);
    let Some(lab) = Lab::new("port of Traefik", "k3s", "", &[&apps, KINDS]) else { return };
    assert!(door(&lab).is_empty());
}

#[test]
fn a_preview_says_which_provider_a_drill_uses_and_which_the_plan_has() {
    let lab = common::Lab::new("");
    lab.write("cluster.yaml", &K3S.replace("MORE", ""));
    lab.write("files/apps.yaml", APPS);
    let plan = "name: lab\ncluster: {provider: k3s, config: cluster.yaml}\nsteps:\n  - {id: apps, kind: manifests, path: files}\n";
    lab.write("plan.yaml", plan);
    lab.run(&["plan", "plan.yaml", "--mode", "drill"]).code(0).says("lab   drill in sandbox (plan: k3s), 2 steps");
    lab.run(&["plan", "plan.yaml"]).code(0).says("lab   recover, k3s, 4 steps");
    let json: Value =
        serde_json::from_str(&lab.run(&["plan", "plan.yaml", "--mode", "drill", "--output", "json"]).code(0).out)
            .unwrap();
    assert_eq!((&json["provider"], &json["plan_provider"]), (&"sandbox".into(), &"k3s".into()));
}
