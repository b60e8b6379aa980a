//! Takes the values of a Secret out of what a server says about it. Servers quote what they do not like.

use super::trouble::{Cause, Refusal};
use serde_json::Value;

/// Answers whose words are about names and rights, never about what stands in the object.
const HARMLESS: &[u16] = &[401, 403, 404, 409, 429, 502, 503, 504];

const HIDDEN: &str = "(hidden)";

/// True for an object whose values nobody may read in a message.
pub fn is_secret(object: &Value) -> bool {
    object["kind"] == "Secret" && object["apiVersion"] == "v1"
}

/// Leaves of a refusal of this object what cannot hold its values: if it is a Secret, words that may quote it are replaced
/// by names of fields, and any value that is still there is taken out.
pub fn values(refusal: &mut Refusal, sent: &Value) {
    if !is_secret(sent) {
        return;
    }
    let webhook = refusal.code == 500 && refusal.message.contains("failed calling webhook");
    if !webhook && !HARMLESS.contains(&refusal.code) {
        refusal.causes.extend(wrong_type(&refusal.message));
        refusal.message = "the server refused this Secret; its words are not shown, for they can quote it".to_owned();
        let fields: Vec<&str> =
            refusal.causes.iter().map(|cause| &*cause.field).filter(|field| !field.is_empty()).collect();
        if !fields.is_empty() {
            refusal.message = format!("{} (fields: {})", refusal.message, fields.join(", "));
        }
        for cause in &mut refusal.causes {
            cause.message = HIDDEN.to_owned();
        }
    }
    let mut values = Vec::new();
    for part in ["data", "stringData"] {
        collect(&sent[part], &mut values);
    }
    // The longest first, so that a value within another leaves nothing of it.
    values.sort_unstable_by_key(|value| std::cmp::Reverse(value.len()));
    for value in &values {
        refusal.message = refusal.message.replace(value, HIDDEN);
        for cause in &mut refusal.causes {
            cause.message = cause.message.replace(value, HIDDEN);
        }
    }
}

/// The field in `failed to create typed patch object (…): .data.a: expected string, got …`.
fn wrong_type(message: &str) -> Option<Cause> {
    let (_, rest) = message.split_once("): .")?;
    let (field, what) = rest.split_once(": ")?;
    what.starts_with("expected ").then(|| Cause {
        field: field.to_owned(),
        reason: String::new(),
        message: String::new(),
    })
}

/// All forms in which a value can be quoted. What is too short to be told from other words is covered by `HARMLESS`.
fn collect(part: &Value, values: &mut Vec<String>) {
    let texts: Vec<String> = match part {
        Value::Object(fields) => return fields.values().for_each(|field| collect(field, values)),
        Value::Array(items) => return items.iter().for_each(|item| collect(item, values)),
        Value::String(text) => {
            let decoded = super::objects::base64_decode(text).and_then(|bytes| String::from_utf8(bytes).ok());
            [Some(text.clone()), Some(super::objects::base64(text.as_bytes())), decoded].into_iter().flatten().collect()
        }
        Value::Number(_) | Value::Bool(_) => vec![part.to_string()],
        Value::Null => return,
    };
    for text in texts.into_iter().filter(|text| text.len() >= 4) {
        let quoted = Value::from(&*text).to_string();
        values.push(quoted.trim_matches('"').to_owned());
        values.extend(text.lines().map(str::trim).filter(|line| line.len() >= 4).map(str::to_owned));
        values.push(text);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::sys::kube::Trouble;
    use serde_json::json;

    fn told(code: u16, message: &str, sent: &serde_json::Value) -> String {
        let body = json!({"kind": "Status", "status": "Failure", "message": message,
            "details": {"causes": [{"field": "data[a]", "message": message}]}});
        format!("{:?}", Trouble::of_answer(code, None, body.to_string().as_bytes(), Some(sent)))
    }

    #[test]
    fn no_words_about_a_secret_hold_its_values() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret",
            "data": {"a": "Y2FuYXJ5LW9uZQ=="}, "stringData": {"b": "say \"hi\"\nto two", "c": 12345}});
        let quotes = ["canary-one", "Y2FuYXJ5LW9uZQ==", r#"say \"hi\"\nto two"#, "to two", "12345"];
        for code in [400, 401, 403, 404, 409, 413, 418, 422, 429, 500, 503] {
            for quote in quotes {
                let said = told(code, &format!("Invalid value: {quote}: admission webhook denied {quote}"), &secret);
                let left = quotes.iter().find(|quote| said.contains(**quote));
                assert_eq!(left, None, "{code}: {said}");
            }
        }
        // That asking again is of no use is known all the same.
        let typed = "failed to create typed patch object (a/a; /v1, Kind=Secret): .data.c: expected string, got 12345";
        let body = json!({"kind": "Status", "status": "Failure", "message": typed}).to_string();
        let trouble = Trouble::of_answer(500, None, body.as_bytes(), Some(&secret));
        assert!(!trouble.transient() && !trouble.to_string().contains("12345"), "{trouble}");
        assert!(trouble.to_string().contains("(fields: data.c)"), "{trouble}");
        // The same words about another kind are shown whole.
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "canary-one"}});
        assert!(told(422, "Invalid value: canary-one", &map).contains("Invalid value: canary-one"));
    }

    #[test]
    fn what_a_quota_or_a_webhook_says_about_a_secret_is_kept() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "Y2FuYXJ5LW9uZQ=="}});
        assert!(told(403, "exceeded quota: few", &secret).contains("exceeded quota: few"));
        let failed = "Internal error occurred: failed calling webhook \"a.b.c\": no endpoints";
        assert!(told(500, failed, &secret).contains("no endpoints"));
        assert!(told(422, "data[a]: whatever", &secret).contains("fields: data[a]"));
    }
}
