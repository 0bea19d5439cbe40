//! Tags: names for states that stay, whatever else goes.
//!
//! Invariant: a tag names a checkpoint of just that epoch; as long as the tag is there, so is the checkpoint.

use mmsb_types::Epoch;

use crate::{Bus, Error, Past};

/// Longest name of a tag, in bytes.
const NAME_BYTES_MAX: usize = mmsb_tlog::TAG_BYTES_MAX;

/// A name for a state that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name: no other tag has it.
    pub name: String,
    /// The state.
    pub epoch: Epoch,
}

impl Bus {
    /// Names the state at `epoch`, and keeps it: [`Bus::at`] shows it even when retention has given up those
    /// around it. Makes a checkpoint of it, if there is none.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// let bus = mmsb::Bus::create(dir.path().join("run.mmsb"))?;
    /// let world = bus.create_page("world", 8)?;
    /// let start = bus.put(world, 0, &1u64)?.epoch;
    /// bus.tag("start", start)?;
    /// bus.put(world, 0, &2u64)?;
    /// assert_eq!(bus.at_tag("start")?.get::<u64>(world, 0)?, 1);
    /// bus.untag("start")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::TagTaken`], [`Error::TagName`] unless the name has 1 to 255 bytes; [`Error::NoDirectory`],
    /// [`Error::ReadOnly`], and those of [`Bus::at`] and [`Bus::checkpoint`].
    ///
    /// # Cost
    /// Where there is no checkpoint at `epoch`, as [`Bus::at`], and writing all pages.
    pub fn tag(&self, name: &str, epoch: Epoch) -> Result<(), Error> {
        self.check_stopped()?;
        check_name(name)?;
        let inner = self.inner();
        let mut making = inner.checkpoints.making();
        inner.check_has_directory()?;
        let newest = self.newest_for(epoch);
        if epoch > newest {
            return Err(Error::EpochAhead { asked: epoch, newest });
        }
        if let Some(taken) = self.tag_named(name) {
            return Err(Error::TagTaken { name: taken.name, epoch: taken.epoch });
        }
        inner.ensure_checkpoint(&mut making, epoch)?;
        let tag = mmsb_tlog::Tag { name: name.to_owned(), number: epoch.get() };
        inner.journal.dir().edit(|manifest| {
            let at = manifest.tags.partition_point(|there| there.name < tag.name);
            manifest.tags.insert(at, tag);
        })?;
        Ok(())
    }

    /// Takes a tag away; its state goes with the next retention that asks for it no more.
    ///
    /// # Errors
    /// [`Error::TagNotFound`], [`Error::NoDirectory`], [`Error::ReadOnly`], [`Error::Poisoned`], [`Error::Io`].
    pub fn untag(&self, name: &str) -> Result<(), Error> {
        self.check_stopped()?;
        let inner = self.inner();
        let _making = inner.checkpoints.making();
        inner.check_has_directory()?;
        self.tag_named(name).ok_or_else(|| Error::TagNotFound { name: name.to_owned() })?;
        Ok(inner.journal.dir().edit(|manifest| manifest.tags.retain(|tag| tag.name != name))?)
    }

    /// Returns the tags, in the order of their names.
    #[must_use]
    pub fn tags(&self) -> Vec<Tag> {
        let manifest = self.journal().dir().manifest();
        let tag = |tag: &mmsb_tlog::Tag| Tag { name: tag.name.clone(), epoch: Epoch::new(tag.number) };
        manifest.tags.iter().map(tag).collect()
    }

    /// Returns the state that the tag names.
    ///
    /// # Errors
    /// [`Error::TagNotFound`], and those of [`Bus::at`].
    pub fn at_tag(&self, name: &str) -> Result<Past, Error> {
        let tag = self.tag_named(name).ok_or_else(|| Error::TagNotFound { name: name.to_owned() })?;
        self.at(tag.epoch)
    }

    fn tag_named(&self, name: &str) -> Option<Tag> {
        self.tags().into_iter().find(|tag| tag.name == name)
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let bytes = name.len();
    if (1..=NAME_BYTES_MAX).contains(&bytes) { Ok(()) } else { Err(Error::TagName { bytes }) }
}
