//! A trouble of the ladder as people read it, with its patch written where it can be applied from.

use super::scene::Scene;
use super::survey::{self, Standings};
use crate::checks::ladder::{Patch, Standing, Trouble};
use crate::checks::patches;
use crate::model::ObjectId;
use crate::model::time::spoken;
use crate::sys::{Touch, files};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// So many names are told of what one cause holds up.
const NAMED: usize = 4;

/// How it stands, in one line, then every first cause in some.
pub fn told(scene: &Scene<'_>, standings: &Standings, over: Option<Duration>) -> String {
    let ready = standings.iter().filter(|(_, standing)| matches!(standing, Standing::Ready(_))).count();
    let causes = survey::causes(standings);
    let late = over.map_or(String::new(), |time| format!(" after {}", spoken(time)));
    let cause = match causes.len() {
        0 => "nothing is stuck, and it is not done".to_owned(),
        1 => "1 cause".to_owned(),
        n => format!("{n} causes"),
    };
    let mut lines = vec![format!("{ready} of {} ready{late}; {cause}", standings.len())];
    for (trouble, held) in causes {
        let patches = written(scene.touch, scene.run, trouble);
        lines.extend(self::lines(trouble, &held, &patches));
    }
    let waiting = standings.iter().filter_map(|(id, standing)| match standing {
        Standing::Waiting { why } | Standing::Slow { why, .. } => Some(format!("waits   {id}: {why}")),
        Standing::Ready(_) | Standing::Stuck(_) => None,
    });
    lines.extend(waiting.take(if over.is_some() { 20 } else { 0 }));
    lines.join("\n")
}

/// One first cause.
pub fn lines(trouble: &Trouble, held: &[&ObjectId], patches: &[PatchFile]) -> Vec<String> {
    let names: Vec<String> = held.iter().take(NAMED).map(ToString::to_string).collect();
    let more = held.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let mut lines = vec![format!("STUCK   {}{more}", names.join(", "))];
    let object = trouble.object.to_string();
    let object = if trouble.message.starts_with(&object) { String::new() } else { format!("{object}: ") };
    lines.push(format!("  {}  {object}{}", trouble.id, trouble.message));
    lines.extend(trouble.chain.iter().map(|hop| format!("  seen   {}: {}", hop.object, hop.says)));
    let field = trouble.field.as_ref().map_or(String::new(), |field| format!("   {field}"));
    lines.extend(trouble.place.iter().map(|place| format!("  where  {}:{}{field}", place.file, place.spot.line)));
    lines.push(format!("  fix    {}", trouble.fix));
    lines.extend(patches.iter().map(|patch| format!("  patch  {}", patch.0)));
    let told = lines.join("\n");
    let raw = trouble.raw.iter().filter(|raw| !told.contains(raw.as_str()));
    lines.extend(raw.flat_map(|raw| raw.lines()).map(|line| format!("  said   {line}")).collect::<Vec<_>>());
    lines
}

/// The command that takes a patch, or the words for that it could not be written.
pub struct PatchFile(String);

/// Writes the patches of a trouble into the folder of the run: the one that the cluster takes, and the one for the file.
fn written(touch: &Touch, run: &Path, trouble: &Trouble) -> Vec<PatchFile> {
    let folder: PathBuf = run.join("patches");
    let write = |patch: &Patch, command: String| {
        let path = folder.join(&patch.name);
        let shown = path.display();
        let done = files::make_private_folder(touch, &folder);
        PatchFile(match done.and_then(|()| files::replace(touch, &path, patch.text.as_bytes())) {
            Err(error) => format!("{shown} could not be written: {error}"),
            Ok(()) => format!("{command} {shown}"),
        })
    };
    let cluster = trouble.patch.iter().map(|patch| write(patch, "kubectl apply --server-side -f".to_owned()));
    let file = trouble.mend.as_ref().and_then(|mend| patches::alone(touch.look(), mend));
    let file = file.iter().map(|(top, patch)| write(patch, format!("git -C {} apply", top.display())));
    cluster.chain(file).collect()
}
