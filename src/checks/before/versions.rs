//! F15: whether k3d and Docker are there in versions that do what they will be asked for. A Docker that does not answer is told
//! of by who asks whether the cluster exists.

use super::{Answers, Asked, ONE};
use crate::checks::rules::cluster::Maker;
use crate::model::{Place, Severity};
use crate::sys::ask;
use crate::sys::process::Exit;
use std::io;

/// From where on they do what they will be asked for, and the generation from which on nobody knows.
struct Fits {
    from: (u32, u32),
    below: u32,
}

const K3D: Fits = Fits { from: (5, 4), below: 6 };
const DOCKER: Fits = Fits { from: (20, 10), below: u32::MAX };

pub async fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    let Some(cluster) = asked.here().filter(|one| one.maker == Maker::K3d) else {
        answers.unasked.push("versions of k3d and Docker: neither is used".to_owned());
        return answers;
    };
    let k3d = said(asked, "k3d", &["version"]).await;
    judge("k3d", &K3D, k3d, &cluster.place, &mut answers);
    let docker = said(asked, "docker", &["version", "--format", "{{.Server.Version}}"]).await;
    judge("docker", &DOCKER, docker, &cluster.place, &mut answers);
    answers
}

/// What a program says of its version; nothing where it says none, or is not there: that is told elsewhere.
async fn said(asked: Asked<'_>, program: &str, words: &[&str]) -> Result<Option<String>, String> {
    let home = crate::sys::host::said(asked.look, "HOME").unwrap_or_default();
    let docker = crate::sys::host::said(asked.look, "DOCKER_HOST").unwrap_or_default();
    let mut env = vec![("HOME", home.as_str())];
    if !docker.is_empty() {
        env.push(("DOCKER_HOST", &docker));
    }
    match ask::program(asked.look, program, words, &env, asked.until, ONE).await {
        Ok(Some(said)) if said.exit == Exit::Code(0) => Ok(said.out.lines().next().map(|line| line.trim().to_owned())),
        Ok(Some(_)) => Ok(None),
        Ok(None) => Err(format!("{program} does not say its version within {} s", ONE.as_secs())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{program}: {error}")),
    }
}

fn judge(program: &str, fits: &Fits, said: Result<Option<String>, String>, place: &Place, answers: &mut Answers) {
    match said {
        Ok(None) => {}
        Err(why) => answers.unknown("F15", place.clone(), format!("program {program}"), why, "its answer"),
        Ok(Some(said)) => {
            let numbers = numbers(&said);
            let (major, minor) = fits.from;
            // A build of its own may say no more than which generation it is of.
            let old = |(own, below): (u32, Option<u32>)| {
                own < major || (own == major && below.is_some_and(|own| own < minor))
            };
            if numbers.is_some_and(|own| old(own) || own.0 >= fits.below) {
                let below = if fits.below < u32::MAX { format!(" and before {}", fits.below) } else { String::new() };
                let message = format!("has a version that is not known to do what it will be asked for: {said}");
                let fix = format!("install {program} {major}.{minor} or later{below}");
                answers.say("F15", Severity::Error, place.clone(), &format!("program {program}"), message, &fix);
            }
            if numbers.is_none() {
                let message = format!("its version cannot be read: {said}");
                answers.unknown("F15", place.clone(), format!("program {program}"), message, "a number");
            }
            answers.figures.push((program.to_owned(), said));
        }
    }
}

/// The first two numbers of a version, wherever it stands in the line: `k3d version v5.8.3`.
fn numbers(said: &str) -> Option<(u32, Option<u32>)> {
    said.split_ascii_whitespace().rev().find_map(|word| {
        let mut parts = word.trim_start_matches('v').split(['.', '-', '+']);
        Some((parts.next()?.parse().ok()?, parts.next().and_then(|minor| minor.parse().ok())))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_these_programs_write_them() {
        assert_eq!(numbers("k3d version v5.8.3"), Some((5, Some(8))));
        assert_eq!(numbers("k3d version v5-dev"), Some((5, None)));
        assert_eq!(numbers("28.5.1"), Some((28, Some(5))));
        assert_eq!(numbers("20.10.24+dfsg1"), Some((20, Some(10))));
        assert_eq!(numbers("k3d version unknown"), None);
    }

    #[test]
    fn a_program_that_is_too_old_is_an_error_and_one_without_a_number_an_unknown() {
        let place = Place { file: "k3d.yaml".to_owned(), spot: crate::model::Spot { line: 1, column: 1 } };
        let told = |said: &str| {
            let mut answers = Answers::default();
            judge("k3d", &K3D, Ok(Some(said.to_owned())), &place, &mut answers);
            (answers.told.faults.len(), answers.told.unknowns.len())
        };
        assert_eq!(told("k3d version v4.4.8"), (1, 0));
        assert_eq!(told("k3d version v5.3.0"), (1, 0));
        assert_eq!(told("k3d version v6.0.0"), (1, 0));
        assert_eq!(told("k3d version v5.4.0"), (0, 0));
        assert_eq!(told("k3d version v5-dev"), (0, 0));
        assert_eq!(told("k3d version dev"), (0, 1));
    }
}
