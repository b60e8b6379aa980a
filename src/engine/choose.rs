//! What is done with a step whose turn has come: asks `decide`, and writes the intent. Knows what the journal remembers.

use super::decide::{self, Decision, Known};
use super::run::Loop;
use super::task::{Job, Survivor};
use crate::journal::{Did, Memory, Past};
use crate::model::Digest;
use crate::model::digest::Digester;
use crate::plan::file::CLUSTER;
use crate::sys::procfs::{self, Process};

impl Loop {
    pub(super) fn decide(&mut self, step: usize) -> Option<(usize, Job, Option<Survivor>)> {
        let survivor = self.survivor(step);
        let decision = self.decision(step);
        match decision {
            Decision::Skip(reason) => {
                self.note(step, Did::Skip { reason });
                None
            }
            Decision::Ask(saw) => {
                self.note(step, Did::Unclear { saw });
                None
            }
            Decision::Do(why) => {
                self.intend(step, why);
                // What is done anew must not meet its own predecessor.
                Some((step, Job::Do, survivor.map(|process| Survivor { process, end: true })))
            }
            Decision::Look { why, adopted, otherwise } => {
                self.otherwise.insert(step, (adopted, otherwise));
                self.note(step, Did::Check { why });
                let end = self.planned.file.steps[step].kind.repeatable();
                Some((step, Job::Look, survivor.map(|process| Survivor { process, end })))
            }
        }
    }

    fn decision(&self, at: usize) -> Decision {
        let step = &self.planned.file.steps[at];
        if self.tries.contains_key(&at) {
            return Decision::Do("tried again".to_owned());
        }
        let fresh = decide::fresh(step, self.planned.mode);
        let Some(past) = &self.opened.past else { return fresh };
        if let Decision::Skip(_) = fresh {
            return fresh;
        }
        let past = past.step(&step.id);
        let inputs = || self.known_inputs(at).ok();
        decide::resumed(Known {
            memory: past.memory,
            moved: self.moved,
            same_inputs: !matches!(past.memory, Memory::Done | Memory::Begun) || past.inputs == inputs(),
            repeatable: step.kind.repeatable(),
            redo: self.wishes.redo.contains(&step.id),
            accept: self.wishes.accept.contains(&step.id),
        })
    }

    /// A program of this step that an earlier process of this run left behind.
    fn survivor(&self, step: usize) -> Option<Process> {
        let id = &self.planned.file.steps[step].id;
        let past: &Past = self.opened.past.as_ref()?;
        let remembered = past.step(id);
        if matches!(remembered.memory, Memory::Never | Memory::Done | Memory::Accepted)
            || self.tries.contains_key(&step)
        {
            return None;
        }
        let known = remembered
            .child
            .filter(|(_, _, boot)| *boot == self.opened.boot)
            .map(|(pid, _, _)| Process { pid: pid.pid, started: pid.started });
        // Killed between the start of a program and its record: the mark in its environment tells whose it is.
        let marked = || self.survivors.get(id.as_str()).and_then(|found| found.first().copied());
        known.filter(|process| procfs::alive(self.touch.look(), *process)).or_else(marked)
    }

    pub(super) fn inputs(&self, step: usize) -> Digest {
        self.known_inputs(step).unwrap_or_else(|_| Digester::new("unreadable").finish())
    }

    /// What a step did in one cluster says nothing about another: the cluster is one of its inputs.
    fn known_inputs(&self, at: usize) -> Result<Digest, String> {
        let step = &self.planned.file.steps[at];
        let own = step.kind.inputs(self.touch.look(), &self.folder)?;
        let rests_on_cluster =
            self.planned.file.cluster.is_some() && at >= self.planned.file.implied && step.before.is_none();
        Ok(match self.target.uid().filter(|_| rests_on_cluster) {
            Some(uid) => Digester::new("in a cluster").field(own.short().as_bytes()).field(uid.as_bytes()).finish(),
            None => own,
        })
    }

    pub(super) fn intend(&mut self, step: usize, why: String) {
        let inputs = self.inputs(step);
        let tries = self.tries.entry(step).or_insert(0);
        *tries += 1;
        let before = self.opened.past.as_ref().map_or(0, |past| past.step(&self.planned.file.steps[step].id).attempts);
        let attempt = before + *tries;
        // Begun anew in a run that goes on, it leaves behind everything that was done in its predecessor.
        self.moved |= self.opened.past.is_some() && self.planned.file.cluster.is_some() && step == CLUSTER;
        let parts = self.planned.file.steps[step].kind.intends(self.touch.look(), &self.opened.run);
        self.note(step, Did::Touch { attempt, inputs, why, parts });
    }
}
