//! Kind `probe`: waits until something answers, over HTTP, over TCP, or by a program. It changes nothing.

use super::contract::{Kind, Mishap, Seen, Work};
use super::fields::{Fields, shown};
use super::keys::{Key, Shape};
use super::scene::{Scene, words};
use crate::model::digest::Digester;
use crate::model::{Digest, Mode};
use crate::sys::pace::{BrokenOff, Halt};
use crate::sys::process::Given;
use crate::sys::{Look, net};
use std::path::Path;
use std::time::Duration;

pub const NAME: &str = "probe";
pub const DOC: &str = "Waits until something answers: a page, a port, or a program. Touches nothing.";
pub const KEYS: &[Key] = &[
    Key::optional("http", Shape::Text, "A page that must answer, http:// or https://."),
    Key::optional(
        "status",
        Shape::Number(100, 599),
        "The status the page must answer with (default: any from 200 to 299).",
    ),
    Key::optional("tcp", Shape::Text, "A port that must take a connection, host:port."),
    Key::optional("run", Shape::Argv, "A program that must end with exit 0."),
];

/// The first pause between two questions; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

enum Question {
    Http(String, Option<u16>),
    Tcp(String),
    Run(Vec<String>),
}

struct Probe(Question);

pub fn read(fields: &mut Fields<'_, '_>) -> Option<Box<dyn Kind>> {
    let at = fields.at;
    let asked: Vec<String> =
        ["http", "tcp", "run"].into_iter().filter(|key| fields.has(key)).map(|key| format!("`{key}`")).collect();
    let status = fields.count("status", 100..=599);
    let http = fields.text("http", "a URL");
    let tcp = fields.text("tcp", "host:port");
    let run = fields.argv("run");
    if asked.is_empty() {
        fields.faults.add(at, "a probe step asks nothing: give it one of `http`, `tcp` and `run`");
        return None;
    }
    if asked.len() > 1 {
        let both = asked.join(" and ");
        fields.faults.add(at, format!("a probe step asks one question, and here are {both}: make a step of each"));
        return None;
    }
    if let (Some((_, spot)), false) = (&status, asked[0] == "`http`") {
        fields
            .faults
            .add(*spot, format!("`status` goes with `http` only, and this step asks by {}: take it out", asked[0]));
    }
    if let Some((url, spot)) = http {
        // The reader of URLs passes over line ends and tabs; what is shown and what is asked must be the same.
        if !net::is_url(&url) || url.contains(|c: char| c.is_control() || c == ' ') {
            let text = format!("`http`: `{}` is not a URL: write it like https://git.example.org/healthz", shown(&url));
            fields.faults.add(spot, text);
            return None;
        }
        let status = status.and_then(|(number, _)| u16::try_from(number).ok());
        return Some(Box::new(Probe(Question::Http(url.into_owned(), status))));
    }
    if let Some((address, spot)) = tcp {
        if !is_address(&address) {
            let text =
                format!("`tcp`: `{}` is not host:port: write it like git.example.org:22 or [::1]:22", shown(&address));
            fields.faults.add(spot, text);
            return None;
        }
        return Some(Box::new(Probe(Question::Tcp(address.into_owned()))));
    }
    run.map(|argv| Box::new(Probe(Question::Run(argv))) as Box<dyn Kind>)
}

/// A name or an address with a port. An address of IPv6 stands in brackets, or nobody could say where its port begins.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let plain = |host: &str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let known = match inner {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && plain(host),
    };
    known && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

impl Probe {
    /// Asks once.
    async fn ask(&self, scene: &Scene<'_>) -> Result<Seen, BrokenOff> {
        let look = scene.touch.look();
        Ok(match &self.0 {
            Question::Run(argv) => scene.ask(argv, &[], Given::default()).await,
            Question::Tcp(address) => match scene.pace.keep(net::connect(look, address)).await? {
                Ok(()) => Seen::Present(format!("{address} takes connections")),
                Err(why) => Seen::Absent(format!("{address}: {why}")),
            },
            Question::Http(url, wanted) => match scene.pace.keep(net::status(look, url)).await? {
                Ok(status) if wanted.map_or((200..300).contains(&status), |wanted| wanted == status) => {
                    Seen::Present(format!("{url} answers {status}"))
                }
                Ok(status) => {
                    let wanted = wanted.map_or_else(|| "2xx".to_owned(), |wanted| wanted.to_string());
                    Seen::Absent(format!("{url} answers {status}, wanted {wanted}"))
                }
                Err(why) => Seen::Absent(format!("{url}: {why}")),
            },
        })
    }

    /// Asks until the answer is yes or the time is over. What could not be asked may be askable later.
    async fn wait(&self, scene: &Scene<'_>) -> Seen {
        let mut pause = FIRST_PAUSE;
        let mut last = "none yet".to_owned();
        loop {
            let over = match self.ask(scene).await {
                Ok(yes @ Seen::Present(_)) => return yes,
                Ok(Seen::BrokenOff(why)) => return Seen::BrokenOff(why),
                Ok(Seen::Absent(why) | Seen::Unknown(why)) => {
                    last = why;
                    scene.pace.pause(pause).await.err()
                }
                Err(over) => Some(over),
            };
            match over {
                None => pause = (pause * 2).min(LONGEST_PAUSE),
                Some(BrokenOff::Brake) => return Seen::BrokenOff(format!("broken off; the last answer: {last}")),
                Some(BrokenOff::Deadline(time)) => {
                    return Seen::Absent(format!("{last} (asked for {})", crate::model::time::spoken(time)));
                }
            }
        }
    }
}

impl Kind for Probe {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, _: Mode) -> String {
        match &self.0 {
            Question::Http(url, Some(status)) => format!("wait until {url} answers {status}"),
            Question::Http(url, None) => format!("wait until {url} answers"),
            Question::Tcp(address) => format!("wait until {address} takes connections"),
            Question::Run(argv) => format!("wait until {} says yes", words(argv)),
        }
    }
    fn reaches(&self, _: Mode) -> String {
        match &self.0 {
            Question::Http(url, _) => format!("asks {url}"),
            Question::Tcp(address) => format!("connects to {address}"),
            Question::Run(argv) => format!("whatever {} does on this host", words(argv)),
        }
    }
    fn wants_cluster(&self) -> bool {
        false
    }
    fn repeatable(&self) -> bool {
        true
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(60)
    }
    fn stops_at(&self) -> Halt {
        Halt::Gently
    }
    fn inputs(&self, _: Look, _: &Path) -> Result<Digest, String> {
        let mut digest = Digester::new("probe");
        match &self.0 {
            Question::Http(url, status) => {
                digest.add(url.as_bytes());
                digest.add(format!("{status:?}").as_bytes());
            }
            Question::Tcp(address) => digest.add(address.as_bytes()),
            Question::Run(argv) => argv.iter().for_each(|word| digest.add(word.as_bytes())),
        }
        Ok(digest.finish())
    }
    fn unproven(&self, _: &Scene<'_>) -> Vec<String> {
        Vec::new()
    }
    fn programs(&self, _: Mode) -> Vec<&str> {
        match &self.0 {
            Question::Run(argv) => argv.first().map(String::as_str).into_iter().collect(),
            Question::Http(..) | Question::Tcp(_) => Vec::new(),
        }
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(async move {
            match self.ask(scene).await {
                Ok(seen) => seen,
                Err(BrokenOff::Brake) => Seen::BrokenOff("broken off".to_owned()),
                Err(BrokenOff::Deadline(_)) => Seen::Unknown("no answer in time".to_owned()),
            }
        })
    }
    fn touch<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(std::future::ready(Ok(())))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.wait(scene))
    }
}
