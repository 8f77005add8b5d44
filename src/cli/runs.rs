//! `rummy-lsp runs`: which runs there are, newest first.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rusqlite::Connection;
use serde::Serialize;

use super::database::Database;
use super::out::{Colours, Ink, Page, money, printable, shortened, width};
use crate::entries::{Mode, ProjectId};
use crate::lsp::methods::runs::RunItem;
use crate::lsp::transcript::standing::Standing;
use crate::store::projects::{self, Project};
use crate::store::{StoreError, now_ms, runs, turns};

/// The least that a line leaves to the summary, in characters.
const SUMMARY: usize = 20;

const EXAMPLES: &str = "\
Examples:
  rummy-lsp runs --limit 5
      the five newest runs of the project that the current folder is in
  rummy-lsp runs --all --json | jq -r 'select(.pending > 0) | .run'
      the runs of all projects whose proposals wait for somebody

A server may be at work meanwhile: nothing is changed. `rummy-lsp show RUN` shows one of them.";

/// Lists the runs, newest first.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    /// The runs of the project that DIR is or is in. Without it those of the current folder's
    /// project, and all where that is in none
    #[arg(long, value_name = "DIR", conflicts_with = "all")]
    workspace: Option<PathBuf>,
    /// The runs of all projects
    #[arg(long)]
    all: bool,
    /// At most N runs
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// One JSON object a line: what the method getRuns answers, and the workspace
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: Database,
}

#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("no run was started in {} or a folder above it; rummy-lsp runs --all lists those of all folders", .0.display())]
    NoProject(PathBuf),
    #[error("the current folder cannot be found: {0}")]
    NoFolder(io::Error),
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// A run as the list has it.
struct Listed {
    item: RunItem,
    standing: Standing,
    cost: Option<f64>,
    project: Project,
}

/// A run as a line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    item: &'a RunItem,
    workspace: &'a str,
}

/// Prints the list on `out`.
pub async fn run(options: Options, out: &mut dyn Write) -> Result<ExitCode, RunsError> {
    match print(options, &mut BufWriter::new(out)).await {
        // Whoever reads has read enough.
        Err(RunsError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
        result => result?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn print(options: Options, out: &mut impl Write) -> Result<(), RunsError> {
    let reader = options.database.open().await?;
    let known = reader.read(projects::list).await?;
    let within = if options.all {
        None
    } else {
        scope(options.workspace.as_deref(), &known)?
    };
    let limit = options.limit;
    let listed = reader
        .read(move |connection| list(connection, known, within.as_deref(), limit))
        .await?;
    if options.json {
        for run in &listed {
            let line = Line {
                item: &run.item,
                workspace: &run.project.name,
            };
            serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    } else {
        table(
            &listed,
            now_ms(),
            width(),
            &mut Page::new(out, Colours::wanted()),
        )?;
    }
    Ok(out.flush()?)
}

/// The projects whose runs are meant; none: all.
fn scope(workspace: Option<&Path>, known: &[Project]) -> Result<Option<Vec<ProjectId>>, RunsError> {
    let folder = match workspace {
        Some(folder) => folder.to_owned(),
        None => std::env::current_dir().map_err(RunsError::NoFolder)?,
    };
    let folder = resolved(&std::path::absolute(folder).map_err(RunsError::NoFolder)?);
    let found = above(&folder, known);
    match workspace {
        Some(_) if found.is_empty() => Err(RunsError::NoProject(folder)),
        _ => Ok(Some(found).filter(|found| !found.is_empty())),
    }
}

/// The projects of the nearest folder that has some, from this one upwards. One folder is several
/// projects where editors spelled its URI differently.
fn above(folder: &Path, known: &[Project]) -> Vec<ProjectId> {
    let roots: Vec<(PathBuf, ProjectId)> = known
        .iter()
        .map(|project| (resolved(Path::new(&project.root)), project.id))
        .collect();
    let of = |folder: &Path| -> Vec<ProjectId> {
        let here = roots.iter().filter(|(root, _)| root == folder);
        here.map(|(_, id)| *id).collect()
    };
    folder
        .ancestors()
        .map(of)
        .find(|found| !found.is_empty())
        .unwrap_or_else(Vec::new)
}

/// A path without links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn list(
    connection: &Connection,
    known: Vec<Project>,
    within: Option<&[ProjectId]>,
    limit: Option<u32>,
) -> Result<Vec<Listed>, StoreError> {
    let known: HashMap<ProjectId, Project> = known
        .into_iter()
        .map(|project| (project.id, project))
        .collect();
    let mut listed = Vec::new();
    for run in runs::newest(connection, within, limit)? {
        // A project that came since has no runs that were asked for.
        let Some(project) = known.get(&run.project) else {
            continue;
        };
        listed.push(Listed {
            item: RunItem::of(connection, &run)?,
            standing: Standing::of(connection, &run)?,
            cost: turns::totals(connection, run.id)?.cost,
            project: project.clone(),
        });
    }
    Ok(listed)
}

/// How a column's cells stand under its heading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Align {
    Left,
    Right,
}

/// The columns in front of the summary. One whose cells are all empty is left out.
const COLUMNS: [(&str, Align); 9] = [
    ("RUN", Align::Left),
    ("STATUS", Align::Left),
    ("TURNS", Align::Right),
    ("AGE", Align::Right),
    ("MODEL", Align::Left),
    ("MODE", Align::Left),
    ("PENDING", Align::Right),
    ("COST", Align::Right),
    ("WORKSPACE", Align::Left),
];

fn table(listed: &[Listed], now: i64, width: usize, page: &mut Page<'_>) -> io::Result<()> {
    if listed.is_empty() {
        return page.line("no runs");
    }
    let roots: std::collections::BTreeSet<&str> =
        listed.iter().map(|run| run.project.root.as_str()).collect();
    let rows: Vec<[String; COLUMNS.len()]> = listed
        .iter()
        .map(|run| cells(run, now, roots.len() > 1))
        .collect();
    let widths: [usize; COLUMNS.len()] = std::array::from_fn(|column| {
        let of_cells = rows.iter().map(|row| row[column].chars().count());
        match of_cells.max() {
            None | Some(0) => 0,
            Some(widest) => widest.max(COLUMNS[column].0.len()),
        }
    });
    let taken: usize = widths
        .iter()
        .filter(|width| **width > 0)
        .map(|w| w + 2)
        .sum();
    let left = width.saturating_sub(taken).max(SUMMARY);
    let heads = COLUMNS.map(|(head, _)| head.to_owned());
    page.painted(Ink::Title, &(row(&heads, &widths) + "SUMMARY"))?;
    for (run, cells) in listed.iter().zip(&rows) {
        let summary = run.item.summary.trim().lines().next().unwrap_or("");
        page.line(&(row(cells, &widths) + &shortened(summary, left)))?;
    }
    Ok(())
}

fn cells(run: &Listed, now: i64, several: bool) -> [String; COLUMNS.len()] {
    let item = &run.item;
    let pending = match item.pending {
        0 => String::new(),
        pending => pending.to_string(),
    };
    let root = if several {
        run.project.root.as_str()
    } else {
        ""
    };
    [
        item.run.to_string(),
        run.standing.to_string(),
        item.turn.to_string(),
        age(now - item.created),
        item.model.clone(),
        item.mode.map_or("", Mode::as_str).to_owned(),
        pending,
        run.cost.map_or_else(String::new, money),
        root.to_owned(),
    ]
    .map(|cell| printable(&cell).into_owned())
}

/// The cells of a row, each as wide as its column, two blanks behind each.
fn row(cells: &[String; COLUMNS.len()], widths: &[usize; COLUMNS.len()]) -> String {
    COLUMNS
        .iter()
        .zip(cells.iter().zip(widths))
        .filter(|(_, (_, width))| **width > 0)
        .map(|((_, align), (cell, width))| match align {
            Align::Left => format!("{cell:<width$}  "),
            Align::Right => format!("{cell:>width$}  "),
        })
        .collect()
}

/// How long ago, in the largest unit that fits.
fn age(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::entries::{Outcome, RunStatus};

    fn listed(alias: &str, root: &str) -> Listed {
        Listed {
            item: RunItem {
                run: alias.parse().unwrap(),
                status: 200,
                turn: 3,
                summary: "Raised the retries, wrote the test, and said so\nin two lines".to_owned(),
                created: 0,
                model: "opus".to_owned(),
                mode: Some(Mode::Act),
                pending: 0,
                parent: None,
            },
            standing: Standing {
                status: RunStatus::Done,
                outcome: None,
                abandoned: false,
            },
            cost: None,
            project: Project {
                id: ProjectId(1),
                name: format!("file://{root}"),
                root: root.to_owned(),
                trusted: None,
            },
        }
    }

    fn printed(listed: &[Listed], width: usize) -> String {
        let mut out = Vec::new();
        let mut page = Page::new(&mut out, Colours::Off);
        table(listed, 7_200_000, width, &mut page).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_list_fits_the_width_and_leaves_out_what_no_run_has() {
        let mut waiting = listed("fix-login", "/p");
        waiting.standing.status = RunStatus::Waiting;
        waiting.item.summary = String::new();
        expect![[r"
            RUN        STATUS       TURNS  AGE  MODEL  MODE  SUMMARY
            fix-login  202 waiting      3  2 h  opus   act
            a          200 done         3  2 h  opus   act   Raised the retries, wrote the …
        "]]
        .assert_eq(&printed(&[waiting, listed("a", "/p")], 80));
        assert_eq!(printed(&[], 80), "no runs\n");
    }

    #[test]
    fn what_some_runs_have_gets_a_column_and_a_summary_is_never_crowded_out() {
        let mut interrupted = listed("opus_1763851234567", "/home/me/project");
        interrupted.standing.status = RunStatus::Aborted;
        interrupted.standing.outcome = Some(Outcome::Interrupted);
        interrupted.item.pending = 2;
        interrupted.item.model = "a\x1b[31m".to_owned();
        interrupted.cost = Some(0.0123);
        expect![[r"
            RUN                 STATUS           TURNS  AGE  MODEL        MODE  PENDING     COST  WORKSPACE         SUMMARY
            opus_1763851234567  499 interrupted      3  2 h  a\u{1b}[31m  act         2  $0.0123  /home/me/project  Raised the retries,…
            a                   200 done             3  2 h  opus         act                     /p                Raised the retries,…
        "]].assert_eq(&printed(&[interrupted, listed("a", "/p")], 80));
    }

    #[test]
    fn a_folder_belongs_to_the_nearest_project_at_or_above_it() {
        let project = |id: i64, name: &str, root: &str| Project {
            id: ProjectId(id),
            name: name.to_owned(),
            root: root.to_owned(),
            trusted: None,
        };
        let known = [
            project(1, "file:///no/such", "/no/such"),
            project(2, "file:///no/such/inner", "/no/such/inner"),
            project(3, "file:///no/such/%69nner", "/no/such/inner"),
        ];
        let table = [
            ("/no/such", vec![1]),
            ("/no/such/other/deep", vec![1]),
            ("/no/such/inner/deep", vec![2, 3]),
            ("/no/suchlike", vec![]),
        ];
        for (folder, expected) in table {
            let found = above(Path::new(folder), &known);
            assert_eq!(found.iter().map(|id| id.0).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let table = [
            (-5, "0 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (3_599_999, "59 min"),
            (86_399_999, "23 h"),
            (172_800_000, "2 d"),
        ];
        for (ms, expected) in table {
            assert_eq!(age(ms), expected);
        }
    }
}
