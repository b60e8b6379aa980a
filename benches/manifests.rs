//! Where the time of a repository of manifests goes: reading and parsing its files, the edges between steps, the findings. The
//! goal is 300 ms for all of it with 2,000 files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../examples/gen-manifests.rs"]
#[allow(dead_code)]
mod generate;

use blackstart::checks::references;
use blackstart::manifests::{Papers, facts, read_all};
use blackstart::sys::Look;
use divan::Bencher;
use divan::counter::ItemsCount;
use tempfile::TempDir;

const FILES: [usize; 2] = [2_000, 20_000];

fn main() {
    divan::main();
}

/// A step for each folder.
fn repository(files: usize) -> (TempDir, Vec<Vec<String>>) {
    let folder = TempDir::new().expect("a folder");
    let folders = generate::write(files, folder.path()).expect("files");
    (folder, folders.into_iter().map(|folder| vec![folder]).collect())
}

fn read(folder: &TempDir, wanted: &[Vec<String>]) -> Vec<Papers> {
    read_all(Look::new(), folder.path(), "", wanted).unwrap_or_else(|wrongs| panic!("{wrongs:?}"))
}

#[divan::bench(args = FILES, sample_count = 20)]
fn files(bencher: Bencher<'_, '_>, files: usize) {
    let (folder, wanted) = repository(files);
    bencher.counter(ItemsCount::new(files)).bench(|| read(&folder, &wanted));
}

#[divan::bench(args = FILES, sample_count = 20)]
fn edges(bencher: Bencher<'_, '_>, files: usize) {
    let (folder, wanted) = repository(files);
    let papers = read(&folder, &wanted);
    bencher.counter(ItemsCount::new(files)).bench(|| facts::links(&papers));
}

#[divan::bench(args = FILES, sample_count = 20)]
fn findings(bencher: Bencher<'_, '_>, files: usize) {
    let (folder, wanted) = repository(files);
    let papers = read(&folder, &wanted);
    let named: Vec<(&str, &Papers)> = wanted.iter().map(|paths| &*paths[0]).zip(&papers).collect();
    bencher.counter(ItemsCount::new(files)).bench(|| references::check(&named));
}

#[divan::bench(args = FILES, sample_count = 20)]
fn all(bencher: Bencher<'_, '_>, files: usize) {
    let (folder, wanted) = repository(files);
    bencher.counter(ItemsCount::new(files)).bench(|| {
        let papers = read(&folder, &wanted);
        let links = facts::links(&papers);
        let named: Vec<(&str, &Papers)> = wanted.iter().map(|paths| &*paths[0]).zip(&papers).collect();
        (references::check(&named), links)
    });
}
