//! The case of names, `USER` and `user`, and the name that was probably meant.

/// Returns `true` if `name` is in the case of a static.
pub(crate) fn is_screaming(name: &str) -> bool {
    !name.chars().any(char::is_lowercase)
}

/// Returns `true` if `name` may be written in place of its `SCREAMING_SNAKE_CASE` form.
pub(crate) fn is_snake(name: &str) -> bool {
    !name.chars().any(char::is_uppercase)
}

/// Converts `userId`, `UserId` and `user_id` to `USER_ID`.
pub(crate) fn screaming(name: &str) -> String {
    let mut result = String::new();
    let mut after_lower = false;
    for c in name.trim_start_matches("r#").chars() {
        if c.is_uppercase() && after_lower {
            result.push('_');
        }
        after_lower = c.is_lowercase() || c.is_numeric();
        result.extend(c.to_uppercase());
    }
    result
}

/// Returns the name in `known` that differs from `name` by a typing error.
pub(crate) fn closest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace('_', "");
    known
        .iter()
        .map(|candidate| (distance(&plain(name), &plain(candidate)), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns the number of letters to add, remove or change to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
