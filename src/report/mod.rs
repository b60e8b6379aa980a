//! FACES: what people and programs see of a run. Reads events; knows nothing else.
