//! The texts that the model reads about its commands, carried out: what they show works.

use super::bench::Bench;
use crate::dialect::{Tool, scan};
use crate::entries::{AutoAccept, Mode, RunStatus};
use crate::plugins::Plugins;
use crate::plugins::stream::End;

/// The entries that the examples are about.
const KNOWN: &str = "<set path=\"known://plan\">plan</set>\
    <set path=\"known://draft\">a draft of the login</set>\
    <set path=\"unknown://auth/expiry\">When?</set><update status=\"144\">on</update>";

const ON: &str = "<update status=\"144\">on</update>";

/// The examples of a tool's text: all but its title and the sentence below it.
fn examples(doc: &str) -> String {
    doc.lines().skip(2).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn every_example_that_the_model_reads_works() {
    let app = format!("{}const RETRIES: u32 = 2;\n", "a line\n".repeat(80));
    let files = [
        ("src/app.rs", app.as_str()),
        ("src/auth.rs", "login\n"),
        ("src/old.rs", "old\n"),
        ("src/util.rs", "text\n"),
    ];
    let plugins = Plugins::core();
    for tool in Tool::ALL {
        let Some((_, doc)) = plugins.handler(tool) else {
            continue;
        };
        let doc = examples(doc);
        let heard = scan(&doc, 99);
        assert_eq!(heard.advisories, [], "<{}>", tool.name());
        let others = heard
            .commands
            .iter()
            .filter(|command| command.tool() != tool);
        assert_eq!(others.count(), 0, "in the text of <{}>", tool.name());
        let shown = !heard.commands.is_empty();
        assert_eq!(
            shown,
            tool != Tool::Think,
            "<{}> has no example",
            tool.name()
        );

        let ends = heard
            .commands
            .iter()
            .any(|command| command.tool() == Tool::Update);
        let end = if ends {
            ""
        } else {
            "\n<update status=\"200\">done</update>"
        };
        let answers = [KNOWN, ON, ON, &format!("{doc}{end}")];
        let mut bench = Bench::new(&files, &answers).await;
        bench.limits.min_cycles = 99;
        let mut start = bench.prompt(Mode::Act, "go");
        start.config.auto_accept = AutoAccept::Edits;
        bench.start(start).await.unwrap();
        if matches!(tool, Tool::Sh | Tool::Env | Tool::AskUser) {
            let proposed = bench.proposed().await;
            bench.accept(&proposed[0]).await;
            if tool != Tool::AskUser {
                bench.finish(&proposed[0], End::Exited(0)).await;
            }
        }
        let status = bench.end().await;
        let log = bench.log().await;
        assert_eq!(
            status,
            (RunStatus::Done, None),
            "<{}>: {log:?}",
            tool.name()
        );
        let failed: Vec<&String> = log.iter().filter(|line| line.contains(" failed")).collect();
        assert_eq!(failed, Vec::<&String>::new(), "<{}>", tool.name());
    }
}
