//! Applies all manifests of a folder to the cluster of a kubeconfig, by the library alone, and says what came of it and how
//! long each part took: `apply-all KUBECONFIG FOLDER [compare]`. For benchmarks and for looking at the applier by itself.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use blackstart::manifests::read_all;
use blackstart::steps::apply;
use blackstart::sys::kube::Kube;
use blackstart::sys::pace::{Brake, Halt};
use blackstart::sys::{Look, Touch};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (kubeconfig, folder, only_compare) = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [kubeconfig, folder] => (kubeconfig.to_owned(), folder.to_owned(), false),
        [kubeconfig, folder, "compare"] => (kubeconfig.to_owned(), folder.to_owned(), true),
        _ => {
            eprintln!("usage: apply-all KUBECONFIG FOLDER [compare]");
            return ExitCode::from(2);
        }
    };
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match built {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    runtime.block_on(all(Path::new(&kubeconfig), &folder, only_compare))
}

async fn all(kubeconfig: &Path, folder: &str, only_compare: bool) -> ExitCode {
    let (touch, begun) = (Touch::granted(), Instant::now());
    let papers = match read_all(Look::new(), Path::new("."), ".", &[vec![folder.to_owned()]]) {
        Ok(papers) => papers.into_iter().next().unwrap_or_default(),
        Err(wrongs) => return failed(&format!("{wrongs:?}")),
    };
    let read = begun.elapsed();
    let kube = match Kube::connect(touch.look(), kubeconfig).await {
        Ok(kube) => kube,
        Err(trouble) => return failed(&trouble.to_string()),
    };
    let brake = Brake::default();
    let (pace, say) = (brake.pace(Duration::from_secs(600), Halt::Now), |text: &str| eprintln!("{text}"));
    let begun = Instant::now();
    let hitches = if only_compare {
        let end = apply::compare(&kube, touch.look(), &papers, &pace, &say).await;
        println!(
            "{} same, {} left, {} hitches, read {read:?}, compared {:?}",
            end.same,
            end.left_to.len(),
            end.hitches.len(),
            begun.elapsed()
        );
        end.hitches
    } else {
        let end = apply::apply(&kube, &touch, &papers, &pace, &say).await;
        println!("{end}, read {read:?}, applied {:?}", begun.elapsed());
        end.hitches
    };
    hitches.iter().for_each(|hitch| eprintln!("{hitch}"));
    if hitches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn failed(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
