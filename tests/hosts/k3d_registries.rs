//! Mirrors that nodes are to pull from, as real registries with a certificate and passwords: each thing that can be wrong with
//! one is found before anything is deleted, and one that goes later is named after it. No node is restarted for any of it.

use crate::k3d_world::{Run, World};
use crate::rig::{IMAGE, docker, folder, inside, registry};
use blackstart::checks::told::Told;
use blackstart::model::{Mode, Severity};
use blackstart::steps::contract::Seen;
use blackstart::sys::Look;
use blackstart::sys::side::block_on;
use std::path::Path;
use std::process::{Child, Command};

const PASSWORD: &str = "canary-4711";
/// Of that password, for the user `puller`.
const HTPASSWD: &str = "puller:$2b$04$FAdYreHAbQaJbYDQcxAZAu5xJEf/EnbchfIyVzy3rAGTBHHsj0Uxm\n";

/// A process that ends with its test.
struct Served(Child);
impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn openssl(at: &Path, words: &str) {
    let done = Command::new("openssl").args(words.split(' ')).current_dir(at).output().unwrap();
    assert!(done.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&done.stderr));
}

/// An authority and what it has signed for this address; and another authority that has signed nothing.
fn certificates(at: &Path, host: &str) {
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    for name in ["ca", "wrong"] {
        openssl(at, &format!("req -x509 {new} -keyout {name}.key -out {name}.crt -subj /CN={name}"));
    }
    std::fs::write(at.join("san"), format!("subjectAltName=IP:{host}\n")).unwrap();
    openssl(at, &format!("req {new} -keyout tls.key -out tls.csr -subj /CN=mirror"));
    openssl(at, "x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile san -out tls.crt");
}

/// Two registries over one store: an open one for us to push to, and one with a certificate and a password for nodes.
fn serve(at: &Path, name: &str, address: &str, more: &str) -> Served {
    let config = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {0}/store}}}}\nhttp:\n  addr: {address}\n{more}",
        at.display()
    );
    let path = at.join(format!("{name}.yaml"));
    std::fs::write(&path, config).unwrap();
    let log = std::fs::File::create(at.join(format!("{name}.log"))).unwrap();
    let child = Command::new(registry()).arg("serve").arg(&path).stdout(log.try_clone().unwrap()).stderr(log).spawn();
    let served = Served(child.unwrap());
    let to: std::net::SocketAddr = address.parse().unwrap();
    for _ in 0..500 {
        if std::net::TcpStream::connect(to).is_ok() {
            return served;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{}", std::fs::read_to_string(at.join(format!("{name}.log"))).unwrap());
}

/// What a recovery is told of its mirrors, each as `severity file:line object message`.
fn told(of: &Told) -> Vec<String> {
    let line = |fault: &blackstart::checks::told::Fault| {
        let one = &fault.finding;
        let severity = if one.severity == Severity::Error { "error" } else { "warning" };
        format!("{} {severity} {}:{} {}: {}", one.id, one.place.file, one.place.spot.line, one.object, one.message)
    };
    of.faults.iter().map(line).collect()
}

#[test]
fn a_mirror_that_will_not_serve_is_found_before_the_delete_and_one_that_goes_later_is_named() {
    if !inside(
        "k3d_registries::a_mirror_that_will_not_serve_is_found_before_the_delete_and_one_that_goes_later_is_named",
    ) {
        return;
    }
    let at = folder().join("registry");
    std::fs::create_dir(&at).unwrap();
    let host = docker(&["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]);
    certificates(&at, &host);
    std::fs::write(at.join("htpasswd"), HTPASSWD).unwrap();
    let place = at.display();
    let _open = serve(&at, "open", "127.0.0.1:5000", "");
    let closed = serve(
        &at,
        "closed",
        &format!("{host}:5443"),
        &format!(
            "  tls: {{certificate: {place}/tls.crt, key: {place}/tls.key}}\nauth: {{htpasswd: {{realm: r, path: {place}/htpasswd}}}}\n"
        ),
    );
    // Docker pushes to a registry of the loopback without a certificate.
    docker(&["tag", "ghcr.io/k3d-io/k3d-tools:latest", "127.0.0.1:5000/apps/one:1"]);
    docker(&["push", "-q", "127.0.0.1:5000/apps/one:1"]);

    let mount = |ca: &str| format!("volumes:\n- {{volume: \"{place}/{ca}.crt:/certs/ca.crt\", nodeFilters: [all]}}\n");
    let text = |endpoint: &str, config: &str| {
        format!("mirrors:\n  apps.example.org:\n    endpoint: [{endpoint}]\nconfigs:\n  \"{host}:5443\":\n{config}")
    };
    let good = format!("https://{host}:5443");
    let auth = |password: &str| format!("    auth: {{username: puller, password: {password}}}\n");
    let tls = "    tls: {ca_file: /certs/ca.crt}\n";
    let whole = text(&good, &format!("{}{tls}", auth(PASSWORD)));

    // Something stands there that would be deleted.
    let labels = ["--label", "app=k3d", "--label", "k3d.cluster=home", "--label", "k3d.role=server"];
    docker(&[&["create", "--name", "k3d-home-server-0"], &labels[..], &[IMAGE]].concat());
    let cases = [
        ("mirror down", text(&format!("https://{host}:5999"), tls), "ca", "does not answer: "),
        ("wrong authority", whole.clone(), "wrong", "is not trusted by "),
        ("no authority", text(&good, &auth(PASSWORD)), "ca", "is not trusted by "),
        ("no password", text(&good, tls), "ca", "wants a password, and `configs` has none"),
        (
            "wrong password",
            text(&good, &format!("{}{tls}", auth("canary-4712"))),
            "ca",
            "does not take the user and password",
        ),
        ("in the clear", text(&format!("http://{host}:5443"), tls), "ca", "answers 400 to /v2/"),
        ("itself", text("http://localhost:5000", tls), "ca", "in a node this is the node itself"),
        ("no authority there", whole.clone(), "gone", "cannot be asked: ca_file /certs/ca.crt"),
    ];
    for (fault, registries, ca, wanted) in &cases {
        let world = World::new("home", 6550, &mount(ca)).with_registries(registries);
        let run = world.run("r0", Mode::Recover);
        let ahead = block_on(run.maker.ahead(Look::new())).unwrap();
        let lines = told(&ahead);
        assert!(lines.len() == 1 && ahead.unknowns.is_empty(), "{fault}: {lines:?}");
        assert!(
            lines[0].starts_with("F19 error plans/registries.yaml:3 mirror apps.example.org: "),
            "{fault}: {lines:?}"
        );
        assert!(lines[0].contains(wanted) && !lines[0].contains("canary"), "{fault}: {lines:?}");
        let (words, began) = Run::words(run.delete(&world.standing()));
        assert!(
            words.contains("nothing was deleted: a registry") && words.contains(wanted) && !began,
            "{fault}: {words}"
        );
        assert!(!words.contains("canary"), "{fault}: {words}");
    }
    // A typo is found in the file alone, and what only nodes know is not known.
    let typo = World::new("home", 6550, &mount("ca")).with_registries(&whole.replace("endpoint:", "endpiont:"));
    let found = typo.maker(Mode::Recover).findings();
    assert!(found.iter().any(|one| one.id == "F19" && one.message.contains("`endpiont`")), "{found:?}");
    let hidden = World::new("home", 6550, &mount("ca")).with_registries(&whole.replace(&good, "https://inner:5443"));
    let ahead = block_on(hidden.maker(Mode::Recover).ahead(Look::new())).unwrap();
    assert!(ahead.faults.is_empty() && ahead.unknowns.len() == 1, "{:?}", told(&ahead));
    // One of two answers: told, and refuses nothing.
    let two = text(&format!("\"https://{host}:5999\", \"{good}\""), &format!("{}{tls}", auth(PASSWORD)));
    let two = World::new("home", 6550, &mount("ca")).with_registries(&two);
    let lines = told(&block_on(two.maker(Mode::Recover).ahead(Look::new())).unwrap());
    assert!(lines.len() == 1 && lines[0].contains("warning"), "{lines:?}");
    println!("registries: {} faults found before the delete, 0 after it", cases.len() + 1);

    let world = World::new("home", 6550, &mount("ca")).with_registries(&whole);
    let run = world.run("r1", Mode::Recover);
    assert!(told(&block_on(run.maker.ahead(Look::new())).unwrap()).is_empty());
    run.delete(&world.standing()).unwrap();
    run.maker.may_pull(vec!["apps.example.org/apps/one:1".to_owned()]);
    run.create().unwrap();
    let Seen::Present(said) = run.verify() else { panic!("{:?}", run.verify()) };
    assert!(said.contains("1 mirror pulled from") && said.contains("asked from a pod"), "{said}");
    assert!(run.maker.unproven(None).is_empty(), "{:?}", run.maker.unproven(None));
    let started = || docker(&["inspect", "--format", "{{.State.StartedAt}} {{.RestartCount}}", "k3d-home-server-0"]);
    let before = started();
    drop(closed);
    match run.verify() {
        Seen::Absent(why) => {
            assert!(
                why.starts_with("plans/registries.yaml:2: mirror apps.example.org: k3d-home-server-0 cannot pull"),
                "{why}"
            );
            assert!(!why.contains("canary"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(started(), before, "a node was restarted");
    // The password is where the plan has it, and nowhere else.
    let found = Command::new("grep")
        .args(["-rl", "canary-471"])
        .arg(folder().join("runs"))
        .arg(folder().join("calls"))
        .output();
    assert_eq!(String::from_utf8_lossy(&found.unwrap().stdout), "");
    run.delete(&world.standing()).unwrap_err();
}
