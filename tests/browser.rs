//! The report in a real browser: what was drawn is measured there, not guessed from the text. Where no browser is
//! found, that is said where `scripts/test` counts it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod runs;

use blackstart::model::Event;
use blackstart::report::{html, summary};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

struct Browser {
    program: PathBuf,
    home: tempfile::TempDir,
}

impl Browser {
    fn find() -> Option<Browser> {
        let path = std::env::var_os("PATH")?;
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let all = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
        let program = all.into_iter().find(|program| program.is_file())?;
        Some(Browser { program, home: tempfile::tempdir().unwrap() })
    }

    fn open(&self, page: &Path, more: &[&str]) -> Output {
        let profile = format!("--user-data-dir={}", self.home.path().display());
        let output = assert_cmd::Command::new(&self.program)
            .timeout(Duration::from_secs(60))
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--enable-logging=stderr", "--hide-scrollbars", &profile])
            .args(more)
            .arg(format!("file://{}", page.display()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Opens the page as it is, in a window of that size, and gives the picture; what the page's console said is an error.
    fn picture(&self, page: &Path, name: &str, size: &str, more: &[&str]) -> Vec<u8> {
        let file = page.with_file_name(name);
        let screenshot = format!("--screenshot={}", file.display());
        let size = format!("--window-size={size}");
        let output = self.open(page, &[&[screenshot.as_str(), size.as_str()], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let console: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
        assert!(console.is_empty(), "{name}: {console:?}");
        std::fs::read(file).unwrap()
    }
}

/// Runs the test in a browser, or says why it was not run.
fn with_browser(name: &str, test: impl FnOnce(Browser)) {
    match Browser::find() {
        Some(browser) => test(browser),
        None => {
            if let Some(file) = std::env::var_os("BLACKSTART_NOT_RUN") {
                let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
                writeln!(file, "not run: {name}: no chromium, chromium-browser or google-chrome on PATH").unwrap();
            }
        }
    }
}

fn pages() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn page(name: &str, events: &[Event]) -> PathBuf {
    let path = pages().join(format!("{name}.html"));
    std::fs::write(&path, html::render(&summary(events).unwrap())).unwrap();
    path
}

/// A copy of the page with a script that measures it: the page itself allows none.
fn measured(browser: &Browser, page: &Path, size: &str) -> Vec<(String, f64)> {
    const MEASURE: &str = "<script>
        const wide = document.documentElement.scrollWidth - innerWidth;
        const bars = [...document.querySelectorAll('.bar')].map(bar => {
            const r = bar.getBoundingClientRect();
            const seen = r.height > 2 && r.right <= innerWidth + 1 && getComputedStyle(bar).visibility === 'visible';
            return bar.dataset.step + '=' + (seen ? r.width : 0);
        });
        document.body.dataset.measured = ['wide=' + wide].concat(bars).join(' ');
    </script></body>";
    let text = std::fs::read_to_string(page).unwrap();
    let policy = "content=\"default-src 'none'; style-src 'unsafe-inline'\"";
    assert!(text.contains(policy), "the page forbids scripts");
    let copy = page.with_extension("measured.html");
    std::fs::write(&copy, text.replace(policy, "").replace("</body>", MEASURE)).unwrap();
    let output = browser.open(&copy, &["--dump-dom", &format!("--window-size={size}")]);
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, rest) = dom.split_once("data-measured=\"").expect("the script ran");
    let (found, _) = rest.split_once('"').unwrap();
    let pairs = found.split(' ').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(step, width)| (step.to_owned(), width.parse().unwrap())).collect()
}

#[test]
fn every_step_that_ran_has_a_bar_that_is_seen() {
    with_browser("every step that ran has a bar that is seen", |browser| {
        for (name, events) in [
            ("success", runs::success()),
            ("failure", runs::failure()),
            ("resumed", runs::resumed()),
            ("killed", runs::killed()),
            ("many", runs::many(300)),
        ] {
            let page = page(name, &events);
            let ran = summary(&events).unwrap();
            let stretches: usize = ran.steps.iter().map(|step| step.stretches.len()).sum();
            for size in ["1280,900", "600,900"] {
                let mut bars = measured(&browser, &page, size);
                let (_, wide) = bars.remove(0);
                assert!(wide <= 0.0, "{name} at {size}: {wide} px too wide");
                assert_eq!(bars.len(), stretches, "{name} at {size}");
                for (step, width) in &bars {
                    assert!(*width > 0.0, "{name} at {size}: the bar of {step} is not seen");
                }
                for step in ran.steps.iter().filter(|step| !step.stretches.is_empty()) {
                    assert!(bars.iter().any(|(bar, _)| bar == step.id.as_str()), "{name}: {} has no bar", step.id);
                }
            }
        }
    });
}

#[test]
fn a_browser_finds_nothing_but_text_in_hostile_text() {
    with_browser("a browser finds nothing but text in hostile text", |browser| {
        let page = page("hostile", &runs::hostile());
        // Without its policy, so that the escapes alone have to hold.
        let bare = page.with_extension("bare.html");
        let text = std::fs::read_to_string(&page).unwrap();
        std::fs::write(&bare, text.replace("default-src 'none'; style-src 'unsafe-inline'", "")).unwrap();
        let output = browser.open(&bare, &["--dump-dom"]);
        let dom = String::from_utf8_lossy(&output.stdout).into_owned();
        // An end tag that is half escaped is swallowed without a trace, so the text must be there whole, each time.
        let whole = "&lt;/script&gt;&lt;/pre&gt;&lt;script&gt;document.title='pwned'&lt;/script&gt;&lt;img src=x";
        assert!(dom.matches(whole).count() >= 20, "{} times whole", dom.matches(whole).count());
        assert!(!dom.contains("<script") && !dom.contains("<img") && !dom.contains("<title>pwned"), "{dom}");
    });
}

#[test]
fn the_page_opens_without_a_word_in_the_console_and_is_not_blank() {
    with_browser("the page opens without a word in the console and is not blank", |browser| {
        let blank = pages().join("blank.html");
        std::fs::write(&blank, "<!doctype html><title>blank</title>").unwrap();
        let blank = browser.picture(&blank, "blank.png", "1280,1400", &[]).len();
        let dark = ["--blink-settings=preferredColorScheme=0"];
        let mut seen: Vec<Vec<u8>> = Vec::new();
        for (name, events, picture, size, more) in [
            ("success", runs::success(), "success.png", "1280,1400", &[][..]),
            ("success", runs::success(), "success-dark.png", "1280,1400", &dark[..]),
            ("success", runs::success(), "success-narrow.png", "600,2200", &[][..]),
            ("failure", runs::failure(), "failure.png", "1280,1600", &[][..]),
            ("resumed", runs::resumed(), "resumed.png", "1280,1500", &[][..]),
            ("killed", runs::killed(), "killed.png", "1280,1400", &[][..]),
            ("many", runs::many(300), "many.png", "1280,1700", &[][..]),
        ] {
            let picture = browser.picture(&page(name, &events), picture, size, more);
            assert!(picture.len() > blank * 3, "{name}: {} bytes, a blank page has {blank}", picture.len());
            assert!(!seen.contains(&picture), "{name}: the same picture as another");
            seen.push(picture);
        }
    });
}
