//! What a power cut leaves: of each unsynced change, nothing, all, or a part.
//!
//! Invariant: what was synced is always there. Nothing is there that was never written, except zeros where a
//! file grew and its bytes did not land.

use std::sync::Arc;

use super::{
    bytes::Bytes,
    disk::Disk,
    node::{Change, Dir, File, NameChange, Node},
};

/// The device writes so many bytes at once or not at all.
pub(super) const SECTOR_BYTES: u64 = 512;

/// How the fates of unsynced changes are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Every one is lost.
    Lose,
    /// Every one is kept, as if only the process had died.
    Keep,
    /// At random: some lost, some kept, some writes torn; a seed chooses always the same.
    Seeded(u64),
}

/// What became of one unsynced change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It did not land.
    Lost,
    /// It landed whole.
    Kept,
    /// Those sectors of a write landed whose bit is set, counted from the write's first one, from bit 0 again
    /// after 64.
    Sectors(u64),
    /// So many bytes of a write landed, from its beginning.
    Bytes(u64),
    /// A write made its file longer, and its bytes did not land: zeros.
    Length,
}

impl Disk {
    /// Counts the changes that a power cut could still take away.
    pub(super) fn pending_count(&self) -> usize {
        let pending = |node: &Node| match node {
            Node::File(file) => file.pending.len(),
            Node::Dir(dir) => dir.pending.len(),
        };
        self.nodes.values().map(pending).sum()
    }

    /// Chooses the fate of each unsynced change: by node, then by age.
    pub(super) fn decide(&self, crash: Crash) -> Vec<Fate> {
        match crash {
            Crash::Lose => vec![Fate::Lost; self.pending_count()],
            Crash::Keep => vec![Fate::Kept; self.pending_count()],
            Crash::Seeded(seed) => self.draw(Dice(seed)),
        }
    }

    /// Returns the disk after the power cut.
    pub(super) fn crash(&self, fates: &[Fate]) -> Self {
        let mut fates = fates.iter().copied();
        let mut after = self.clone();
        for node in after.nodes.values_mut() {
            match node {
                Node::File(file) if file.is_as_durable() => {}
                Node::File(file) => *file = Arc::new(crashed_file(file, &mut fates)),
                Node::Dir(dir) => *dir = Arc::new(crashed_dir(dir, &mut fates)),
            }
        }
        after.prune(|_| false);
        after
    }

    fn draw(&self, mut dice: Dice) -> Vec<Fate> {
        let odds = Odds::draw(&mut dice);
        let mut fates = Vec::with_capacity(self.pending_count());
        for node in self.nodes.values() {
            match node {
                Node::Dir(dir) => fates.extend(dir.pending.iter().map(|_| odds.of_name(&mut dice))),
                Node::File(file) => {
                    let last = dice.below(file.pending.len() as u64 + 1);
                    let fate =
                        |(age, change): (usize, &Change)| odds.of_change(change, age as u64, last, &mut dice);
                    fates.extend(file.pending.iter().enumerate().map(fate));
                }
            }
        }
        fates
    }
}

fn crashed_file(file: &File, fates: &mut impl Iterator<Item = Fate>) -> File {
    let mut bytes = file.durable.clone();
    for change in &file.pending {
        change.land(fates.next().unwrap_or(Fate::Lost), &mut bytes);
    }
    File::of(bytes)
}

fn crashed_dir(dir: &Dir, fates: &mut impl Iterator<Item = Fate>) -> Dir {
    let mut names = dir.durable.clone();
    let landed = |_: &&NameChange| fates.next() == Some(Fate::Kept);
    dir.pending.iter().filter(landed).for_each(|change| change.make(&mut names));
    Dir::of(names)
}

impl Change {
    fn land(&self, fate: Fate, file: &mut Bytes) {
        let (offset, bytes) = match (self, fate) {
            (_, Fate::Lost) => return,
            (Self::Truncate(_), _) | (_, Fate::Kept) => return self.make(file),
            (Self::Write { offset, bytes }, _) => (*offset, bytes),
        };
        match fate {
            Fate::Bytes(count) => file.write(offset, &bytes[..bytes.len().min(count as usize)]),
            Fate::Sectors(bits) => land_sectors(bits, offset, bytes, file),
            _ => file.grow(offset + bytes.len() as u64),
        }
    }
}

fn land_sectors(bits: u64, offset: u64, bytes: &[u8], file: &mut Bytes) {
    let pieces = sectors(offset, bytes.len()).enumerate();
    for (_, (from, to)) in pieces.filter(|(index, _)| bits >> (index % 64) & 1 == 1) {
        file.write(offset + from as u64, &bytes[from..to]);
    }
}

/// Cuts a write at the borders of sectors: where in it each piece begins and ends.
fn sectors(offset: u64, bytes: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let here = (SECTOR_BYTES - (offset + from as u64) % SECTOR_BYTES) as usize;
        let piece = (from, bytes.min(from + here));
        from = piece.1;
        (piece.0 < piece.1).then_some(piece)
    })
}

/// How likely what is, of 8. Drawn anew for each power cut, so that mild and wild ones come up.
struct Odds {
    /// Writes land in order, up to one that may be torn, and none behind it.
    is_ordered: bool,
    kept: u64,
    torn: u64,
    kept_names: u64,
}

impl Odds {
    fn draw(dice: &mut Dice) -> Self {
        let mut any = |choices: &[u64]| choices[dice.below(choices.len() as u64) as usize];
        Self {
            is_ordered: any(&[0, 0, 1]) == 1,
            kept: any(&[0, 1, 4, 7, 8]),
            torn: any(&[0, 1, 4, 8]),
            kept_names: any(&[0, 1, 4, 7, 8]),
        }
    }

    fn of_name(&self, dice: &mut Dice) -> Fate {
        if dice.below(8) < self.kept_names { Fate::Kept } else { Fate::Lost }
    }

    fn of_change(&self, change: &Change, age: u64, last: u64, dice: &mut Dice) -> Fate {
        let is_kept = if self.is_ordered { age < last } else { dice.below(8) < self.kept };
        let may_tear = if self.is_ordered { age == last } else { true };
        match change {
            Change::Write { bytes, .. } if may_tear && dice.below(8) < self.torn => torn(bytes.len(), dice),
            _ if is_kept => Fate::Kept,
            _ => Fate::Lost,
        }
    }
}

fn torn(bytes: usize, dice: &mut Dice) -> Fate {
    match dice.below(5) {
        0 => Fate::Length,
        1 | 2 => Fate::Bytes(dice.below(bytes as u64)),
        _ => Fate::Sectors(dice.any()),
    }
}

/// Random numbers of a seed: SplitMix64.
struct Dice(u64);

impl Dice {
    fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.any() % end.max(1)
    }
}
