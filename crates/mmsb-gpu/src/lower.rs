//! Steps into programs: handles become places, pages tiles.

mod compute;
mod propagate;

use std::collections::BTreeSet;

use crate::{
    GpuError, Kernel, PageHandle, Place, Plan, Program, Slabs, Step, Tile,
    plan::Stretch,
    program::{Piece, TILE_QUADS, cut},
};

/// Turns steps into a program.
pub(crate) fn lower(slabs: &Slabs, steps: &[Step<'_>]) -> Result<Program, GpuError> {
    let mut program = Program::default();
    for step in steps {
        match *step {
            Step::Zero(pages) => zero(&mut program, slabs, pages)?,
            Step::Copy(pairs) => copy(&mut program, slabs, pairs)?,
            Step::Write(page, bytes) => write(&mut program, slabs, &[(page, bytes)])?,
            Step::WriteAll(pages) => write(&mut program, slabs, pages)?,
            Step::Merge { page, mask, bytes } => merge(&mut program, slabs, page, mask, bytes)?,
            Step::Apply(plan) => apply(&mut program, slabs, plan)?,
            Step::Compute(formula, jobs) => compute::level(&mut program, slabs, formula, jobs)?,
            Step::Propagate(combine, jobs) => propagate::level(&mut program, slabs, combine, jobs)?,
        }
    }
    Ok(program)
}

/// Refuses two pages of different length.
pub(crate) fn same_length(slabs: &Slabs, page: PageHandle, other: PageHandle) -> Result<(), GpuError> {
    has_length(page, slabs.find(page)?, slabs.find(other)?.page_bytes as usize)
}

/// Returns tiles over a page, each with its slab, and with the source that begins at `source` in `source_slab`.
pub(crate) fn tiles(place: Place, source_slab: u32, source: u32) -> impl Iterator<Item = Piece> + use<> {
    cut(place).map(move |(offset, count)| {
        let target = place.first_word / 4 + offset;
        let tile = Tile { target, source: source + offset, count, offset, ..Tile::default() };
        Piece { target: place.slab, source: source_slab, tile }
    })
}

fn zero(program: &mut Program, slabs: &Slabs, pages: &[PageHandle]) -> Result<(), GpuError> {
    // A page that comes twice is zeroed once.
    let pages: BTreeSet<_> = pages.iter().collect();
    let places: Vec<Place> = pages.into_iter().map(|page| slabs.find(*page)).collect::<Result<_, _>>()?;
    let pieces = places.into_iter().flat_map(|place| tiles(place, place.slab, 0)).collect();
    program.push_tiles(Kernel::PageZero, pieces);
    Ok(())
}

fn copy(program: &mut Program, slabs: &Slabs, pairs: &[(PageHandle, PageHandle)]) -> Result<(), GpuError> {
    apart(pairs.iter().map(|pair| pair.0), pairs.iter().map(|pair| pair.1))?;
    let mut pieces = Vec::new();
    for (target, source) in pairs {
        same_length(slabs, *target, *source)?;
        let source = slabs.find(*source)?;
        pieces.extend(tiles(slabs.find(*target)?, source.slab, source.first_word / 4));
    }
    program.push_tiles(Kernel::PageCopy, pieces);
    Ok(())
}

fn write(program: &mut Program, slabs: &Slabs, pages: &[(PageHandle, &[u8])]) -> Result<(), GpuError> {
    apart(pages.iter().map(|page| page.0), std::iter::empty())?;
    let mut pieces = Vec::new();
    for (page, bytes) in pages {
        let place = slabs.find(*page)?;
        has_length(*page, place, bytes.len())?;
        let source = program.push_bytes(bytes);
        pieces.extend(tiles(place, place.slab, source));
    }
    program.push_tiles(Kernel::PageWrite, pieces);
    Ok(())
}

fn merge(
    program: &mut Program,
    slabs: &Slabs,
    page: PageHandle,
    mask: &[u8],
    bytes: &[u8],
) -> Result<(), GpuError> {
    let place = slabs.find(page)?;
    has_length(page, place, bytes.len())?;
    has_length(
        page,
        place,
        if mask.len() == bytes.len().div_ceil(8) { bytes.len() } else { mask.len() * 8 },
    )?;
    let source = program.push_bytes(bytes);
    let first_mask = program.push_bytes(mask) * 4;
    // Bits behind the page write the zeros there that fill the last quad.
    let pieces = tiles(place, place.slab, source).map(|piece| masked(piece, first_mask));
    let pieces = pieces.collect();
    program.push_tiles(Kernel::DeltaMerge, pieces);
    Ok(())
}

fn apply(program: &mut Program, slabs: &Slabs, plan: &Plan) -> Result<(), GpuError> {
    if plan.layout() != slabs.layout() {
        return Err(GpuError::Outdated { planned: plan.layout(), now: slabs.layout() });
    }
    for is_full in [true, false] {
        let stretches = plan.stretches.iter().filter(|stretch| stretch.is_full == is_full);
        let mut pieces = Vec::new();
        stretches.for_each(|stretch| push_stretch(program, plan, *stretch, &mut pieces));
        program.push_tiles(if is_full { Kernel::PageWrite } else { Kernel::DeltaMerge }, pieces);
    }
    plan.ops_by_slab().for_each(|(slab, ops)| program.push_ops(slab, &plan.word_ops()[ops]));
    Ok(())
}

fn push_stretch(program: &mut Program, plan: &Plan, stretch: Stretch, pieces: &mut Vec<Piece>) {
    let lines = stretch.at as usize..(stretch.at + stretch.line_count) as usize;
    let Stretch { slab, first_word, line_count, is_full, .. } = stretch;
    let place = Place { slab, first_word, page_bytes: line_count * 64 };
    let source = program.push_bytes(plan.lines[lines.clone()].as_flattened());
    if is_full {
        return pieces.extend(tiles(place, slab, source));
    }
    let masks: Vec<u8> = plan.masks[lines].iter().flat_map(|mask| mask.to_le_bytes()).collect();
    let first_mask = program.push_bytes(&masks) * 4;
    pieces.extend(tiles(place, slab, source).map(|piece| masked(piece, first_mask)));
}

/// Gives a tile its part of a mask; two quads share a word of it.
fn masked(piece: Piece, first_mask: u32) -> Piece {
    let mask = first_mask + piece.tile.offset / 2;
    Piece { tile: Tile { mask, ..piece.tile }, ..piece }
}

fn has_length(page: PageHandle, place: Place, got: usize) -> Result<(), GpuError> {
    if got == place.page_bytes as usize {
        return Ok(());
    }
    Err(GpuError::Length { page, page_bytes: place.page_bytes, got_bytes: got as u64 })
}

/// Refuses pages that are written twice, or written and read.
fn apart(
    targets: impl Iterator<Item = PageHandle>,
    sources: impl Iterator<Item = PageHandle>,
) -> Result<(), GpuError> {
    let mut written = BTreeSet::new();
    for page in targets {
        if !written.insert(page) {
            return Err(GpuError::Overlap { page });
        }
    }
    for page in sources {
        if written.contains(&page) {
            return Err(GpuError::Overlap { page });
        }
    }
    Ok(())
}

const _: () = assert!(TILE_QUADS.is_multiple_of(32), "a tile's mask begins at a word");
