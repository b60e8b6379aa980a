//! The causes that the ladder can name: what each is called, its story, and what mends it.

pub struct Cause {
    pub id: &'static str,
    pub title: &'static str,
    pub story: &'static str,
    pub fix: &'static str,
}
