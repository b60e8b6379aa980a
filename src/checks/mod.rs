//! EYES: a plan in, findings out. Reads what is asked about; changes nothing.

pub mod programs;
pub mod references;
