//! F75: whether the k3s that lies on the host knows every key of the plan's config. Its own list of options is asked: what it
//! does not know it skips with a line in its log, and the cluster is another than the one that was meant.

use super::{Answers, Asked};
use crate::checks::rules::cluster::Maker;
use crate::model::Severity;

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
    if facts.options.is_empty() {
        return answers;
    }
    let has = |name: &str| facts.options.iter().any(|option| option == name);
    for (key, (_, place)) in &cluster.flags {
        let key = key.trim_end_matches('+');
        // Short names stand in no such list.
        if key.len() > 1 && !has(key) {
            let version = facts.version.as_deref().unwrap_or("of this host");
            let message = format!("k3s {version} has no option `{key}`: it skips it, and says so in its log only");
            let fix = "take it out, or write what this version calls it (k3s server --help)";
            answers.say("F75", Severity::Error, place.clone(), &format!("cluster {}", cluster.name), message, fix);
        }
    }
    answers
}
