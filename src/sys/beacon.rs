//! A page that this process serves for a moment, at one path and with one text, and counts who asked for it. Whatever else is
//! asked gets 404. It is gone when it is dropped, or when the process is, however that ends.

use super::Touch;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// No request that is meant has a longer head.
const LONGEST: usize = 16 << 10;
const PATIENCE: Duration = Duration::from_secs(5);
/// Who lets connections stand must not use up what this process has of them.
const AT_ONCE: usize = 32;

pub struct Beacon {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    work: JoinHandle<()>,
}

impl Beacon {
    /// Begins to serve at this address, on a port that is free. Must be called inside the event loop.
    pub async fn light(_: &Touch, at: IpAddr, path: &str, text: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((at, 0)).await?;
        let address = listener.local_addr()?;
        let asked = Arc::new(AtomicUsize::new(0));
        let page = Arc::new(Page { path: path.to_owned(), text: text.to_owned(), asked: asked.clone() });
        let places = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
        let work = tokio::spawn(async move {
            while let Ok(place) = places.clone().acquire_owned().await {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let page = page.clone();
                        tokio::spawn(async move {
                            // Who does not come to an end is left alone with it.
                            drop(tokio::time::timeout(PATIENCE, page.serve(&stream)).await);
                            drop(place);
                        });
                    }
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        Ok(Self { address, asked, work })
    }
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    /// How often its page was handed out.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Beacon {
    fn drop(&mut self) {
        self.work.abort();
    }
}

struct Page {
    path: String,
    text: String,
    asked: Arc<AtomicUsize>,
}

impl Page {
    async fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        let head = head(stream).await?;
        let line = head.lines().next().unwrap_or_default();
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = target.split('?').next().unwrap_or_default();
        let found = method == "GET" && path == self.path;
        if found {
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
        let (status, text) = if found { ("200 OK", &*self.text) } else { ("404 Not Found", "") };
        let length = text.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncache-control: no-store\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{text}"
        );
        let mut rest = answer.as_bytes();
        while !rest.is_empty() {
            stream.writable().await?;
            match stream.try_write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// All lines up to the empty one.
async fn head(stream: &TcpStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut part = [0; 2048];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut part) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => bytes.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        if bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        if bytes.len() > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sys::Look;
    use crate::sys::side::block_on;
    use crate::sys::web::{Way, Web};

    #[test]
    fn it_serves_its_page_and_no_other_and_is_gone_when_dropped() {
        block_on(async {
            let beacon = Beacon::light(&Touch::granted(), [127, 0, 0, 1].into(), "/a/b", "nonce").await.unwrap();
            let web = Web::still(Look::new(), Duration::from_secs(5)).unwrap();
            let base = format!("http://{}", beacon.address());
            let ask = async |way, path: &str| web.ask(way, &format!("{base}{path}"), &[], 1 << 10).await;
            let page = ask(Way::Get, "/a/b?x=1").await.unwrap();
            assert_eq!((page.status, &*page.text), (200, &b"nonce"[..]));
            assert_eq!(ask(Way::Get, "/a").await.unwrap().status, 404);
            assert_eq!(ask(Way::Head, "/a/b").await.unwrap().status, 404);
            assert_eq!(beacon.asked(), 1);
            drop(beacon);
            assert!(ask(Way::Get, "/a/b").await.is_err());
        })
        .unwrap();
    }
}
