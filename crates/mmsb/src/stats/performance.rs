//! How long commits and waves take.

/// Times of commits and waves; counters.
///
/// A clock that is read for each would slow small commits down. So the first 64 commits under each committer slot are timed, and
/// from then on one in 64, by lot; likewise waves. What takes long is always timed: commits that wait for a sync,
/// and waves whose last one before computed 64 pages or more. Counts are exact; times are what those that were
/// timed say of all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct PerformanceStats {
    /// Deltas that were applied. Their time is that of their commits from encoding to publishing: what is computed
    /// in front of that, and what is waited for behind it, is left out.
    pub applications: Timing,
    /// Waves that computed a page. Their time is that of finding, computing and comparing the pages.
    pub propagations: Timing,
    /// Pages that waves computed.
    pub recompute_count: u64,
    /// How long callers wait for a commit that they make, all included. Nobody waits for one of many that are
    /// [handed over together](crate::Bus::commit_many): those are not in it.
    pub commit_latency: Latency,
}

/// How often something was done, and how long that took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Timing {
    /// How often.
    pub count: u64,
    /// How long all of them took together, in nanoseconds.
    pub total_ns: u64,
}

/// How times are spread, in nanoseconds, to one part in a hundred; 0 if none was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Latency {
    /// How many times were taken.
    pub timed_count: u64,
    /// Their mean.
    pub mean_ns: f64,
    /// Half of all are at most so long.
    pub p50_ns: u64,
    /// Nine of ten are.
    pub p90_ns: u64,
    /// Ninety-nine of a hundred are.
    pub p99_ns: u64,
    /// All but one in a thousand are.
    pub p999_ns: u64,
    /// The longest one that was taken.
    pub max_ns: u64,
}

impl Timing {
    /// Returns how long one takes on average, in nanoseconds; 0 without any.
    #[must_use]
    pub fn mean_ns(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.total_ns as f64 / self.count as f64 }
    }
}
