//! Search texts: `field operator value`, joined by `AND`.
//! <https://support.atlassian.com/opsgenie/docs/search-queries-for-alerts/>

/// `query` and created at `since_ms` or later. The instant is the documented form, milliseconds since 1970.
pub(super) fn since(query: Option<&str>, since_ms: Option<i64>) -> Option<String> {
    both(query, since_ms.map(|at| format!("createdAt >= {at}")))
}

/// `query` and created at `until_ms` or earlier.
pub(super) fn until(query: Option<&str>, until_ms: Option<i64>) -> Option<String> {
    both(query, until_ms.map(|at| format!("createdAt <= {at}")))
}

fn both(query: Option<&str>, bound: Option<String>) -> Option<String> {
    match (query.filter(|query| !query.trim().is_empty()), bound) {
        (None, bound) => bound,
        (Some(query), None) => Some(query.to_owned()),
        // The query may have an `OR` of its own.
        (Some(query), Some(bound)) => Some(format!("({query}) AND {bound}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_does_not_tear_a_query_apart() {
        assert_eq!(
            since(Some("status:open OR priority:P1"), Some(5)).unwrap(),
            "(status:open OR priority:P1) AND createdAt >= 5"
        );
        assert_eq!(until(Some("  "), Some(5)).unwrap(), "createdAt <= 5");
        assert_eq!(since(Some("status:open"), None).unwrap(), "status:open");
        assert_eq!(since(None, None), None);
    }
}
