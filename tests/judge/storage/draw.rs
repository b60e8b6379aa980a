//! Volumes, claims and classes: a case has a few of each, about one rule, with odd values there and usual ones elsewhere.

use crate::drawing::Draw;
use crate::has_rule;
use serde_json::{Value, json};

/// What the cases are about.
pub const ABOUT: [&str; 12] = [
    "class",
    "default class",
    "selector",
    "size",
    "access modes",
    "volumeMode",
    "volumeName",
    "claimRef",
    "both name each other",
    "node affinity",
    "several volumes",
    "several claims",
];

pub const SPACE: &str = "default";

/// Whether there is a default class, and whether something would make its volumes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Usual {
    None,
    Static,
    Dynamic,
}

/// What is made in this order.
#[derive(Default)]
pub struct Batch {
    pub classes: Vec<Value>,
    pub volumes: Vec<Value>,
    pub claims: Vec<Claim>,
}

pub struct Claim {
    pub about: &'static str,
    pub body: Value,
    /// A pod has to want it before anything is bound.
    pub waits: bool,
}

impl Claim {
    pub fn name(&self) -> &str {
        self.body["metadata"]["name"].as_str().unwrap()
    }
}

/// A volume as it is applied: without the uid of an older claim, of which check says so. Some come as others would apply them.
pub fn applied(volume: &Value) -> Value {
    let mut volume = volume.clone();
    if volume["metadata"]["labels"]["applied"].is_null()
        && let Some(claim) = volume["spec"]["claimRef"].as_object_mut()
    {
        claim.remove("uid");
    }
    volume
}

pub fn class(name: &str, maker: &str, mode: &str, default: bool) -> Value {
    let notes = if default { json!({"storageclass.kubernetes.io/is-default-class": "true"}) } else { json!({}) };
    json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": maker, "volumeBindingMode": mode,
        "metadata": {"name": name, "annotations": notes, "labels": {"judge": "storage"}}})
}

pub fn batch(draw: &mut Draw, round: usize, cases: usize, default: Usual) -> Batch {
    let mut batch = Batch::default();
    let maker = |dynamic: bool| if dynamic { "example.org/nobody" } else { "kubernetes.io/no-provisioner" };
    match default {
        Usual::None => {}
        one => batch.classes.push(class(&format!("r{round}-usual"), maker(one == Usual::Dynamic), "Immediate", true)),
    }
    for number in 0..cases {
        case(draw, &format!("r{round}c{number}"), &format!("r{round}-usual"), &mut batch);
    }
    batch
}

const SIZES: [&str; 12] = [
    "1Gi",
    "1G",
    "1024Mi",
    "1.5Gi",
    "1500M",
    "900Mi",
    "2Gi",
    "1073741824",
    "1e9",
    "0.5Gi",
    "1073741823500m",
    "1048576Ki",
];

fn case(draw: &mut Draw, own: &str, usual: &str, batch: &mut Batch) {
    let mut about = draw.pick(&ABOUT);
    if about == "node affinity" && !has_rule("F32") {
        about = "size";
    }
    // Without a class of its own a case is told from others by its labels.
    let classless = about == "default class" || draw.chance(20);
    let waits = about == "node affinity" || (!classless && draw.chance(15));
    let known = classless || draw.chance(80);
    if !classless && (known || waits) {
        let dynamic = draw.chance(15);
        let maker = if dynamic { "example.org/nobody" } else { "kubernetes.io/no-provisioner" };
        let mode = if waits { "WaitForFirstConsumer" } else { "Immediate" };
        batch.classes.push(class(own, maker, mode, false));
    }
    let odd = |draw: &mut Draw, of: &str, percent: usize| draw.chance(if of == about { percent } else { 4 });
    let claims = if about == "several claims" { 2 + draw.below(2) } else { 1 + usize::from(draw.chance(20)) };
    let volumes = if about == "several volumes" { 2 + draw.below(2) } else { 1 + usize::from(draw.chance(30)) };
    let volumes = if draw.chance(4) { 0 } else { volumes };
    for at in 0..volumes {
        let name = format!("{own}-v{at}");
        let mut spec = json!({"persistentVolumeReclaimPolicy": "Retain", "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"}, "hostPath": {"path": format!("/data/{name}")}});
        let other = odd(draw, "class", 50) || odd(draw, "default class", 70);
        if let Some(class) = class_of(draw, classless, own, usual, other) {
            spec["storageClassName"] = json!(class);
        }
        if odd(draw, "size", 80) {
            spec["capacity"]["storage"] = json!(draw.pick(&SIZES));
        }
        if odd(draw, "access modes", 80) {
            spec["accessModes"] = modes(draw);
        }
        if odd(draw, "volumeMode", 60) {
            spec["volumeMode"] = json!(draw.pick(&["Block", "Filesystem"]));
        }
        if odd(draw, "node affinity", 80) && has_rule("F32") {
            let host = draw.pick(&["k3d-lab-server-0", "k3d-lab-agent-0", "k3d-old-server-0", "nas"]);
            spec["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": [host]}]}]}});
        }
        let each_other = about == "both name each other" && draw.chance(85);
        if odd(draw, "claimRef", 75) || each_other {
            let claim = format!("{own}-p{}", if each_other { at } else { draw.below(claims + 1) });
            let space = if draw.chance(10) { "elsewhere" } else { SPACE };
            spec["claimRef"] =
                json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": space, "name": claim});
            // One with a uid and Delete nobody applies.
            if draw.chance(25) {
                spec["claimRef"]["uid"] = json!("8d0b6a0e-0000-4000-8000-000000000000");
            } else if draw.chance(10) {
                spec["persistentVolumeReclaimPolicy"] = json!("Delete");
            }
        }
        let mut labels = json!({"judge": "storage", "case": own});
        if volumes == 1 && claims == 1 && draw.chance(30) {
            labels["applied"] = json!("as-it-is");
        }
        if odd(draw, "selector", 70) {
            labels["tier"] = json!(draw.pick(&["db", "web"]));
        }
        batch.volumes.push(json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name, "labels": labels}, "spec": spec}));
    }
    for at in 0..claims {
        let name = format!("{own}-p{at}");
        let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        let other = odd(draw, "class", 50) || odd(draw, "default class", 70);
        let class = class_of(draw, classless, own, usual, other);
        if let Some(class) = &class {
            spec["storageClassName"] = json!(class);
        }
        if odd(draw, "size", 80) {
            spec["resources"]["requests"]["storage"] = json!(draw.pick(&SIZES));
        }
        if odd(draw, "access modes", 80) {
            spec["accessModes"] = modes(draw);
        }
        if odd(draw, "volumeMode", 60) {
            spec["volumeMode"] = json!(draw.pick(&["Block", "Filesystem"]));
        }
        if odd(draw, "volumeName", 80) || (about == "both name each other" && draw.chance(85)) {
            let of = if about == "both name each other" { at } else { draw.below(volumes + 1) };
            spec["volumeName"] = json!(format!("{own}-v{of}"));
        }
        // One that asks for nothing would take from all the others; a few do.
        let free = !class.as_deref().is_some_and(|class| class.starts_with(own)) && !draw.chance(5);
        if odd(draw, "selector", 85) || (free && spec["volumeName"].is_null()) {
            spec["selector"] = selector(draw, own, about == "selector");
        }
        batch.claims.push(Claim {
            about,
            waits: waits && class.as_deref() == Some(own),
            body: json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": name, "namespace": SPACE, "labels": {"judge": "storage"}}, "spec": spec}),
        });
    }
}

fn class_of(draw: &mut Draw, classless: bool, own: &str, usual: &str, odd: bool) -> Option<String> {
    match (classless, odd) {
        (false, false) => Some(own.to_owned()),
        (true, false) => Some(String::new()),
        (_, true) => match draw.below(4) {
            0 => Some(format!("{own}-b")),
            1 => Some(String::new()),
            2 if classless => Some(usual.to_owned()),
            _ => None,
        },
    }
}

fn modes(draw: &mut Draw) -> Value {
    draw.pick(&[
        json!(["ReadWriteOnce"]),
        json!(["ReadWriteMany"]),
        json!(["ReadOnlyMany"]),
        json!(["ReadWriteOnce", "ReadWriteMany"]),
        json!(["ReadOnlyMany", "ReadWriteOnce"]),
        json!(["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"]),
        json!(["ReadWriteOncePod"]),
    ])
}

fn selector(draw: &mut Draw, own: &str, odd: bool) -> Value {
    let mut selector = json!({"matchLabels": {"case": own}});
    if odd {
        match draw.below(7) {
            0 => {}
            1 => selector["matchLabels"]["tier"] = json!("db"),
            2 => selector["matchExpressions"] = json!([{"key": "tier", "operator": "In", "values": ["db", "cache"]}]),
            3 => selector["matchExpressions"] = json!([{"key": "tier", "operator": "NotIn", "values": ["db"]}]),
            4 => selector["matchExpressions"] = json!([{"key": "tier", "operator": "Exists"}]),
            5 => selector["matchExpressions"] = json!([{"key": "tier", "operator": "DoesNotExist"}]),
            _ => selector["matchLabels"]["case"] = json!("another"),
        }
    }
    selector
}
