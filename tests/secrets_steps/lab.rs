//! A small plan over the example's store: its namespaces, the controller, the secrets.

use crate::drills::{Home, PLAN};
use blackstart::manifests::write::write;
use blackstart::model::Hidden;
use blackstart::secrets::{Certificate, Document, Key, document, seal};
use blackstart::sys::age::{self, Identities};
use blackstart::sys::clock;

const STEPS: &str = "  - {id: namespaces, kind: manifests, path: kubernetes/cluster/namespaces.yaml}
  - {id: sealed-secrets, kind: sealing, path: kubernetes/sealed-secrets}
  - {id: secrets, kind: secrets}
";

/// A home with a plan of three steps and these behind them; None, and counted, where there can be no sandbox.
pub fn small(test: &str, sandboxes: usize, more: &str) -> Option<Home> {
    let home = Home::with_room(test, sandboxes)?;
    steps(&home, &format!("{STEPS}{more}"));
    Some(home)
}

/// These steps in place of those of the plan.
pub fn steps(home: &Home, steps: &str) {
    home.edit(PLAN, |plan| format!("{}steps:\n{steps}", plan.split("steps:\n").next().unwrap()));
}

pub fn identities(home: &Home) -> Identities {
    let text = Hidden::new(std::fs::read(home.lab.path("secrets.example/identity.txt")).unwrap());
    Identities::read(&text).map_err(|trouble| trouble.to_string()).unwrap()
}

/// What a file of the store has in it.
pub fn open(home: &Home, name: &str) -> Vec<Document> {
    let cipher = std::fs::read(home.lab.path(&format!("secrets.example/{name}.yaml.age"))).unwrap();
    let plain = age::open(&cipher, &identities(home)).map_err(|trouble| trouble.to_string()).unwrap();
    document::read(&plain, false).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// A file of the store, encrypted from this and taken into the ledger.
pub fn hold(home: &Home, name: &str, plain: &str) {
    let cipher = age::close(&Hidden::from(plain.to_owned()), &identities(home).recipients(), true);
    let path = home.lab.path(&format!("secrets.example/{name}.yaml.age"));
    std::fs::write(path, cipher.map_err(|trouble| trouble.to_string()).unwrap()).unwrap();
    rotate(home);
}

/// Takes a file out of the store.
pub fn forget(home: &Home, name: &str) {
    std::fs::remove_file(home.lab.path(&format!("secrets.example/{name}.yaml.age"))).unwrap();
    rotate(home);
}

fn rotate(home: &Home) {
    home.does(&["secrets", "rotate"]).code(0);
}

pub const KEY: &str = "kube-system-sealed-secrets-key-example";

/// The sealing key of the store, and its certificate.
pub fn key(home: &Home) -> (Key, Certificate) {
    let document = open(home, KEY).remove(0);
    let key = Key::read(&document).unwrap_or_else(|faults| panic!("{faults:?}"));
    let pem = key.certificate.as_ref().unwrap().pem();
    let certificate = Certificate::from_pem(pem.reveal(), clock::now()).unwrap_or_else(|unfit| panic!("{unfit}"));
    (key, certificate)
}

/// A SealedSecret of this Secret, as YAML.
pub fn sealed(secret: &str, certificate: &Certificate) -> String {
    let documents = document::read(&Hidden::from(secret.to_owned()), false);
    let documents = documents.unwrap_or_else(|faults| panic!("{faults:?}"));
    write(&seal(&documents[0], certificate).unwrap_or_else(|fault| panic!("{fault:?}")))
}

/// A sandbox that leaves sealed what is sealed, or takes other words besides.
pub fn companion(home: &mut Home, words: &str) {
    let real = crate::drills::program().unwrap().display().to_string();
    home.lab.script(
        "companion",
        &format!("#!/bin/sh\ncase $1 in up) exec '{real}' \"$@\" {words} ;; *) exec '{real}' \"$@\" ;; esac\n"),
    );
    home.program = home.lab.path("companion");
}
