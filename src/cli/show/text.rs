//! A run for people: its head, and the layout of its turns.

use std::io;

use crate::cli::out::{Ink, Page, counted, thousands};
use crate::lsp::transcript::record::Head;
use crate::lsp::transcript::words::{Origin, used};
use crate::lsp::transcript::{Sheet, Text, Told};

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

/// What a run is set to; none where it is left at the defaults.
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
    let origin = Origin::of(head)?;
    let parent = origin.parent.map_or("", |parent| parent.as_str());
    let text = origin.with(parent);
    // A parent's turns are where they were taken.
    match origin.parent {
        Some(parent) if head.inherited() > 0 => Some(format!("{text}: rummy-lsp show {parent}")),
        _ => Some(text),
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

impl Sheet for Page<'_> {
    fn title(&mut self, words: &[String]) -> io::Result<()> {
        self.line("")?;
        self.painted(Ink::Title, &format!("== {} ==", words.join(" == ")))
    }

    fn section(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.painted(Ink::Place, name)?;
        self.block(1, text)
    }

    fn answer(&mut self, text: &str) -> io::Result<()> {
        self.section("answer", text)
    }

    fn no_answer(&mut self, why: &str) -> io::Result<()> {
        self.painted(Ink::Wrong, why)
    }

    fn results(&mut self) -> io::Result<()> {
        self.painted(Ink::Place, "results")
    }

    /// A log entry: its status, what it is about, what became of it, and its text.
    fn result(&mut self, told: &Told<'_>) -> io::Result<()> {
        let (status, action) = (told.status, told.action);
        let line = match told.target {
            Some(target) => format!("    {status} {action} {target}"),
            None => format!("    {status} {action}"),
        };
        if told.failed() {
            self.painted(Ink::Wrong, &line)?;
        } else {
            self.line(&line)?;
        }
        self.painted(Ink::Aside, &format!("        {}", told.path))?;
        if let Some(fate) = &told.fate {
            self.line(&format!("        proposal: {fate}"))?;
        }
        if let Some(why) = &told.why {
            self.line(&format!("        {why}"))?;
        }
        match told.body {
            Text::Patch(patch) => self.diff(2, patch)?,
            Text::Plain(text) => self.block(2, text)?,
        }
        for channel in &told.channels {
            self.painted(Ink::Aside, &format!("        {}", channel.path))?;
            self.block(2, &channel.body)?;
        }
        Ok(())
    }

    fn fact(&mut self, word: &str, text: &str) -> io::Result<()> {
        Page::fact(self, word, text)
    }
}
