//! The hash of every page that lives, and their sum.
//!
//! Invariant: the sum is that of the hashes in the table; a piece of the table without a page is not there.

use std::collections::BTreeMap;

use mmsb_types::PageId;

use super::Sum;

/// Pages of one piece of the table: as many as a word has bits.
const PIECE_PAGES: u64 = 64;

/// Hashes by page: 32 bytes a page, where ids lie close together.
#[derive(Debug, Default)]
pub(crate) struct PageHashes {
    pieces: BTreeMap<u64, Box<Piece>>,
    sum: Sum,
    count: u64,
}

#[derive(Debug)]
struct Piece {
    /// A bit for each page that lives.
    living: u64,
    hashes: [Sum; PIECE_PAGES as usize],
}

impl PageHashes {
    /// Returns what the hashes add up to.
    pub(crate) fn sum(&self) -> Sum {
        self.sum
    }

    /// Returns how many pages there are.
    pub(crate) fn len(&self) -> u64 {
        self.count
    }

    /// Gives a page a hash, or takes it away.
    pub(crate) fn set(&mut self, page: PageId, hash: Option<Sum>) {
        self.remove(page);
        let Some(hash) = hash else { return };
        let (number, index) = place(page);
        let piece = self.pieces.entry(number).or_insert_with(|| Box::new(Piece::EMPTY));
        piece.living |= 1 << index;
        piece.hashes[index] = hash;
        self.sum.add(hash);
        self.count += 1;
    }

    fn remove(&mut self, page: PageId) {
        let (number, index) = place(page);
        let Some(piece) = self.pieces.get_mut(&number) else { return };
        if piece.living >> index & 1 == 0 {
            return;
        }
        piece.living &= !(1 << index);
        self.sum.subtract(piece.hashes[index]);
        self.count -= 1;
        if piece.living == 0 {
            self.pieces.remove(&number);
        }
    }

    /// Visits the pages by rising id.
    pub(crate) fn pages(&self) -> impl Iterator<Item = PageId> {
        self.pieces.iter().flat_map(|(&number, piece)| {
            let living = (0..PIECE_PAGES).filter(|index| piece.living >> index & 1 != 0);
            living.map(move |index| PageId::new(number * PIECE_PAGES + index))
        })
    }
}

impl Piece {
    const EMPTY: Self = Self { living: 0, hashes: [Sum::ZERO; PIECE_PAGES as usize] };
}

/// Returns the piece of a page, and its place there.
fn place(page: PageId) -> (u64, usize) {
    (page.get() / PIECE_PAGES, (page.get() % PIECE_PAGES) as usize)
}
