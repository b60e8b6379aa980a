//! F47 and F87: who notices that monitoring itself is dead? An alert that always fires has to leave the cluster, and somebody
//! outside has to miss it. It reads rules and configurations as they stand in files, not what charts make of values.

use super::ground::Ground;
use super::{Rule, Told};
use crate::checks::causes::cause;
use crate::checks::rules::hosts;
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::{Place, Severity};
use std::sync::Arc;

pub const RULE: Rule = Rule {
    ids: &["F47", "F87"],
    pages: &[
        cause(
            "F47",
            "Nobody notices that monitoring is dead",
            "Alerts are made by a program in the cluster. When that program is gone, all is quiet, and quiet looks like \
             health. Weeks later it turns out that no alert could have come.",
            "Let one alert fire always (vector(1)), send it to something outside that expects it, and that calls you when it \
             stops coming.",
        ),
        cause(
            "F87",
            "Alerts that live inside of what they watch",
            "Alertmanager speaks only to Services of the same cluster: a chat or a mailer that is down together with what the \
             alert is about.",
            "Give it one receiver outside of this cluster.",
        ),
    ],
    look,
};

/// Names that such alerts are commonly given.
const ALWAYS: &[&str] = &["Watchdog", "DeadMansSwitch", "DeadMansSnitch"];
/// Charts that bring an alert of this kind.
const STACKS: &[&str] = &["kube-prometheus-stack", "victoria-metrics-k8s-stack"];

/// What the files say about alerts.
#[derive(Default)]
struct Heard<'o> {
    /// The first alert, and how many there are.
    first: Option<(&'o Object, Place)>,
    count: usize,
    /// The names of those that always fire.
    always: Vec<String>,
    /// A Prometheus with rules and nobody to send them to.
    silent: Option<(&'o Object, Place)>,
    managers: Vec<Manager<'o>>,
}

/// The configuration of an Alertmanager.
struct Manager<'o> {
    object: &'o Object,
    place: Place,
    /// Names of receivers that do nothing.
    deaf: Vec<String>,
    speaks: usize,
    inside: usize,
    /// Receivers that an always firing alert would go to by a route of its own.
    to: Vec<(String, String)>,
}

fn look(ground: &Ground<'_>, told: &mut Told) {
    if !ground.whole {
        return;
    }
    let heard = hear(ground);
    let stack = ground.objects.iter().any(|object| is_stack(object));
    if let (Some((object, place)), true, false) = (&heard.first, heard.always.is_empty(), stack) {
        let alerts = if heard.count == 1 {
            "1 alert, which does".to_owned()
        } else {
            format!("{} alerts, none of which does", heard.count)
        };
        let message = format!("there are {alerts} not always fire: nobody notices when monitoring is gone");
        let fix = "add an alert with expr: vector(1), and send it to something outside that calls when it stops";
        told.say("F47", Severity::Warning, object, place.clone(), message, fix);
    }
    if let (Some((object, place)), true, false) = (&heard.silent, heard.managers.is_empty(), stack) {
        let message = "has rules and no `alerting`: no alert ever leaves this Prometheus";
        let fix = "name an Alertmanager under alerting, best one outside of this cluster";
        told.say("F47", Severity::Warning, object, place.clone(), message, fix);
    }
    for manager in &heard.managers {
        let is_always = |name: &str| ALWAYS.contains(&name) || heard.always.iter().any(|always| always == name);
        let lost = manager.to.iter().find(|(alert, to)| is_always(alert) && manager.deaf.contains(to));
        if let Some((alert, to)) = lost {
            let message = format!("sends {alert}, which always fires, to {to}, which does nothing: nobody misses it");
            let fix = "send it to something outside that expects it and calls when it stops";
            told.say("F47", Severity::Warning, manager.object, manager.place.clone(), message, fix);
        }
        if manager.speaks > 0 && manager.speaks == manager.inside {
            let message = "speaks only to Services of this cluster, which are down together with what it tells of";
            let fix = "add a receiver outside of this cluster";
            told.say("F87", Severity::Note, manager.object, manager.place.clone(), message, fix);
        }
    }
}

fn is_stack(object: &Object) -> bool {
    let charts: [&[&str]; 4] = [
        &["spec", "chart", "spec", "chart"],
        &["spec", "source", "chart"],
        &["spec", "chart"],
        &["spec", "chartRef", "name"],
    ];
    let named = charts.iter().filter_map(|way| object.root.text_at(way));
    matches!(object.kind(), "Application" | "HelmRelease" | "HelmChart")
        && (named.into_iter().any(|chart| STACKS.iter().any(|stack| chart.ends_with(stack)))
            || STACKS.contains(&object.name()))
}

fn hear<'o>(ground: &Ground<'o>) -> Heard<'o> {
    let mut heard = Heard::default();
    for object in &ground.objects {
        match (object.id.group(), object.kind()) {
            ("monitoring.coreos.com", "PrometheusRule") | ("operator.victoriametrics.com", "VMRule") => {
                let groups = object.root.get("spec");
                groups.into_iter().for_each(|spec| heard.rules(object, spec, 0));
            }
            ("", "ConfigMap") => heard.texts(object, "data"),
            ("", "Secret") => heard.texts(object, "stringData"),
            _ => {}
        }
    }
    heard
}

impl<'o> Heard<'o> {
    fn rules(&mut self, object: &'o Arc<Object>, spec: &Node, lines: u32) {
        for rule in each(spec, "groups").flat_map(|group| each(group, "rules")) {
            let Some(field) = rule.field("alert") else { continue };
            let name = field.node.text().unwrap_or_default();
            let expr = rule.get("expr").map(|expr| expr.text().unwrap_or("1").replace(char::is_whitespace, ""));
            self.count += 1;
            if ALWAYS.contains(&name) || expr.is_some_and(|expr| expr == "vector(1)" || expr == "1") {
                self.always.push(name.to_owned());
            }
            self.first.get_or_insert_with(|| (object, object.place_at(hosts::shifted(field.at, lines))));
        }
    }

    /// Configurations that are the values of keys.
    fn texts(&mut self, object: &'o Arc<Object>, data: &str) {
        for field in object.root.get(data).map_or(&[][..], Node::fields) {
            let text = field.node.text().unwrap_or_default();
            let has = |word: &str| text.contains(word);
            let wanted = (has("groups:") && has("alert:"))
                || (has("scrape_configs:") && has("rule_files:"))
                || (has("receivers:") && has("route:"));
            let Some((document, lines)) = wanted.then(|| hosts::within(field)).flatten() else { continue };
            self.rules(object, &document, lines);
            if document.get("rule_files").is_some()
                && document.get("scrape_configs").is_some()
                && document.get("alerting").is_none()
            {
                let at = document.nearest(&["rule_files"]);
                self.silent.get_or_insert_with(|| (object, object.place_at(hosts::shifted(at, lines))));
            }
            // An OpenTelemetry collector has receivers too, as a map.
            if document.get("route").is_some() && each(&document, "receivers").next().is_some() {
                let at = hosts::shifted(document.nearest(&["receivers"]), lines);
                self.managers.push(manager(object, object.place_at(at), &document));
            }
        }
    }
}

fn manager<'o>(object: &'o Object, place: Place, config: &Node) -> Manager<'o> {
    let mut manager = Manager { object, place, deaf: Vec::new(), speaks: 0, inside: 0, to: Vec::new() };
    for receiver in each(config, "receivers") {
        let ways = receiver.fields().iter().filter(|field| field.name.ends_with("_configs"));
        let all: Vec<&Node> = ways.flat_map(|field| field.node.items()).collect();
        if all.is_empty() {
            manager.deaf.push(receiver.text_at(&["name"]).unwrap_or_default().to_owned());
        }
        manager.speaks += all.len();
        manager.inside += all.iter().filter(|one| is_inside(one)).count();
    }
    if let Some(route) = config.get("route") {
        routes(route, 0, &mut manager.to);
    }
    manager
}

/// Whether a receiver is a Service of this cluster, by the only kind of name that nothing else has.
fn is_inside(receiver: &Node) -> bool {
    let address = ["url", "api_url", "smarthost"].iter().find_map(|way| receiver.text_at(&[way]));
    let host = address.and_then(|address| hosts::of_url(address).or_else(|| hosts::bare(address)));
    host.is_some_and(|host| hosts::service(host).is_some())
}

/// Which alert, called by its name, goes to which receiver.
fn routes(route: &Node, depth: usize, found: &mut Vec<(String, String)>) {
    for inner in each(route, "routes").take_while(|_| depth < 16) {
        let receiver = inner.text_at(&["receiver"]).unwrap_or_default().to_owned();
        let matchers =
            each(inner, "matchers").filter_map(Node::text).filter_map(|text| text.trim().strip_prefix("alertname"));
        let matchers = matchers.map(|text| text.trim_matches(|c: char| " =~\"'".contains(c)).to_owned());
        let old = inner.text_at(&["match", "alertname"]).map(str::to_owned);
        found.extend(matchers.chain(old).map(|alert| (alert, receiver.clone())));
        routes(inner, depth + 1, found);
    }
}
