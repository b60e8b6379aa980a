//! The preview as a picture.

use super::preview::Preview;

pub fn render(_preview: &Preview<'_>) -> String {
    String::new()
}
