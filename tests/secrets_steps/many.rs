//! Two hundred secrets: what of the time is ours.

use crate::lab::{identities, small};
use blackstart::model::Hidden;
use blackstart::sys::age;
use serde_json::Value;

#[test]
fn two_hundred_secrets_are_sealed_and_proven_in_a_second() {
    let Some(home) = small("two_hundred_secrets_are_sealed_and_proven_in_a_second", 1, "") else { return };
    let more = 188;
    let recipients = identities(&home).recipients();
    for file in 0..4 {
        let text: String = (0..more / 4)
            .map(|n| {
                format!(
                    "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s{file}-{n}, namespace: apps}}\nstringData: {{value: value-{file}-{n}-of-many}}\n"
                )
            })
            .collect();
        let cipher =
            age::close(&Hidden::from(text), &recipients, false).map_err(|trouble| trouble.to_string()).unwrap();
        std::fs::write(home.lab.path(&format!("secrets.example/many-{file}.yaml.age")), cipher).unwrap();
    }
    home.does(&["secrets", "rotate"]).code(0);
    let run = home.drill(&[]).is_green().says("200 sealed, 200 unsealed, values match");
    let seconds = |kind: &str| -> f64 {
        let event = run.events(kind).into_iter().find(|event| event["step"] == "secrets").unwrap();
        event["seconds"].as_f64().unwrap_or_else(|| panic!("{event}"))
    };
    let whole = seconds("step.verified");
    println!("secrets: 200 sealed, applied, opened and proven {whole:.2} s after the controller was ready");
    let _: &Value = run.finished();
}
