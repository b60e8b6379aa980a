//! Sealing and opening, with upstream's own programs as judges: its kubeseal and its controller.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../support/sandbox.rs"]
mod sandbox;
#[path = "../support/world.rs"]
mod world;

mod both;
mod certificates;
mod commands;
mod controller;
mod guess;
mod judge;
mod keys;
mod made;
mod rows;
mod samples;
mod server;
mod tamper;
mod vectors;

use blackstart::manifests::{Object, objects_of};
use blackstart::model::{Hidden, Stamp};
use blackstart::secrets::{Certificate, Document, Key, Sealed, document, sealed};
use blackstart::sys::clock;
use made::file as key_file;

pub fn key_text(name: &str) -> Vec<u8> {
    std::fs::read(key_file(name)).unwrap()
}

pub fn key(name: &str) -> Key {
    Key::alone(name, &Hidden::new(key_text(&format!("{name}.key.pem")))).unwrap().remove(0)
}

pub fn certificate(name: &str) -> Certificate {
    let read = Certificate::from_pem(&key_text(&format!("{name}.cert.pem")), today());
    read.unwrap_or_else(|unfit| panic!("{name}: {unfit}"))
}

pub fn today() -> Stamp {
    clock::now()
}

pub fn documents(text: &str) -> Vec<Document> {
    document::read(&Hidden::from(text.to_owned()), false).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"))
}

pub fn objects(text: &str) -> Vec<Object> {
    let (objects, wrong) = objects_of(text.as_bytes(), false, "set.yaml");
    assert!(wrong.is_empty(), "{wrong:?}");
    objects
}

pub fn sealed(text: &str) -> Sealed {
    let objects = objects(text);
    assert_eq!(objects.len(), 1);
    sealed::read(&objects[0]).unwrap_or_else(|faults| panic!("{faults:?}"))
}
