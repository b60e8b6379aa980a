//! From a field as a server names it, `spec.containers[0].image` or `.spec.ports[name="web"].port`, to its line in a file.

use crate::manifests::{Node, Object};
use crate::model::Place;

enum Part {
    Name(String),
    At(usize),
    /// The item in which all these fields have these values.
    Key(Vec<(String, String)>),
}

/// Where this field stands, or the nearest one around it that does.
pub fn of(object: &Object, field: &str) -> Place {
    let (mut node, mut spot) = (&object.root, object.at);
    for part in parts(field) {
        let next = match &part {
            Part::Name(name) => node.field(name).map(|field| (&field.node, field.at)),
            Part::At(at) => node.items().get(*at).map(|item| (item, item.at)),
            Part::Key(key) => {
                let has = |item: &&Node| key.iter().all(|(name, value)| is(item.get(name), value));
                node.items().iter().find(has).map(|item| (item, item.at))
            }
        };
        match next {
            Some(next) => (node, spot) = next,
            None => break,
        }
    }
    object.place_at(spot)
}

/// The field that a message is about, where the server names it nowhere else.
pub fn field_in(message: &str) -> Option<&str> {
    if let Some((_, rest)) = message.split_once("unknown field \"") {
        return rest.split('"').next();
    }
    let (_, rest) = message.split_once("): .")?;
    message.contains("typed patch object").then(|| rest.split(": ").next())?
}

fn is(node: Option<&Node>, value: &str) -> bool {
    let Some(node) = node else { return false };
    node.text() == Some(value) || node.whole().is_some_and(|number| number.to_string() == value)
}

fn parts(field: &str) -> Vec<Part> {
    let (mut parts, mut rest) = (Vec::new(), field);
    while !rest.is_empty() {
        rest = rest.trim_start_matches('.');
        if let Some(inner) = rest.strip_prefix('[') {
            let (inside, after) = inner.split_once(']').unwrap_or((inner, ""));
            parts.push(bracket(inside));
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end > 0 {
                parts.push(Part::Name(rest[..end].to_owned()));
            }
            rest = &rest[end..];
        }
    }
    parts
}

fn bracket(inside: &str) -> Part {
    if let Ok(at) = inside.parse() {
        return Part::At(at);
    }
    let key: Option<Vec<_>> = (inside.split(','))
        .map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())))
        .collect();
    key.map_or_else(|| Part::Name(inside.trim_matches('"').to_owned()), Part::Key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sys::Look;

    #[test]
    fn a_field_as_the_server_names_it_has_its_line_or_that_of_what_is_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  labels:\n    a.b/c: d\nspec:\n  ports:\n    \
                    - name: in\n      port: 1\n    - name: out\n      port: 2\n";
        std::fs::write(folder.path().join("a.yaml"), text).unwrap();
        let read = crate::manifests::read_all(Look::new(), folder.path(), "", &[vec!["a.yaml".to_owned()]]);
        let object = read.unwrap().remove(0).objects.remove(0);
        for (field, line) in [
            ("spec.ports[1].port", 12),
            (".spec.ports[name=\"out\"].port", 12),
            (".spec.ports[name=\"in\",port=1].port", 10),
            ("spec.ports[1].nodePort", 11),
            ("spec.ports[7].port", 8),
            ("spec.ports", 8),
            ("metadata.labels[a.b/c]", 6),
            ("spec.selector", 7),
            ("status", 1),
            ("", 1),
            ("[", 1),
            ("..]", 1),
        ] {
            assert_eq!(of(&object, field).spot.line, line, "{field}");
        }
    }

    #[test]
    fn fields_are_found_in_messages_that_name_them_nowhere_else() {
        let typed = "failed to create typed patch object (a/b; apps/v1, Kind=Deployment): .spec.x: field not declared in schema";
        assert_eq!(field_in(typed), Some("spec.x"));
        assert_eq!(field_in("strict decoding error: unknown field \"spec.y\", unknown field \"z\""), Some("spec.y"));
        assert_eq!(field_in("namespaces \"a\" not found"), None);
    }
}
