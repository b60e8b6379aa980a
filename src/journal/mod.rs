//! MEMORY: the durable truth of a run. Records go in, are on disk before anything follows from them, and come out the same.
//! It has not heard of displays, reports or programs.

pub mod frame;
pub mod reader;
pub mod record;
pub mod replay;
pub mod tell;
pub mod writer;

pub use reader::{Story, read};
pub use record::{Begin, Did, Part, Record, Resume};
pub use replay::{Memory, Past, PastStep};
pub use tell::Teller;
pub use writer::{Disk, Writer};
