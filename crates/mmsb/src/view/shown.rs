//! What has a state to show: a view itself, or a bus.

use super::View;
use crate::Error;

/// What has a state to show: anything that [`diff`](crate::diff) compares.
///
/// A view shows itself. A bus goes on while somebody looks: it shows its newest state.
pub trait ToView {
    /// The view it gives.
    type View<'a>: View
    where
        Self: 'a;

    /// Returns the state to look at.
    ///
    /// # Errors
    /// If it cannot be read.
    fn to_view(&self) -> Result<Self::View<'_>, Error>;
}

impl<V: View> ToView for V {
    type View<'a>
        = &'a V
    where
        V: 'a;

    fn to_view(&self) -> Result<&V, Error> {
        Ok(self)
    }
}
