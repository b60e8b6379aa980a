//! FACES: what people and programs see of a run. Reads events; knows nothing else.
//!
//! | module | is |
//! |---|---|
//! | [`lines`] | the plain lines of a run as it goes on: the reference of all displays |
//! | [`bars`] | the same in a terminal, with what runs now below |
//! | [`paint`] | colour, where it is wanted |
//! | [`summary`] | a run as a report shows it: its steps, their stretches of time, its end |
//! | [`fold`] | events in, one summary out |
//! | [`words`] | the sentences and marks that all reports share, and how foreign text is made harmless |
//! | [`json`] | `blackstart.report/1` and `blackstart.event/1` |
//! | [`md`] | the report as Markdown |
//! | [`html`] | the report as one page that stands alone |
//! | [`timeline`] | the page's time line: where each stretch lies on a common axis |
//! | [`found`] | findings of `check` for people |
//! | [`sarif`] | the same for viewers of code |
//! | [`chart`] | draws that time line as HTML |

pub mod bars;
pub mod chart;
pub mod fold;
pub mod found;
pub mod html;
pub mod json;
pub mod lines;
pub mod md;
mod ours;
pub mod paint;
pub mod sarif;
pub mod summary;
pub mod timeline;
pub mod words;

pub use fold::summary;
pub use summary::Summary;
