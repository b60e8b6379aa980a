//! A page of a pod, through the server: it is asked as the server sees the pod, with no port of this host opened for it.

use super::ask::{Ask, lost};
use super::{Kube, Trouble};
use crate::model::ObjectId;
use crate::sys::Look;
use kube::client::Body;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);
/// More than this no page is that is asked for here.
const LONGEST: usize = 1 << 20;

/// What came back: from the pod, or from the server where it did not reach the pod. Which of the two, the status does not tell.
#[derive(Clone, Debug)]
pub struct Said {
    pub status: u16,
    pub text: Vec<u8>,
}

impl Kube {
    /// Asks once. A status that is no success is an answer too.
    pub async fn page(&self, _: Look, namespace: &str, pod: &str, port: u16, page: &str) -> Result<Said, Trouble> {
        let id = ObjectId::new("v1", "Pod", Some(namespace), &format!("{pod}:{port}"));
        let ask = Ask { accept: "*/*", ..Ask::get(format!("{}/proxy{page}", self.path(&id).await?)) };
        let Ok(_place) = self.shared.places.acquire().await else {
            return Err(Trouble::Unreachable("this connection was given up".to_owned()));
        };
        let exchange = async {
            let answer = self.shared.client.send(ask.request(Body::from(Vec::new()))?).await.map_err(lost)?;
            let status = answer.status().as_u16();
            let text = answer.into_body().collect_bytes().await.map_err(lost)?;
            match text.len() > LONGEST {
                true => Err(Trouble::Unreadable(format!("{}: its answer has more than 1 MiB", ask.path))),
                false => Ok(Said { status, text: text.to_vec() }),
            }
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap_or(Err(Trouble::Timeout(PATIENCE)))
    }
}
