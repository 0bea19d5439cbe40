//! The mirror itself: a place in the log, and pages on a device that are as of it.
//!
//! Invariant: outside of a call that holds the lock, all pages on the device are as of the place in the log, or they
//! are known to be behind.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use mmsb_gpu::{GpuError, Insert, PageState, Residents};
use mmsb_types::{Epoch, PageId};

use super::{MirrorError, MirrorStatus, PageFilter, follow, pages};
use crate::{
    Error, Gpu, PageInfo, Snapshot, alive::OnDevice, bus::Inner, events::Follower, gpu::Ops, info,
    view::View as _,
};

/// So many bytes are read from the bus, and then sent, at a time.
const ROUND_BYTES: usize = 16 << 20;
/// How often a device may be lost while one is asked for something.
const REBUILDS_MAX: u32 = 3;

/// What a mirror is, behind its lock.
pub(super) struct State {
    log: Follower,
    pages: Residents<Ops>,
    filter: PageFilter,
    /// Who is opened anew if the device is lost, and slabs and budget in bytes.
    gpu: (Gpu, (u64, u64)),
    /// Up to here pages were brought from a snapshot: what commits up to it did to the catalogue is in that.
    filled: Epoch,
    /// Pages brought from a snapshot are ahead of the log until here.
    goal: Epoch,
    commit_count: u64,
    rebuild_count: u64,
    /// How many devices were lost.
    lost_count: u64,
    /// How often pages are lent: these do not go.
    lent: BTreeMap<PageId, usize>,
    /// What statistics are told.
    told: Arc<OnDevice>,
}

impl State {
    /// Brings the pages as they are now.
    pub fn new(bus: Arc<Inner>, ops: Ops, filter: PageFilter, gpu: (Gpu, (u64, u64))) -> Result<Self, Error> {
        let told = bus.alive.mirror();
        let (log, pages) = (Follower::new(bus)?, Residents::new(ops));
        let (filled, goal) = (Epoch::ZERO, Epoch::ZERO);
        let ([commit_count, rebuild_count, lost_count], lent) = ([0; 3], BTreeMap::new());
        let mut state = Self {
            log,
            pages,
            filter,
            gpu,
            filled,
            goal,
            commit_count,
            rebuild_count,
            lost_count,
            lent,
            told,
        };
        state.fill()?;
        state.advance(Epoch::ZERO)?;
        Ok(state)
    }

    pub fn bus(&self) -> &Arc<Inner> {
        self.log.bus()
    }

    pub fn epoch(&self) -> Epoch {
        self.log.epoch()
    }

    pub fn pages(&self) -> &Residents<Ops> {
        &self.pages
    }

    pub fn pages_mut(&mut self) -> &mut Residents<Ops> {
        &mut self.pages
    }

    /// Returns how many devices were lost before this one, with what was on them.
    pub fn lost_count(&self) -> u64 {
        self.lost_count
    }

    /// Keeps a page from going while it is lent.
    #[cfg(feature = "gpu")]
    pub fn pin(&mut self, page: PageId) {
        *self.lent.entry(page).or_default() += 1;
        self.pages.pin(page, true);
    }

    #[cfg(feature = "gpu")]
    pub fn unpin(&mut self, page: PageId) {
        let left = self.lent.get_mut(&page).map_or(0, |count| {
            *count -= 1;
            *count
        });
        if left == 0 {
            self.lent.remove(&page);
            self.pages.pin(page, self.filter.pins(page));
        }
    }

    /// Sends commits on until `limit` is there, which is published or will be in a moment.
    ///
    /// # Errors
    /// As [`Mirror::wait`](super::Mirror::wait).
    pub fn advance(&mut self, limit: Epoch) -> Result<(), Error> {
        let advanced = self.advance_or_rebuild(limit);
        self.told.set(self.pages.held());
        advanced
    }

    fn advance_or_rebuild(&mut self, limit: Epoch) -> Result<(), Error> {
        let mut rebuilds_left = REBUILDS_MAX;
        while let Err(error) = self.try_advance(limit) {
            let is_lost = is_lost(&error);
            if rebuilds_left == 0 || !(is_lost || matches!(error, Error::HistoryGone { .. })) {
                return Err(error);
            }
            rebuilds_left -= 1;
            tracing::warn!(%error, "a mirror is made again from its bus");
            self.rebuild(is_lost)?;
        }
        Ok(())
    }

    /// Asks something of the device. One that turns out to be lost is made good, and asked again.
    ///
    /// # Errors
    /// Those of the question, and of [`State::advance`].
    pub fn insist<T>(&mut self, mut question: impl FnMut(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        for _ in 0..REBUILDS_MAX {
            match question(self) {
                Err(error) if is_lost(&error) => self.advance(self.epoch())?,
                answered => return answered,
            }
        }
        question(self)
    }

    fn try_advance(&mut self, limit: Epoch) -> Result<(), Error> {
        let _span = tracing::debug_span!("mirror", limit = limit.get()).entered();
        if let Some(why) = self.pages.lost() {
            return Err(GpuError::Lost { why: why.to_owned() }.into());
        }
        while self.epoch() < limit.max(self.goal) {
            let newest = self.bus().journal.newest();
            if self.epoch() < newest {
                self.step(newest)?;
            } else {
                // It has a number: whoever has it publishes it, and waits for nobody.
                follow::await_commit(self.bus(), limit.max(self.goal), Duration::from_millis(1))?;
            }
        }
        Ok(())
    }

    /// Sends the next commit on.
    fn step(&mut self, newest: Epoch) -> Result<(), Error> {
        let Self { log, pages, filter, filled, .. } = self;
        let sent = log.visit(newest, |commit| {
            if commit.epoch <= *filled {
                return Ok(Ok(Vec::new()));
            }
            let events = info::events(commit.frame.sections)?;
            Ok(pages::send(pages, filter, commit, &events))
        });
        let missing = sent?.transpose()?.unwrap_or_default();
        self.commit_count += 1;
        if missing.is_empty() { Ok(()) } else { self.bring(&missing).map(drop) }
    }

    /// Makes everything again from the bus, on another device if this one is lost.
    fn rebuild(&mut self, is_lost: bool) -> Result<(), Error> {
        let (gpu, (slab_bytes, budget_bytes)) = &self.gpu;
        if is_lost {
            self.pages.reset(gpu.open(*slab_bytes, *budget_bytes)?);
            self.lost_count += 1;
        }
        self.rebuild_count += 1;
        self.log.skip()?;
        self.fill()
    }

    /// Brings all pages that the filter says as they are now, and forgets the others.
    fn fill(&mut self) -> Result<(), Error> {
        let snapshot = Snapshot::new(Arc::clone(self.bus()));
        let passes = |info: &PageInfo| self.filter.passes(info.page, info.name.as_deref());
        let infos = snapshot.pages()?;
        let pages: Vec<PageId> = infos.iter().filter(|info| passes(info)).map(|info| info.page).collect();
        let known: Vec<PageId> = self.pages.known().map(|known| known.page).collect();
        for page in known.into_iter().filter(|page| pages.binary_search(page).is_err()) {
            self.pages.remove(page)?;
        }
        self.filled = snapshot.epoch();
        self.insert(&snapshot, &pages)?;
        self.pages.skip_to(self.filled);
        Ok(())
    }

    /// Brings pages as they are now; those that do not live now are left out.
    fn bring(&mut self, pages: &[PageId]) -> Result<(), Error> {
        let snapshot = Snapshot::new(Arc::clone(self.bus()));
        let lives = |page: &PageId| snapshot.life(*page).is_ok();
        let pages: Vec<PageId> = pages.iter().copied().filter(lives).collect();
        self.insert(&snapshot, &pages)
    }

    fn insert(&mut self, snapshot: &Snapshot, pages: &[PageId]) -> Result<(), Error> {
        let epoch = snapshot.epoch();
        self.goal = self.goal.max(epoch);
        let (mut round, mut bytes_left, mut sent) = (Vec::new(), ROUND_BYTES, Ok(()));
        let (filter, lent, table) = (&self.filter, &self.lent, &mut self.pages);
        let pins = |page: PageId| filter.pins(page) || lent.contains_key(&page);
        snapshot.with_pages(pages, &mut |page, bytes| {
            round.push((page, bytes.to_vec()));
            bytes_left = bytes_left.saturating_sub(bytes.len());
            if bytes_left == 0 && sent.is_ok() {
                sent = send_round(table, &mut round, epoch, pins);
                bytes_left = ROUND_BYTES;
            }
        })?;
        sent?;
        Ok(send_round(table, &mut round, epoch, pins)?)
    }

    /// Sees to it that the device has pages as they are at the mirror's epoch, as far as there is room; returns how
    /// many it has.
    ///
    /// # Errors
    /// [`MirrorError::NotMirrored`], and those of [`State::advance`].
    pub fn fetch(&mut self, pages: &[PageId]) -> Result<usize, Error> {
        if let Some(&page) = pages.iter().find(|page| !self.pages.knows(**page)) {
            return Err(MirrorError::NotMirrored { page }.into());
        }
        self.advance(self.epoch())?;
        let missing = self.pages.touch(pages);
        if !missing.is_empty() {
            self.bring(&missing)?;
            self.advance(self.goal)?;
        }
        Ok(pages.iter().filter(|page| self.pages.state(**page) == PageState::Clean).count())
    }

    /// Brings a page or gives it up, as the filter says by now.
    pub fn look_again(&mut self, page: PageId) -> Result<(), Error> {
        self.advance(self.epoch())?;
        if !self.filter.passes(page, None) {
            self.pages.remove(page)?;
            self.told.set(self.pages.held());
            return Ok(());
        }
        self.bring(&[page])?;
        self.advance(self.goal)
    }

    pub fn status(&self) -> MirrorStatus {
        let (mut page_count, mut device_count, mut device_bytes) = (0, 0, 0);
        for known in self.pages.known() {
            page_count += 1;
            if known.state == PageState::Clean {
                device_count += 1;
                device_bytes += u64::from(known.page_bytes);
            }
        }
        MirrorStatus {
            device: self.pages.ops().engine().name().to_owned(),
            epoch: self.epoch(),
            page_count,
            device_count,
            device_bytes,
            commit_count: self.commit_count,
            rebuild_count: self.rebuild_count,
            lost: self.pages.lost().map(str::to_owned),
        }
    }
}

fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Mirror(MirrorError::Device { source: GpuError::Lost { .. } }))
}

fn send_round(
    pages: &mut Residents<Ops>,
    round: &mut Vec<(PageId, Vec<u8>)>,
    epoch: Epoch,
    pins: impl Fn(PageId) -> bool,
) -> Result<(), GpuError> {
    let inserts =
        round.iter().map(|(page, bytes)| Insert { page: *page, bytes, epoch, is_pinned: pins(*page) });
    let inserts: Vec<Insert<'_>> = inserts.collect();
    pages::unless_lost(pages.insert_many(&inserts))?;
    round.clear();
    Ok(())
}
