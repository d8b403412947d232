use super::Table;

pub(super) fn table() -> Table {
    Vec::new()
}
