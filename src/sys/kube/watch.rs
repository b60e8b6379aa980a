//! Kinds of objects as they change: a list, then every change since, for as long as somebody wants to know. Where the
//! server goes away or no longer knows where we were, a new list says what was missed.

use super::ask::{Ask, lost};
use super::objects::{Listed, is_gone, named};
use super::retry::Pauses;
use super::{Kube, Trouble};
use crate::model::ObjectId;
use futures_util::stream::{LocalBoxStream, SelectAll, StreamExt, unfold};
use kube::core::WatchEvent;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// The server is asked to end a watch after this, and if it does not, it is taken to be away. Going on costs one question.
const TURN: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(10);

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// An object is there, or is otherwise than before.
    Is(Value),
    Gone(ObjectId),
    /// Everything that was there has been told. Comes again after each `Lost` that is over.
    Synced,
    /// Nothing is heard of at least one kind. It is tried again without an end: whoever waits decides for how long.
    Lost {
        why: Trouble,
    },
}

/// One stream of the changes of several kinds.
pub struct Watch {
    feeds: SelectAll<LocalBoxStream<'static, (usize, Change)>>,
    synced: Vec<bool>,
}

impl Kube {
    /// Watches all objects of these kinds (version of the API, kind), in one namespace or in all.
    pub fn watch(&self, kinds: &[(&str, &str)], namespace: Option<&str>) -> Watch {
        let feeds = kinds.iter().map(|(api_version, kind)| Feed::new(self, api_version, kind, namespace, None));
        Watch::of(feeds.collect())
    }

    /// Watches one object.
    pub fn watch_one(&self, id: &ObjectId) -> Watch {
        let namespace = id.namespace.as_deref();
        Watch::of(vec![Feed::new(self, &id.api_version, &id.kind, namespace, Some(&id.name))])
    }
}

impl Watch {
    fn of(feeds: Vec<Feed>) -> Self {
        let synced = vec![false; feeds.len()];
        let streams = feeds.into_iter().enumerate().map(|(at, feed)| {
            unfold(feed, move |mut feed| async move { Some(((at, feed.next().await), feed)) }).boxed_local()
        });
        Self { feeds: streams.collect(), synced }
    }

    /// The next change. Waits for as long as there is none; may be dropped and called again.
    pub async fn next(&mut self) -> Change {
        loop {
            let Some((at, change)) = self.feeds.next().await else {
                // Feeds do not end, so there is none; whoever watches nothing waits for ever.
                return std::future::pending().await;
            };
            match change {
                Change::Synced => {
                    self.synced[at] = true;
                    if self.synced.iter().all(|synced| *synced) {
                        return Change::Synced;
                    }
                }
                Change::Lost { why } => {
                    self.synced[at] = false;
                    return Change::Lost { why };
                }
                Change::Is(_) | Change::Gone(_) => return change,
            }
        }
    }
}

type Events = LocalBoxStream<'static, Result<WatchEvent<Value>, kube::Error>>;

enum State {
    /// Nothing is known, or what was known may be too old.
    Start,
    /// Everything until this version is told.
    At(String),
    Open(Events, String, Instant),
}

/// The changes of one kind.
struct Feed {
    kube: Kube,
    api_version: String,
    kind: String,
    namespace: Option<String>,
    name: Option<String>,
    /// UID and version of what was told, by namespace and name.
    known: HashMap<(String, String), (String, String)>,
    queue: VecDeque<Change>,
    state: State,
    pauses: Pauses,
    lost: bool,
    pause: Option<Duration>,
}

fn text(object: &Value, field: &str) -> String {
    object["metadata"][field].as_str().unwrap_or_default().to_owned()
}

impl Feed {
    fn new(kube: &Kube, api_version: &str, kind: &str, namespace: Option<&str>, name: Option<&str>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            kube: kube.hasty(),
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: owned(namespace),
            name: owned(name),
            known: HashMap::new(),
            queue: VecDeque::new(),
            state: State::Start,
            pauses: Pauses::default(),
            lost: false,
            pause: None,
        }
    }

    async fn next(&mut self) -> Change {
        loop {
            if let Some(change) = self.queue.pop_front() {
                return change;
            }
            if let Some(pause) = self.pause.take() {
                tokio::time::sleep(pause).await;
            }
            match std::mem::replace(&mut self.state, State::Start) {
                State::Start => match self.list().await {
                    Ok(list) => self.told(list),
                    Err(trouble) => self.fail(trouble),
                },
                State::At(version) => match self.open(&version).await {
                    Ok(events) => self.state = State::Open(events, version, Instant::now()),
                    Err(trouble) if is_gone(&trouble) => {}
                    Err(trouble) => self.fail(trouble),
                },
                State::Open(mut events, version, since) => {
                    let left = (TURN + GRACE).saturating_sub(since.elapsed());
                    match tokio::time::timeout(left, events.next()).await {
                        Ok(Some(Ok(event))) => self.take(event, events, since),
                        Ok(Some(Err(error))) => {
                            let trouble = lost(error);
                            if !is_gone(&trouble) {
                                self.fail(trouble);
                            }
                        }
                        Ok(None) => self.ended(version, since),
                        Err(_) => self.fail(Trouble::Timeout(TURN + GRACE)),
                    }
                }
            }
        }
    }

    async fn list(&self) -> Result<Listed, Trouble> {
        let (namespace, name) = (self.namespace.as_deref(), self.name.as_deref());
        self.kube.listed(&self.api_version, &self.kind, namespace, name).await
    }

    /// Tells what a list has that was not told before.
    fn told(&mut self, list: Listed) {
        let mut before = std::mem::take(&mut self.known);
        for object in list.items {
            let name = (text(&object, "namespace"), text(&object, "name"));
            let (uid, version) = (text(&object, "uid"), text(&object, "resourceVersion"));
            let old = before.remove(&name);
            if old.as_ref().is_some_and(|(old, _)| *old != uid) {
                self.gone(&name);
            }
            if old.as_ref() != Some(&(uid.clone(), version.clone())) {
                self.queue.push_back(Change::Is(object));
            }
            self.known.insert(name, (uid, version));
        }
        before.keys().for_each(|name| self.gone(name));
        self.queue.push_back(Change::Synced);
        self.state = State::At(list.version);
        self.lost = false;
        self.pauses.reset();
    }

    fn gone(&mut self, (namespace, name): &(String, String)) {
        let namespace = Some(&**namespace).filter(|namespace| !namespace.is_empty());
        self.queue.push_back(Change::Gone(ObjectId::new(&self.api_version, &self.kind, namespace, name)));
    }

    async fn open(&self, version: &str) -> Result<Events, Trouble> {
        let path = self.kube.collection(&self.api_version, &self.kind, self.namespace.as_deref().map(Some)).await?;
        let only = (self.name.as_deref())
            .map_or_else(String::new, |name| format!("&fieldSelector=metadata.name={}", super::ask::encoded(name)));
        let turn = TURN.as_secs();
        let path =
            format!("{path}?watch=true&allowWatchBookmarks=true&timeoutSeconds={turn}&resourceVersion={version}{only}");
        let request = Ask::get(path).request(Vec::new())?;
        let opened = tokio::time::timeout(GRACE, self.kube.shared.client.request_events::<Value>(request)).await;
        let events = opened.map_err(|_| Trouble::Timeout(GRACE))?.map_err(lost)?;
        Ok(events.boxed_local())
    }

    fn take(&mut self, event: WatchEvent<Value>, events: Events, since: Instant) {
        let version = match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                let object = named(object, &self.api_version, &self.kind);
                let version = text(&object, "resourceVersion");
                let name = (text(&object, "namespace"), text(&object, "name"));
                self.known.insert(name, (text(&object, "uid"), version.clone()));
                self.queue.push_back(Change::Is(object));
                version
            }
            WatchEvent::Deleted(object) => {
                let name = (text(&object, "namespace"), text(&object, "name"));
                self.known.remove(&name);
                self.gone(&name);
                text(&object, "resourceVersion")
            }
            WatchEvent::Bookmark(mark) => mark.metadata.resource_version,
            WatchEvent::Error(status) if status.code == 410 => return,
            WatchEvent::Error(status) => return self.fail(lost(kube::Error::Api(status))),
        };
        self.pauses.reset();
        self.state = State::Open(events, version, since);
    }

    /// The stream ended. At the end of a turn, or cut: either way it goes on from where it was; at once, unless it was short.
    fn ended(&mut self, version: String, since: Instant) {
        if since.elapsed() < Duration::from_secs(1) {
            self.pause = Some(self.pauses.next(None));
        }
        self.state = State::At(version);
    }

    /// From here on nothing is sure; the next list will tell.
    fn fail(&mut self, why: Trouble) {
        self.pause = Some(self.pauses.next(why.after()));
        if !self.lost {
            self.lost = true;
            self.queue.push_back(Change::Lost { why });
        }
        self.state = State::Start;
    }
}
