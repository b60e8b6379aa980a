//! Damaged plans: whatever the text, reading it ends soon, panics never, and tells each mistake with its place.
//!
//! BLACKSTART_FUZZ_SECONDS says for how long (default 10), BLACKSTART_SEED which texts are tried (default: other ones each
//! time). A text that breaks the rule is written to a file, whose path is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/damage.rs"]
mod damage;
#[path = "support/golden.rs"]
mod golden;

use blackstart::model::{Kind, Mode, Problem};
use blackstart::plan::load;
use damage::{Dice, TOKENS, damage};
use golden::{names, tests};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const SHOWN: &str = "fuzz.yaml";
const PATIENCE: Duration = Duration::from_secs(2);

/// What is wrong with what was said about a text, if anything.
fn wrong(text: &str, problem: &Problem) -> Option<String> {
    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count();
    if !matches!(problem.kind, Kind::Usage | Kind::Refused) {
        return Some(format!("a problem of another kind: {problem}"));
    }
    if problem.causes.is_empty() || problem.next.is_empty() {
        return Some(format!("nothing is told: {problem}"));
    }
    let counted = |cause: &str| cause.starts_with("and ") || cause.starts_with("loop ");
    for cause in problem.causes.iter().filter(|cause| !counted(cause)) {
        // Or a place in one of the files that the plan names.
        let file = |end: &&str| *end == SHOWN || end.starts_with("manifests/") || end.starts_with("cluster/");
        let Some((file, place)) = (cause.split(' ')).find_map(|word| word.split_once(':').filter(|(end, _)| file(end)))
        else {
            return Some(format!("no place: {cause}"));
        };
        let lines = if file == SHOWN { lines } else { usize::MAX - 1 };
        let numbers: Vec<usize> =
            place.split([':', ',', ' ']).take(2).map_while(|number| number.parse().ok()).collect();
        if !matches!(numbers[..], [line, column] if line >= 1 && column >= 1 && line <= lines + 1) {
            return Some(format!("not a place in a file of {lines} lines: {cause}"));
        }
        if cause.contains(|c: char| c.is_control()) {
            return Some(format!("a control character: {cause:?}"));
        }
    }
    None
}

/// A folder with the files that the good plans name, so deep that a damaged path still leads to nothing large.
fn place() -> &'static Path {
    static DEEP: OnceLock<PathBuf> = OnceLock::new();
    DEEP.get_or_init(|| {
        let deep = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz/a/b/c/d");
        fs::create_dir_all(&deep).unwrap();
        for folder in ["manifests", "cluster"] {
            let from = tests().join("good-plans").join(folder);
            let copied = std::process::Command::new("cp").arg("-R").arg(from).arg(&deep).status();
            assert!(copied.unwrap().success(), "{folder}");
        }
        deep
    })
}

/// Reads a text, and says how the rule was broken, if it was.
fn read(text: &str, mode: Mode) -> (Option<String>, bool) {
    let begun = Instant::now();
    let path = place().join(SHOWN);
    let done = catch_unwind(AssertUnwindSafe(|| load::from_text(text, SHOWN, &path, mode).map(drop)));
    let taken = begun.elapsed();
    match done {
        Err(_) => (Some("it panicked".to_owned()), false),
        Ok(_) if taken > PATIENCE => (Some(format!("it took {taken:?} for {} bytes", text.len())), false),
        Ok(Err(problem)) => (wrong(text, &problem), false),
        Ok(Ok(())) => (None, true),
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

fn seconds() -> u64 {
    number("BLACKSTART_FUZZ_SECONDS").unwrap_or(10)
}

/// Another one each second, and told, so that what was found can be found again.
fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = number("BLACKSTART_SEED").unwrap_or_else(now);
    println!("BLACKSTART_SEED={seed} BLACKSTART_FUZZ_SECONDS={}", seconds());
    seed
}

/// The good plans first, then the bad ones.
fn seeds() -> Vec<Vec<u8>> {
    let of = |folder: &str| {
        let folder = tests().join(folder);
        names(&folder, ".yaml").into_iter().map(move |name| fs::read(folder.join(format!("{name}.yaml"))).unwrap())
    };
    of("good-plans").chain(of("bad-plans")).collect()
}

#[test]
fn a_damaged_plan_is_read_or_refused_and_nothing_else() {
    let (seconds, seed) = (seconds(), seed());
    let (mut dice, texts) = (Dice(seed), seeds());
    let good_ones = names(&tests().join("good-plans"), ".yaml").len();
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut tried, mut good) = (0_u64, 0_u64);
    while Instant::now() < until {
        let among = if dice.below(2) == 0 { good_ones } else { texts.len() };
        let first = damage(&texts[dice.below(among)], &texts, &mut dice);
        let text = String::from_utf8_lossy(&first);
        let mode = if dice.below(2) == 0 { Mode::Recover } else { Mode::Drill };
        let (broken, read) = read(&text, mode);
        tried += 1;
        good += u64::from(read);
        if let Some(how) = broken {
            let path = std::env::temp_dir().join(format!("blackstart-fuzz-{seed}-{tried}.yaml"));
            fs::write(&path, text.as_bytes()).unwrap();
            panic!("text {tried} of BLACKSTART_SEED={seed}: {how}\nit is in {}", path.display());
        }
    }
    println!("{tried} texts, {good} of them are plans");
    // Something must come through, or only the first lines of the reader were tried.
    assert!(tried > 100 && good > tried / 100, "{good} of {tried} texts were plans");
}

#[test]
fn what_the_reader_takes_the_schema_takes_too() {
    let validator = jsonschema::validator_for(&blackstart::plan::schema::schema()).unwrap();
    let (mut dice, texts) = (Dice(seed()), seeds());
    let good_ones = names(&tests().join("good-plans"), ".yaml").len();
    let until = Instant::now() + Duration::from_secs(seconds());
    let mut held = 0;
    while Instant::now() < until {
        let text = damage(&texts[dice.below(good_ones)], &texts[..good_ones], &mut dice);
        let text = String::from_utf8_lossy(&text);
        if !read(&text, Mode::Recover).1 {
            continue;
        }
        // Where the other parser reads something else it is not for the schema to say who is right.
        let options = serde_saphyr::options! { strict_booleans: true };
        let Ok(value) = serde_saphyr::from_str_with_options::<serde_json::Value>(&text, options) else { continue };
        let wrong: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{wrong:#?}\nin\n{text}");
        held += 1;
    }
    println!("{held} plans");
    assert!(held > 10, "only {held} plans were compared");
}

/// Texts that are cheap to write and could be dear to read.
#[test]
fn a_large_hostile_text_is_read_in_a_time_that_grows_with_its_size_only() {
    const SIZE: usize = 256 << 10;
    let head = "name: lab\nsteps:\n";
    let fill = |part: &str| format!("{head}{}", part.repeat(SIZE / part.len()));
    let step = |inside: &str, part: &str| {
        let body = (0..SIZE / 16).map(|i| part.replace('@', &i.to_string())).collect::<String>();
        format!("{head}  - {{id: a, kind: command, run: [tool], verify: [tool], {}}}\n", inside.replace('@', &body))
    };
    let mut cases: Vec<(String, String)> = TOKENS.iter().map(|token| ((*token).to_owned(), fill(token))).collect();
    cases.extend(
        ["[", "{", "- ", "? ", "a: ", "'", "\"", "\\", "#", "&", "*", "!", "%", "|\n", "\n "]
            .map(|part| (format!("only {part}"), part.repeat(SIZE / part.len()))),
    );
    cases.push(("variables".to_owned(), step("env: {@}", "V@: x, ")));
    cases.push(("the same variable".to_owned(), step("env: {@}", "V: x, ")));
    cases.push(("unknown keys".to_owned(), step("@ x: y", "k@: x, ")));
    cases.push(("the same key".to_owned(), step("@ x: y", "run: [x], ")));
    cases.push(("needs of nobody".to_owned(), step("needs: [@]", "n@, ")));
    cases.push(("needs of itself".to_owned(), step("needs: [@]", "a, ")));
    cases.push(("facts of nobody".to_owned(), step("requires: [@]", "git/n@, ")));
    cases.push(("words".to_owned(), step("drill: [@]", "w@, ")));
    let ways: String = (0..SIZE / 16).map(|i| format!("  w{i}: {{outside: x}}\n")).collect();
    cases.push(("ways in".to_owned(), format!("access:\n{ways}{head}  - a\n")));
    for (name, text) in cases {
        let (broken, _) = read(&text, Mode::Recover);
        assert!(broken.is_none(), "{name:?}: {}", broken.unwrap());
    }
}

#[test]
fn the_rule_turns_red_on_a_mistake_without_a_place() {
    let good = Problem::usage("x").because("fuzz.yaml:1:2: y").next("z");
    assert_eq!(wrong("a\n", &good), None);
    let bad = |cause: &str| wrong("a\n", &Problem::usage("x").because(cause).next("z"));
    for cause in
        ["y", "fuzz.yaml: y", "fuzz.yaml:0:1: y", "fuzz.yaml:1:0: y", "fuzz.yaml:9:1: y", "fuzz.yaml:1:1: \u{1b}[1m"]
    {
        assert!(bad(cause).is_some(), "{cause:?} passes");
    }
    assert!(wrong("a\n", &Problem::usage("x").next("z")).is_some());
    assert!(wrong("a\n", &Problem::failed("x").because("fuzz.yaml:1:2: y").next("z")).is_some());
}
