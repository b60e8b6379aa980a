//! What is there without being in any file: in every cluster, or in those of a distribution.

use crate::model::Fact;

/// Who gives a fact that no file gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Every Kubernetes.
    Everywhere,
    /// K3s does, a plain Kubernetes does not.
    WithK3s,
    /// A job or a controller that is known to make a Secret of this name.
    ByHabit,
    No,
}

/// Who gives this without a file.
pub fn standing(fact: &Fact) -> Standing {
    let (kind, name) = fact.as_str().split_once('/').unwrap_or_default();
    let (space, last) = name.split_once('/').unwrap_or(("", name));
    let everywhere = match kind {
        "namespace" => matches!(name, "default" | "kube-system" | "kube-public" | "kube-node-lease"),
        "serviceaccount" => last == "default" || (space == "kube-system" && last.ends_with("-controller")),
        "configmap" => {
            last == "kube-root-ca.crt" || (space == "kube-system" && last == "extension-apiserver-authentication")
        }
        "priorityclass" => matches!(name, "system-cluster-critical" | "system-node-critical"),
        "service" => space == "default" && last == "kubernetes",
        "clusterrole" => matches!(name, "cluster-admin" | "admin" | "edit" | "view") || name.starts_with("system:"),
        "role" => {
            (space == "kube-system"
                && (last.starts_with("system:") || last == "extension-apiserver-authentication-reader"))
                || (space == "kube-public" && last.starts_with("system:"))
        }
        _ => false,
    };
    if everywhere {
        return Standing::Everywhere;
    }
    let k3s = match kind {
        "crd" => [".helm.cattle.io", ".k3s.cattle.io", ".traefik.io", ".gateway.networking.k8s.io"]
            .iter()
            .any(|group| name.ends_with(group)),
        "storageclass" => name == "local-path",
        "ingressclass" => name == "traefik",
        "service" => space == "kube-system" && matches!(last, "kube-dns" | "metrics-server" | "traefik"),
        "configmap" => space == "kube-system" && matches!(last, "coredns" | "local-path-config"),
        "runtimeclass" => matches!(name, "nvidia" | "crun" | "wasmtime" | "wasmedge" | "spin" | "slight" | "lunatic"),
        "serviceaccount" => space == "kube-system" && matches!(last, "coredns" | "traefik" | "metrics-server"),
        _ => false,
    };
    if k3s {
        return Standing::WithK3s;
    }
    let habit = kind == "secret"
        && (matches!(last, "argocd-redis" | "argocd-initial-admin-secret" | "memberlist" | "cert-manager-webhook-ca")
            || last.ends_with("-admission"));
    if habit { Standing::ByHabit } else { Standing::No }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_every_cluster_is_told_from_what_k3s_brings() {
        let of = |kind: &str, name: &str| standing(&Fact::of(kind, name));
        assert_eq!(of("namespace", "kube-system"), Standing::Everywhere);
        assert_eq!(of("namespace", "apps"), Standing::No);
        assert_eq!(of("serviceaccount", "apps/default"), Standing::Everywhere);
        assert_eq!(of("configmap", "apps/kube-root-ca.crt"), Standing::Everywhere);
        assert_eq!(of("clusterrole", "system:auth-delegator"), Standing::Everywhere);
        assert_eq!(of("role", "apps/system:x"), Standing::No);
        assert_eq!(of("storageclass", "local-path"), Standing::WithK3s);
        assert_eq!(of("crd", "HelmChart.helm.cattle.io"), Standing::WithK3s);
        assert_eq!(of("secret", "argocd/argocd-redis"), Standing::ByHabit);
        assert_eq!(of("secret", "apps/token"), Standing::No);
    }
}
