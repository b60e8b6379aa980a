//! Patches of a file: what they change, where there is none, and what they never show.

use crate::written::{self, papers};
use crate::{CLAIM, STORAGE, applied, diffed, seen, stuck};
use blackstart::manifests::reread;

const TUNNEL: &str = r#"# The way in.
apiVersion: v1
kind: Namespace
metadata:
  name: networking
  labels:
    pod-security.kubernetes.io/enforce: restricted
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cloudflared
  namespace: networking
spec:
  replicas: 1
  template:
    metadata:
      labels: {app: cloudflared}
    spec:
      # One is enough.
      containers:
        - name: cloudflared
          image: cloudflare/cloudflared:2025.9.1
          # As the makers say.
          args: [tunnel, run]
          env:
            - name: TUNNEL_TOKEN
              value: canary-4711
"#;

#[test]
fn a_pod_security_fault_leads_to_its_file_and_git_takes_the_patch() {
    let (live, id, now, _) = seen("F03");
    let papers = papers(&[("k/networking/cloudflared.yaml", TUNNEL)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert_eq!(trouble.place.as_ref().unwrap().to_string(), "k/networking/cloudflared.yaml:19:5");
    let mend = trouble.mend.as_ref().unwrap();
    assert_eq!(mend.file(), "k/networking/cloudflared.yaml");
    let (patch, after) = diffed(mend, "k/networking/cloudflared.yaml", TUNNEL);
    let wanted = TUNNEL
        .replace(
            "      # One is enough.\n",
            "      securityContext:\n        runAsNonRoot: true\n        seccompProfile:\n          type: RuntimeDefault\n      # One is enough.\n",
        )
        .replace(
            "          # As the makers say.\n",
            "          securityContext:\n            allowPrivilegeEscalation: false\n            capabilities:\n              drop: [ALL]\n            runAsUser: 65532\n          # As the makers say.\n",
        );
    assert_eq!(after, wanted, "{patch}");
    assert!(!patch.contains("canary"), "{patch}");
}

#[test]
fn a_security_context_that_is_half_there_gets_the_other_half() {
    let (live, id, now, _) = seen("F03");
    // Written in flow style, with one value that has to change.
    let text = TUNNEL
        .replace(
            "          # As the makers say.\n",
            "          securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: true}\n",
        )
        .replace("      # One is enough.\n", "      securityContext:\n        fsGroup: 1000 # as on the disk\n");
    let papers = papers(&[("c.yaml", &text)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert_eq!(trouble.place.as_ref().unwrap().to_string(), "c.yaml:20:7");
    // Two changes of one line are not followed; one of each kind on lines of their own is.
    assert!(trouble.mend.as_ref().unwrap().diff("c.yaml", &text).is_none());
    let text = text
        .replace("{readOnlyRootFilesystem: true, allowPrivilegeEscalation: true}", "{readOnlyRootFilesystem: true}");
    let papers = written::papers(&[("c.yaml", &text)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    let (_, after) = diffed(trouble.mend.as_ref().unwrap(), "c.yaml", &text);
    assert!(after.contains("securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsUser: 65532, readOnlyRootFilesystem: true}\n"), "{after}");
    assert!(after.contains("        runAsNonRoot: true\n        seccompProfile:\n          type: RuntimeDefault\n        fsGroup: 1000 # as on the disk\n"), "{after}");
}

#[test]
fn a_file_that_cannot_be_followed_line_by_line_gets_no_patch() {
    let (live, id, now, _) = seen("F03");
    let offered = |text: &str| {
        let papers = papers(&[("c.yaml", text)]);
        stuck(&live, &id, &[&papers], now).mend.unwrap().diff("c.yaml", text)
    };
    assert!(offered(TUNNEL).is_some());
    assert!(offered(&TUNNEL.replace('\n', "\r\n")).is_none());
    let container = "        - name: cloudflared\n          image: cloudflare/cloudflared:2025.9.1\n";
    let flow = "        - {name: cloudflared,\n           image: 'cloudflare/cloudflared:2025.9.1'}\n        - name: other\n          image: x\n";
    let text = TUNNEL.replace(container, flow);
    let after = applied("c.yaml", &text, &offered(&text).unwrap().text);
    assert!(after.contains("- {securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsUser: 65532}, name: cloudflared,\n"), "{after}");
    // A text in quotes that holds what would be changed is not taken for it.
    let quoted = "        - \"name\": cloudflared\n          \"image\": cloudflare/cloudflared:2025.9.1\n";
    let after = offered(&TUNNEL.replace(container, quoted))
        .map(|patch| applied("c.yaml", &TUNNEL.replace(container, quoted), &patch.text));
    assert!(after.is_none_or(|after| reread(&after).is_some()));
    // A file that has changed since it was read is not touched.
    let papers = papers(&[("c.yaml", TUNNEL)]);
    let mend = stuck(&live, &id, &[&papers], now).mend.unwrap();
    assert!(mend.diff("c.yaml", &TUNNEL.replace("replicas: 1", "replicas: 2")).is_none());
    assert!(mend.diff("c.yaml", &format!("\n{TUNNEL}")).is_none());
}

#[test]
fn a_patch_never_shows_the_value_of_an_environment_variable() {
    let (live, id, now, _) = seen("F03");
    let text = TUNNEL.replace(
        "          # As the makers say.\n          args: [tunnel, run]\n          env:\n            - name: TUNNEL_TOKEN\n              value: canary-4711\n",
        "          args: [tunnel]\n",
    );
    // Above the place of the change now.
    let text = text.replace(
        "        - name: cloudflared\n",
        "        - env:\n            - name: TUNNEL_TOKEN\n              value: |\n                canary-4711\n                canary-4712\n          name: cloudflared\n",
    );
    let papers = papers(&[("c.yaml", &text)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    let (patch, after) = diffed(trouble.mend.as_ref().unwrap(), "c.yaml", &text);
    assert!(!patch.contains("canary-471"), "{patch}");
    assert!(after.contains("runAsUser: 65532") && after.contains("canary-4712"));
}

#[test]
fn what_cannot_be_changed_in_place_is_changed_in_its_file_only() {
    let (live, id, now, _) = seen("F05");
    let text = CLAIM.replace("  storageClassName: manual\n", "");
    let papers = papers(&[("claims.yaml", &text)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert!(trouble.patch.is_none() && trouble.fix.contains("delete it, apply it again"));
    let (_, after) = diffed(trouble.mend.as_ref().unwrap(), "claims.yaml", &text);
    assert!(after.contains("spec:\n  storageClassName: \"\"\n  accessModes"), "{after}");
}

#[test]
fn a_list_within_brackets_is_replaced_and_another_is_left_alone() {
    let (live, id, now, _) = seen("F06-access");
    let papers = papers(&[("storage.yaml", STORAGE)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    let (_, after) = diffed(trouble.mend.as_ref().unwrap(), "storage.yaml", STORAGE);
    assert!(
        after.contains("  accessModes: [ReadWriteOnce, ReadWriteMany]\n  local: {path: /srv/appdata-pv}"),
        "{after}"
    );
    let block = STORAGE.replace("  accessModes: [ReadWriteOnce]\n", "  accessModes:\n    - ReadWriteOnce\n");
    let papers = written::papers(&[("storage.yaml", &block)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert!(trouble.mend.as_ref().unwrap().diff("storage.yaml", &block).is_none());
}

#[test]
fn a_value_that_is_written_once_for_two_places_gets_no_patch() {
    let (live, id, now, _) = seen("F03");
    let shared = TUNNEL
        .replace("      # One is enough.\n", "      securityContext: &shared\n        runAsGroup: 1\n")
        .replace("          # As the makers say.\n", "          securityContext: *shared\n");
    let papers = papers(&[("c.yaml", &shared)]);
    let trouble = stuck(&live, &id, &[&papers], now);
    assert!(trouble.patch.is_some(), "the cluster can be mended all the same");
    assert!(trouble.mend.unwrap().diff("c.yaml", &shared).is_none());
}
