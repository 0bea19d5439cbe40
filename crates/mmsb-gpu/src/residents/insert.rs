//! Pages come, are used, and go.

use mmsb_types::{Epoch, PageId};

use super::{Residents, table::Resident};
use crate::{GpuError, PageHandle, PageOps, Step, pages::rounds};

/// What one submission brings at most, in bytes, but for a page that is longer (16 MiB).
const ROUND_BYTES_MAX: u64 = 16 << 20;

/// A page that is to be on the device.
#[derive(Clone, Copy, Debug)]
pub struct Insert<'a> {
    /// The page.
    pub page: PageId,
    /// All of its bytes.
    pub bytes: &'a [u8],
    /// What they are as of: the epoch of the snapshot they are from, not that of the page's last change.
    pub epoch: Epoch,
    /// It does not go when room is short.
    pub is_pinned: bool,
}

impl<O: PageOps> Residents<O> {
    /// Brings one page to the device.
    ///
    /// # Errors
    /// As [`Residents::insert_many`].
    pub fn insert(&mut self, page: Insert<'_>) -> Result<(), GpuError> {
        self.insert_many(&[page])
    }

    /// Brings pages to the device, in one submission for every 16 MiB, over what it had of them. Where there is no
    /// room, pages go that are not pinned, the one that was not used for longest first. A page whose epoch is below
    /// [`Residents::applied`] lacks commits that went by, and is [`PageState::Behind`](crate::PageState::Behind).
    ///
    /// # Errors
    /// There is no room although all others that may go are gone ([`GpuError::OutOfMemory`]), a page is longer than
    /// a slab ([`GpuError::NeverFits`]), or what the device says. Pages before the one at fault may be there; it and
    /// those behind it are known, and absent.
    pub fn insert_many(&mut self, pages: &[Insert<'_>]) -> Result<(), GpuError> {
        self.alive()?;
        for page in pages {
            self.make_known(page)?;
        }
        for round in rounds(pages, ROUND_BYTES_MAX, |page| page.bytes.len() as u64) {
            let inserted = self.insert_round(round);
            self.hear(inserted)?;
        }
        Ok(())
    }

    /// Gives a page up on the device; it stays known. Tells whether the device had it.
    ///
    /// # Errors
    /// What the device says.
    pub fn evict(&mut self, page: PageId) -> Result<bool, GpuError> {
        let Some(resident) = self.table.get(page).copied() else { return Ok(false) };
        self.table.put(page, Resident::absent(resident.page_bytes, resident.is_pinned));
        self.give_back(resident.handle)
    }

    /// Forgets a page. Tells whether the device had it.
    ///
    /// # Errors
    /// What the device says.
    pub fn remove(&mut self, page: PageId) -> Result<bool, GpuError> {
        let Some(resident) = self.table.remove(page) else { return Ok(false) };
        self.give_back(resident.handle)
    }

    /// Says whether a page may go when room is short. Tells whether it is known.
    pub fn pin(&mut self, page: PageId, is_pinned: bool) -> bool {
        self.table.change(page, |resident| resident.is_pinned = is_pinned)
    }

    /// Notes that pages are used, or soon will be: they go last. Returns those of them that the device does not
    /// have as they are; whoever wants to use them inserts them first.
    pub fn touch(&mut self, pages: &[PageId]) -> Vec<PageId> {
        for page in pages {
            self.table.change(*page, |_| ());
        }
        let wanting = |page: &&PageId| self.table.get(**page).is_none_or(|page| page.is_wanting());
        pages.iter().filter(wanting).copied().collect()
    }

    /// Notes a page, as absent if it was not there with this length.
    fn make_known(&mut self, insert: &Insert<'_>) -> Result<(), GpuError> {
        let page_bytes = insert.page_bytes();
        let known = self.table.get(insert.page).copied();
        if known.is_some_and(|known| known.page_bytes == page_bytes) {
            self.pin(insert.page, insert.is_pinned);
            return Ok(());
        }
        self.table.put(insert.page, Resident::absent(page_bytes, insert.is_pinned));
        self.give_back(known.and_then(|known| known.handle)).map(drop)
    }

    /// Writes pages; where there is room for some of them only, these first.
    fn insert_round(&mut self, mut pages: &[Insert<'_>]) -> Result<(), GpuError> {
        while !pages.is_empty() {
            let (handles, refused) = self.rooms(pages);
            let (now, later) = pages.split_at(handles.len());
            self.write(now, &handles)?;
            if let (Some(error), true) = (refused, now.is_empty()) {
                return Err(error);
            }
            pages = later;
        }
        Ok(())
    }

    /// Makes room for the first ones of pages, and tells why not for more. Meanwhile these pages are absent, so that
    /// none of them goes for another.
    fn rooms(&mut self, pages: &[Insert<'_>]) -> (Vec<PageHandle>, Option<GpuError>) {
        let mut handles = Vec::with_capacity(pages.len());
        for insert in pages {
            match self.room(insert) {
                Ok(handle) => handles.push(handle),
                Err(error) => return (handles, Some(error)),
            }
        }
        (handles, None)
    }

    fn room(&mut self, insert: &Insert<'_>) -> Result<PageHandle, GpuError> {
        if let Some(Resident { handle: Some(handle), page_bytes, is_pinned, .. }) =
            self.table.get(insert.page).copied()
        {
            self.table.put(insert.page, Resident::absent(page_bytes, is_pinned));
            return Ok(handle);
        }
        loop {
            match self.ops.create(insert.page_bytes()) {
                Err(error @ GpuError::OutOfMemory { .. }) => {
                    let oldest = self.table.oldest().ok_or(error)?;
                    self.evict(oldest)?;
                }
                created => return created,
            }
        }
    }

    /// Writes pages and takes them into the table, or gives their room back.
    fn write(&mut self, pages: &[Insert<'_>], handles: &[PageHandle]) -> Result<(), GpuError> {
        let writes: Vec<_> = handles.iter().zip(pages).map(|(handle, page)| (*handle, page.bytes)).collect();
        if let Err(error) = self.ops.run(&[Step::WriteAll(&writes)]) {
            handles.iter().try_for_each(|handle| self.ops.free(*handle))?;
            return Err(error);
        }
        for (insert, handle) in pages.iter().zip(handles) {
            // A page that came twice has its first bytes in another slot.
            let before = self.table.get(insert.page).and_then(|page| page.handle);
            self.table.put(insert.page, self.written(insert, *handle));
            self.give_back(before)?;
        }
        Ok(())
    }

    fn written(&self, insert: &Insert<'_>, handle: PageHandle) -> Resident {
        let mut resident = Resident::absent(insert.page_bytes(), insert.is_pinned);
        (resident.handle, resident.submission) = (Some(handle), self.ops.submitted());
        (resident.since, resident.is_behind) = (insert.epoch, insert.epoch < self.applied);
        resident
    }

    fn give_back(&mut self, handle: Option<PageHandle>) -> Result<bool, GpuError> {
        handle.map_or(Ok(false), |handle| self.ops.free(handle).map(|()| true))
    }
}

impl Insert<'_> {
    /// A page of more bytes than this number holds never fits, whatever the number is.
    fn page_bytes(&self) -> u32 {
        self.bytes.len().try_into().unwrap_or(u32::MAX)
    }
}
