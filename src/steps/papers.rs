//! Manifests onto a cluster and read back, as every kind does that has some: one way to apply, one to compare, one to tell.

use super::apply::{self, Applied, Compared, Hitch};
use super::contract::{Mishap, Seen};
use super::scene::Scene;
use super::target::Up;
use crate::manifests::{Object, Papers};
use crate::model::Digest;
use crate::model::digest::Digester;
use crate::secrets::store::Held;
use serde_json::Value;

/// So many lines are told; the rest is counted.
const TOLD: usize = 12;

/// Everything that the result depends on: what goes to the server, not how it is written or where it stands. Of a Secret
/// only its keys: the journal keeps this digest, and a short value could be guessed from it. That a value has changed is
/// seen all the same, when the step is looked at again.
pub fn digest(purpose: &str, papers: &Papers) -> Digester {
    let mut digest = Digester::new(purpose);
    papers.objects.iter().for_each(|object| digest.add(without_values(object).to_string().as_bytes()));
    digest
}

/// The same for a step that puts what the store holds in place, with the values by their keyed digests: from these none can
/// be guessed. `more` is what else it depends on.
pub fn digest_with_store(purpose: &str, papers: &Papers, held: &[Held], more: &[&[u8]]) -> Digest {
    let mut digest = digest(purpose, papers);
    held.iter().flat_map(|held| held.keys.values()).for_each(|(_, keyed)| digest.add(keyed.as_bytes()));
    more.iter().for_each(|bytes| digest.add(bytes));
    Digester::new("of a store").field(digest.finish().short().as_bytes()).finish()
}

fn without_values(object: &Object) -> Value {
    let mut body = object.root.json();
    if (object.id.group(), object.kind()) == ("", "Secret") {
        for field in ["data", "stringData"] {
            let values = body.get_mut(field).and_then(Value::as_object_mut);
            values.into_iter().flat_map(|values| values.values_mut()).for_each(|value| *value = Value::Null);
        }
    }
    body
}

/// A line, and some lines under it.
pub fn listed(head: &str, lines: &[String]) -> String {
    let shown = lines.iter().take(TOLD).cloned();
    let more = lines.len().saturating_sub(TOLD);
    let more = (more > 0).then(|| format!("and {more} more"));
    std::iter::once(head.to_owned()).chain(shown).chain(more).collect::<Vec<_>>().join("\n")
}

/// Applies them all.
pub async fn put(scene: &Scene<'_>, up: &Up, papers: &Papers) -> Result<(), Mishap> {
    let say = |text: &str| (scene.say)(text.to_owned());
    papers.swapped.iter().for_each(|swap| say(&format!("in this drill {swap}")));
    let applied = apply::apply(&up.kube, scene.touch, papers, &scene.pace, &say).await;
    logged(scene, &applied).map_err(|why| Mishap::failed(why, true))?;
    if applied.hitches.is_empty() {
        (scene.say)(applied.to_string());
        scene.unchanged.set(applied.created + applied.changed == 0);
        return Ok(());
    }
    if scene.pace.is_braked() {
        return Err(Mishap::Stopped { reason: format!("broken off: {applied}") });
    }
    let tail: Vec<String> = applied.hitches.iter().take(TOLD).map(ToString::to_string).collect();
    Err(Mishap::Failed { reason: applied.to_string(), tail, began: true })
}

/// The log has every hitch, also those beyond the ones that are shown.
fn logged(scene: &Scene<'_>, applied: &Applied) -> Result<(), String> {
    let written = scene.with_log(|log| {
        log.note(&applied.to_string())?;
        applied.left_to.iter().try_for_each(|left| log.note(&format!("{} is kept by {}", left.id, left.keeper)))?;
        applied.hitches.iter().try_for_each(|hitch| log.note(&hitch.to_string()))
    });
    written.map_err(|error| format!("its log: {error}"))
}

/// Whether all are there as their files say.
pub async fn ask(scene: &Scene<'_>, up: &Up, papers: &Papers) -> Seen {
    let say = |text: &str| (scene.say)(text.to_owned());
    let compared = apply::compare(&up.kube, scene.touch.look(), papers, &scene.pace, &say).await;
    if scene.pace.is_braked() && !compared.hitches.is_empty() {
        return Seen::BrokenOff("broken off".to_owned());
    }
    match judged(&compared) {
        Seen::Present(saw) => Seen::Present(saw + unmoved(scene)),
        other => other,
    }
}

/// What there is to add when this very step had nothing to do.
pub fn unmoved(scene: &Scene<'_>) -> &'static str {
    if scene.unchanged.get() { "; nothing had to be changed" } else { "" }
}

fn judged(compared: &Compared) -> Seen {
    let Compared { same, left_to, hitches } = compared;
    let left = match left_to.len() {
        0 => String::new(),
        n => format!(", {n} left to who keeps them"),
    };
    let lines = |known: bool| -> Vec<String> {
        hitches.iter().filter(|hitch| hitch.known == known).map(Hitch::to_string).collect()
    };
    let (wrong, unknown) = (lines(true), lines(false));
    let whole = same + left_to.len();
    match (wrong.is_empty(), unknown.is_empty()) {
        (true, true) if whole == 1 => Seen::Present(format!("1 object as its file says{left}")),
        (true, true) => Seen::Present(format!("{whole} objects as their files say{left}")),
        (false, _) => Seen::Absent(listed(&format!("{} of {} are not so", wrong.len(), whole + hitches.len()), &wrong)),
        (true, false) => Seen::Unknown(unknown.join("; ")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::manifests::read_all;
    use crate::sys::Look;

    fn digest_of(value: &str, key: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("{{apiVersion: v1, kind: Secret, metadata: {{name: a}}, stringData: {{{key}: {value}}}}}\n");
        std::fs::write(folder.path().join("a.yaml"), text).unwrap();
        let papers = read_all(Look::new(), folder.path(), "", &[vec!["a.yaml".to_owned()]]).unwrap();
        digest("test", &papers[0]).finish().short()
    }

    #[test]
    fn the_digest_of_a_secret_is_of_its_keys_and_not_of_its_values() {
        assert_eq!(digest_of("one", "token"), digest_of("other", "token"));
        assert_ne!(digest_of("one", "token"), digest_of("one", "password"));
    }
}
