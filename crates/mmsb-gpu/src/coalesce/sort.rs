//! Pieces by line, those of one line in the log's order.

use super::piece::Piece;

/// Most bits of a digit: its counts and the places it scatters to stay in the cache.
const DIGIT_BITS_MAX: u32 = 11;
/// Up to so many pieces, comparing them costs less than counting digits.
const FEW: usize = 256;
/// How far back a piece is carried before the pieces count as unsorted.
const NEAR: usize = 8;

/// Sorts pieces by line; `spare` is memory to work in.
///
/// # Cost
/// One look if they are sorted, or but for neighbours; else O(pieces) for each 11 bits in which their lines differ.
pub(super) fn by_line(pieces: &mut Vec<Piece>, spare: &mut Vec<Piece>) {
    if carry_back(pieces) {
        return;
    }
    if pieces.len() <= FEW {
        return pieces.sort_by_key(|piece| piece.line);
    }
    let differ = pieces.iter().fold(0, |bits, piece| bits | (piece.line ^ pieces[0].line));
    let mut shift = differ.trailing_zeros();
    let bits = 32 - differ.leading_zeros() - shift;
    let rounds = bits.div_ceil(DIGIT_BITS_MAX);
    let digit_bits = bits.div_ceil(rounds);
    spare.resize(pieces.len(), Piece::default());
    for _ in 0..rounds {
        scatter(pieces, spare, shift, digit_bits);
        std::mem::swap(pieces, spare);
        shift += digit_bits;
    }
}

/// Carries pieces back to where they belong if that is near; tells whether all were. Patches by rising place are
/// sorted but where two of them pass the same line's end.
fn carry_back(pieces: &mut [Piece]) -> bool {
    for index in 1..pieces.len() {
        if pieces[index].line < pieces[index - 1].line {
            let nearest = index.saturating_sub(NEAR);
            let line = pieces[index].line;
            let Some(before) = pieces[nearest..index].iter().rposition(|piece| piece.line <= line) else {
                return false;
            };
            pieces[nearest + before + 1..=index].rotate_right(1);
        }
    }
    true
}

/// Moves pieces to where their digit belongs; those of one digit keep their order.
fn scatter(pieces: &[Piece], into: &mut [Piece], shift: u32, digit_bits: u32) {
    let digit_mask = (1 << digit_bits) - 1;
    let digit = |piece: &Piece| (piece.line >> shift & digit_mask) as usize % (1 << DIGIT_BITS_MAX);
    let mut places = [0_u32; 1 << DIGIT_BITS_MAX];
    pieces.iter().for_each(|piece| places[digit(piece)] += 1);
    let mut sum = 0;
    for place in &mut places[..1 << digit_bits] {
        (*place, sum) = (sum, sum + *place);
    }
    for piece in pieces {
        let place = &mut places[digit(piece)];
        into[*place as usize] = *piece;
        *place += 1;
    }
}
