//! What a drill in a cluster of real containers would do to the world outside: which objects become others in it, and which
//! places it may reach. Papers in, papers and lists out; nothing is asked.

mod allow;
mod change;
mod shut;
mod swaps;
mod table;

pub use allow::{Allowed, Opening, Refused, allowed, mirrored, place_of};
pub use swaps::substitute;
