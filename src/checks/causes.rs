//! What goes wrong at a rebuild: how each failure is called, how people come to it, and what mends it. Those that the ladder
//! names are here; those that a rule alone finds stand with their rule.

use super::pages::{IN_FILES, PAGES};
use super::rules::RULES;
use super::{argocd, before};

pub struct Cause {
    pub id: &'static str,
    pub title: &'static str,
    pub story: &'static str,
    pub fix: &'static str,
}

/// The cause of this id, in whatever case it was typed.
pub fn find(id: &str) -> Option<&'static Cause> {
    all().find(|cause| cause.id.eq_ignore_ascii_case(id))
}

/// Every one that is known: those of the ladder, then those that checks of files add, then those of the
/// questions that are asked before, then those of Applications.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    CAUSES.iter().chain(PAGES).chain(RULES.iter().flat_map(|rule| rule.pages)).chain(before::PAGES).chain(argocd::PAGES)
}

/// The same by id.
pub fn sorted() -> Vec<&'static Cause> {
    let mut all: Vec<&Cause> = all().collect();
    all.sort_by_key(|cause| cause.id);
    all
}

/// Whether files alone show it, and whether a cluster does.
pub fn seen_in(id: &str) -> (bool, bool) {
    let of_rule = RULES.iter().any(|rule| rule.ids.contains(&id));
    (of_rule || IN_FILES.contains(&id), CAUSES.iter().any(|cause| cause.id == id))
}

pub const fn cause(id: &'static str, title: &'static str, story: &'static str, fix: &'static str) -> Cause {
    Cause { id, title, story, fix }
}

/// By id.
#[rustfmt::skip]
pub const CAUSES: &[Cause] = &[
    cause("F01", "Something that only the old cluster had",
        "A Secret, a ConfigMap, one key of it, a ServiceAccount, a claim or a class was once made by hand, by a chart \
         or by a pipeline, and is in no file. The old cluster never missed it. The new one makes pods that wait for \
         it: CreateContainerConfigError, FailedMount, or no pod at all.",
        "Write it into the files that the plan applies (secrets into the encrypted store), with every key that pods \
         ask for.",
    ),
    cause("F02", "A SealedSecret that does not open",
        "It was sealed for another certificate, name or namespace than the one it is applied in. The controller says \
         so in the condition Synced, no Secret comes, and what needs the Secret waits.",
        "Put back the sealing key of the old cluster before its controller starts, or seal it again for the \
         certificate that runs now.",
    ),
    cause("F03", "Pod Security lets no pod in",
        "A namespace was given a stricter level after its workloads had started. Running pods are never asked again; \
         the next one is refused. The workload stands at 0 of N, there is no pod to look at, and the reason is told \
         to the ReplicaSet.",
        "Set what the message asks for in the pod template, or give the namespace a level that fits what runs in it.",
    ),
    cause("F04", "A claim whose selector no volume meets",
        "Everything that is usually shown agrees: class, size, modes, and the volume is Available. But the claim \
         selects by a label that was put on the volume by hand once, and is in no file.",
        "Put the label on the volume, in its file first.",
    ),
    cause("F05", "A selector together with a class that makes volumes",
        "A claim without storageClassName is given the default class. Its provisioner serves no claim that has a \
         selector, not even an empty one, and the claim waits for ever.",
        "Write storageClassName: \"\" on the claim where it means a volume that is there already.",
    ),
    cause("F06", "A volume and its claim disagree",
        "The volume belongs to a claim of the old cluster (its claimRef has that one's uid), the claim lost its \
         volume, or size, class, mode or access do not agree. A pair that was bound once may be unable to be bound \
         again: bound pairs are not asked.",
        "Make the two agree in their files; strip uid and resourceVersion from claimRef; keep policy Retain until \
         that is done.",
    ),
    cause("F08", "An object before what it needs to exist",
        "A custom resource was applied before its definition, or an object before its namespace. The API server \
         refuses it, and a script that does not look goes on and says that all went well.",
        "Apply definitions and namespaces in an earlier step, and wait until definitions are Established.",
    ),
    cause("F09", "A webhook that must answer and cannot",
        "A webhook with failurePolicy Fail is asked about each pod, and nobody answers behind it. Often what should \
         answer is itself a pod that the webhook would have to let in.",
        "Except the namespace of the webhook's own pods, bring its backend up first, or delete the configuration for \
         this run.",
    ),
    cause("F17", "An image that does not come",
        "Its tag was taken down, its registry asks for credentials that were never written down, its limit of pulls \
         is reached, or it lives in the very cluster that is being built. The old node still had it on its disk.",
        "Choose an image that is there, give credentials, use a mirror that outlives the cluster.",
    ),
    cause("F20", "A database that keeps its old password",
        "The data directory was kept and the Secret was made anew. A database reads the password when it first makes \
         its directory, and never again.",
        "Put the old value back, or change the password inside the database.",
    ),
    cause("F23", "An image whose user may be root",
        "The pod has to show that it does not run as root, and the image names its user by a word, or not at all. \
         The pod is let in; the kubelet refuses to start the container. Tunnels are the known case. Of tunnels this page also \
         tells what else leaves nobody at the other end: a Service that is in no file, a token that everyone on the host \
         can read, that is none or of another tunnel, and a public name for which another cluster answers, or nobody.",
        "Write the number of the image's user into runAsUser.",
    ),
    cause("F25", "A circle of needs, or a namespace whose deletion does not end",
        "In files: something is read from a host that only comes up with what is read there (see `explain circle`). In a \
         cluster: something in the namespace has a finalizer whose controller is gone, or an API that the API server cannot ask any more \
         hides whether it is empty. Nothing new can be put into it meanwhile.",
        "Bring back the controller or the API service that is named. The finalizer of the namespace itself is never \
         taken away by force here.",
    ),
    cause("F26", "A node out of disk",
        "Below about 15 % of free space a kubelet puts a taint on its node, takes no pods and throws some out. Images \
         and old logs are what fills it.",
        "Free space; the taint goes away by itself within minutes.",
    ),
    cause("F31", "A directory of the host that is missing or another's",
        "The volume points to a directory that some script made on the old host, with the owner that its program runs \
         as. On the new one it is not there, or it belongs to root.",
        "Make it, with the owner and mode that the pod needs; fsGroup helps where the volume honours it.",
    ),
    cause("F32", "A volume that belongs to a node that is not here",
        "A local volume says by the name of a node where its data is. The new cluster, or the drill, has other names.",
        "Write the node's name where volumes are made, not into the file; of a volume that exists it cannot be \
         changed.",
    ),
    cause("F33", "Data of another major version",
        "The volume was kept, the tag of the database moved on. The new program refuses the old files.",
        "Run the version that wrote them, or restore a dump into the new one.",
    ),
    cause("F39", "Granting rights that one does not hold",
        "Kubernetes lets nobody write a role with more rights than his own. A deployer that may write roles meets \
         this the first time that it has to make them all anew.",
        "Give the deployer these rights, or the verbs escalate and bind, or apply the role as an administrator.",
    ),
    cause("F43", "An image of another architecture",
        "It was built for the board it ran on before. Either no image is found for the platform, or the program ends \
         at once with exec format error; or a pod asks for an architecture that no node has.",
        "Use an image that is built for both, or ask for nodes that fit it.",
    ),
    cause("F48", "The API server's address refuses pods",
        "Pods reach the API server through a virtual address that kube-proxy's rules carry. A firewall step that \
         clears all rules takes them away too.",
        "Restart what writes the rules, and let the firewall leave the KUBE chains alone.",
    ),
    cause("F49", "A port of the host that is taken",
        "A port of the host can be had once on a node. With one node, a rolling update starts the new pod before the \
         old one lets go of it, and waits for ever.",
        "maxSurge 0 with maxUnavailable 1, strategy Recreate, or another port.",
    ),
    cause("F50", "An image that only the old node had",
        "It was imported into the node by hand and is in no registry, and the pull policy says that it must not be \
         fetched.",
        "Make the import a step of the plan.",
    ),
    cause("F51", "No room",
        "Requests are more than the nodes of the new cluster can give, or the quota of the namespace is used up. \
         Nothing is wrong with the pod; there is nowhere to put it.",
        "Ask for less, raise the quota, or add a node.",
    ),
    cause("F52", "Killed for its memory",
        "The container used more than its limit, or the node had none left, and the kernel ended it.",
        "Look at what it uses; then raise the limit, or set one.",
    ),
    cause("F53", "A program that ends again and again",
        "It starts and ends by itself. The reason is in the last lines of the instance before, not in the cluster.",
        "Read the log of the previous instance; it is shown with what looks like a credential hidden.",
    ),
    cause("F54", "A Secret from a store that does not come",
        "An ExternalSecret asks a store outside, and the store, its address or the rights to it are missing. Where \
         the store runs inside the cluster, it cannot be there yet.",
        "See what its condition Ready says; bring the store up before what needs it.",
    ),
    cause("F59", "Sandboxes that are only remembered",
        "After a hard stop the runtime still holds the names of sandboxes that are gone, and can make none of the \
         same name.",
        "Remove the sandboxes that are NotReady, then start the runtime again.",
    ),
    cause("F61", "An object that is being deleted and stays",
        "A finalizer waits for a controller to clean up, and that controller is not there any more.",
        "Bring the controller up; take the finalizer away by hand only when what it guards may be lost.",
    ),
    cause("F65", "A taint that nobody tolerates",
        "The node was made with a taint, or closed for new pods, and these pods do not tolerate it.",
        "Let the pods tolerate it, or take it away.",
    ),
    cause("F71", "Requests for certificates that nobody answers",
        "A kubelet asked for its certificate and nothing approves such requests. Its node does not join, or shows no \
         logs.",
        "Look at them; approve those that you expect.",
    ),
    cause("F79", "A label that no node has",
        "It was put on the old node by hand. Labels of nodes die with their cluster.",
        "Write it where the nodes are made.",
    ),
    cause("F90", "A node that is not ready",
        "Its kubelet is silent, or says that it cannot run pods; or no node has joined at all.",
        "Look at the host and at its kubelet's log.",
    ),
    cause("F91", "A Job that gave up",
        "It has tried as often, or for as long, as it may. It does not try again by itself, also when the cause is \
         gone.",
        "Mend the cause, delete the Job, apply it anew.",
    ),
    cause("F92", "A CronJob that somebody stopped",
        "It is suspended in the cluster and not in its file: a change by hand that was meant to be undone.",
        "Set suspend to false, or write it down.",
    ),
    cause("F93", "A pod that was thrown out",
        "Its node ran low on something, and this pod used more of it than it had asked for.",
        "Give it the request that it needs.",
    ),
    cause("F94", "A probe that fails",
        "The program runs and its probe says that it does not: another path or port, a slow start, or a program that \
         waits for something else.",
        "Look at what the probe asks; give a slow start a startupProbe.",
    ),
    cause("F95", "A class that makes no volume",
        "The claim waits for a provisioner that is not there, cannot make the volume, or says nothing.",
        "Look at the provisioner's pod and its log.",
    ),
    cause("UNKNOWN", "What is not known here",
        "The symptom is none of those above. It is shown whole, and nothing was matched to it.",
        "Read what Kubernetes says.",
    ),
];
