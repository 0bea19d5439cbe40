//! Whether a device is wanted: `MMSB_GPU=off|auto|require`.

use crate::GpuError;

/// The environment's variable.
pub(crate) const VARIABLE: &str = "MMSB_GPU";

/// Whether a device is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// No device is opened.
    Off,
    /// A device is used where there is one. What an unset variable says.
    #[default]
    Auto,
    /// Without a device, whoever wants one fails.
    Require,
}

impl Wanted {
    /// Reads `MMSB_GPU`.
    ///
    /// # Errors
    /// It is set to something else.
    pub fn from_env() -> Result<Self, GpuError> {
        match std::env::var_os(VARIABLE) {
            None => Ok(Self::Auto),
            Some(value) => Self::parse(&value.to_string_lossy()),
        }
    }

    fn parse(value: &str) -> Result<Self, GpuError> {
        match value {
            "off" => Ok(Self::Off),
            "auto" | "" => Ok(Self::Auto),
            "require" => Ok(Self::Require),
            _ => {
                let why = format!("{VARIABLE} is `{value}`, which is none of off, auto and require");
                Err(GpuError::NoAdapter { why })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    #[test]
    fn a_word_that_means_nothing_is_refused_by_name() {
        assert_eq!(Wanted::parse("require").unwrap(), Wanted::Require);
        assert_eq!(Wanted::parse("off").unwrap(), Wanted::Off);
        let refused = Wanted::parse("yes").unwrap_err().to_string();
        assert_eq!(refused, "no device: MMSB_GPU is `yes`, which is none of off, auto and require");
    }
}
