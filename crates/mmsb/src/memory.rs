//! Where a bus's memory goes.

use std::fmt;

use mmsb_types::Epoch;

use crate::Bus;

/// Memory by part, of one moment, in bytes; `Display` prints it as a block of lines.
///
/// Counted is what the bus holds, whether or not the operating system has given it yet. Buffers of threads, and
/// the oldest state that a bus in memory keeps beside its history, are not counted.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct MemoryStats {
    /// Live pages.
    pub page_count: u64,
    /// Their bytes, as asked for.
    pub page_bytes: u64,
    /// The slots they occupy.
    pub slot_bytes: u64,
    /// Freed slots that wait for pages of their size.
    pub free_bytes: u64,
    /// What is known of each page: lock, place, length, pre-images.
    pub table_bytes: u64,
    /// Pre-images: old bytes of pages that snapshots still need, and room for more.
    pub preimage_bytes: u64,
    /// Room that nobody uses: of these, and of what was never taken.
    pub preimage_free_bytes: u64,
    /// The most they may take; more once a larger commit came, unless the [builder](crate::Builder::preimage_bytes) said.
    pub preimage_bytes_max: u64,
    /// The log ring.
    pub ring_bytes: u64,
    /// Log records too long for the ring, and memory kept for the next ones.
    pub box_bytes: u64,
    /// Old bytes kept for rewinding.
    pub undo_bytes: u64,
    /// Names, about; versions share what did not change, so older ones are not added.
    pub catalogue_bytes: u64,
    /// Versions of the catalogue before the newest that are kept.
    pub catalogue_version_count: u64,
    /// Log kept in memory; 0 on disk.
    pub history_bytes: u64,
    /// Snapshots that live, clones not counted, and other holders of a past epoch.
    pub pin_count: u64,
    /// The oldest epoch that one of them holds.
    pub oldest_pin: Option<Epoch>,
}

impl MemoryStats {
    /// Adds the parts up.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        let pages = self.slot_bytes + self.free_bytes + self.table_bytes + self.preimage_bytes;
        pages + self.log_bytes() + self.undo_bytes + self.catalogue_bytes
    }

    /// Returns what the log takes: ring, boxes, and what is kept in memory.
    #[must_use]
    pub fn log_bytes(&self) -> u64 {
        self.ring_bytes + self.box_bytes + self.history_bytes
    }

    /// Returns what a live page costs beside its own bytes for being there: rounding up to its slot, and the table;
    /// 0 if none lives.
    #[must_use]
    pub fn table_bytes_per_page(&self) -> f64 {
        let more = (self.slot_bytes + self.table_bytes).saturating_sub(self.page_bytes);
        if self.page_count == 0 { 0.0 } else { more as f64 / self.page_count as f64 }
    }

    /// Returns what a live page costs beside its own bytes, everything included; 0 if none lives.
    #[must_use]
    pub fn overhead_bytes_per_page(&self) -> f64 {
        let more = self.total_bytes().saturating_sub(self.page_bytes);
        if self.page_count == 0 { 0.0 } else { more as f64 / self.page_count as f64 }
    }
}

impl Bus {
    /// Returns where the bus's memory goes.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// let bus = mmsb::Bus::in_memory()?;
    /// bus.create_page("world", 4000)?;
    /// let _snapshot = bus.snapshot();
    /// let memory = bus.memory();
    /// assert_eq!((memory.page_bytes, memory.pin_count), (4000, 1));
    /// println!("{memory}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cost
    /// Some microseconds, whatever the number of pages.
    #[must_use]
    pub fn memory(&self) -> MemoryStats {
        let (store, log) = (self.store().stats(), self.journal().log_stats());
        let preimages = self.store().preimage_stats();
        let (catalogue_bytes, versions) = self.catalogue().footprint();
        MemoryStats {
            page_count: store.pages,
            page_bytes: store.page_bytes,
            slot_bytes: store.slot_bytes,
            free_bytes: store.free_bytes,
            table_bytes: store.table_bytes,
            preimage_bytes: preimages.touched_bytes,
            preimage_free_bytes: preimages.free_bytes,
            preimage_bytes_max: preimages.cap_bytes,
            ring_bytes: log.ring_bytes,
            box_bytes: log.box_bytes,
            undo_bytes: self.undo().bytes(),
            catalogue_bytes,
            catalogue_version_count: versions as u64,
            history_bytes: self.journal().memory_bytes(),
            pin_count: preimages.pins,
            oldest_pin: self.store().oldest_pin(),
        }
    }
}

impl MemoryStats {
    fn fmt_preimages(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (used, max) = (self.preimage_bytes, self.preimage_bytes_max);
        let (free, pins) = (self.preimage_free_bytes, self.pin_count);
        write!(f, "Pre-images: {used} bytes of {max}, {free} free; {pins} pins")?;
        match self.oldest_pin {
            Some(oldest) => writeln!(f, ", the oldest at {oldest}"),
            None => writeln!(f),
        }
    }
}

impl fmt::Display for MemoryStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "=== MMSB Memory ===")?;
        let (total, overhead) = (self.total_bytes(), self.overhead_bytes_per_page());
        writeln!(f, "Total: {total} bytes, {overhead:.1} more a page")?;
        let (pages, slots, free) = (self.page_count, self.slot_bytes, self.free_bytes);
        writeln!(f, "Pages: {pages}, {} bytes in {slots}, {free} free", self.page_bytes)?;
        writeln!(f, "Table: {} bytes", self.table_bytes)?;
        self.fmt_preimages(f)?;
        let (ring, boxes, history) = (self.ring_bytes, self.box_bytes, self.history_bytes);
        writeln!(f, "Log: {ring} ring, {boxes} boxes, {history} history")?;
        writeln!(f, "Undo: {} bytes", self.undo_bytes)?;
        let (names, versions) = (self.catalogue_bytes, self.catalogue_version_count);
        write!(f, "Names: {names} bytes, {versions} older versions")
    }
}
