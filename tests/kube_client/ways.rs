//! The kubeconfig, and where it may lead.

use crate::fake_api::{Fake, Reply, kubeconfig};
use crate::{ONE, map, one, run, to};
use blackstart::sys::Look;
use blackstart::sys::kube::Kube;

#[test]
fn a_kubeconfig_that_starts_programs_or_trusts_anybody_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kubeconfig");
    let good = kubeconfig("https://127.0.0.1:1");
    let to = |text: &str| {
        std::fs::write(&file, text).unwrap();
        run(async { Kube::connect(Look::new(), &file).await.map(|kube| kube.server().to_owned()) })
    };
    assert_eq!(to(&good), Ok("https://127.0.0.1:1".to_owned()));
    let token = "token: canary-token";
    let with = |from: &str, to: &str| good.replace(from, to);
    for (text, why) in [
        (with(token, "exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/true}"), "by a program"),
        (with(token, "auth-provider: {name: oidc}"), "by a program"),
        (with("{server:", "{insecure-skip-tls-verify: true, server:"), "insecure-skip-tls-verify"),
        (kubeconfig("http://10.0.0.1:8080"), "no TLS"),
        (kubeconfig("http://localhost.example.org"), "no TLS"),
        (with("current-context: a", "current-context: b"), "b"),
        (with(token, "token: [canary-token]"), "is not a kubeconfig"),
        ("canary-token: {".to_owned(), "is not a kubeconfig"),
        (String::new(), "context"),
    ] {
        let said = to(&text).unwrap_err().to_string();
        assert!(said.contains(why) && said.contains("kubeconfig"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
    std::fs::remove_file(&file).unwrap();
    let said = run(async { Kube::connect(Look::new(), &file).await.err() }).unwrap().to_string();
    assert!(said.contains("No such file"), "{said}");
}

#[test]
fn the_environment_leads_nowhere_else() {
    // Again, as a child with an environment that would lead a client astray.
    let child = "BLACKSTART_TEST_CHILD";
    if std::env::var_os(child).is_none() {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "ways::the_environment_leads_nowhere_else"]).env(child, "1");
        for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
            again.env(name, "http://127.0.0.1:1");
        }
        again
            .env("KUBECONFIG", "/nowhere")
            .env("HOME", "/nowhere")
            .env("KUBE_RS_DEBUG_OVERRIDE_URL", "http://127.0.0.1:1");
        let done = again.output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        // A name that is no test's any more would be green as well.
        assert!(done.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let fake = Fake::new(vec![("GET", ONE, Reply::Json(200, map("one", "1")))]);
    assert_eq!(run(async { to(&fake).await.get(&one()).await }), Ok(Some(map("one", "1"))));
    fake.done();
}
