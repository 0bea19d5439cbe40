//! Which edges a wave follows.

use mmsb_types::EdgeKind;

/// Tells whether a change of the source recomputes the target.
pub const fn propagates(kind: EdgeKind) -> bool {
    matches!(kind, EdgeKind::Data | EdgeKind::Compiler)
}
