//! Whether the API server would let the pods in, asked before anything is applied that makes some. A Deployment is taken whatever
//! its pods look like; that they are refused shows later, as 0 of N without a pod.

use crate::manifests::{Object, Papers};
use crate::model::ObjectId;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::sys::kube::{Force, Kube, Refusal, Trouble};
use serde_json::{Value, json};

/// A dry run of the pod that each of these objects would make.
pub async fn all(scene: &Scene<'_>, kube: &Kube, papers: &Papers) -> Result<(), Mishap> {
    for object in &papers.objects {
        let Some(body) = pod(object) else { continue };
        let say = |text: &str| (scene.say)(text.to_owned());
        let work = async |kube: &Kube| kube.apply_dry(scene.touch.look(), &body, Force::Yes).await;
        match kube.patiently(&scene.pace, &say, work).await {
            Ok(_) => {}
            Err(Trouble::BrokenOff(why, _)) => return Err(super::over(why, &format!("{} was asked about", object.id))),
            Err(Trouble::Refused(refusal)) => return Err(refused(object, &refusal)),
            Err(trouble) => return Err(Mishap::failed(format!("{}: {trouble}", object.id), true)),
        }
    }
    Ok(())
}

/// The pod as its controller would make it.
fn pod(object: &Object) -> Option<Value> {
    let (template, way) = object.pod_template()?;
    let mut body = template.json();
    let namespace = object.namespace().unwrap_or("default");
    if way.is_empty() {
        return None;
    }
    body["apiVersion"] = json!("v1");
    body["kind"] = json!("Pod");
    body["metadata"]["name"] = json!(object.name());
    body["metadata"]["namespace"] = json!(namespace);
    Some(body)
}

fn refused(object: &Object, refusal: &Refusal) -> Mishap {
    let id = ObjectId::new("v1", "Pod", object.namespace(), object.name());
    let (_, way) = object.pod_template().unwrap_or((&object.root, &[]));
    let mut names = way.to_vec();
    names.push("spec");
    let place = object.place_of(&names);
    let secure = refusal.message.contains("violates PodSecurity");
    let head = if secure { "F03 " } else { "" };
    let mut tail = vec![format!("where  {}:{}", place.file, place.spot.line), format!("said   {}", refusal.message)];
    if secure {
        tail.push("fix    blackstart check --fix DIR   # writes the patch".to_owned());
    }
    let reason = format!("{head}{}: its pods would be refused, so none was made", object.id);
    tail.push(format!("asked  {id}, as a dry run"));
    Mishap::Failed { reason, tail, began: true }
}
