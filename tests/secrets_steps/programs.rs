//! Values handed to programs: through a pipe and in files that are in memory; and taken out of what these print.

use crate::drills::PLAN;
use crate::lab::{hold, small, steps};
use blackstart::model::Mode;
use blackstart::plan::load::load;
use blackstart::sys::Look;

const VALUE: &str = "canary-value-4711-of-the-tunnel";

#[test]
fn a_program_gets_values_on_its_stdin_and_as_files_and_what_it_prints_of_them_is_hidden() {
    let test = "a_program_gets_values_on_its_stdin_and_as_files_and_what_it_prints_of_them_is_hidden";
    let Some(home) = small(test, 0, "") else { return };
    hold(
        &home,
        "networking-tunnel-token",
        &format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: tunnel-token, namespace: networking}}\nstringData: {{token: {VALUE}}}\n"
        ),
    );
    steps(&home, "  - {id: none, kind: command, run: [\"true\"], verify: [\"true\"]}\n");
    home.edit(PLAN, |plan| {
        plan.lines().filter(|line| !line.starts_with("cluster:")).map(|line| format!("{line}\n")).collect()
    });
    home.lab.script(
        "plans/take",
        "#!/bin/sh\nin=$(cat)\n[ \"$1\" = --check ] || [ \"$in\" = \"$(cat \"$TOKEN\")\" ] || exit 3\nstat -Lc %a \"$TOKEN\"\necho \"got $(cat \"$TOKEN\")\"\nprintf %s \"$(cat \"$TOKEN\")\" | base64\necho \"err $in\" >&2\n[ -n \"$(cat \"$TOKEN\")\" ] && exit ${END:-0}\n",
    );
    let step = "  - {id: take, kind: command, run: [./take], verify: [./take, --check], repeatable: true, drill: run, stdin: secret/networking/tunnel-token/token, files: {TOKEN: secret/networking/tunnel-token/token}";
    steps(&home, &format!("{step}}}\n"));
    home.drill(&[]).is_green().never_says(VALUE);
    let log = home
        .lab
        .read(&home.lab.runs()[0].join("log/take.log").strip_prefix(home.lab.path("")).unwrap().display().to_string());
    assert!(log.contains("got [hidden]") && log.contains("err [hidden]") && !log.contains("4711"), "{log}");
    // Also what is told of one that fails.
    steps(&home, &format!("{step}, env: {{END: \"7\"}}}}\n"));
    let run = home.drill(&[]).code(1).never_says("4711");
    assert!(run.failure("take").contains("got [hidden]"), "{}", run.all());
}

#[test]
fn another_value_in_the_store_is_another_input_of_the_program_that_gets_it() {
    let test = "another_value_in_the_store_is_another_input_of_the_program_that_gets_it";
    let Some(home) = small(test, 0, "") else { return };
    home.edit(PLAN, |plan| {
        plan.lines().filter(|line| !line.starts_with("cluster:")).map(|line| format!("{line}\n")).collect()
    });
    let name = "secret/networking/tunnel-token/token";
    let inputs = |value: &str| {
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: tunnel-token, namespace: networking}\n";
        hold(&home, "networking-tunnel-token", &format!("{secret}stringData: {{token: {value}}}\n"));
        let planned = load(Look::new(), &home.lab.path(PLAN), Mode::Recover);
        let planned = planned.unwrap_or_else(|problem| panic!("{problem}"));
        planned.file.steps[0].kind.inputs(Look::new(), planned.file.folder()).unwrap()
    };
    for given in [format!("stdin: {name}"), format!("files: {{TOKEN: {name}}}")] {
        let step = "{id: take, kind: command, run: [\"true\"], verify: [\"true\"]";
        steps(&home, &format!("  - {step}, {given}}}\n"));
        let first = inputs("one-value");
        assert_eq!(first, inputs("one-value"));
        assert_ne!(first, inputs("another-value"), "{given}");
    }
}
