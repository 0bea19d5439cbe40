//! Causes as bytes: what was written is read; what was not is refused.

use mmsb_types::PageId;

use super::{Cause, decode, encode_one};

fn cause(page: u64, inputs: &[u64]) -> Cause {
    Cause { page: PageId::new(page), inputs: inputs.iter().copied().map(PageId::new).collect() }
}

fn encoded(causes: &[Cause]) -> Vec<u8> {
    let mut out = Vec::new();
    causes.iter().for_each(|cause| encode_one(cause.page, &cause.inputs, &mut out));
    out
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn a_wave_is_read_as_it_was_written() {
    let many: Vec<u64> = (1..=65_535).collect();
    let causes =
        [cause(7, &[3, 5]), cause(9, &[]), cause((1 << 40) - 1, &[7, (1 << 40) - 1]), cause(1, &many)];
    assert_eq!(decode(&encoded(&causes)), Ok(Some(causes.to_vec())));
    let bytes = words(&[2, 7 | 2 << 40, 3, 5, 9]);
    assert_eq!(encoded(&causes[..2]), bytes, "every byte");
    assert_eq!(encoded(&[]), []);
}

#[test]
fn other_causes_are_none() {
    for section in [words(&[]), words(&[1, 30]), words(&[3]), vec![2, 0, 0]] {
        assert_eq!(decode(&section), Ok(None), "{section:?}");
    }
}

#[test]
fn what_no_wave_wrote_is_refused() {
    #[track_caller]
    fn refused(section: &[u8], what: &str) {
        assert_eq!(decode(section), Err(what), "{section:?}");
    }
    refused(&words(&[2, 7 | 2 << 40, 3]), "a cause is cut short");
    refused(&words(&[2, 7, 1 << 63 | 9]), "a cause is cut short");
    refused(&words(&[2, 7 | 1 << 40, 3])[..20], "a cause is cut short");
    refused(&words(&[2, 0]), "a cause names no page");
    refused(&words(&[2, 7 | 1 << 40, 0]), "a cause names no page");
    refused(&words(&[2, 7 | 1 << 40, 1 << 40]), "a cause names no page");
    refused(&words(&[2, 7 | 2 << 40, 5, 3]), "a cause's inputs do not rise");
    refused(&words(&[2, 7 | 2 << 40, 3, 3]), "a cause's inputs do not rise");
}
