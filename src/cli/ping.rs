//! Tells a watcher outside that a drill began and how it ended, so that one which did not run is noticed. The address is
//! that of a check in the manner of Healthchecks: `/start` and `/fail` behind it mean what they say.

use super::context::Context;
use crate::model::Problem;
use crate::sys::{net, signals};

/// Where the address is taken from when the command line does not name it: there it stands in nobody's process list.
pub const VARIABLE: &str = "BLACKSTART_PING";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Start,
    Success,
    Failure,
}

pub fn url(named: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(url) = named.filter(|url| !url.is_empty()) else { return Ok(None) };
    match net::is_url(url) {
        true => Ok(Some(url.trim_end_matches('/').to_owned())),
        false => Err(Problem::usage(format!("--ping and {VARIABLE} want an address, http:// or https://"))
            .next("give the whole address of the check")),
    }
}

/// A ping that is not heard does not make the drill red, but it is said.
pub fn tell(context: &Context, url: Option<&str>, word: Word, text: &str) {
    let Some(url) = url else { return };
    let url = match word {
        Word::Start => format!("{url}/start"),
        Word::Success => url.to_owned(),
        Word::Failure => format!("{url}/fail"),
    };
    let told = match signals::block_on(net::post(context.look, &url, text.to_owned())) {
        Ok(Ok(status)) if (200..300).contains(&status) => return,
        Ok(Ok(status)) => format!("it answered {status}"),
        Ok(Err(why)) => why,
        Err(error) => error.to_string(),
    };
    let what = match word {
        Word::Start => "has begun",
        Word::Success => "went well",
        Word::Failure => "failed",
    };
    context.note(&format!("the ping that this drill {what} was not heard: {told}"));
}
