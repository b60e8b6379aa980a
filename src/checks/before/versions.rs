//! F15: whether k3d and Docker are there in versions that do what they will be asked for. A Docker that does not answer is told
//! of by who asks whether the cluster exists.

use super::{Answers, Asked, ONE};
use crate::checks::fits::{DOCKER, Fit, Fits, K3D};
use crate::checks::rules::cluster::Maker;
use crate::model::{Place, Severity};
use crate::sys::docker::Docker;
use crate::sys::k3d;

pub async fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    let Some(cluster) = asked.here().filter(|one| one.maker == Maker::K3d) else {
        answers.unasked.push("versions of k3d and Docker: neither is used".to_owned());
        return answers;
    };
    match k3d::version(asked.look, asked.until).await {
        Ok(version) => judge(&K3D, &version, &cluster.place, &mut answers),
        // That a program is not there is told with the programs of all steps.
        Err(_) if !k3d::is_there(asked.look) => {}
        Err(why) => answers.unknown("F15", cluster.place.clone(), "program k3d", why, "its answer"),
    }
    let docker = asked.until.within(ONE, Docker::new(asked.look, ONE).server()).await;
    if let Some(Ok((version, _))) = docker {
        judge(&DOCKER, &version, &cluster.place, &mut answers);
    }
    answers
}

fn judge(fits: &Fits, said: &str, place: &Place, answers: &mut Answers) {
    let (program, object) = (fits.program, format!("program {}", fits.program));
    match fits.of(said) {
        Fit::Yes => {}
        Fit::No => {
            let message = format!("has a version that is not known to do what it will be asked for: {said}");
            let fix = format!("install {}", fits.wanted());
            answers.say("F15", Severity::Error, place.clone(), &object, message, &fix);
        }
        Fit::Unread => {
            let message = format!("its version cannot be read: {said}");
            answers.unknown("F15", place.clone(), object, message, "a number");
        }
    }
    answers.figures.push((program.to_owned(), said.to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_too_old_is_an_error_and_one_without_a_number_an_unknown() {
        let place = Place { file: "k3d.yaml".to_owned(), spot: crate::model::Spot { line: 1, column: 1 } };
        let told = |said: &str| {
            let mut answers = Answers::default();
            judge(&K3D, said, &place, &mut answers);
            (answers.told.faults.len(), answers.told.unknowns.len())
        };
        assert_eq!(told("v5.3.0"), (1, 0));
        assert_eq!(told("v5.4.0"), (0, 0));
        assert_eq!(told("dev"), (0, 1));
    }
}
