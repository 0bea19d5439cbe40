//! Answers held against what was noted.

use std::ops::Range;

use anyhow::{Result, ensure};
use mmsb::{Provenance, WhyHow, WhyStep};
use mmsb_types::PageId;

use super::history::{Chain, History};

/// Changes farther away than so many steps are not told.
const DEPTH_MAX: u32 = 32;

/// Checks that each byte was said to be written by whoever wrote it.
pub fn check_bytes(history: &History, page: PageId, bytes: Range<u32>, found: &Provenance) -> Result<()> {
    let expected = history.writers(page, bytes.clone());
    let mut told = vec![0; expected.len()];
    for step in &found.steps {
        ensure!(step.page == page && step.depth == 0, "{step} is no answer about {page}");
        let is_labelled = step.label == Some(step.epoch.get().into());
        ensure!(is_labelled || step.how == WhyHow::Created, "{step} has another label");
        for span in &step.bytes {
            let places = span.range().start - bytes.start as usize..span.range().end - bytes.start as usize;
            told[places].fill(step.epoch.get() as u32);
        }
    }
    let wrong = expected.iter().zip(&told).position(|(writer, told)| writer != told);
    let place = wrong.unwrap_or_default();
    ensure!(wrong.is_none(), "{page}: e{} wrote a byte, told is e{}", expected[place], told[place]);
    ensure!(found.is_whole(), "the answer about {page} is not whole");
    Ok(())
}

/// Checks that every page of a chain is told at its depth, up to the source, or up to where it is told as cut.
pub fn check_chain(chain: &Chain, found: &Provenance, is_cut: bool) -> Result<()> {
    let wanted = chain.pages.iter().rev().take(DEPTH_MAX as usize + 1);
    let is_next = |(depth, (page, step)): (usize, (&PageId, &WhyStep))| {
        step.page == *page && step.depth as usize == depth && step.epoch.get() == chain.epoch
    };
    ensure!(found.steps.len() == wanted.len(), "{} steps are told, not {}", found.steps.len(), wanted.len());
    ensure!(wanted.zip(&found.steps).enumerate().all(is_next), "not the chain: {found}");
    let told = found.is_truncated() && !found.is_whole();
    ensure!(
        told == is_cut,
        "a chain of {} pages is told as {}",
        chain.pages.len(),
        if told { "cut" } else { "whole" }
    );
    Ok(())
}
