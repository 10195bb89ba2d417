//! What must be installed and built before a command can run; the script `mall` does it. Must not know how.

use stack::Part;
use std::fmt;

/// One thing that must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A part that `mall provision` installs.
    Part(Part),
    /// The programs of this workspace.
    Services,
}

impl fmt::Display for Need {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(part) => part.fmt(formatter),
            Self::Services => formatter.write_str("services"),
        }
    }
}
