//! Parts of a log in memory: one record, the columns of a commit, its page events.

use mmsb_delta::{BatchView, DeltaBatch, Patch, check, validate};
use mmsb_tlog::{
    Frame, FrameBuf, InstanceId, MARK_BYTES, Mark, NUMBER_MAX, STATE_MARK_BYTES, SectionBuf, SectionKind,
    StateMark,
    frame::{RecordHead, parse_frame, record_head},
};
use mmsb_types::{Lsn, PageEvent, PageId, crc32c, limits::PAGE_BYTES_MAX};

use super::must_equal;
use crate::fuzz::forge::{Fixes, fix_record, line_checksum, u32_at, u64_at};

/// One record: what comes back when it is written again is what was read.
pub(super) fn frame(input: &[u8]) -> Result<(), String> {
    let (fixes, record) = Fixes::split(input);
    let mut record = record.to_vec();
    if fixes.checksums {
        fix_record(&mut record);
    }
    let Ok(head) = record_head(&record) else { return Ok(()) };
    let Some(record) = record.get(..head.bytes()) else {
        return parse_frame(&record).map_or(Ok(()), |_| Err("a frame that is cut short is read".into()));
    };
    match head {
        RecordHead::Mark(_) => mark(record),
        RecordHead::State(_) => state(record),
        RecordHead::Frame(_) | RecordHead::Single => {
            parse_frame(record).map_or(Ok(()), |frame| check_frame(record, &frame))
        }
    }
}

fn mark(line: &[u8]) -> Result<(), String> {
    let instance = instance_at(line, 16);
    let Ok(mark) = Mark::parse(line, instance, Lsn::new(u64_at(line, 32).unwrap_or(0))) else {
        return Ok(());
    };
    must_equal("a mark", &mark.encode(instance)[..], &line[..MARK_BYTES])
}

fn state(line: &[u8]) -> Result<(), String> {
    let mut instance = InstanceId([0; 16]);
    instance.0[..8].copy_from_slice(&line[24..32]);
    let Ok(state) = StateMark::parse(line, instance, Lsn::new(u64_at(line, 8).unwrap_or(0))) else {
        return Ok(());
    };
    must_equal("a state mark", &state.encode(instance)[..], &line[..STATE_MARK_BYTES])
}

fn instance_at(line: &[u8], at: usize) -> InstanceId {
    InstanceId(*line[at..].first_chunk().expect("a line is longer"))
}

fn check_frame(record: &[u8], frame: &Frame<'_>) -> Result<(), String> {
    let word = |at: usize| u32_at(record, at).unwrap_or(0);
    let (stored, computed) = match word(0) >> 31 {
        1 => (word(4), line_checksum(record)),
        _ => (word(24), crc32c(&record[32..])),
    };
    must_equal("the checksum of a frame that is read", &stored, &computed)?;
    if frame.number > NUMBER_MAX {
        return Ok(());
    }
    let (mut sections, mut again) = (SectionBuf::default(), FrameBuf::default());
    for (kind, content) in frame.sections.iter().filter(|(kind, _)| *kind > SectionKind::WIDE_COUNT) {
        sections.push(kind, content);
    }
    again.encode(&sections, frame.batch, u32::MAX).map_err(|error| error.to_string())?;
    again.seal(frame.number);
    let reread = parse_frame(again.bytes()).map_err(|fault| format!("written again: {fault}"))?;
    must_equal("the number", &reread.number, &frame.number)?;
    must_equal("the batch", &reread.batch, &frame.batch)?;
    must_equal("the sections", &sections_of(&reread), &sections_of(frame))?;
    // A commit that fits a line may stand in a whole frame; nothing else has two forms.
    let has_shrunk = again.bytes().len() < record.len() && u32_at(again.bytes(), 0) != Some(word(0));
    if has_shrunk { Ok(()) } else { must_equal("the bytes", &again.bytes(), &record) }
}

fn sections_of<'f>(frame: &Frame<'f>) -> Vec<(SectionKind, &'f [u8])> {
    frame.sections.iter().collect()
}

/// The columns of a commit, behind the counts of compact and wide entries; what is left is payload, and some bytes
/// too many or too few of it are told.
pub(super) fn batch(input: &[u8]) -> Result<(), String> {
    let Some((&[compact, wide, surplus], columns)) = input.split_first_chunk() else { return Ok(()) };
    let entry_bytes = usize::from(compact) * 8 + usize::from(wide) * 24;
    let payload_bytes = columns.len().saturating_sub(entry_bytes) as u32;
    let told = payload_bytes.checked_add_signed((surplus as i8).into());
    let Some(payload_bytes) = told else { return Ok(()) };
    let parsed = BatchView::parse(columns, compact.into(), wide.into(), payload_bytes);
    let Ok(batch) = parsed else { return Ok(()) };
    must_equal("the count", &batch.iter().count(), &batch.len())?;
    let mut again = DeltaBatch::default();
    for (page, patch) in batch.iter() {
        patch.fits(least_bytes(&patch)).map_err(|misfit| misfit.to_string())?;
        again.push(page, patch);
    }
    must_equal("the batch", &again.view(), &batch)?;
    let mut bytes = Vec::new();
    again.encode_into(&mut bytes);
    must_equal("the columns", &&bytes[..], &columns)?;
    let page_bytes_of = |page: PageId| (!page.get().is_multiple_of(5)).then_some(PAGE_BYTES_MAX);
    let is_valid = validate(batch, page_bytes_of).is_ok();
    must_equal("validity", &is_valid, &check(batch, page_bytes_of).is_empty())
}

/// The length of the shortest page that the patch fits.
fn least_bytes(patch: &Patch<'_>) -> u32 {
    patch.span().end() as u32
}

/// The page events of a commit.
pub(super) fn events(input: &[u8]) -> Result<(), String> {
    let Ok(events) = PageEvent::decode_all(input) else { return Ok(()) };
    let mut again = Vec::new();
    events.iter().for_each(|event| event.encode(&mut again));
    must_equal("the events", &&again[..], &input)
}
