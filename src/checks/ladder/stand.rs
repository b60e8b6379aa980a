//! From what is seen to how an object stands: what may heal gets its time, what took as long before is slow and not broken.

use super::cause::{Cause, Sight};
use super::scene::Scene;
use super::trouble::{Heals, Standing};
use super::{claim, job, leaving, namespace, node, other, pod, workload};
use crate::checks::live::Item;
use crate::model::{ObjectId, Stamp};
use std::time::Duration;

/// Before this nothing is called slow.
const SOON: Duration = Duration::from_secs(30);

impl<'a> Scene<'a> {
    /// What is seen from an object downward, by its kind.
    pub fn see(&self, item: &'a Item) -> Sight {
        if item.is_deleted() && &*item.id.kind != "Namespace" {
            return leaving::stand(self, item);
        }
        match (item.id.group(), &*item.id.kind) {
            ("apps", "Deployment") => workload::deployment(self, item),
            ("apps", "ReplicaSet") => workload::replica_set(self, item),
            ("apps", "StatefulSet") => workload::stateful_set(self, item),
            ("apps", "DaemonSet") => workload::daemon_set(self, item),
            ("batch", "Job") => job::job(self, item),
            ("batch", "CronJob") => job::cron_job(self, item),
            ("", "Pod") => pod::stand(self, item),
            ("", "PersistentVolumeClaim") => claim::stand(self, item),
            ("", "PersistentVolume") => claim::volume(self, item),
            ("", "Namespace") => namespace::stand(self, item),
            ("", "Node") => node::stand(self, item),
            ("certificates.k8s.io", "CertificateSigningRequest") => node::request(self, item),
            _ => other::stand(self, item),
        }
    }

    pub fn stand(&self, id: &ObjectId, usual: Option<Duration>) -> Standing {
        let Some(item) = self.live.get(id) else { return self.absent(id) };
        self.conclude(self.see(item), item.created(), usual)
    }

    /// Not there: perhaps because its namespace is not, or is on its way out.
    fn absent(&self, id: &ObjectId) -> Standing {
        let ending = id.namespace.as_deref().and_then(|name| namespace::terminating(self, name));
        match ending {
            Some(cause) => self.conclude(cause.seen_from(id, "is not there").sight(), None, None),
            None => match (id.group(), &*id.kind) {
                ("batch", "Job") => job::gone(self, id).map(Standing::Ready),
                _ => None,
            }
            .unwrap_or_else(|| Standing::Waiting { why: format!("{id} is not there yet") }),
        }
    }

    pub fn conclude(&self, sight: Sight, started: Option<Stamp>, usual: Option<Duration>) -> Standing {
        let elapsed = started.map(|at| self.now.since(at));
        // A quarter more than the last time is still as always.
        let slow = usual.filter(|usual| elapsed.is_some_and(|elapsed| elapsed <= *usual + *usual / 4));
        match sight {
            Sight::Ready(what) => Standing::Ready(what),
            Sight::Waiting(why) => match slow.filter(|_| elapsed >= Some(SOON)) {
                Some(usual) => Standing::Slow { why, usual },
                None => Standing::Waiting { why },
            },
            Sight::Cause(cause) => {
                let heals = cause.trouble.heals == Heals::May;
                let healing = self.healing(&cause);
                let trouble = self.hidden(cause.trouble);
                match slow {
                    _ if healing => Standing::Waiting { why: trouble.message },
                    Some(usual) if heals => Standing::Slow { why: trouble.message, usual },
                    Some(_) | None => Standing::Stuck(Box::new(trouble)),
                }
            }
        }
    }

    /// It may heal, and has not had its time yet. What has no beginning has had it.
    fn healing(&self, cause: &Cause) -> bool {
        cause.trouble.heals == Heals::May && cause.since.is_some_and(|since| self.now.since(since) < cause.grace)
    }

    /// Without any value of a Secret, wherever it got in.
    fn hidden(&self, mut trouble: super::Trouble) -> super::Trouble {
        let space = trouble.object.namespace.as_deref().unwrap_or_default().to_owned();
        let clean = |text: &mut String| *text = self.live.hide(&space, text);
        clean(&mut trouble.message);
        clean(&mut trouble.fix);
        trouble.raw.iter_mut().for_each(clean);
        trouble.chain.iter_mut().for_each(|hop| clean(&mut hop.says));
        trouble
    }
}
