//! A repository with a store in it, an identity outside of it, and the binary run there.

use crate::common::{Told, binary, feed};
use blackstart::model::Hidden;
use blackstart::sys::age::{self, Identities, Recipient};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub struct Lab {
    pub folder: tempfile::TempDir,
}

impl Lab {
    /// An empty git work tree.
    pub fn bare() -> Lab {
        let lab = Lab { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(lab.path(".git")).unwrap();
        std::fs::create_dir_all(lab.folder.path().join("home")).unwrap();
        lab
    }
    /// With a store and an identity.
    pub fn new() -> Lab {
        let lab = Lab::bare();
        lab.run(&["init"]).code(0);
        lab
    }
    /// With two Secrets in two files.
    pub fn filled() -> Lab {
        let lab = Lab::new();
        lab.add("edge/tunnel", "token", "canary-4711");
        lab.add("apps/db", "password", "canary-4712");
        lab
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("repo").join(name)
    }
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }
    pub fn identity(&self) -> PathBuf {
        self.home().join(".config/blackstart/identity.txt")
    }
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_default()
    }
    pub fn setting(&self, command: &mut Command) {
        command.current_dir(self.path(""));
        command.env("HOME", self.home()).env("XDG_STATE_HOME", self.home().join("state")).env("COLUMNS", "100");
        for name in ["XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "BLACKSTART_IDENTITY", "SUDO_USER", "VISUAL", "EDITOR"] {
            command.env_remove(name);
        }
        // In a session of its own nothing can ask on the terminal of who runs the tests.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("setsid");
        command.args(["-w", binary(), "secrets"]).args(words);
        self.setting(&mut command);
        command
    }
    pub fn run(&self, words: &[&str]) -> Told {
        Told::of(self.command(words).output().unwrap())
    }
    pub fn feed(&self, words: &[&str], input: &str) -> Told {
        feed(&mut self.command(words), input)
    }
    #[track_caller]
    pub fn add(&self, secret: &str, key: &str, value: &str) -> Told {
        self.feed(&["add", secret, key], value).code(0)
    }
    pub fn edit(&self, what: &str, editor: &str) -> Told {
        Told::of(self.command(&["edit", what]).env("EDITOR", editor).output().unwrap())
    }
    pub fn open(&self, what: &str) -> String {
        self.run(&["open", what]).code(0).out
    }
    pub fn identities(&self) -> Identities {
        Identities::read(&Hidden::new(std::fs::read(self.identity()).unwrap())).map_err(|e| e.to_string()).unwrap()
    }
    pub fn recipient(&self) -> Recipient {
        self.identities().recipients().remove(0)
    }
    /// A file of the store that something else has put there.
    pub fn put(&self, name: &str, text: &str) {
        let cipher = age::close(&Hidden::from(text.to_owned()), &[self.recipient()], true);
        std::fs::write(self.path("secrets").join(name), cipher.map_err(|e| e.to_string()).unwrap()).unwrap();
    }
    /// The same, taken into the ledger.
    pub fn hold(&self, name: &str, text: &str) {
        self.put(name, text);
        self.run(&["rotate"]).code(0);
    }
    pub fn list(&self) -> serde_json::Value {
        serde_json::from_str(&self.run(&["list", "--output", "json"]).code(0).out).unwrap()
    }
    /// Every file of the store, by name.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        all(&self.path("secrets")).into_iter().collect()
    }
}

/// Another identity, with its recipient.
pub fn another(lab: &Lab, name: &str) -> (PathBuf, String) {
    let identities = Identities::generate();
    let path = lab.home().join(name);
    std::fs::write(&path, identities.text().reveal()).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    (path, identities.recipients()[0].to_string())
}

/// Every file under a folder, with its path in it.
pub fn all(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap().display().to_string();
                    found.push((name, std::fs::read(&path).unwrap_or_default()));
                }
            }
        }
    }
    found
}

pub fn secret(namespace: &str, name: &str, rest: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}}}\n{rest}\n")
}

/// Puts the identity of a lab behind a passphrase that asks for this much work, as a power of two.
pub fn protect(lab: &Lab, passphrase: &str, work: u8) {
    use std::io::Write;
    let mut recipient = ::age::scrypt::Recipient::new(passphrase.to_owned().into());
    recipient.set_work_factor(work);
    let one = std::iter::once(&recipient as &dyn ::age::Recipient);
    let mut cipher = Vec::new();
    let mut writer = ::age::Encryptor::with_recipients(one).unwrap().wrap_output(&mut cipher).unwrap();
    writer.write_all(&std::fs::read(lab.identity()).unwrap()).unwrap();
    writer.finish().unwrap();
    std::fs::write(lab.identity(), cipher).unwrap();
}
