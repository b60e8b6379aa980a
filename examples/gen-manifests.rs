//! Writes a repository of manifests as a homelab grows it: a folder for each application, in it a file for each object, and
//! references between them. Knows nothing of the library, so that `rustc -O` alone builds it. The same arguments give the same
//! bytes.
#![allow(clippy::print_stderr)]

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: gen-manifests FILES FOLDER
  writes FILES manifest files into folders below FOLDER, eight for each application";

/// The files of one application: name and text.
fn application(at: usize) -> [(&'static str, String); 8] {
    let name = format!("app-{at}");
    let head = |version: &str, kind: &str, object: &str| {
        format!(
            "# {kind} of {name}, as it runs since spring.\napiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {object}\n  namespace: {name}\n  \
             labels:\n    app.kubernetes.io/name: {name}\n    app.kubernetes.io/part-of: homelab\n    app.kubernetes.io/managed-by: hand\n"
        )
    };
    let mut deployment = head("apps/v1", "Deployment", &name);
    let _ = write!(
        deployment,
        "spec:
  replicas: 1
  revisionHistoryLimit: 3
  strategy: {{type: Recreate}}
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
      annotations:
        prometheus.io/scrape: \"true\"
        prometheus.io/port: \"8080\"
    spec:
      serviceAccountName: {name}
      automountServiceAccountToken: false
      securityContext:
        runAsUser: 1000
        fsGroup: 1000
        runAsNonRoot: true
        seccompProfile: {{type: RuntimeDefault}}
      containers:
        - name: {name}
          image: registry.example.org/{name}:1.{at}.0
          imagePullPolicy: IfNotPresent
          args: [\"--config=/etc/{name}/config.yaml\", \"--listen=:8080\"]
          ports:
            - {{name: http, containerPort: 8080, protocol: TCP}}
          env:
            - name: TZ
              value: Europe/Berlin
            - name: PASSWORD
              valueFrom:
                secretKeyRef:
                  name: {name}
                  key: password
            - name: LEVEL
              valueFrom:
                configMapKeyRef: {{name: {name}, key: level}}
          envFrom:
            - secretRef:
                name: {name}
          resources:
            requests: {{cpu: 50m, memory: 128Mi}}
            limits:
              memory: 256Mi
          readinessProbe:
            httpGet: {{path: /healthz, port: http}}
            initialDelaySeconds: 5
            periodSeconds: 10
          volumeMounts:
            - {{name: config, mountPath: /etc/{name}, readOnly: true}}
            - name: data
              mountPath: /var/lib/{name}
      volumes:
        - name: config
          configMap: {{name: {name}}}
        - name: data
          persistentVolumeClaim:
            claimName: {name}
"
    );
    let mut config = head("v1", "ConfigMap", &name);
    let _ = write!(
        config,
        "data:\n  level: info\n  config.yaml: |\n    server:\n      listen: \":8080\"\n    # What is served.\n    sources:\n"
    );
    for line in 0..20 {
        let _ = writeln!(config, "      - {{name: source-{line}, url: \"https://source-{line}.example.org/{name}\"}}");
    }
    let secret = head("v1", "Secret", &name) + "type: Opaque\nstringData:\n  password: generated\n  user: admin\n";
    let service = head("v1", "Service", &name)
        + &format!(
            "spec:\n  selector: {{app.kubernetes.io/name: {name}}}\n  ports:\n    - {{name: http, port: 80, targetPort: http}}\n"
        );
    let claim = head("v1", "PersistentVolumeClaim", &name)
        + "spec:\n  accessModes: [ReadWriteOnce]\n  storageClassName: local-path\n  resources:\n    requests:\n      storage: 5Gi\n";
    let ingress = head("networking.k8s.io/v1", "Ingress", &name)
        + &format!(
            "spec:\n  ingressClassName: traefik\n  tls:\n    - hosts: [{name}.example.org]\n      secretName: {name}\n  rules:\n    - host: \
             {name}.example.org\n      http:\n        paths:\n          - path: /\n            pathType: Prefix\n            backend:\n              \
             service:\n                name: {name}\n                port: {{name: http}}\n"
        );
    let account = head("v1", "ServiceAccount", &name);
    let namespace = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n    pod-security.kubernetes.io/enforce: baseline\n"
    );
    [
        ("namespace.yaml", namespace),
        ("deployment.yaml", deployment),
        ("configmap.yaml", config),
        ("secret.yaml", secret),
        ("service.yaml", service),
        ("pvc.yaml", claim),
        ("ingress.yaml", ingress),
        ("serviceaccount.yaml", account),
    ]
}

/// The folders that were written, in order; the namespaces lie in one of their own.
pub fn write(files: usize, folder: &Path) -> io::Result<Vec<String>> {
    let mut folders = vec!["namespaces".to_owned()];
    fs::create_dir_all(folder.join("namespaces"))?;
    let mut left = files;
    for at in 0.. {
        let name = format!("app-{at}");
        for (file, text) in application(at) {
            if left == 0 {
                return Ok(folders);
            }
            left -= 1;
            if file == "namespace.yaml" {
                fs::write(folder.join("namespaces").join(format!("{name}.yaml")), text)?;
                continue;
            }
            let own = folder.join(&name);
            if folders.last() != Some(&name) {
                fs::create_dir_all(&own)?;
                folders.push(name.clone());
            }
            fs::write(own.join(file), text)?;
        }
    }
    Ok(folders)
}

#[allow(dead_code)]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let files = args.first().and_then(|files| files.parse().ok());
    let (Some(files), [_, folder]) = (files, args.as_slice()) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match write(files, Path::new(folder)) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{folder}: {error}");
            ExitCode::FAILURE
        }
    }
}
