//! What Flux puts in the place of `${NAME}`: the value that a Kustomization gives it, or the one that stands behind `:=`.

use std::collections::BTreeMap;

pub fn all(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$${") {
            out.push_str("${");
            rest = after;
            continue;
        }
        match one(rest, values) {
            Some((value, length)) => {
                out.push_str(&value);
                rest = &rest[length..];
            }
            None => {
                out.push('$');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The value of what begins here, and how long the expression is. What is not known stays as it stands.
fn one(text: &str, values: &BTreeMap<String, String>) -> Option<(String, usize)> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find('}')?;
    let inner = &inner[..end];
    let (name, default) = match inner.split_once(":=").or_else(|| inner.split_once(":-")) {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    let value = values.get(name).map(String::as_str).or(default)?;
    Some((value.to_owned(), end + 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_defaults_are_put_in_and_the_rest_stays() {
        let values = BTreeMap::from([("HOST".to_owned(), "a.b".to_owned())]);
        let of = |text| all(text, &values);
        assert_eq!(of("x: ${HOST}/${HOST:=c}/${ELSE:=d}/${NONE}/$HOME/$${HOST}"), "x: a.b/a.b/d/${NONE}/$HOME/${HOST}");
        assert_eq!(of("cut: ${HOST"), "cut: ${HOST");
    }
}
