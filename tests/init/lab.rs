//! A repository for a test, with short words for the objects in it.

use crate::common::{Lab, Told};

pub struct Repository(pub Lab);

impl Repository {
    /// Files by their names.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let lab = Lab::new("");
        std::fs::remove_file(lab.path("plan.yaml")).unwrap();
        files.iter().for_each(|(name, text)| lab.write(&format!("home/{name}"), text));
        Self(lab)
    }
    /// The plan of it, without a file being written.
    #[track_caller]
    pub fn plan(&self) -> String {
        let told = self.0.run(&["init", "home", "--output", "-"]).code(0);
        assert!(!self.0.exists("home/home.plan.yaml"), "it was written");
        told.out
    }
    /// `init` with a file, and what `plan` says of that.
    #[track_caller]
    pub fn planned(&self) -> Told {
        self.0.run(&["init", "home"]).code(0);
        self.0.run(&["plan", "home/home.plan.yaml"]).code(0)
    }
    #[track_caller]
    pub fn refused(&self, code: i32) -> Told {
        let told = self.0.run(&["init", "home"]).code(code);
        assert!(!self.0.exists("home/home.plan.yaml"), "it was written");
        told
    }
}

pub fn space(name: &str) -> String {
    format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n")
}

pub fn config(namespace: &str, name: &str) -> String {
    format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\n")
}

/// A Deployment whose pods have this in their spec, beside one container of this image.
pub fn runs(namespace: &str, name: &str, image: &str, spec: &str) -> String {
    // A volume that nothing mounts is asked for by nobody.
    let there = ["c", "s", "d"].into_iter().filter(|volume| spec.contains(&format!("{{name: {volume}, ")));
    let mounts: Vec<String> = there.map(|volume| format!("{{name: {volume}, mountPath: /{volume}}}")).collect();
    let mounts = mounts.join(", ");
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      \
         containers: [{{name: main, image: '{image}', volumeMounts: [{mounts}]}}]\n{spec}"
    )
}

/// That each of these lines stands in a text; told at once.
#[track_caller]
pub fn has(text: &str, lines: &[&str]) {
    let missing: Vec<&&str> = lines.iter().filter(|line| !flat(text).contains(*line as &str)).collect();
    assert!(missing.is_empty(), "missing: {missing:#?}\n{text}");
}

/// Without the breaks within comments.
pub fn flat(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let bare = line.trim_start();
        match bare.strip_prefix("#   ") {
            Some(rest) => out.push_str(&format!(" {rest}")),
            None => out.push_str(&format!("\n{line}")),
        }
    }
    out + "\n"
}
