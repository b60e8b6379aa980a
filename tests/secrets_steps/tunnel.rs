//! The way in from outside, in whole drills: a token of another tunnel is refused before anything is begun, by the line of the
//! store that it stands in, and a drill says what it did not exercise. No token is ever seen.

use crate::drills::{Home, Run};
use crate::lab::{hold, small};
use blackstart::sys::base64;

const ID: &str = "6ff42ae2-765d-4adf-8112-31c55c1551ef";
const OTHER: &str = "0d9f3a52-1111-4222-8333-444455556666";
const CANARY: &str = "canary-canary-canary-canary-tunnel";

fn token(tunnel: &str) -> String {
    let secret = base64::encode(CANARY.as_bytes());
    base64::encode(format!(r#"{{"a":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","t":"{tunnel}","s":"{secret}"}}"#).as_bytes())
}

fn holds(home: &Home, name: &str, token: &str) {
    let plain = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: networking}}\ntype: Opaque\nstringData:\n  token: \"{token}\"\n"
    );
    hold(home, &format!("networking-{name}"), &plain);
}

#[track_caller]
fn shows_no_token(run: Run) -> Run {
    let secret = base64::encode(CANARY.as_bytes());
    run.never_says(CANARY).never_says(&secret[..24]).never_says(&token(ID)[..40]).never_says(&token(OTHER)[..40])
}

#[test]
fn a_token_of_another_tunnel_refuses_a_drill_and_the_right_one_is_exercised_as_far_as_a_drill_goes() {
    let name = "a_token_of_another_tunnel_refuses_a_drill";
    let step = format!(
        "  - {{id: tunnel, kind: tunnel, path: kubernetes/networking/cloudflared.yaml, probe: 'https://home.example.org/healthz', \
         tunnel-id: {ID}, drill-token: secret/networking/tunnel-drill/token}}\n"
    );
    let Some(home) = small(name, 1, &step) else { return };
    holds(&home, "tunnel-token", &token(OTHER));
    holds(&home, "tunnel-drill", &token(ID));
    let plan = shows_no_token(home.does(&["plan", "--mode", "drill"]));
    plan.says("of which tunnel the token is").says("no connector but");
    let run = shows_no_token(home.drill(&[]).code(3));
    let run = run.says(
        "is of tunnel 0d9f3a52-1111-4222-8333-444455556666, and the plan wants 6ff42ae2-765d-4adf-8112-31c55c1551ef",
    );
    let run = run
        .says("networking-tunnel-token.yaml.age:")
        .says("is of tunnel 6ff42ae2-765d-4adf-8112-31c55c1551ef, which is production's");
    run.says("networking-tunnel-drill.yaml.age:");
    // What is no token at all is told as such.
    holds(&home, "tunnel-token", "REPLACE ME");
    shows_no_token(home.drill(&[]).code(3)).says("is no token of a tunnel: it is not base64");
    holds(&home, "tunnel-token", &token(ID));
    holds(&home, "tunnel-drill", &token(OTHER));
    let run = shows_no_token(home.drill(&[])).is_green();
    let verified = run.events("step.verified").into_iter().find(|event| event["step"] == "tunnel").unwrap().to_string();
    assert!(verified.contains("no connector runs"), "{verified}");
    run.says("drill: no connector ran with production's token, and nobody asked home.example.org");
}
