//! What of Docker's things belongs to a cluster: by its label where there is one, else by the very names that k3d gives. It
//! asks nobody.

use crate::sys::docker::{Container, Listed};

/// The longest name that k3d takes.
const LONGEST: usize = 32;
const PREFIX: &str = "k3d-";

/// What Docker calls things of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub cluster: String,
}

impl Names {
    pub fn of(cluster: &str) -> Self {
        Self { cluster: cluster.to_owned() }
    }
    /// A name for the cluster of a drill: no other drill has it, and nobody takes it for the cluster itself.
    pub fn of_drill(cluster: &str, print: &str) -> Self {
        let tail = format!("-drill-{}", print.chars().take(8).collect::<String>());
        let room = LONGEST.saturating_sub(tail.len());
        let head: String = cluster.chars().take(room).collect();
        Self { cluster: format!("{}{tail}", head.trim_end_matches('-')) }
    }
    pub fn network(&self) -> String {
        format!("{PREFIX}{}", self.cluster)
    }
    /// The volume that k3d makes first of all, and that every node has.
    pub fn images(&self) -> String {
        format!("{PREFIX}{}-images", self.cluster)
    }

    /// Whether a container is of this cluster. A name alone can begin like this one and be another's: `home` and `home-lab`.
    pub fn has_container(&self, one: &Listed) -> bool {
        let rest = one.name.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix(self.cluster.as_str()));
        match one.cluster.is_empty() {
            false => one.cluster == self.cluster,
            true => rest.and_then(|rest| rest.strip_prefix('-')).is_some_and(is_node),
        }
    }
    pub fn has_network(&self, one: &Listed) -> bool {
        match one.cluster.is_empty() {
            false => one.cluster == self.cluster,
            true => one.name == self.network(),
        }
    }
    pub fn has_volume(&self, one: &Listed) -> bool {
        match one.cluster.is_empty() {
            false => one.cluster == self.cluster,
            true => one.name == self.images(),
        }
    }
}

/// What k3d calls its containers after the name of the cluster.
fn is_node(rest: &str) -> bool {
    let numbered = |role: &str| {
        let number = rest.strip_prefix(role);
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    matches!(rest, "serverlb" | "tools") || numbered("server-") || numbered("agent-")
}

/// Networks with another name that k3d made for this cluster, as its nodes tell.
pub fn own_networks(containers: &[Container]) -> Vec<&str> {
    let own = containers.iter().filter(|one| one.external == "false" && !one.network.is_empty());
    let mut names: Vec<&str> = own.map(|one| one.network.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, cluster: &str) -> Listed {
        Listed { id: "i".to_owned(), name: name.to_owned(), cluster: cluster.to_owned() }
    }

    #[test]
    fn a_cluster_whose_name_begins_like_this_one_is_another() {
        let home = Names::of("home");
        for (name, label) in [
            ("k3d-home-lab-server-0", ""),
            ("k3d-home-lab-server-0", "home-lab"),
            ("k3d-home-server-0", "other"),
            ("k3d-home-registry", ""),
            ("k3d-homes-server-0", ""),
            ("k3d-home-server-x", ""),
            ("k3d-home", ""),
            ("home-server-0", ""),
        ] {
            assert!(!home.has_container(&one(name, label)), "{name} {label}");
        }
        for (name, label) in [
            ("k3d-home-server-0", ""),
            ("k3d-home-agent-12", ""),
            ("k3d-home-serverlb", ""),
            ("k3d-home-tools", ""),
            ("renamed", "home"),
        ] {
            assert!(home.has_container(&one(name, label)), "{name} {label}");
        }
        assert!(home.has_network(&one("k3d-home", "")) && !home.has_network(&one("k3d-home-lab", "")));
        assert!(home.has_volume(&one("k3d-home-images", "")) && home.has_volume(&one("data", "home")));
        assert!(!home.has_volume(&one("k3d-home-lab-images", "home-lab")) && !home.has_volume(&one("data", "")));
    }

    #[test]
    fn a_drill_has_a_name_of_its_own_that_k3d_takes() {
        let one = Names::of_drill("a-cluster-with-quite-a-long-name-x", "0123456789ab");
        let other = Names::of_drill("a-cluster-with-quite-a-long-name-x", "1123456789ab");
        assert_eq!(one.cluster, "a-cluster-with-qu-drill-01234567");
        assert!(one.cluster.len() <= LONGEST && one != other);
        assert_eq!(Names::of_drill("home", "0123456789ab").cluster, "home-drill-01234567");
    }
}
