//! stub
pub fn render(_: &super::summary::Summary) -> String {
    String::new()
}
