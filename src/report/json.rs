//! stub
use super::summary::Summary;
use crate::model::Event;
pub fn event_json(event: &Event) -> serde_json::Value {
    serde_json::json!({"seq": event.seq, "what": format!("{:?}", event.what)})
}
pub fn report_json(_: &Summary) -> serde_json::Value {
    serde_json::json!({})
}
