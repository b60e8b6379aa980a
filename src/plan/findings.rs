//! What can be known to be wrong with a plan and everything that it names, before anything is begun.

use super::load::Planned;
use super::sealing;
use crate::checks::rules::Ground;
use crate::checks::told::Told;
use crate::checks::{files, pod_security, programs, sealed};
use crate::model::{Fact, Place, Spot, Unknown};
use crate::sys::Look;
use std::collections::HashSet;

pub fn of(look: Look, planned: &Planned) -> Told {
    let file = &planned.file;
    let provided = file.steps.iter().flat_map(|step| &step.provides).chain(&file.outside);
    let elsewhere: HashSet<&Fact> = provided.map(|(fact, _)| fact).collect();
    let elsewhere = |fact: &Fact| elsewhere.contains(fact);
    let mut ground = Ground::of(&planned.papers, file.planned.clone(), &elsewhere);
    // The plan's own checks ask what opens a SealedSecret.
    ground.keeps_keys = true;
    let mut told = files::check(&planned.papers, &ground, &pod_security::Rules::default());
    let taking_part = file.steps.iter().filter(|step| step.absent_in(planned.mode).is_none());
    let asked = taking_part.flat_map(|step| {
        step.kind.programs(planned.mode).into_iter().map(|program| (program, step.id.as_str(), step.at))
    });
    told.extend(programs::check(look, file.folder(), &file.shown, asked));
    told.extend(file.steps.iter().flat_map(|step| step.kind.findings(&file.nodes)));
    told.extend(sealing::findings(file, &planned.papers, &planned.held));
    told.unknowns.extend(planned.stale.iter().map(|stale| Unknown {
        id: "F01",
        place: Place { file: stale.file.to_string(), spot: Spot { line: 1, column: 1 } },
        object: "the store of secrets".to_owned(),
        message: stale.why.clone(),
        missing: "an identity: blackstart secrets rotate writes down what it holds".to_owned(),
    }));
    once(&mut told);
    told.sort();
    told
}

/// What the store and its keys show tells more than what files alone do: that is taken where both tell of one fault.
fn once(told: &mut Told) {
    let of = |id: &'static str| told.faults.iter().map(|fault| &fault.finding).filter(move |finding| finding.id == id);
    let shut: Vec<Place> = of(sealed::SHUT).map(|finding| finding.place.clone()).collect();
    let twice: Vec<(String, String)> =
        of(sealed::TWICE).map(|finding| (finding.object.clone(), finding.place.file.clone())).collect();
    told.faults.retain(|fault| {
        let finding = &fault.finding;
        let is_twice = |(object, file): &(String, String)| *object == finding.object && *file == finding.place.file;
        match finding.id {
            "F28" => !shut.contains(&finding.place),
            "F46" => !twice.iter().any(is_twice),
            _ => true,
        }
    });
}
