//! The keys and certificates of these tests, made when the first test asks for one, in a folder that goes with the process.
//! None of them lies in the repository.

use blackstart::model::Hidden;
use blackstart::sys::crypto::pem;
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

/// So much stands before the numbers of an RSA key in PKCS#8, whatever its size: behind it is the older form, PKCS#1.
const BEFORE_THE_NUMBERS: usize = 26;

struct Folder {
    path: PathBuf,
    /// Statics are not dropped, so another process removes the folder when this one's end of the pipe closes, however it
    /// comes to that.
    _remover: Child,
}

static FOLDER: LazyLock<Folder> = LazyLock::new(|| {
    let path = tempfile::Builder::new().prefix("blackstart-keys-").tempdir().unwrap().keep();
    let mut remover = Command::new("sh");
    remover.args(["-c", "cat >/dev/null; rm -rf \"$1\"", "sh"]).arg(&path).stdin(Stdio::piped());
    remover.stdout(Stdio::null()).stderr(Stdio::null());
    Folder { path, _remover: remover.spawn().unwrap() }
});

/// Each name is made once, and tests that want other names do not wait for it.
fn once(name: &str, make: impl FnOnce()) {
    static DONE: Mutex<BTreeMap<String, Arc<OnceLock<()>>>> = Mutex::new(BTreeMap::new());
    let done = DONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).entry(name.to_owned()).or_default().clone();
    done.get_or_init(make);
}

/// A file, made if it was not: `KEY.key.pem`, `KEY.cert.pem`, or another form of a key.
pub fn file(name: &str) -> PathBuf {
    let path = FOLDER.path.join(name);
    once(name, || make(name, &path));
    path
}

/// A file with these bytes, beside them.
pub fn put(name: &str, bytes: &[u8]) -> PathBuf {
    let path = FOLDER.path.join(name);
    once(name, || std::fs::write(&path, bytes).unwrap());
    path
}

const LONG: (i32, i32) = (2020, 2119);
const LAST_DAY: (u8, u8) = (12, 8);

fn make(name: &str, path: &Path) {
    let (of, form) = name.split_once('.').unwrap();
    let out = path.to_str().unwrap();
    let pkcs8 = || file(&format!("{of}.pkcs8.pem")).to_str().unwrap().to_owned();
    let text = match (of, form) {
        // Of 1024 and 2050 bits, which the library does not make.
        ("small", "key.pem") => return openssl(&["genrsa", "-traditional", "-out", out, "1024"]),
        ("odd", "key.pem") => return openssl(&["genrsa", "-traditional", "-out", out, "2050"]),
        ("small" | "odd", "cert.pem") => {
            let key = file(&format!("{of}.key.pem"));
            return openssl(&["req", "-x509", "-new", "-subj", "/CN=x", "-key", key.to_str().unwrap(), "-out", out]);
        }
        // Of the key `second`, good for other times or for other things.
        ("expired", "cert.pem") => certificate("second", (2020, 2020), (12, 31), &[]),
        ("not-yet", "cert.pem") => certificate("second", (2100, 2109), (12, 30), &[]),
        ("signing", "cert.pem") => certificate("second", LONG, LAST_DAY, &[KeyUsagePurpose::DigitalSignature]),
        ("server", "cert.pem") => certificate("second", LONG, LAST_DAY, &[KeyUsagePurpose::KeyEncipherment]),
        (_, "cert.pem") => certificate(of, LONG, LAST_DAY, &[]),
        (_, "der") => Hidden::new(generate(of)),
        (_, "pkcs8.pem") => pem::write("PRIVATE KEY", &der(of)),
        ("curve", "key.pem") => pem::write("PRIVATE KEY", &der(of)),
        (_, "key.pem") => pem::write("RSA PRIVATE KEY", &der(of)[BEFORE_THE_NUMBERS..]),
        (_, "protected.pem") => {
            return openssl(&["pkcs8", "-topk8", "-in", &pkcs8(), "-passout", "pass:1234", "-out", out]);
        }
        (_, "old-protected.pem") => {
            let words = ["rsa", "-traditional", "-aes128", "-in", &pkcs8(), "-passout", "pass:1234", "-out", out];
            return openssl(&words);
        }
        (_, _) => panic!("nothing is known of {name}"),
    };
    std::fs::write(path, text.reveal()).unwrap();
}

fn generate(name: &str) -> Vec<u8> {
    let rsa = |size| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size);
    let pair = match name {
        "first" => rsa(RsaKeySize::_4096),
        "second" | "other" => rsa(RsaKeySize::_2048),
        "third" => rsa(RsaKeySize::_3072),
        "curve" => KeyPair::generate(),
        unknown => panic!("nothing is known of {unknown}"),
    };
    pair.unwrap().serialize_der()
}

/// The private key of this name, as PKCS#8.
fn der(name: &str) -> Vec<u8> {
    std::fs::read(file(&format!("{name}.der"))).unwrap()
}

/// Signed by itself; good from the first of January of one year until this month and day of another.
fn certificate(of: &str, (from, to): (i32, i32), (month, day): (u8, u8), uses: &[KeyUsagePurpose]) -> Hidden {
    let mut wanted = CertificateParams::default();
    wanted.not_before = date_time_ymd(from, 1, 1);
    wanted.not_after = date_time_ymd(to, month, day);
    wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    wanted.key_usages = uses.to_vec();
    let made = wanted.self_signed(&KeyPair::try_from(der(of)).unwrap()).unwrap();
    pem::write("CERTIFICATE", made.der())
}

/// Where it is not installed, a test that wants what it makes counts as not run: it asks this first.
pub fn has_openssl(test: &str) -> bool {
    let there = Command::new("openssl").arg("version").output().is_ok();
    if !there {
        crate::sandbox::not_run(test, "there is no openssl");
    }
    there
}

fn openssl(words: &[&str]) {
    let output = Command::new("openssl").args(words).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}
