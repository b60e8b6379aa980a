//! The program: everything is in the library, so that tests and benches can reach it.

use blackstart::sys::guard;

fn main() -> std::process::ExitCode {
    guard::close_memory();
    guard::end_at_a_bug();
    blackstart::cli::main()
}
