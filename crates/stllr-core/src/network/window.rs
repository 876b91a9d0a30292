//! When a sequence learns.

/// The learning window: which steps of a sequence learn its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Every step.
    All,
    /// The last so many steps; the sequence's length must be known beforehand.
    Last(u64),
}

impl Window {
    /// The first step that learns in a sequence of `steps`.
    pub fn first(self, steps: u64) -> u64 {
        match self {
            Self::All => 0,
            Self::Last(last) => steps.saturating_sub(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_steps() {
        assert_eq!(Window::All.first(30), 0);
        assert_eq!(Window::Last(5).first(30), 25);
        assert_eq!(Window::Last(50).first(30), 0);
    }
}
