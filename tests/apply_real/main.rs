//! The applier against a real API server: what a set of objects becomes, what stands in its way, and what is said of that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../support/proxy.rs"]
mod proxy;
#[path = "../support/sandbox.rs"]
mod sandbox;
#[path = "../support/world.rs"]
mod world;

/// Runs a test in the sandbox of this binary, or counts it as not run.
macro_rules! real {
    ($name:ident, $world:ident, $body:block) => {
        #[test]
        fn $name() {
            let Some(sandbox) = sandbox(stringify!($name)) else { return };
            run(async {
                let $world = World::at(&sandbox.kubeconfig).await;
                $body
            });
        }
    };
}

mod becomes;
mod hitches;
mod ways;

use blackstart::model::ObjectId;

fn map(namespace: &str, name: &str) -> ObjectId {
    ObjectId::new("v1", "ConfigMap", Some(namespace), name)
}

fn namespace(name: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n---\n")
}
