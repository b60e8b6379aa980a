//! One question out of the network of another process: does anybody answer there? A thread of our own goes into that network, so
//! that nothing has to be in the image of a node.

use crate::sys::Look;
use crate::sys::side::aside;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

/// A packet that is dropped is waited for; one that is let through comes back sooner by far.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Answered,
    /// Somebody said no: the packets got there.
    Refused(String),
    Silence,
}

/// Asks over TCP, from where the process with this number has its network.
pub async fn probe(look: Look, pid: i32, to: SocketAddr) -> Result<Heard, String> {
    let there = move || -> Result<Heard, String> {
        let network = File::open(format!("/proc/{pid}/ns/net")).map_err(|error| format!("process {pid}: {error}"))?;
        // A namespace is of a thread, and this one ends with the question.
        let asked = thread::spawn(move || {
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))?;
            io::Result::Ok(TcpStream::connect_timeout(&to, PATIENCE))
        });
        match asked.join() {
            Ok(Ok(Ok(_))) => Ok(Heard::Answered),
            Ok(Ok(Err(error))) if error.kind() == io::ErrorKind::TimedOut => Ok(Heard::Silence),
            Ok(Ok(Err(error))) => Ok(Heard::Refused(error.to_string())),
            Ok(Err(error)) => Err(format!("the network of process {pid} cannot be entered: {error}")),
            Err(_) => Err(format!("the question to {to} ended before its answer")),
        }
    };
    aside(look, there).await.map_err(|error| error.to_string())?
}
