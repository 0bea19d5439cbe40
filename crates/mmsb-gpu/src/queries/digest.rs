//! Fingerprints and hashes of pages.

use std::fmt;

use crate::{GpuError, Kernel, PageHandle, Place, Program, Slabs, Tile, lower, program::Piece};

/// Bytes of a chunk, as BLAKE3 has it.
const CHUNK_BYTES: u32 = 1024;
/// Words of a chunk's hash.
const HASH_WORDS: u32 = 8;

/// A number for a page's bytes and length: equal pages have equal ones, wherever they lie and whoever computes it.
/// It finds what went wrong by chance; it does not stand against somebody who wants two pages to look alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u32; 4]);

impl Fingerprint {
    /// Reads the sums of each page and mixes its length in.
    pub(crate) fn all(answer: &[u32], page_bytes: &[u32]) -> Vec<Self> {
        let sums = answer.as_chunks().0.iter().zip(page_bytes);
        sums.map(|([a, b, c, d], bytes)| Self([a ^ bytes, *b, *c, *d])).collect()
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().rev().try_for_each(|word| write!(f, "{word:08x}"))
    }
}

/// Asks for the sums of pages; returns their lengths too.
pub(crate) fn fingerprints(slabs: &Slabs, pages: &[PageHandle]) -> Result<(Program, Vec<u32>), GpuError> {
    let mut program = Program::default();
    let (mut pieces, mut page_bytes) = (Vec::new(), Vec::new());
    for page in pages {
        let place = slabs.find(*page)?;
        let result = program.answer(4);
        let tiles = lower::tiles(place, place.slab, 0);
        pieces.extend(tiles.map(|piece| Piece { tile: Tile { result, ..piece.tile }, ..piece }));
        page_bytes.push(place.page_bytes);
    }
    program.push_tiles(Kernel::PageFingerprint, pieces);
    Ok((program, page_bytes))
}

/// Asks for hashes; returns the pages' places too.
pub(crate) fn blake3(slabs: &Slabs, pages: &[PageHandle]) -> Result<(Program, Vec<Place>), GpuError> {
    let places: Vec<Place> = pages.iter().map(|page| slabs.find(*page)).collect::<Result<_, _>>()?;
    let mut program = Program::default();
    let chunks = places.iter().flat_map(|place| {
        let first = program.answer(chunk_count(*place) * HASH_WORDS);
        (0..chunk_count(*place)).map(move |index| chunk(*place, index, first))
    });
    let chunks = chunks.collect();
    program.push_tiles(Kernel::PageBlake3Chunks, chunks);
    let mut first = 0;
    let roots = places.iter().map(|place| root(*place, &mut first)).collect();
    program.push_tiles(Kernel::PageBlake3Roots, roots);
    Ok((program, places))
}

/// Reads pages' hashes: each is where the hash of its first chunk was.
pub(crate) fn digests(answer: &[u32], places: &[Place]) -> Vec<[u8; 32]> {
    let mut first = 0;
    let digests = places.iter().map(|place| {
        let words = &answer[first..first + HASH_WORDS as usize];
        first += (chunk_count(*place) * HASH_WORDS) as usize;
        std::array::from_fn(|index| words[index / 4].to_le_bytes()[index % 4])
    });
    digests.collect()
}

/// One chunk: how long it is stands where the mask would, how many chunks the page has where the inputs would.
fn chunk(place: Place, index: u32, first: u32) -> Piece {
    let mask = CHUNK_BYTES.min(place.page_bytes - index * CHUNK_BYTES);
    let (target, result) = (place.first_word / 4 + index * CHUNK_BYTES / 16, first + index * HASH_WORDS);
    let count = mask.div_ceil(16);
    let tile =
        Tile { target, count, offset: index, result, mask, inputs: chunk_count(place), ..Tile::default() };
    Piece { target: place.slab, source: place.slab, tile }
}

/// One page whose chunks are hashed; its memory is not looked at.
fn root(place: Place, first: &mut u32) -> Piece {
    let (result, inputs) = (*first, chunk_count(place));
    *first += inputs * HASH_WORDS;
    Piece { target: 0, source: 0, tile: Tile { result, inputs, ..Tile::default() } }
}

/// A page of no bytes has one chunk, of none.
const fn chunk_count(place: Place) -> u32 {
    let count = place.page_bytes.div_ceil(CHUNK_BYTES);
    if count == 0 { 1 } else { count }
}
