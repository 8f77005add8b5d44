//! A run for people: its head, then turn by turn.

use std::io;

use super::record::{Answer, Deed, Head, Record};
use crate::cli::out::{Ink, Page, counted, money, thousands};
use crate::entries::{Decision, Effect, Entry, Outcome, Proposal, State};
use crate::store::loops::Loop;
use crate::store::turns::Figures;

/// From here on a status is a failure.
const FAILURES: u64 = 400;

pub fn head(head: &Head, page: &mut Page<'_>) -> io::Result<()> {
    let run = &head.run;
    page.fact("run", run.alias.as_str())?;
    page.fact("workspace", &head.root)?;
    page.fact("model", &run.model)?;
    page.fact("status", &head.standing.with_reason())?;
    page.fact("created", &head.created)?;
    if let Some(settings) = settings(head) {
        page.fact("settings", &settings)?;
    }
    if let Some(origin) = origin(head) {
        page.fact("forked", &origin)?;
    }
    page.fact("turns", &turns(head))?;
    if head.item.pending > 0 {
        let pending = counted(head.item.pending as usize, "proposal");
        page.fact("pending", &format!("{pending} to be decided"))?;
    }
    page.fact("totals", &used(&head.totals))?;
    if !run.summary.is_empty() {
        page.line("summary")?;
        page.block(1, &run.summary)?;
    }
    Ok(())
}

fn settings(head: &Head) -> Option<String> {
    let settings = &head.run.settings;
    let set = [
        settings.temperature.map(|t| format!("temperature {t}")),
        settings
            .context_limit
            .map(|limit| format!("context limit {} tokens", thousands(limit))),
        settings
            .persona
            .as_ref()
            .map(|persona| format!("persona {persona:?}")),
    ];
    let set: Vec<String> = set.into_iter().flatten().collect();
    (!set.is_empty()).then(|| set.join(", "))
}

/// Where a fork comes from, and whose the turns before it are.
fn origin(head: &Head) -> Option<String> {
    let before = match head.inherited() {
        0 => None,
        1 => Some("which took turn 1".to_owned()),
        last => Some(format!("which took turns 1 to {last}")),
    };
    match (&head.run.parent, before) {
        (None, None) => None,
        (None, Some(before)) => Some(format!("from a run that is no more, {before}")),
        (Some(parent), None) => Some(format!("from {parent}, before its first turn")),
        (Some(parent), Some(before)) => {
            Some(format!("from {parent}, {before}: rummy-lsp show {parent}"))
        }
    }
}

fn turns(head: &Head) -> String {
    let taken = head.turns.len();
    let answered = head.turns.iter().filter(|turn| turn.answered).count();
    match taken {
        0 if head.inherited() > 0 => "none of its own yet".to_owned(),
        0 => "none yet".to_owned(),
        _ if answered == taken => format!("{taken}, all answered"),
        _ => format!("{taken}, {answered} answered"),
    }
}

pub fn turn(head: &Head, record: &Record, page: &mut Page<'_>) -> io::Result<()> {
    let asked = head.loop_of(&record.turn);
    page.line("")?;
    page.painted(Ink::Title, &title(record, asked))?;
    if let Some(prompt) = &record.prompt {
        section("prompt", prompt, page)?;
    }
    if let Some(reasoning) = &record.reasoning {
        section("reasoning", reasoning, page)?;
    }
    let goes_on = asked.is_some_and(|asked| head.standing_of(asked).goes_on());
    answer(&record.answer, goes_on, page)?;
    if !record.deeds.is_empty() {
        page.painted(Ink::Place, "results")?;
        for deed in &record.deeds {
            result(deed, page)?;
        }
    }
    if record.turn.answered {
        page.fact("figures", &figures(&record.turn.figures))?;
    }
    match asked {
        Some(asked) if head.ends_loop(&record.turn) => {
            page.fact("loop", &head.standing_of(asked).with_reason())
        }
        _ => Ok(()),
    }
}

fn title(record: &Record, asked: Option<&Loop>) -> String {
    let (number, at) = (record.turn.number, &record.at);
    match asked {
        Some(asked) => format!(
            "== turn {number} == {} == {} == {at} ==",
            asked.mode, asked.model
        ),
        None => format!("== turn {number} == {at} =="),
    }
}

fn section(name: &str, text: &str, page: &mut Page<'_>) -> io::Result<()> {
    page.painted(Ink::Place, name)?;
    page.block(1, text)
}

fn answer(answer: &Answer, goes_on: bool, page: &mut Page<'_>) -> io::Result<()> {
    let none = match answer {
        Answer::Text(text) => return section("answer", text, page),
        Answer::Empty => "no answer: the model wrote nothing",
        Answer::Removed => "no answer: the model wrote one that is no longer kept",
        Answer::None if goes_on => "no answer yet",
        Answer::None => "no answer: the turn ended without one",
    };
    page.painted(Ink::Wrong, none)
}

/// A log entry: its status, what it is about, what became of it, and its text.
fn result(deed: &Deed, page: &mut Page<'_>) -> io::Result<()> {
    let entry = &deed.entry;
    let status = entry.shown_status();
    let action = entry.path.action().unwrap_or("log");
    let target = entry.about().and_then(|about| about.lines().next());
    let line = match target {
        Some(target) => format!("    {status} {action} {target}"),
        None => format!("    {status} {action}"),
    };
    if status >= FAILURES {
        page.painted(Ink::Wrong, &line)?;
    } else {
        page.line(&line)?;
    }
    page.painted(Ink::Aside, &format!("        {}", entry.path))?;
    if let Some(proposal) = &deed.proposal {
        page.line(&format!("        proposal: {}", fate(entry, proposal)))?;
        if !matches!(
            proposal.effect,
            Effect::Command { .. } | Effect::Question { .. }
        ) {
            return page.diff(2, &entry.body);
        }
        page.block(2, &entry.body)?;
        for channel in deed
            .channels
            .iter()
            .filter(|channel| !channel.body.is_empty())
        {
            page.painted(Ink::Aside, &format!("        {}", channel.path))?;
            page.block(2, &channel.body)?;
        }
        return Ok(());
    }
    if let Some(why) = why(entry) {
        page.line(&format!("        {why}"))?;
    }
    page.block(2, &entry.body)
}

/// Why an entry is not simply done.
fn why(entry: &Entry) -> Option<String> {
    let outcome = entry.outcome.as_ref().map(ToString::to_string);
    let parts: Vec<&str> = [outcome.as_deref(), entry.text("reason")]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.join(": "))
}

/// What became of a proposal.
fn fate(entry: &Entry, proposal: &Proposal) -> String {
    let word = match (entry.state, &entry.outcome) {
        (State::Proposed, _) => "waits for a decision",
        (State::Resolved, Some(Outcome::Partial)) => "accepted in part",
        (State::Resolved, _) => "accepted",
        (State::Failed, Some(Outcome::Permission)) => "rejected",
        (State::Failed, _) => "failed",
        (State::Cancelled, _) => "cancelled",
        (State::Streaming, _) => "being carried out",
    };
    let hunks: Vec<String> = proposal
        .hunks
        .iter()
        .map(|hunk| {
            let decided = hunk.decision.map_or("open", Decision::as_str);
            format!("{} {decided}", hunk.id)
        })
        .collect();
    let why = match (entry.state, &entry.outcome) {
        (State::Cancelled | State::Failed, Some(outcome)) if *outcome != Outcome::Permission => {
            Some(outcome.to_string())
        }
        _ => None,
    };
    let mut text = format!("{word} ({})", hunks.join(", "));
    for part in why.as_deref().into_iter().chain(entry.text("reason")) {
        text.push_str(": ");
        text.push_str(part);
    }
    text
}

/// The prompts that no turn has begun to answer, and why.
pub fn without_turns(head: &Head, page: &mut Page<'_>) -> io::Result<()> {
    for asked in head.without_turns() {
        page.line("")?;
        let title = format!("== no turn == {} == {} ==", asked.mode, asked.model);
        page.painted(Ink::Title, &title)?;
        section("prompt", &asked.prompt, page)?;
        page.fact("loop", &head.standing_of(asked).with_reason())?;
    }
    Ok(())
}

/// A turn's figures: what its packet took of the context, and what the call used.
fn figures(figures: &Figures) -> String {
    format!("context {} · {}", tokens(figures.context), used(figures))
}

/// `prompt 1,204 · … · cost $0.0100`; a dash for what nobody has told.
fn used(figures: &Figures) -> String {
    let parts = [
        ("prompt", tokens(figures.prompt)),
        ("cached", tokens(figures.cached)),
        ("completion", tokens(figures.completion)),
        ("reasoning", tokens(figures.reasoning)),
        ("total", tokens(figures.total)),
        ("cost", figures.cost.map_or_else(unknown, money)),
    ];
    parts
        .map(|(name, figure)| format!("{name} {figure}"))
        .join(" · ")
}

fn tokens(count: Option<u64>) -> String {
    count.map_or_else(unknown, thousands)
}

fn unknown() -> String {
    "–".to_owned()
}
