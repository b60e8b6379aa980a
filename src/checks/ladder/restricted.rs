//! What a pod template lacks to pass Pod Security level `restricted`, as far as a security context can give it; and whether it
//! passes with that.

use super::edit::Set;
use super::way::Way;
use serde_json::{Value, json};

/// What to set, and the images whose user has to be known and is not.
#[derive(Debug, Default)]
pub struct Remedy {
    pub sets: Vec<Set>,
    pub blank: Vec<String>,
}

/// Images that are known to want a user of this number. Others are not guessed at.
const USERS: &[(&str, i64)] = &[("cloudflare/cloudflared", 65532)];

/// The number of the user that an image runs as, where it is known.
pub fn user_of(image: &str) -> Option<i64> {
    let name = image.split('@').next().unwrap_or_default();
    let name = match name.rfind(':') {
        Some(colon) if !name[colon..].contains('/') => &name[..colon],
        _ => name,
    };
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    USERS.iter().find(|(known, _)| *known == name).map(|(_, user)| *user)
}

struct Container<'t> {
    way: Way,
    value: &'t Value,
}

fn containers(template: &Value) -> Vec<Container<'_>> {
    let mut all = Vec::new();
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for value in template["spec"][list].as_array().into_iter().flatten() {
            let name = value["name"].as_str().unwrap_or_default();
            all.push(Container {
                way: Way::to(&["spec", list]).named(name).key("securityContext"),
                value: &value["securityContext"],
            });
        }
    }
    all
}

fn drops_all(context: &Value) -> bool {
    context["capabilities"]["drop"].as_array().is_some_and(|list| list.iter().any(|name| name == "ALL"))
}

fn confined(context: &Value) -> bool {
    matches!(context["seccompProfile"]["type"].as_str(), Some("RuntimeDefault" | "Localhost"))
}

/// What is to be set, relative to the template.
pub fn remedy(template: &Value) -> Remedy {
    let mut remedy = Remedy::default();
    let pod = &template["spec"]["securityContext"];
    let at_pod = Way::to(&["spec", "securityContext"]);
    let mut set = |way: Way, value: Value| remedy.sets.push(Set { way, value });
    let all = containers(template);
    let unsaid = |name: &str| all.iter().any(|container| container.value[name].is_null());
    if pod["runAsNonRoot"] == false || (pod["runAsNonRoot"].is_null() && unsaid("runAsNonRoot")) {
        set(at_pod.clone().key("runAsNonRoot"), json!(true));
    }
    if !confined(pod) && (!pod["seccompProfile"].is_null() || unsaid("seccompProfile")) {
        set(at_pod.clone().keys(&["seccompProfile", "type"]), json!("RuntimeDefault"));
    }
    for container in &all {
        if container.value["allowPrivilegeEscalation"] != false {
            set(container.way.clone().key("allowPrivilegeEscalation"), json!(false));
        }
        if !drops_all(container.value) {
            set(container.way.clone().keys(&["capabilities", "drop"]), json!(["ALL"]));
        }
        if container.value["runAsNonRoot"] == false {
            set(container.way.clone().key("runAsNonRoot"), json!(true));
        }
        if !container.value["seccompProfile"].is_null() && !confined(container.value) {
            set(container.way.clone().keys(&["seccompProfile", "type"]), json!("RuntimeDefault"));
        }
    }
    // Only where somebody has to say that it is not root does the number matter.
    if remedy.sets.iter().any(|set| set.way.to_string().ends_with("runAsNonRoot"))
        || breaks(template).contains(&"runAsUser")
    {
        let (numbers, blank) = users(template);
        remedy.sets.extend(numbers);
        remedy.blank = blank;
    }
    remedy
}

/// The user of each container that has none, or root: where the image tells it.
fn users(template: &Value) -> (Vec<Set>, Vec<String>) {
    let (mut sets, mut blank) = (Vec::new(), Vec::new());
    let pod = &template["spec"]["securityContext"]["runAsUser"];
    for list in ["initContainers", "containers"] {
        for container in template["spec"][list].as_array().into_iter().flatten() {
            let own = &container["securityContext"]["runAsUser"];
            let user = if own.is_null() { pod } else { own };
            if user.as_i64().is_some_and(|user| user != 0) {
                continue;
            }
            let image = container["image"].as_str().unwrap_or_default();
            let name = container["name"].as_str().unwrap_or_default();
            match user_of(image) {
                Some(number) => sets.push(Set {
                    way: Way::to(&["spec", list]).named(name).keys(&["securityContext", "runAsUser"]),
                    value: json!(number),
                }),
                None if !blank.iter().any(|other| other == image) => blank.push(image.to_owned()),
                None => {}
            }
        }
    }
    (sets, blank)
}

/// The template as it would be, if it then passes all that a security context decides.
pub fn passes(template: &[&str], object: &Value, sets: &[Set]) -> Option<Value> {
    let mut after = object.clone();
    for set in sets {
        set.way.set(&mut after, set.value.clone());
    }
    let after = Way::to(template).find(&after).clone();
    breaks(&after).is_empty().then_some(after)
}

/// The checks of `restricted` that a security context decides, by their ids.
pub fn breaks(template: &Value) -> Vec<&'static str> {
    let pod = &template["spec"]["securityContext"];
    let all = containers(template);
    let any = |wrong: &dyn Fn(&Value) -> bool| all.iter().any(|container| wrong(container.value));
    let mut broken = Vec::new();
    if any(&|context| context["allowPrivilegeEscalation"] != false) {
        broken.push("allowPrivilegeEscalation");
    }
    let adds = |context: &Value| {
        let list = context["capabilities"]["add"].as_array();
        list.is_some_and(|list| list.iter().any(|name| name != "NET_BIND_SERVICE"))
    };
    if any(&|context| !drops_all(context) || adds(context)) {
        broken.push("capabilities_restricted");
    }
    let root = |context: &Value| match &context["runAsNonRoot"] {
        Value::Null => pod["runAsNonRoot"] != true,
        said => *said != true,
    };
    if pod["runAsNonRoot"] == false || any(&root) {
        broken.push("runAsNonRoot");
    }
    if pod["runAsUser"] == 0 || any(&|context| context["runAsUser"] == 0) {
        broken.push("runAsUser");
    }
    let loose = |context: &Value| match &context["seccompProfile"] {
        Value::Null => !confined(pod),
        _ => !confined(context),
    };
    if (!pod["seccompProfile"].is_null() && !confined(pod)) || any(&loose) {
        broken.push("seccompProfile_restricted");
    }
    if any(&|context| context["privileged"] == true) {
        broken.push("privileged");
    }
    broken
}
