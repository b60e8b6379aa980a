//! `report`: a run as people read it afterwards. Made from the journal each time, so it is true also when the run was
//! killed before it could write one.

use super::args::{ReportArgs, ReportOutput};
use super::context::Context;
use super::runs::{self, Run};
use crate::model::Problem;
use crate::report::{self, Summary, html, json, md};
use crate::sys::Look;
use std::path::Path;

pub fn run(context: &Context, args: &ReportArgs) -> Result<u8, Problem> {
    let run = runs::find(context, args.run.as_deref(), false)?;
    context.print(&render(&summary(&run)?, args.output))?;
    Ok(0)
}

fn summary(run: &Run) -> Result<Summary, Problem> {
    report::summary(&run.events)
        .ok_or_else(|| Problem::failed(format!("run {}: its journal does not say that it began", run.id)))
}

fn render(summary: &Summary, output: ReportOutput) -> String {
    match output {
        ReportOutput::Md => md::render(summary),
        ReportOutput::Html => html::render(summary),
        ReportOutput::Json => json::report(summary),
    }
}

/// All three, with their file names.
pub fn render_all(look: Look, folder: &Path) -> Result<Vec<(&'static str, String)>, Problem> {
    let summary = summary(&Run::read(look, folder)?)?;
    let outputs = [ReportOutput::Md, ReportOutput::Html, ReportOutput::Json].map(|output| render(&summary, output));
    Ok(["report.md", "report.html", "report.json"].into_iter().zip(outputs).collect())
}
