//! Many secrets, and large ones.

use crate::common::long;
use crate::drills::{Home, Run};
use crate::lab::{hold, identities, small};
use blackstart::model::Hidden;
use blackstart::sys::age;

/// So many Secrets beside the twelve of the example, in four files.
fn fill(home: &Home, more: usize) {
    let recipients = identities(home).recipients();
    for file in 0..4 {
        let of_one = |n: usize| {
            format!(
                "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s{file}-{n}, namespace: apps}}\n\
                 stringData: {{value: value-{file}-{n}-of-many}}\n"
            )
        };
        let text: String = (0..more / 4).map(of_one).collect();
        let cipher = age::close(&Hidden::from(text), &recipients, false).map_err(|trouble| trouble.to_string());
        std::fs::write(home.lab.path(&format!("secrets.example/many-{file}.yaml.age")), cipher.unwrap()).unwrap();
    }
    home.does(&["secrets", "rotate"]).code(0);
}

fn seconds(run: &Run) -> f64 {
    let verified = run.events("step.verified").into_iter().find(|event| event["step"] == "secrets").unwrap();
    verified["seconds"].as_f64().unwrap_or_else(|| panic!("{verified}"))
}

#[test]
fn hundreds_of_secrets_come_back_and_each_is_proven() {
    let Some(home) = small("hundreds_of_secrets_come_back_and_each_is_proven", 1, "") else { return };
    let count = if long() { 2000 } else { 200 };
    fill(&home, count - 12);
    let run = home.drill(&[]).is_green().says(&format!("{count} sealed, {count} unsealed, values match"));
    println!(
        "secrets: {count} sealed, applied, opened and proven {:.2} s after the controller was ready",
        seconds(&run)
    );
}

#[test]
fn a_secret_as_large_as_can_be_comes_back() {
    let Some(home) = small("a_secret_as_large_as_can_be_comes_back", 1, "") else { return };
    // What a server takes in one Secret, and some for etcd, which is asked for all of the SealedSecret at once.
    let value = "0123456789abcdef".repeat((1 << 20) / 16 - 1);
    let text = |value: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: large, namespace: apps}}\nstringData: {{value: {value}}}\n"
        )
    };
    hold(&home, "apps-large", &text(&value));
    let run = home.drill(&[]).is_green().says("13 sealed, 13 unsealed, values match");
    println!("secrets: one of {} bytes among 13, {:.2} s", value.len(), seconds(&run));
    // One that no server takes is told with its place.
    let cipher = age::close(&Hidden::from(text(&value.repeat(2))), &identities(&home).recipients(), false);
    let file = "secrets.example/apps-large.yaml.age";
    std::fs::write(home.lab.path(file), cipher.map_err(|trouble| trouble.to_string()).unwrap()).unwrap();
    let run =
        home.does(&["secrets", "check"]).code(1).says(file).says("holds 2097120 bytes, and a server takes 1048576");
    assert!(!run.all().contains("0123456789abcdef"));
}
