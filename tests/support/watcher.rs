//! Watches a cluster beside the program that is tested, and says when something was first to be seen.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::sys::Look;
use blackstart::sys::kube::{Change, Kube};
use serde_json::Value;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// The moment at which the first event of which this is true arrived; None when there is none for a minute.
pub fn first_event(kubeconfig: &Path, is: impl Fn(&Value) -> bool + Send + 'static) -> JoinHandle<Option<SystemTime>> {
    let kubeconfig = kubeconfig.to_owned();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let seen = async {
            let kube = Kube::connect(Look::new(), &kubeconfig).await.unwrap();
            let mut watch = kube.watch(&[("v1", "Event")], None);
            loop {
                if let Change::Is(event) = watch.next().await
                    && is(&event)
                {
                    return SystemTime::now();
                }
            }
        };
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), seen).await.ok() })
    })
}
