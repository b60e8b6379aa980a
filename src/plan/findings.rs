//! What can be known to be wrong with a plan and everything that it names, before anything is begun.

use super::file::PlanFile;
use super::load::Planned;
use super::sealing;
use crate::checks::accept;
use crate::checks::rules::Ground;
use crate::checks::told::Told;
use crate::checks::{files, pod_security, programs, sealed};
use crate::manifests::papers::Marked;
use crate::model::{Fact, Finding, Mode, Place, Provider, Severity, Spot, Unknown};
use crate::sys::{self, Look, clock};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

pub fn of(look: Look, planned: &Planned) -> Told {
    on(look, planned, &pod_security::Rules::default())
}

/// The same for a cluster that is configured so.
pub fn on(look: Look, planned: &Planned, security: &pod_security::Rules) -> Told {
    let file = &planned.file;
    let provided = file.steps.iter().flat_map(|step| &step.provides).chain(&file.outside);
    let elsewhere: HashSet<&Fact> = provided.map(|(fact, _)| fact).collect();
    let elsewhere = |fact: &Fact| elsewhere.contains(fact);
    let mut ground = Ground::of(&planned.papers, file.planned.clone(), &elsewhere);
    // The plan's own checks ask what opens a SealedSecret.
    ground.keeps_keys = true;
    ground.applied = true;
    let mut told = files::check(&planned.papers, &ground, security);
    let taking_part = file.steps.iter().filter(|step| step.absent_in(planned.mode).is_none());
    let asked = taking_part.flat_map(|step| {
        step.kind.programs(planned.mode).into_iter().map(|program| (program, step.id.as_str(), step.at))
    });
    told.extend(programs::check(look, file.folder(), &file.shown, asked));
    told.extend(file.steps.iter().flat_map(|step| step.kind.findings(&file.nodes)));
    let closed = file.steps.iter().flat_map(|step| step.kind.unknowns(&planned.papers, &planned.held));
    told.unknowns.extend(closed);
    told.extend(forgotten(look, file));
    told.extend(locked_out(planned));
    told.extend(sealing::findings(file, &planned.papers, &planned.held));
    told.unknowns.extend(planned.stale.iter().map(|stale| Unknown {
        id: "F01",
        place: Place { file: stale.file.to_string(), spot: Spot { line: 1, column: 1 } },
        object: "the store of secrets".to_owned(),
        message: stale.why.clone(),
        missing: "an identity: blackstart secrets rotate writes down what it holds".to_owned(),
    }));
    once(&mut told);
    let own = planned.marked.as_deref().into_iter();
    let marked = planned.papers.iter().flat_map(|papers| &papers.marked).map(Arc::as_ref).chain(own);
    let accepted = file.accept.iter().map(|accept| accept.acceptance(&file.shown)).collect();
    // A drill leaves out steps that a recovery has, and with them what is accepted about them.
    let whole = planned.mode == Mode::Recover;
    let marked: Vec<&Marked> = marked.collect();
    accept::settle_all(&mut told, marked.into_iter(), accepted, clock::now().day(), whole);
    told.sort();
    told
}

/// F99: every way in that the plan names lies inside of what its recovery deletes.
fn locked_out(planned: &Planned) -> Option<Finding> {
    let file = &planned.file;
    let cluster = file.cluster.as_ref().filter(|cluster| cluster.provider != Provider::Sandbox)?;
    let first = file.access.first().filter(|_| planned.mode == Mode::Recover)?;
    let names: Vec<&str> = file.access.iter().map(|way| way.name.as_str()).collect();
    file.access.iter().all(|way| way.inside).then(|| Finding {
        id: "F99",
        // At the console of a dead cluster nobody needs to be kept from going on.
        severity: Severity::Warning,
        place: Place { file: file.shown.clone(), spot: first.at },
        object: format!("cluster {}", cluster.name),
        message: format!(
            "every way in lies inside of what dies ({}): nobody can look after a recovery that fails",
            names.join(", ")
        ),
        fix: "name one that stays, as console: {outside: keyboard and screen}, and try it first".to_owned(),
        patch: None,
    })
}

/// F19: a file for the nodes' registries that lies beside the file of the cluster and that nobody gives to it. Whoever misses it
/// afterwards restarts a node to have it read.
fn forgotten(look: Look, file: &PlanFile) -> Option<Finding> {
    let cluster = file.cluster.as_ref().filter(|cluster| cluster.provider == Provider::K3d)?;
    let planned = file.planned.as_ref().filter(|planned| planned.registries.is_empty())?;
    let beside = Path::new(&cluster.config.as_ref()?.0).parent()?.join("registries.yaml");
    let there = cluster.registries.is_none() && sys::files::exists(look, &file.folder().join(&beside));
    let shown = Path::new(&file.shown).parent().unwrap_or(Path::new("")).join(&beside).display().to_string();
    there.then(|| Finding {
        id: "F19",
        severity: Severity::Error,
        place: Place { file: shown.clone(), spot: Spot { line: 1, column: 1 } },
        object: shown.clone(),
        message: format!(
            "lies beside {} and is not given to cluster {} when it is made: its nodes would have to be restarted to read it",
            planned.place.file, cluster.name
        ),
        fix: format!("name it in the plan: cluster: {{registries: {}}}; or accept that it is not used", beside.display()),
        patch: None,
    })
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
