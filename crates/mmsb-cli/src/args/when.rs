//! Which state is meant: by epoch, by label, or the newest.

use std::str::FromStr;

use mmsb::{Bus, Epoch, Error, Past};

/// A state, as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The state after the n-th commit.
    Epoch(u64),
    /// The last state with this label.
    Label(u64),
    /// The last one there is.
    Newest,
}

impl When {
    /// Reads the state.
    pub fn past(self, bus: &Bus) -> Result<Past, Error> {
        match self {
            Self::Epoch(epoch) => bus.at(Epoch::new(epoch)),
            Self::Label(label) => bus.at_label(label),
            Self::Newest => bus.at(bus.epoch()),
        }
    }

    /// Returns the state's epoch; reads the state only to find a label.
    pub fn epoch(self, bus: &Bus) -> Result<Epoch, Error> {
        match self {
            Self::Epoch(epoch) if Epoch::new(epoch) > bus.epoch() => {
                Err(Error::EpochAhead { asked: Epoch::new(epoch), newest: bus.epoch() })
            }
            Self::Epoch(epoch) => Ok(Epoch::new(epoch)),
            Self::Label(_) => self.past(bus).map(|past| past.epoch()),
            Self::Newest => Ok(bus.epoch()),
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |digits: &str| digits.parse::<u64>().ok();
        let label = text.strip_prefix("label:").or_else(|| text.strip_prefix("commit:"));
        let found = match label {
            Some(digits) => number(digits).map(Self::Label),
            None if text == "newest" => Some(Self::Newest),
            None => number(text.strip_prefix('e').unwrap_or(text)).map(Self::Epoch),
        };
        found.ok_or_else(|| "give an epoch (17 or e17), label:K, commit:K, or newest".to_owned())
    }
}
