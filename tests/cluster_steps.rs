//! The steps before a cluster is made, over a world that is held in memory: what is deleted, and what is never.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::model::digest::Digester;
use blackstart::model::{Finding, Mode, Provider};
use blackstart::steps::cluster::contract::{Blast, Contract, Exists, Part, Sort, Standing};
use blackstart::steps::cluster::delete::Delete;
use blackstart::steps::cluster::save::{self, Save};
use blackstart::steps::contract::{Kind, Mishap, Seen, Work};
use blackstart::steps::scene::Scene;
use blackstart::steps::target::{Target, Up};
use blackstart::sys::pace::{Brake, Halt};
use blackstart::sys::side::block_on;
use blackstart::sys::{Look, Touch};
use std::cell::{Cell, RefCell};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A fake: containers that are names in a list. What deletes them can be told to leave some, and what looks to be blind.
#[derive(Default)]
struct World {
    parts: Mutex<Vec<Part>>,
    blind: Mutex<bool>,
    clings: Mutex<Option<String>>,
    deleted: Mutex<Vec<String>>,
}

impl World {
    fn of(ids: &[(&str, Option<&str>)]) -> Arc<Self> {
        let world = Self::default();
        *world.parts.lock().unwrap() = ids.iter().map(|(id, run)| part(id, *run)).collect();
        Arc::new(world)
    }
    fn ids(&self) -> Vec<String> {
        self.parts.lock().unwrap().iter().map(|part| part.id.clone()).collect()
    }
    fn deleted(&self) -> Vec<String> {
        self.deleted.lock().unwrap().clone()
    }
}

fn part(id: &str, run: Option<&str>) -> Part {
    Part { sort: Sort::Container, id: id.into(), name: format!("k3d-{id}"), run: run.map(Into::into), runs: true }
}

impl Contract for World {
    fn provider(&self) -> Provider {
        Provider::K3d
    }
    fn summary(&self) -> String {
        String::new()
    }
    fn reaches(&self) -> String {
        String::new()
    }
    fn add_to(&self, _: Look, _: &mut Digester) -> Result<(), String> {
        Ok(())
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(1)
    }
    fn programs(&self) -> Vec<&str> {
        Vec::new()
    }
    fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }
    fn exists<'a>(&'a self, _: Look) -> Work<'a, Exists> {
        let parts = self.parts.lock().unwrap().clone();
        let seen = match (*self.blind.lock().unwrap(), parts.is_empty()) {
            (true, _) => Exists::Unknown(vec!["docker  Cannot connect to the Docker daemon".into()]),
            (false, true) => Exists::No("docker knows of none".into()),
            (false, false) => Exists::Yes(Standing { parts, ..Standing::default() }),
        };
        Box::pin(async { seen })
    }
    fn blast<'a>(&'a self, _: Look, _: &'a Standing) -> Work<'a, Blast> {
        Box::pin(async { Blast::default() })
    }
    fn save<'a>(&'a self, _: &'a Scene<'a>, _: &'a Standing) -> Work<'a, Result<Vec<String>, Mishap>> {
        Box::pin(async { Ok(vec!["214 objects".to_owned()]) })
    }
    fn delete<'a>(&'a self, _: &'a Scene<'a>, standing: &'a Standing) -> Work<'a, Result<(), Mishap>> {
        let clings = self.clings.lock().unwrap().clone();
        let gone = standing.parts.iter().filter(|part| Some(&part.id) != clings.as_ref());
        let gone: Vec<String> = gone.map(|part| part.id.clone()).collect();
        self.parts.lock().unwrap().retain(|part| !gone.contains(&part.id));
        self.deleted.lock().unwrap().extend(gone);
        Box::pin(async { Ok(()) })
    }
    fn create<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(async { Ok(()) })
    }
    fn reach<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<Option<Up>, String>> {
        Box::pin(async { Ok(None) })
    }
    fn verify<'a>(&'a self, _: &'a Scene<'a>, _: &'a Up) -> Work<'a, Seen> {
        Box::pin(async { Seen::Absent(String::new()) })
    }
    fn undo<'a>(&'a self, _: &'a Scene<'a>) -> Work<'a, Result<Option<String>, Mishap>> {
        Box::pin(async { Ok(None) })
    }
    fn unproven(&self, _: Option<&Up>) -> Vec<String> {
        Vec::new()
    }
}

/// What a kind does in a run of its own that began with this standing.
fn done(confirmed: Option<&Standing>, work: impl AsyncFn(&Scene<'_>)) {
    let place = tempfile::tempdir().unwrap();
    let (run, touch, target, brake) =
        (place.path().join("run-1"), Touch::granted(), Target::default(), Brake::default());
    std::fs::create_dir(&run).unwrap();
    if let Some(standing) = confirmed {
        save::confirmed(&touch, &run, standing).unwrap();
    }
    block_on(async {
        let scene = Scene {
            touch: &touch,
            folder: Path::new("/"),
            run: &run,
            step: "cluster-delete",
            mode: Mode::Recover,
            pace: brake.pace(Duration::from_secs(10), Halt::Now),
            target: &target,
            vault: None,
            usual: None,
            log: RefCell::new(None),
            started: &|_, _| {},
            say: &|_| {},
            unchanged: Cell::new(false),
            found: &|_| {},
        };
        work(&scene).await;
    })
    .unwrap();
}

fn standing(world: &World) -> Standing {
    Standing { parts: world.parts.lock().unwrap().clone(), ..Standing::default() }
}

fn steps(world: &Arc<World>) -> (Save, Delete) {
    (Save::new("lab".into(), world.clone()), Delete::new("lab".into(), world.clone()))
}

fn reason(done: Result<(), Mishap>) -> (String, Vec<String>, bool) {
    match done {
        Err(Mishap::Failed { reason, tail, began }) => (reason, tail, began),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_confirmed_is_saved_and_deleted_by_its_ids_and_that_is_seen() {
    let world = World::of(&[("a", None), ("b", None)]);
    let (save, delete) = steps(&world);
    done(Some(&standing(&world)), async |scene| {
        assert_eq!(delete.intends(scene.touch.look(), scene.run), ["container k3d-a (a)", "container k3d-b (b)"]);
        assert!(matches!(save.look(scene).await, Seen::Absent(_)));
        save.touch(scene).await.unwrap();
        assert_eq!(save.verify(scene).await, Seen::Present("214 objects".into()));
        assert_eq!(
            delete.look(scene).await,
            Seen::Absent("still there: container k3d-a (a), container k3d-b (b)".into())
        );
        delete.touch(scene).await.unwrap();
        assert_eq!(delete.verify(scene).await, Seen::Present("2 of 2 gone, by their ids".into()));
    });
    assert_eq!(world.deleted(), ["a", "b"]);
}

#[test]
fn what_came_after_it_was_confirmed_is_not_deleted_and_neither_is_anything_else() {
    let world = World::of(&[("a", None)]);
    let confirmed = standing(&world);
    world.parts.lock().unwrap().push(part("stranger", None));
    let (save, delete) = steps(&world);
    done(Some(&confirmed), async |scene| {
        let (why, tail, began) = reason(save.touch(scene).await);
        assert!(why.contains("is not what was confirmed") && tail.len() == 2 && !began, "{why} {tail:?}");
        let (why, tail, began) = reason(delete.touch(scene).await);
        assert!(why.contains("that nobody confirmed") && !began, "{why}");
        assert_eq!(tail, ["container k3d-stranger (stranger)"]);
    });
    assert_eq!((world.ids(), world.deleted()), (vec!["a".into(), "stranger".into()], vec![]));
}

#[test]
fn what_cannot_be_known_is_neither_there_nor_gone() {
    let world = World::of(&[("a", None)]);
    let (save, delete) = steps(&world);
    *world.blind.lock().unwrap() = true;
    done(Some(&standing(&world)), async |scene| {
        let (why, tail, began) = reason(save.touch(scene).await);
        assert!(why.contains("nobody can say any more") && tail.len() == 1 && !began);
        let (why, _, began) = reason(delete.touch(scene).await);
        assert!(why.contains("nobody can say") && !began);
        assert!(matches!(delete.verify(scene).await, Seen::Unknown(why) if why.contains("Cannot connect")));
    });
    assert_eq!(world.deleted(), Vec::<String>::new());
}

#[test]
fn a_cluster_that_is_gone_before_it_is_saved_is_told() {
    let world = World::of(&[("a", None)]);
    let (save, _) = steps(&world);
    let confirmed = standing(&world);
    world.parts.lock().unwrap().clear();
    done(Some(&confirmed), async |scene| {
        let (why, _, began) = reason(save.touch(scene).await);
        assert!(why.contains("is gone") && !began, "{why}");
    });
}

#[test]
fn without_a_word_of_what_was_confirmed_nothing_is_deleted() {
    let world = World::of(&[("a", None)]);
    let (save, delete) = steps(&world);
    done(None, async |scene| {
        assert!(reason(save.touch(scene).await).0.contains("nobody confirmed"));
        assert!(reason(delete.touch(scene).await).0.contains("nobody confirmed"));
        assert!(matches!(delete.verify(scene).await, Seen::Unknown(_)));
    });
    assert_eq!(world.deleted(), Vec::<String>::new());
}

#[test]
fn what_is_left_is_named_and_what_this_run_made_is_none_of_it() {
    let world = World::of(&[("a", None), ("b", None)]);
    let (_, delete) = steps(&world);
    *world.clings.lock().unwrap() = Some("b".into());
    done(Some(&standing(&world)), async |scene| {
        delete.touch(scene).await.unwrap();
        assert_eq!(delete.verify(scene).await, Seen::Absent("still there: container k3d-b (b)".into()));
        *world.clings.lock().unwrap() = None;
        delete.touch(scene).await.unwrap();
        // On a resume the new cluster stands there already.
        world.parts.lock().unwrap().push(part("new", Some("run-1")));
        assert_eq!(delete.verify(scene).await, Seen::Present("2 of 2 gone, by their ids".into()));
        delete.touch(scene).await.unwrap();
        world.parts.lock().unwrap().push(part("of-another-run", Some("run-2")));
        assert!(matches!(delete.verify(scene).await, Seen::Absent(why) if why.contains("of-another-run")));
    });
    assert_eq!(
        (world.ids(), world.deleted()),
        (vec!["new".into(), "of-another-run".into()], vec!["a".into(), "b".into()])
    );
}

#[test]
fn where_nothing_stands_there_is_nothing_to_delete() {
    let world = World::of(&[]);
    let (save, delete) = steps(&world);
    done(Some(&Standing::default()), async |scene| {
        save.touch(scene).await.unwrap();
        assert_eq!(save.verify(scene).await, Seen::Present("there is nothing to save".into()));
        delete.touch(scene).await.unwrap();
        assert_eq!(delete.verify(scene).await, Seen::Present("there was nothing to delete".into()));
    });
}
