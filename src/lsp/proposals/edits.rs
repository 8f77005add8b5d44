//! Workspace edits in the shape that the client understands. What they lead to is not looked at here.

use ropey::Rope;

use crate::entries::Hunk;
use crate::entries::proposal::text::{hunks_between, lines};
use crate::lsp::documents::Encoding;
use crate::lsp::session::Abilities;
use crate::lsp::types::{
    AnnotatedTextEdit, ChangeAnnotation, CreateFile, CreateFileOptions, DeleteFile,
    DeleteFileOptions, DocumentChangeOperation, DocumentChanges, OneOf,
    OptionalVersionedTextDocumentIdentifier, Position, Range, RenameFile, RenameFileOptions,
    ResourceOp, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

/// The key of the one annotation that an edit has.
const ANNOTATION: &str = "rummy";

/// The bytes of whole lines.
pub fn bytes_of(text: &str, lines: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let start_of = |line: usize| {
        text.split_inclusive('\n')
            .take(line)
            .map(str::len)
            .sum::<usize>()
    };
    start_of(lines.start)..start_of(lines.end)
}

/// The edit that leads from a document's text to another one: whole lines, only those that change.
/// `version` is none for a document that is not open.
pub fn edited(
    (uri, version): (&Uri, Option<i32>),
    before: &Rope,
    text: &str,
    annotation: (String, Option<String>),
    (abilities, encoding): (Abilities, Encoding),
) -> WorkspaceEdit {
    let edits = text_edits(before, text, encoding);
    if !abilities.document_changes {
        return WorkspaceEdit {
            changes: Some([(uri.clone(), edits)].into_iter().collect()),
            ..WorkspaceEdit::default()
        };
    }
    let id = annotation_id(abilities);
    let edit = text_document_edit(uri, version, edits, id.as_ref());
    with_annotation(DocumentChanges::Edits(vec![edit]), id, annotation)
}

/// The edit that makes a file with a text. One that has come into being meanwhile is left as it is.
pub fn created(
    uri: &Uri,
    text: &str,
    annotation: (String, Option<String>),
    (abilities, _): (Abilities, Encoding),
) -> WorkspaceEdit {
    let id = annotation_id(abilities);
    let create = ResourceOp::Create(CreateFile {
        uri: uri.clone(),
        options: Some(CreateFileOptions {
            overwrite: Some(false),
            ignore_if_exists: Some(true),
        }),
        annotation_id: id.clone(),
    });
    let start = Range::new(Position::new(0, 0), Position::new(0, 0));
    let edit = TextEdit {
        range: start,
        new_text: text.to_owned(),
    };
    let edit = text_document_edit(uri, None, vec![edit], id.as_ref());
    let operations = vec![
        DocumentChangeOperation::Op(create),
        DocumentChangeOperation::Edit(edit),
    ];
    with_annotation(DocumentChanges::Operations(operations), id, annotation)
}

/// The edit that deletes a file.
pub fn deleted(
    uri: &Uri,
    annotation: (String, Option<String>),
    abilities: Abilities,
) -> WorkspaceEdit {
    let id = annotation_id(abilities);
    let delete = ResourceOp::Delete(DeleteFile {
        uri: uri.clone(),
        options: Some(DeleteFileOptions {
            recursive: Some(false),
            ignore_if_not_exists: Some(true),
        }),
        annotation_id: id.clone(),
    });
    let operations = vec![DocumentChangeOperation::Op(delete)];
    with_annotation(DocumentChanges::Operations(operations), id, annotation)
}

/// The edit that gives a file another name, which must be free.
pub fn renamed(
    uri: &Uri,
    to: Uri,
    annotation: (String, Option<String>),
    abilities: Abilities,
) -> WorkspaceEdit {
    let id = annotation_id(abilities);
    let rename = ResourceOp::Rename(RenameFile {
        old_uri: uri.clone(),
        new_uri: to,
        options: Some(RenameFileOptions {
            overwrite: Some(false),
            ignore_if_exists: Some(false),
        }),
        annotation_id: id.clone(),
    });
    let operations = vec![DocumentChangeOperation::Op(rename)];
    with_annotation(DocumentChanges::Operations(operations), id, annotation)
}

fn annotation_id(abilities: Abilities) -> Option<String> {
    abilities.change_annotations.then(|| ANNOTATION.to_owned())
}

fn with_annotation(
    changes: DocumentChanges,
    id: Option<String>,
    (label, description): (String, Option<String>),
) -> WorkspaceEdit {
    let annotation = ChangeAnnotation {
        label,
        needs_confirmation: Some(false),
        description,
    };
    WorkspaceEdit {
        document_changes: Some(changes),
        change_annotations: id.map(|id| [(id, annotation)].into_iter().collect()),
        ..WorkspaceEdit::default()
    }
}

fn text_document_edit(
    uri: &Uri,
    version: Option<i32>,
    edits: Vec<TextEdit>,
    annotation: Option<&String>,
) -> TextDocumentEdit {
    let annotated = |text_edit: TextEdit| match annotation {
        Some(id) => OneOf::Right(AnnotatedTextEdit {
            text_edit,
            annotation_id: id.clone(),
        }),
        None => OneOf::Left(text_edit),
    };
    TextDocumentEdit {
        text_document: OptionalVersionedTextDocumentIdentifier {
            uri: uri.clone(),
            version,
        },
        edits: edits.into_iter().map(annotated).collect(),
    }
}

fn text_edits(before: &Rope, text: &str, encoding: Encoding) -> Vec<TextEdit> {
    let (current, after) = (before.to_string(), lines(text));
    let hunks = hunks_between(Some(&current), text);
    from_within(hunks, lines(&current).len())
        .into_iter()
        .map(|hunk| TextEdit {
            range: encoding.range(before, bytes_of(&current, hunk.before)),
            new_text: after[hunk.after].concat(),
        })
        .collect()
}

/// Takes the last line into a hunk that only adds lines behind it: Neovim puts an empty line behind
/// what begins there.
fn from_within(mut hunks: Vec<Hunk>, count: usize) -> Vec<Hunk> {
    if let Some(last) = hunks.pop_if(|hunk| hunk.before.start == count && count > 0) {
        let (before, after) = (count - 1..count, last.after.start - 1..last.after.end);
        match hunks.last_mut() {
            // An edit must not begin where another one ends.
            Some(previous) if previous.before.end == before.start => {
                previous.before.end = before.end;
                previous.after.end = after.end;
            }
            _ => hunks.push(Hunk {
                before,
                after,
                ..last
            }),
        }
    }
    hunks
}
