//! The program: everything is in the library, so that tests and benches can reach it.

use std::io::Write;

fn main() -> std::process::ExitCode {
    blackstart::sys::guard::close_memory();
    // A bug ends the process at once, as a kill does: the journal is made for that. A task that died alone would leave the
    // run waiting for it. Only the place is told; what was in hand at that place may be nobody's business.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let text = format!("error: a bug of blackstart, at {place}; the run can go on: blackstart resume\n");
        let _ = std::io::stderr().write_all(text.as_bytes());
        std::process::abort();
    }));
    blackstart::cli::main()
}
