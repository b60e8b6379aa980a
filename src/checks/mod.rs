//! EYES: a plan in, findings out. Reads what is asked about; changes nothing.

pub mod accept;
pub mod access;
pub mod argocd;
pub mod before;
pub mod binder;
pub mod causes;
pub mod drill;
pub mod files;
pub mod fits;
pub mod ladder;
pub mod live;
pub mod made;
pub mod names;
pub mod pages;
pub mod patches;
pub mod pod_security;
pub mod programs;
pub mod quantity;
pub mod references;
pub mod rules;
pub mod sealed;
pub mod selector;
pub mod told;
pub mod topics;
pub mod volumes;
