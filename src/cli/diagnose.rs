//! `diagnose`: the ladder over a live cluster. It looks once, changes nothing, and tells the first cause of everything
//! that does not stand.

use super::args::{DiagnoseArgs, StatusOutput};
use super::context::Context;
use super::runs;
use crate::checks::ladder::{self, Standing, Trouble};
use crate::checks::live::Live;
use crate::checks::patches;
use crate::manifests::Papers;
use crate::model::{Mode, ObjectId, Problem};
use crate::plan::load::load;
use crate::steps::survey::{self, Standings};
use crate::steps::target::{FILE, WAYS};
use crate::steps::trouble;
use crate::sys::kube::Kube;
use crate::sys::pace::{Brake, Halt};
use crate::sys::sandbox::{self, About};
use crate::sys::{Look, clock, files, signals};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the cluster has to answer.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn run(context: &Context, args: &DiagnoseArgs) -> Result<u8, Problem> {
    let (papers, name) = plan(context, args)?;
    let kubeconfig = kubeconfig(context, args, name.as_deref())?;
    let seen = signals::block_on(async {
        let unasked = |why: String| Problem::refused(format!("{}: {why}", kubeconfig.display())).next(ANOTHER);
        let kube = Kube::connect(context.look, &kubeconfig).await.map_err(|trouble| unasked(trouble.to_string()))?;
        // Held to the end: who lets go of the brake has pulled it.
        let brake = Brake::default();
        let pace = brake.pace(PATIENCE, Halt::Now);
        let mut live = survey::see(&kube, &pace).await.map_err(unasked)?;
        survey::listen(&kube, &pace, &mut live).await;
        Ok(live)
    });
    let live = seen.map_err(|error| Problem::failed(format!("no event loop: {error}")))??;
    let wanted = wanted(&live, &papers, args.namespace.as_deref());
    let standings = ladder::survey(&live, &wanted, &[&papers], clock::now(), None);
    match args.output {
        StatusOutput::Text => context.print(&text(context.look, &standings))?,
        StatusOutput::Json => context.print(&format!("{}\n", object(context.look, &standings)))?,
    }
    let well = standings.iter().all(|(_, standing)| !matches!(standing, Standing::Stuck(_)));
    Ok(if well { 0 } else { 1 })
}

/// How long the cluster of a run has to say that it lives.
const ANSWER: Duration = Duration::from_secs(5);
const ANOTHER: &str = "name the cluster with --kubeconfig FILE";

/// The manifests of the plan, so that a cause can be told by file and line. Without a plan it is told by object alone.
fn plan(context: &Context, args: &DiagnoseArgs) -> Result<(Papers, Option<String>), Problem> {
    let path = match (context.plan_path(args.plan.as_deref()), args.plan.is_some()) {
        (Ok(path), _) => path,
        (Err(problem), true) => return Err(problem),
        (Err(_), false) => return Ok((Papers::default(), None)),
    };
    let planned = load(context.look, &path, Mode::Drill)?;
    Ok((Papers::of_all(&planned.papers), Some(planned.file.name.as_str().to_owned())))
}

/// The file that was named, or that of the newest run of the plan whose cluster lives. Never one that stands in the
/// environment or at home: which cluster is meant must be seen in what was typed.
fn kubeconfig(context: &Context, args: &DiagnoseArgs, plan: Option<&str>) -> Result<PathBuf, Problem> {
    if let Some(named) = &args.kubeconfig {
        return Ok(named.clone());
    }
    let state = context.required_state_dir()?;
    let folders = plan.map(|plan| runs::folders(context, &state, plan).unwrap_or_default());
    let living = folders
        .into_iter()
        .flatten()
        .find_map(|folder| of_sandbox(context, &folder).or_else(|| of_host(context, &folder)));
    living.ok_or_else(|| {
        let fact = "no cluster is named, and no run of this plan has one that lives";
        Problem::usage(fact).next(ANOTHER).next("blackstart drill --keep   # makes one that stays")
    })
}

fn of_sandbox(context: &Context, folder: &Path) -> Option<PathBuf> {
    let text = files::read(context.look, &folder.join(FILE), 64 << 10).ok()?;
    let about: About = serde_json::from_slice(&text).ok()?;
    sandbox::living(context.look, &about.dir).map(|about| about.kubeconfig)
}

/// What a run has made of containers or on a host lives when its server answers: another one has another authority.
fn of_host(context: &Context, folder: &Path) -> Option<PathBuf> {
    let path = WAYS.iter().map(|way| folder.join(way)).find(|path| files::exists(context.look, path))?;
    let answers = signals::block_on(async {
        let kube = Kube::connect(context.look, &path).await.ok()?;
        clock::within(ANSWER, kube.uid()).await?.ok()
    });
    answers.ok().flatten().map(|_| path)
}

/// What the manifests expect, and every workload and claim that is there.
fn wanted(live: &Live, papers: &Papers, namespace: Option<&str>) -> Vec<ObjectId> {
    let there: BTreeSet<ObjectId> =
        live.all().filter(|item| item.owners().next().is_none()).map(|i| i.id.clone()).collect();
    let mut ids: BTreeSet<ObjectId> = survey::expected(papers, &[]).into_iter().collect();
    ids.extend(survey::count(there.into_iter()));
    let within = |id: &ObjectId| namespace.is_none_or(|wanted| id.namespace.as_deref() == Some(wanted));
    ids.into_iter().filter(within).collect()
}

fn text(look: Look, standings: &Standings) -> String {
    let mut out = String::new();
    for (cause, held) in survey::causes(standings) {
        for line in trouble::lines(cause, &held, &[]) {
            out.push_str(&line);
            out.push('\n');
        }
        let file = cause.mend.as_ref().and_then(|mend| patches::alone(look, mend)).map(|(_, patch)| patch);
        for (patch, taker) in [(cause.patch.as_ref(), "kubectl apply --server-side -f -"), (file.as_ref(), "git apply")]
        {
            let lines = patch.iter().flat_map(|patch| patch.text.lines()).map(|line| format!("    {line}\n"));
            out.extend(patch.map(|_| format!("  patch  for {taker}\n")).into_iter().chain(lines));
        }
    }
    let waiting = standings.iter().filter_map(|(id, standing)| match standing {
        Standing::Waiting { why } | Standing::Slow { why, .. } => Some(format!("waits   {id}: {why}\n")),
        Standing::Ready(_) | Standing::Stuck(_) => None,
    });
    out.extend(waiting);
    let ready = standings.iter().filter(|(_, standing)| matches!(standing, Standing::Ready(_))).count();
    out.push_str(&format!("{ready} of {} ready\n", standings.len()));
    out
}

fn object(look: Look, standings: &Standings) -> Value {
    let one = |(cause, held): &(&Trouble, Vec<&ObjectId>)| {
        json!({
            "id": cause.id,
            "object": cause.object.to_string(),
            "message": cause.message,
            "field": cause.field,
            "file": cause.place.as_ref().map(|place| place.file.clone()),
            "line": cause.place.as_ref().map(|place| place.spot.line),
            "fix": cause.fix,
            "patch": cause.patch.as_ref().map(|patch| patch.text.clone()),
            "file_patch": cause.mend.as_ref().and_then(|mend| patches::alone(look, mend)).map(|(_, patch)| patch.text),
            "heals": matches!(cause.heals, ladder::Heals::May),
            "seen": cause.chain.iter().map(|hop| format!("{}: {}", hop.object, hop.says)).collect::<Vec<_>>(),
            "said": cause.raw,
            "holds_up": held.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    let ready = standings.iter().filter(|(_, standing)| matches!(standing, Standing::Ready(_))).count();
    let waiting: Vec<String> = standings
        .iter()
        .filter(|(_, standing)| matches!(standing, Standing::Waiting { .. } | Standing::Slow { .. }))
        .map(|(id, _)| id.to_string())
        .collect();
    json!({
        "schema": "blackstart.diagnose/1",
        "expected": standings.len(),
        "ready": ready,
        "waiting": waiting,
        "troubles": survey::causes(standings).iter().map(one).collect::<Vec<_>>(),
    })
}
