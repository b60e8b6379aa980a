//! What checks say, gathered: findings, each with the change of a file that mends it where there is one, and what could not be
//! known.

use super::ladder::Mend;
use crate::manifests::Object;
use crate::model::{Accepted, Finding, Place, Severity, Unknown};

/// A finding, and the change to its file.
#[derive(Clone, Debug)]
pub struct Fault {
    pub finding: Finding,
    pub mend: Option<Mend>,
}

#[derive(Clone, Debug, Default)]
pub struct Told {
    pub faults: Vec<Fault>,
    pub unknowns: Vec<Unknown>,
    /// What somebody has accepted, and so is no fault any more.
    pub accepted: Vec<Accepted>,
}

impl Told {
    /// Says that something is wrong with an object, at this place.
    pub fn say(
        &mut self,
        id: &'static str,
        severity: Severity,
        object: &Object,
        place: Place,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> &mut Option<Mend> {
        let object = object.id.to_string();
        self.add(Finding { id, severity, place, object, message: message.into(), fix: fix.into(), patch: None })
    }
    /// Takes all that another has been told.
    pub fn take(&mut self, other: Told) {
        self.faults.extend(other.faults);
        self.unknowns.extend(other.unknowns);
        self.accepted.extend(other.accepted);
    }
    /// Takes a finding, and gives the place for what mends it.
    pub fn add(&mut self, finding: Finding) -> &mut Option<Mend> {
        self.faults.push(Fault { finding, mend: None });
        let last = self.faults.len() - 1;
        &mut self.faults[last].mend
    }
    /// Says that something of an object cannot be known.
    pub fn unknown(
        &mut self,
        id: &'static str,
        object: &Object,
        place: Place,
        message: impl Into<String>,
        missing: impl Into<String>,
    ) {
        let object = object.id.to_string();
        self.unknowns.push(Unknown { id, place, object, message: message.into(), missing: missing.into() });
    }
    /// The worst first; of equal ones what stands first in the files.
    pub fn sort(&mut self) {
        let rank = |severity| match severity {
            Severity::Error => 0,
            Severity::Warning => 1,
            Severity::Note => 2,
        };
        self.faults.sort_by(|a, b| {
            let key = |fault: &Fault| rank(fault.finding.severity);
            key(a).cmp(&key(b)).then_with(|| a.finding.place.cmp(&b.finding.place))
        });
    }
}

impl Extend<Finding> for Told {
    fn extend<T: IntoIterator<Item = Finding>>(&mut self, findings: T) {
        self.faults.extend(findings.into_iter().map(|finding| Fault { finding, mend: None }));
    }
}
