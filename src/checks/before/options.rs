//! F75: whether the k3s that lies on the host knows every key of the plan's config. It is not run for that: a key that stands
//! nowhere in its bytes it cannot know. It would skip it with a line in its log, and make another cluster than was meant.

use super::{Answers, Asked};
use crate::checks::rules::cluster::{Cluster, Maker};
use crate::model::Severity;

/// The keys that are looked for. Short ones stand in any program.
pub fn keys(cluster: &Cluster) -> Vec<&str> {
    cluster.flags.keys().map(|key| key.trim_end_matches('+')).filter(|key| key.len() > 3).collect()
}

pub fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    let cluster = asked.scene.ground.cluster.as_ref().filter(|cluster| cluster.maker == Maker::K3s);
    let (Some(cluster), Some(facts)) = (cluster, asked.facts()) else {
        answers.unasked.push("options of k3s: none is made".to_owned());
        return answers;
    };
    if asked.scene.installs {
        answers
            .unasked
            .push("options of k3s: the plan brings its own, which is not run before it has its place".to_owned());
        return answers;
    }
    // That a host does not answer is told by who asks for its ports.
    let Ok(facts) = facts else { return answers };
    if let Some(version) = &facts.version {
        answers.figures.push(("k3s".to_owned(), version.clone()));
    }
    let Some(version) = &facts.version else { return answers };
    for (key, (_, place)) in &cluster.flags {
        let key = key.trim_end_matches('+');
        if key.len() > 3 && !facts.words.iter().any(|word| word == key) {
            let message = format!("k3s {version} has no option `{key}`: it skips it, and says so in its log only");
            let fix = "take it out, or write what this version calls it (k3s server --help)";
            answers.say("F75", Severity::Error, place.clone(), &format!("cluster {}", cluster.name), message, fix);
        }
    }
    answers
}
