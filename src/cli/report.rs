//! `report`: a run as people read it afterwards. Made from the journal each time, so it is true also when the run was
//! killed before it could write one.

use super::args::{ReportArgs, ReportOutput};
use super::context::Context;
use super::runs::{self, Run};
use crate::model::Problem;
use crate::report::summary::Summary;
use crate::report::{html, json, md};
use crate::sys::Look;
use std::path::Path;

pub fn run(context: &Context, args: &ReportArgs) -> Result<u8, Problem> {
    let run = runs::find(context, args.run.as_deref(), false)?;
    let text = render(&Summary::of(&run.events), args.output);
    context.print(&text)?;
    Ok(0)
}

fn render(summary: &Summary, output: ReportOutput) -> String {
    match output {
        ReportOutput::Md => md::render(summary),
        ReportOutput::Html => html::render(summary),
        ReportOutput::Json => format!("{}\n", json::report_json(summary)),
    }
}

/// All three, with their file names.
pub fn render_all(look: Look, folder: &Path) -> Result<Vec<(&'static str, String)>, Problem> {
    let run = Run::read(look, folder)?;
    let summary = Summary::of(&run.events);
    let outputs = [ReportOutput::Md, ReportOutput::Html, ReportOutput::Json];
    Ok(["report.md", "report.html", "report.json"]
        .into_iter()
        .zip(outputs.map(|output| render(&summary, output)))
        .collect())
}
