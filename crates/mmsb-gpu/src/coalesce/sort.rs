//! Pieces by line, those of one line in the log's order.

use super::piece::Piece;

/// Bits of a digit: its counts and the places it scatters to stay in the cache.
const DIGIT_BITS: u32 = 11;
/// Up to so many pieces, comparing them costs less than counting digits.
const FEW: usize = 256;

/// Sorts pieces by line; `spare` is memory to work in.
///
/// # Cost
/// One look if they are sorted already; else O(pieces) for each 11 bits in which their lines differ.
pub(super) fn by_line(pieces: &mut Vec<Piece>, spare: &mut Vec<Piece>) {
    if pieces.is_sorted_by_key(|piece| piece.line) {
        return;
    }
    if pieces.len() <= FEW {
        return pieces.sort_unstable_by_key(|piece| (u64::from(piece.line) << 32) | u64::from(piece.at));
    }
    let differ = pieces.iter().fold(0, |bits, piece| bits | (piece.line ^ pieces[0].line));
    spare.resize(pieces.len(), Piece::default());
    let mut shift = differ.trailing_zeros();
    while shift < 32 && differ >> shift != 0 {
        scatter(pieces, spare, shift);
        std::mem::swap(pieces, spare);
        shift += DIGIT_BITS;
    }
}

/// Moves pieces to where their digit belongs; those of one digit keep their order.
fn scatter(pieces: &[Piece], into: &mut [Piece], shift: u32) {
    let digit = |piece: &Piece| (piece.line >> shift) as usize & ((1 << DIGIT_BITS) - 1);
    let mut places = [0_u32; 1 << DIGIT_BITS];
    pieces.iter().for_each(|piece| places[digit(piece)] += 1);
    let mut sum = 0;
    for place in &mut places {
        (*place, sum) = (sum, sum + *place);
    }
    for piece in pieces {
        let place = &mut places[digit(piece)];
        into[*place as usize] = *piece;
        *place += 1;
    }
}
