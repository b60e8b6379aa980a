//! `schema`: the plan file as a JSON Schema.

use super::context::Context;
use crate::model::Problem;
use crate::plan::schema;

pub fn run(context: &Context) -> Result<u8, Problem> {
    context.print(&format!("{:#}\n", schema::schema()))?;
    Ok(0)
}
