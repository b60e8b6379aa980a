//! When an object that others rest on can bear them. Pure questions to its state.

use crate::sys::kube::Verdict;
use serde_json::Value;

/// Namespaces and definitions of kinds have to come up; of everything else that was accepted nothing more is asked.
pub fn stands(object: &Value) -> Verdict {
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return Verdict::NotYet(leaving(object));
    }
    match object["kind"].as_str() {
        Some("Namespace") => match object["status"]["phase"].as_str() {
            Some("Active") => Verdict::Met,
            phase => Verdict::NotYet(format!("it is {}", phase.unwrap_or("not Active yet"))),
        },
        Some("CustomResourceDefinition") => established(object),
        Some(_) | None => Verdict::Met,
    }
}

fn established(object: &Value) -> Verdict {
    let conditions = object["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |name: &str| conditions.iter().find(|condition| condition["type"] == name);
    let is = |name: &str| of(name).is_some_and(|condition| condition["status"] == "True");
    if is("Established") && is("NamesAccepted") {
        return Verdict::Met;
    }
    let said = of("NamesAccepted").filter(|_| !is("NamesAccepted")).or(of("Established"));
    let why = said.and_then(|condition| condition["message"].as_str()).filter(|why| !why.is_empty());
    Verdict::NotYet(format!("it is not Established: {}", why.unwrap_or("the server has not looked at it yet")))
}

/// Met when the object is gone. What keeps it stands in its finalizers or, for a namespace, in its conditions.
pub fn gone(object: Option<&Value>) -> Verdict {
    match object {
        None => Verdict::Met,
        // Somebody made it anew in the meantime: then it is there to be applied to.
        Some(object) if object["metadata"]["deletionTimestamp"].is_null() => Verdict::Met,
        Some(object) => Verdict::NotYet(leaving(object)),
    }
}

/// Why an object that was deleted is still there.
pub fn leaving(object: &Value) -> String {
    let conditions = object["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let remain = conditions.iter().filter(|condition| {
        condition["status"] == "True" && condition["type"].as_str().is_some_and(|name| name.starts_with("Namespace"))
    });
    let mut why: Vec<&str> = remain.filter_map(|condition| condition["message"].as_str()).collect();
    let finalizers = object["metadata"]["finalizers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let finalizers = finalizers.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    if why.is_empty() && !finalizers.is_empty() {
        why.push(&finalizers);
        return format!("it is being deleted and is kept by {}", why.join("; "));
    }
    let why = if why.is_empty() { "nothing says what keeps it".to_owned() } else { why.join("; ") };
    format!("it is being deleted: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_namespace_bears_others_when_it_is_active_and_not_leaving() {
        let state = |phase: &str| json!({"kind": "Namespace", "metadata": {}, "status": {"phase": phase}});
        assert_eq!(stands(&state("Active")), Verdict::Met);
        assert_eq!(stands(&json!({"kind": "Namespace"})), Verdict::NotYet("it is not Active yet".to_owned()));
        let mut leaving = state("Active");
        leaving["metadata"] = json!({"deletionTimestamp": "2027-01-01T00:00:00Z", "finalizers": ["a.b/c"]});
        assert_eq!(stands(&leaving), Verdict::NotYet("it is being deleted and is kept by a.b/c".to_owned()));
        assert_eq!(gone(Some(&leaving)), stands(&leaving));
        leaving["status"]["conditions"] =
            json!([{"type": "NamespaceContentRemaining", "status": "True", "message": "Some pods. has 1"}]);
        assert_eq!(gone(Some(&leaving)), Verdict::NotYet("it is being deleted: Some pods. has 1".to_owned()));
        assert_eq!(gone(None), Verdict::Met);
        assert_eq!(gone(Some(&state("Active"))), Verdict::Met);
    }

    #[test]
    fn a_definition_bears_others_when_it_is_established_under_its_names() {
        let state = |names: &str, established: &str| {
            json!({"kind": "CustomResourceDefinition", "status": {"conditions": [
                {"type": "NamesAccepted", "status": names, "message": "taken"},
                {"type": "Established", "status": established, "message": "installing"}]}})
        };
        assert_eq!(stands(&state("True", "True")), Verdict::Met);
        let not = |why: &str| Verdict::NotYet(format!("it is not Established: {why}"));
        assert_eq!(stands(&state("False", "False")), not("taken"));
        assert_eq!(stands(&state("True", "False")), not("installing"));
        let fresh = json!({"kind": "CustomResourceDefinition"});
        assert_eq!(stands(&fresh), not("the server has not looked at it yet"));
    }
}
