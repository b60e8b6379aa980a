//! A mark in every value of the store, and all that can go well or wrong: it gets into no channel. And the search is shown to
//! find one in each.

use crate::common::{have, seed};
use crate::drills::{Going, Home, PLAN, Run};
use crate::lab::{companion, identities, small};
use crate::search::Mark;
use crate::world::{World, run as wait};
use blackstart::model::Hidden;
use blackstart::sys::age::{self, Identities};
use blackstart::sys::base64;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

const TAKE: &str = "#!/bin/sh
cat >/dev/null
echo \"raw $(cat \"$TOKEN\")\"
for pad in '' x xx; do { printf %s $pad; cat \"$TOKEN\"; } | base64 -w0; echo; done
od -An -tx1 \"$TOKEN\" | tr -d ' \\n'; echo
exit ${END:-0}
";

/// A home whose store has the mark in each value; it keeps its temporary files at home too.
fn marked(test: &str, mark: &Mark, more: &str) -> Option<Home> {
    let mut home = small(test, 1, more)?;
    let recipients = identities(&home).recipients();
    let values = |name: &str, n: usize| format!("{}-{name}-{n}", mark.text);
    for (n, (file, head, keys)) in [
        ("apps-jellyfin-api", "jellyfin-api, namespace: apps}", &["api-key"][..]),
        ("gitlab-gitlab-root-password", "gitlab-root-password, namespace: gitlab}", &["password"]),
        ("gitlab-postgres-credentials", "postgres-credentials, namespace: gitlab}", &["password", "username"]),
        ("gitlab-runner-token", "runner-token, namespace: gitlab}", &["runner-token"]),
        ("monitoring-alert-webhook", "alert-webhook, namespace: monitoring}", &["url"]),
        ("monitoring-grafana-admin", "grafana-admin, namespace: monitoring}", &["password", "username"]),
        ("networking-gitlab-agent-token", "gitlab-agent-token, namespace: networking}", &["token"]),
        ("networking-tunnel-token", "tunnel-token, namespace: networking}", &["token"]),
        (
            "networking-wildcard-tls",
            "wildcard-tls, namespace: networking}\ntype: kubernetes.io/tls",
            &["tls.crt", "tls.key"],
        ),
        ("storage-backup-credentials", "backup-credentials, namespace: storage}", &["RESTIC_PASSWORD"]),
        ("storage-rclone-config", "rclone-config, namespace: storage}", &["rclone.conf"]),
    ]
    .into_iter()
    .enumerate()
    {
        let data: Vec<String> = keys.iter().map(|key| format!("{key}: {}", values(key, n))).collect();
        let text =
            format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {head}\nstringData: {{{}}}\n", data.join(", "));
        put(&home, file, &text, &recipients);
    }
    let docker = format!("{{\"auths\":{{\"registry\":{{\"auth\":\"{}\"}}}}}}", values("docker", 0));
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: registry-pull, namespace: apps}}\ntype: kubernetes.io/dockerconfigjson\ndata: {{.dockerconfigjson: {}}}\n",
        base64::encode(docker.as_bytes())
    );
    put(&home, "apps-registry-pull", &text, &recipients);
    home.does(&["secrets", "rotate"]).code(0);
    companion(&mut home, "--audit");
    std::fs::create_dir(home.lab.path("tmp")).unwrap();
    home.lab.script("plans/take", TAKE);
    assert_eq!(leaks(&home, mark), Vec::<PathBuf>::new(), "before anything was done");
    Some(home)
}

fn put(home: &Home, name: &str, plain: &str, recipients: &[age::Recipient]) {
    let cipher = age::close(&Hidden::from(plain.to_owned()), recipients, false).map_err(|trouble| trouble.to_string());
    std::fs::write(home.lab.path(&format!("secrets.example/{name}.yaml.age")), cipher.unwrap()).unwrap();
}

/// Every file that has the mark in it: of the repository and the runs, of temporary folders, of the sandbox.
fn leaks(home: &Home, mark: &Mark) -> Vec<PathBuf> {
    let top = home.lab.path("");
    mark.files(&[&top, std::path::Path::new("/dev/shm")])
}

/// The folder of the cluster of the newest run, which is at home like all that is temporary.
fn sandbox(home: &Home) -> PathBuf {
    let folder = PathBuf::from(home.about().unwrap()["dir"].as_str().unwrap());
    assert!(folder.starts_with(home.lab.path("tmp")), "{}", folder.display());
    folder
}

/// A command with every program that it starts written down, words and variables; what these start is their own business, and
/// a sandbox that is kept would keep the tracer.
fn traced(home: &Home, words: &[&str]) -> Command {
    let mut command = Command::new("sh");
    let trace = home.lab.path("execs");
    command.args([
        "-c",
        "ulimit -c unlimited; exec strace -f -b execve -qq -s 65535 -v -e trace=execve -A -o \"$0\" \"$@\"",
    ]);
    command.arg(trace).arg(crate::common::binary()).args(words).current_dir(home.lab.path(""));
    for (name, value) in home.command(&[]).get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("TMPDIR", home.lab.path("tmp")).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[track_caller]
fn done(home: &Home, words: &[&str]) -> Run {
    Going::of(traced(home, words)).end()
}

/// The events that the cluster of a run has, and its logs are files of its folder.
fn events(home: &Home) -> String {
    let kubeconfig = home.kubeconfig();
    wait(async {
        let world = World::at(&kubeconfig).await;
        let events = world.kube.list("v1", "Event", None).await.unwrap();
        let sealed = world.kube.list("bitnami.com/v1alpha1", "SealedSecret", None).await.unwrap_or_default();
        format!("{events:?}{sealed:?}")
    })
}

struct Count {
    events: usize,
    hits: Vec<String>,
}

impl Count {
    fn look(&mut self, home: &Home, mark: &Mark, what: &str, run: &Run) {
        self.events += 1;
        for (channel, text) in [("stdout", &run.out), ("stderr", &run.err)] {
            if mark.is_in(text) {
                self.hits.push(format!("{what}: {channel}"));
            }
        }
        self.hits.extend(leaks(home, mark).iter().map(|path| format!("{what}: {}", path.display())));
    }
}

const STEP: &str = "  - {id: take, kind: command, run: [./take], verify: [./take], repeatable: true, drill: run, stdin: secret/networking/tunnel-token/token, files: {TOKEN: secret/networking/tunnel-token/token}}\n";

#[test]
fn no_value_gets_into_any_channel_whatever_happens() {
    let test = "no_value_gets_into_any_channel_whatever_happens";
    if !have("strace", test) {
        return;
    }
    let mark = Mark::new(seed(test));
    let Some(mut home) = marked(test, &mark, STEP) else { return };
    let drill = ["drill", PLAN, "-vv", "--output", "json"];
    let mut count = Count { events: 0, hits: Vec::new() };

    // All goes well, and is kept: the audit log and the logs of the servers are looked through, and then once more.
    let run = done(&home, &[&drill[..], &["--keep"]].concat()).is_green();
    count.look(&home, &mark, "success", &run);
    assert!(!mark.is_in(&events(&home)), "an event of the cluster has it");
    let audit = sandbox(&home).join("audit.log");
    let asked = std::fs::read_to_string(&audit).unwrap();
    assert!(asked.contains("\"sealedsecrets\"") && asked.contains("encryptedData"), "the audit log is empty");
    count.look(&home, &mark, "again", &done(&home, &[&drill[..], &["--again"]].concat()).is_green());
    let text = Command::new(crate::common::binary()).args(["report"]).current_dir(home.lab.path("")).output();
    drop(text);

    // Seen red: in each channel, in each form, one that is planted is found.
    let mut planted = 0;
    for form in mark.forms() {
        assert!(mark.is_in(&format!("x{form}x")));
        let journal = home.lab.runs().pop().unwrap();
        let places = [
            home.lab.path("execs"),
            home.lab.path("tmp/x"),
            home.lab.path("plans/x"),
            journal.join("journal"),
            journal.join("log/take.log"),
            journal.join("report.html"),
            journal.join("core"),
            audit.clone(),
            sandbox(&home).join("logs.x"),
        ];
        for place in places {
            let before = std::fs::read(&place).ok();
            let mut file = std::fs::File::options().append(true).create(true).open(&place).unwrap();
            file.write_all(format!("x{form}x").as_bytes()).unwrap();
            assert_eq!(leaks(&home, &mark), std::slice::from_ref(&place), "{form}");
            match before {
                Some(bytes) => std::fs::write(&place, bytes).unwrap(),
                None => std::fs::remove_file(&place).unwrap(),
            }
            planted += 1;
        }
    }
    let mut words = traced(&home, &["--version"]);
    assert!(
        words.arg(&mark.text).status().is_ok() && leaks(&home, &mark) == [home.lab.path("execs")],
        "words of programs"
    );
    let mut variables = traced(&home, &["--version"]);
    assert!(
        variables.env("X", &mark.text).status().is_ok() && leaks(&home, &mark) == [home.lab.path("execs")],
        "variables"
    );
    std::fs::write(home.lab.path("execs"), "").unwrap();
    planted += 2;
    home.reap().code(0);

    // Before anything is begun.
    let strangers = home.lab.path("other.txt");
    std::fs::write(&strangers, Identities::generate().text().reveal()).unwrap();
    std::fs::set_permissions(&strangers, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let stranger = strangers.display().to_string();
    let run = done(&home, &[&drill[..], &["--identity", &stranger]].concat()).code(3);
    count.look(&home, &mark, "wrong identity", &run);
    let locked = age::close_with_passphrase(&identities(&home).text(), &Hidden::from("right".to_owned()));
    std::fs::write(&strangers, locked.map_err(|trouble| trouble.to_string()).unwrap()).unwrap();
    let words = format!(
        "exec '{}' drill {PLAN} --identity '{stranger}' --passphrase-fd 3 3<<'X'\nwrong\nX\n",
        crate::common::binary()
    );
    let mut command = traced(&home, &[]);
    command = {
        let mut shell = Command::new("sh");
        shell.args(["-c", &words]).current_dir(home.lab.path(""));
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        shell
    };
    let run = Going::of(command).end().code(3);
    count.look(&home, &mark, "wrong passphrase", &run);
    let file = home.lab.path("secrets.example/storage-rclone-config.yaml.age");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 9]).unwrap();
    let run = done(&home, &drill);
    assert_ne!(run.code, 0);
    count.look(&home, &mark, "truncated file", &run);
    std::fs::write(&file, &whole).unwrap();

    // While it goes on.
    let plan = home.lab.read(PLAN);
    let spaces = "plans/kubernetes/cluster/namespaces.yaml";
    let namespaces = home.lab.read(spaces);
    home.edit(spaces, |text| {
        format!("{text}---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: none, namespace: networking}}\nspec: {{hard: {{secrets: \"0\"}}}}\n")
    });
    let run = done(&home, &drill).code(1);
    assert!(run.failure("secrets").contains("exceeded quota"), "{} {}", run.failure("secrets"), run.all());
    count.look(&home, &mark, "refused apply", &run);
    home.reap().code(0);
    home.edit(PLAN, |plan| plan.replace("{id: secrets, kind: secrets}", "{id: secrets, kind: secrets, seal: false}"));
    let run = done(&home, &drill).code(1);
    assert!(run.failure("secrets").contains("exceeded quota"), "{} {}", run.failure("secrets"), run.all());
    count.look(&home, &mark, "refused apply of Secrets", &run);
    home.reap().code(0);
    home.lab.write(spaces, &namespaces);
    home.lab.write(PLAN, &plan);
    // What the server says of a value that is no JSON.
    let bad = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: registry-pull, namespace: apps}}\ntype: kubernetes.io/dockerconfigjson\nstringData: {{.dockerconfigjson: {}}}\n",
        mark.text
    );
    let good = std::fs::read(home.lab.path("secrets.example/apps-registry-pull.yaml.age")).unwrap();
    put(&home, "apps-registry-pull", &bad, &identities(&home).recipients());
    home.does(&["secrets", "rotate"]).code(0);
    home.edit(PLAN, |plan| plan.replace("{id: secrets, kind: secrets}", "{id: secrets, kind: secrets, seal: false}"));
    let run = done(&home, &drill).code(1);
    assert!(run.failure("secrets").contains("apps/registry-pull"), "{}", run.all());
    count.look(&home, &mark, "a value that the server refuses", &run);
    home.reap().code(0);
    std::fs::write(home.lab.path("secrets.example/apps-registry-pull.yaml.age"), good).unwrap();
    home.does(&["secrets", "rotate"]).code(0);
    home.lab.write(PLAN, &plan);
    // A program that prints them and fails.
    home.edit(PLAN, |plan| plan.replace("kind: command, run", "kind: command, env: {END: \"9\"}, run"));
    let run = done(&home, &drill).code(1);
    assert!(run.failure("take").contains("raw [hidden]"), "{}", run.all());
    count.look(&home, &mark, "a program that prints values", &run);
    home.reap().code(0);
    home.lab.write(PLAN, &plan);

    // A death with cores allowed: while the secrets are at hand.
    let mut going = Going::of(traced(&home, &drill));
    going.until_verified("sealed-secrets");
    let ours = home.processes().into_iter().filter(|(_, words)| words.starts_with(crate::common::binary()));
    for (pid, _) in ours.collect::<Vec<_>>() {
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::ABORT);
    }
    let run = going.end_within(Duration::from_secs(60));
    assert_ne!(run.code, 0);
    count.look(&home, &mark, "SIGABRT with cores", &run);
    home.reap();
    let cores = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();

    // The controller is dead.
    companion(&mut home, "--audit --no-unseal");
    home.edit(PLAN, |plan| plan.replace("{id: secrets, kind: secrets}", "{id: secrets, kind: secrets, timeout: 6s}"));
    let run = done(&home, &drill).code(1);
    count.look(&home, &mark, "dead controller", &run);
    assert!(!mark.is_in(&events(&home)), "an event of the cluster has it");
    home.reap().code(0);

    println!(
        "secrets: canaries in 12 Secrets, {} events, 9 channels (argv, environment, temporary files, repository, journal, logs, report, audit log, stdout and stderr), {planted} planted and found, {} hits; cores go to {}",
        count.events,
        count.hits.len(),
        cores.trim()
    );
    assert_eq!(count.hits, Vec::<String>::new());
}
