//! What nft says of a table, as JSON: who was denied, how often, and whether the rules are still those that were put there.

use super::{Counts, Denied};
use crate::model::digest::Digester;
use serde_json::Value;
use std::net::IpAddr;

/// The names of all tables.
pub fn tables(text: &str) -> Result<Vec<String>, String> {
    let list = entries(text)?;
    let of = list.iter().filter_map(|one| one.get("table"));
    Ok(of
        .filter(|table| table["family"] == "inet")
        .filter_map(|table| Some(table["name"].as_str()?.to_owned()))
        .collect())
}

/// Everything that decides, without what changes by itself.
pub fn print(text: &str) -> Result<String, String> {
    let mut digest = Digester::new("fence");
    for one in entries(text)? {
        let Some(fields) = one.as_object() else { continue };
        for (sort, body) in fields {
            let denied = body["name"].as_str().is_some_and(|name| name.starts_with("denied"));
            let decides = matches!(sort.as_str(), "table" | "chain" | "rule") || sort == "set" && !denied;
            if decides {
                digest.add(sort.as_bytes());
                digest.add(body.to_string().as_bytes());
            }
        }
    }
    Ok(digest.finish().short().to_string())
}

pub fn counts(text: &str) -> Result<Counts, String> {
    let list = entries(text)?;
    let mut counts = Counts::default();
    for one in &list {
        if let Some(counter) = one.get("counter") {
            let packets = counter["packets"].as_u64().unwrap_or_default();
            match counter["name"].as_str() {
                Some("denied") => counts.packets = packets,
                Some("turned_away") => counts.turned_away = packets,
                Some(_) | None => {}
            }
        }
        let Some(set) = one.get("set") else { continue };
        let Some(sort) = set["name"].as_str().and_then(|name| name.strip_prefix("denied_")) else { continue };
        let elements = set["elem"].as_array().map_or(&[][..], Vec::as_slice);
        for element in elements {
            let strange = || format!("nft lists something that cannot be read: {element}");
            counts.denied.push(denied(sort, &element["elem"]).ok_or_else(strange)?);
        }
    }
    counts.denied.sort_by(|a, b| b.packets.cmp(&a.packets).then(a.to.cmp(&b.to)).then(a.port.cmp(&b.port)));
    Ok(counts)
}

fn denied(sort: &str, element: &Value) -> Option<Denied> {
    let parts = element["val"]["concat"].as_array()?;
    let [address, second] = parts.as_slice() else { return None };
    let to: IpAddr = address.as_str()?.parse().ok()?;
    let packets = element["counter"]["packets"].as_u64()?;
    let number = second.as_u64().and_then(|port| u16::try_from(port).ok());
    let (protocol, port) = match sort.trim_end_matches(['4', '6']) {
        "other" => (second.as_str().map_or_else(|| second.to_string(), str::to_owned), None),
        protocol => (protocol.to_owned(), Some(number?)),
    };
    Some(Denied { to, protocol, port, packets })
}

fn entries(text: &str) -> Result<Vec<Value>, String> {
    let strange = |why: String| format!("nft gave an answer that cannot be read: {why}");
    let whole: Value = serde_json::from_str(text).map_err(|error| strange(error.to_string()))?;
    whole["nftables"].as_array().cloned().ok_or_else(|| strange("it has no list".to_owned()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SAID: &str = r#"{"nftables": [{"table": {"family": "inet", "name": "blackstart_a", "handle": 2}},
        {"counter": {"name": "denied", "packets": 9, "bytes": 1}}, {"counter": {"name": "turned_away", "packets": 2}},
        {"set": {"name": "tcp4", "elem": [{"concat": ["1.2.3.4", 443]}]}},
        {"set": {"name": "denied_tcp4", "elem": [{"elem": {"val": {"concat": ["203.0.113.9", 7844]}, "expires": 5, "counter": {"packets": 3, "bytes": 1}}}]}},
        {"set": {"name": "denied_other6", "elem": [{"elem": {"val": {"concat": ["fd00::1", "ipv6-icmp"]}, "expires": 5, "counter": {"packets": 6, "bytes": 1}}}]}}]}"#;

    #[test]
    fn who_was_denied_is_told_with_the_most_first() {
        let heard = counts(SAID).unwrap();
        assert_eq!((heard.packets, heard.turned_away), (9, 2));
        let told: Vec<String> = heard.denied.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["fd00::1 (ipv6-icmp): 6 packets", "203.0.113.9:7844 (tcp): 3 packets"]);
        assert_eq!(tables(SAID).unwrap(), ["blackstart_a"]);
    }

    #[test]
    fn rules_that_were_changed_are_other_rules_and_counts_are_none() {
        let first = print(SAID).unwrap();
        assert_eq!(first, print(&SAID.replace(r#""packets": 3"#, r#""packets": 4"#)).unwrap());
        assert_ne!(first, print(&SAID.replace(r#"["1.2.3.4", 443]"#, r#"["1.2.3.4", 80]"#)).unwrap());
        assert_ne!(first, print(&SAID.replace(r#""handle": 2"#, r#""handle": 7"#)).unwrap());
    }

    #[test]
    fn what_cannot_be_read_is_no_silence() {
        assert!(counts("").is_err() && counts("{}").is_err());
        assert!(counts(&SAID.replace("203.0.113.9", "somewhere")).is_err());
    }
}
