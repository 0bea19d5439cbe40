//! A level of pages computed by a formula.

use super::{apart, tiles};
use crate::{Computed, Formula, GpuError, Kernel, Program, Slabs, Tile, program::Piece};

/// Adds one level to a program.
pub(super) fn level(
    program: &mut Program,
    slabs: &Slabs,
    formula: Formula,
    jobs: &[Computed<'_>],
) -> Result<(), GpuError> {
    let inputs = jobs.iter().flat_map(|job| job.inputs.iter().copied());
    apart(jobs.iter().map(|job| job.output), inputs)?;
    let mut pieces = Vec::new();
    for job in jobs {
        push(program, slabs, job, &mut pieces)?;
    }
    program.push_tiles(Kernel::Formula(formula), pieces);
    Ok(())
}

fn push(
    program: &mut Program,
    slabs: &Slabs,
    job: &Computed<'_>,
    pieces: &mut Vec<Piece>,
) -> Result<(), GpuError> {
    let output = slabs.find(job.output)?;
    let source = program.words.len() as u32 / 4;
    let mut slab = None;
    for input in job.inputs {
        let place = slabs.find(*input)?;
        if *slab.get_or_insert(place.slab) != place.slab {
            return Err(GpuError::Scattered { page: *input });
        }
        program.words.extend([place.first_word, place.page_bytes, 0, 0]);
    }
    let (inputs, mask) = (job.inputs.len() as u32, output.page_bytes);
    let tiles = tiles(output, slab.unwrap_or(output.slab), 0);
    pieces.extend(tiles.map(|piece| Piece { tile: Tile { source, inputs, mask, ..piece.tile }, ..piece }));
    Ok(())
}
