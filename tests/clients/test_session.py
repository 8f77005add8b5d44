"""A whole session of a generic client, whose library parses everything that the server sends.

The editor is that of `RUMMY_TEST_CLIENT`, as far as its capabilities say: pytest-lsp knows what
editors announce. It knows nothing of rummy: all it does it finds in code actions.
"""

import asyncio
import os
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pygls.protocol import default_converter
from pygls.workspace import PositionCodec, TextDocument
from pytest_lsp import ClientServerConfig, LanguageClient, LanguageClientProtocol
from pytest_lsp import client_capabilities
from pytest_lsp.client import register_lsp_features

# Seconds that anything may take. Far more than it takes, for machines under load.
PATIENCE = 60

ROOT = Path.cwd()

OF_LSP = {"textDocument/publishDiagnostics", "$/progress", "window/logMessage"}
END = types.WorkDoneProgressEnd
OURS = {"run/state", "run/text", "run/progress", "run/proposal"}


class Protocol(LanguageClientProtocol):
    """Notes what comes, and wakes those who wait for it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.heard = set()
        self.news = asyncio.Event()

    def _handle_notification(self, method_name, params):
        super()._handle_notification(method_name, params)
        self.heard.add(method_name)
        self.news.set()

    def _handle_request(self, msg_id, method_name, params):
        super()._handle_request(msg_id, method_name, params)
        self.news.set()


class Editor:
    """The documents of an editor. The server is told of what happens to them."""

    def __init__(self, client):
        self.client = client
        self.documents = {}
        self.codec = None
        self.operations = set()

    async def start(self):
        capabilities = client_capabilities(os.environ["RUMMY_TEST_CLIENT"])
        folder = types.WorkspaceFolder(uri=ROOT.as_uri(), name=ROOT.name)
        params = types.InitializeParams(
            capabilities=capabilities, root_uri=ROOT.as_uri(), workspace_folders=[folder]
        )
        result = await self.client.initialize_session(params)
        self.codec = PositionCodec(encoding=result.capabilities.position_encoding or "utf-16")
        edit = capabilities.workspace.workspace_edit
        self.operations = set(edit.resource_operations or [])

    def open(self, name):
        path = ROOT / name
        item = types.TextDocumentItem(
            uri=path.as_uri(), language_id="python", version=0, text=path.read_text()
        )
        self.documents[item.uri] = item
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    def close(self, uri):
        del self.documents[uri]
        document = types.TextDocumentIdentifier(uri=uri)
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(document))

    def text(self, name):
        return self.documents[(ROOT / name).as_uri()].text

    def change(self, uri, text):
        item = self.documents[uri]
        item.text, item.version = text, item.version + 1
        document = types.VersionedTextDocumentIdentifier(uri=uri, version=item.version)
        whole = types.TextDocumentContentChangeWholeDocument(text=text)
        params = types.DidChangeTextDocumentParams(document, [whole])
        self.client.text_document_did_change(params)

    def save(self, name):
        uri = (ROOT / name).as_uri()
        (ROOT / name).write_text(self.documents[uri].text)
        params = types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri))
        self.client.text_document_did_save(params)

    def apply(self, params):
        """Carries out what the server asks for, and only what was announced."""
        for change in params.edit.document_changes or []:
            match change:
                case types.TextDocumentEdit():
                    version = change.text_document.version
                    item = self.documents[change.text_document.uri]
                    assert version == item.version
                    self.apply_to(item, change.edits)
                case types.RenameFile():
                    assert types.ResourceOperationKind.Rename in self.operations
                    self.rename(change.old_uri, change.new_uri)
                case types.DeleteFile():
                    assert types.ResourceOperationKind.Delete in self.operations
                    self.close(change.uri)
                    path_of(change.uri).unlink()
                case other:
                    pytest.fail(f"nothing here creates a file: {other}")
        for uri, edits in (params.edit.changes or {}).items():
            self.apply_to(self.documents[uri], edits)
        return types.ApplyWorkspaceEditResult(applied=True)

    def apply_to(self, item, edits):
        document = TextDocument(item.uri, item.text, item.version, position_codec=self.codec)
        text = item.text
        for edit in sorted(edits, key=lambda edit: edit.range.start, reverse=True):
            start = document.offset_at_position(edit.range.start)
            end = document.offset_at_position(edit.range.end)
            text = text[:start] + edit.new_text + text[end:]
        self.change(item.uri, text)

    def rename(self, old, new):
        path_of(new).parent.mkdir(parents=True, exist_ok=True)
        path_of(old).rename(path_of(new))
        self.close(old)
        self.open(path_of(new).relative_to(ROOT))

    async def until(self, what, condition):
        """Waits until something holds, and returns what made it hold."""
        news = self.client.protocol.news
        while not (held := condition()):
            news.clear()
            try:
                await asyncio.wait_for(news.wait(), PATIENCE)
            except asyncio.TimeoutError:
                pytest.fail(f"waited {PATIENCE} s in vain for {what}")
        return held

    async def hunks(self, name, *lines):
        """Waits until the diagnostics on a document are those of hunks on these lines."""
        uri = (ROOT / name).as_uri()

        def there():
            found = self.client.diagnostics.get(uri, [])
            assert all(one.source == "rummy" and one.code == "proposal" for one in found)
            return [one.range.start.line for one in found] == list(lines)

        await self.until(f"hunks of {name} on lines {lines}", there)
        return self.client.diagnostics[uri]

    async def ended(self, count):
        """Waits until so many runs have ended, as their progress says."""

        def enough():
            reports = self.client.progress_reports.values()
            assert all(told[0].title.startswith("Rummy: ") for told in reports if told)
            ends = [told for told in reports if told and isinstance(told[-1], END)]
            return len(ends) == count

        await self.until(f"the end of {count} runs", enough)

    async def actions(self, name, line, diagnostics=()):
        params = types.CodeActionParams(
            text_document=types.TextDocumentIdentifier((ROOT / name).as_uri()),
            range=types.Range(types.Position(line, 0), types.Position(line, 0)),
            context=types.CodeActionContext(diagnostics=list(diagnostics)),
        )
        return await self.client.text_document_code_action_async(params)

    async def choose(self, name, line, beginning, diagnostics=()):
        """Runs the code action whose title begins so."""
        actions = await self.actions(name, line, diagnostics)
        chosen = [action for action in actions if action.title.startswith(beginning)]
        assert len(chosen) == 1, f"{beginning!r} is not one of {[one.title for one in actions]}"
        resolved = await self.client.code_action_resolve_async(chosen[0])
        assert resolved.edit is None, "actions carry commands"
        command = resolved.command
        params = types.ExecuteCommandParams(command.command, command.arguments)
        return await self.client.workspace_execute_command_async(params)

    async def lenses(self, name):
        document = types.TextDocumentIdentifier((ROOT / name).as_uri())
        lenses = await self.client.text_document_code_lens_async(types.CodeLensParams(document))
        return [(lens.range.start.line, lens.command.title) for lens in lenses]

    async def hover(self, name, line):
        document = types.TextDocumentIdentifier((ROOT / name).as_uri())
        params = types.HoverParams(document, types.Position(line, 2))
        hover = await self.client.text_document_hover_async(params)
        return hover.contents.value


def path_of(uri):
    return Path(uri.removeprefix("file://"))


def converter():
    """lsprotocol takes every action that has a command for a bare command."""
    converter = default_converter()

    def action(found, _):
        is_command = isinstance(found.get("command"), str)
        return converter.structure(found, types.Command if is_command else types.CodeAction)

    converter.register_structure_hook(types.Command | types.CodeAction, action)
    return converter


def make_client():
    client = LanguageClient(protocol_cls=Protocol, converter_factory=converter)
    register_lsp_features(client)
    return client


@pytest_lsp.fixture(
    config=ClientServerConfig(
        server_command=[os.environ["RUMMY_TEST_SERVER"]], client_factory=make_client
    )
)
async def client(lsp_client: LanguageClient):
    yield
    await lsp_client.shutdown_session()
    assert lsp_client._server.returncode == 0


async def test_a_session(client):
    editor = Editor(client)
    client.feature(types.WORKSPACE_APPLY_EDIT)(lambda params: editor.apply(params))
    await editor.start()
    editor.open("greet.py")

    await is_accepted(editor)
    await is_rejected(editor)
    await files_come_and_go(editor)
    await the_model_asks(editor)
    assert client.protocol.heard <= OF_LSP | OURS


async def is_accepted(editor):
    uri = (ROOT / "greet.py").as_uri()
    editor.change(uri, "# größer 🚀\n# AI! be polite\n" + editor.text("greet.py"))
    started = await editor.choose("greet.py", 1, "Let Rummy: be polite")
    assert started["status"] == 100
    found = await editor.hunks("greet.py", 3)
    assert await editor.lenses("greet.py") == [(3, "Accept"), (3, "Reject"), (3, "Diff")]
    assert '+    print("Good day 🚀 " + name)' in await editor.hover("greet.py", 3)
    answer = await editor.choose("greet.py", 3, "Accept this change", found)
    assert answer["failed"] == []
    await editor.ended(1)
    assert editor.text("greet.py").endswith('    print("Good day 🚀 " + name)\n')
    await editor.hunks("greet.py")
    assert await editor.lenses("greet.py") == []


async def is_rejected(editor):
    before = editor.text("greet.py")
    await editor.choose("greet.py", 1, "Let Rummy: be polite")
    found = await editor.hunks("greet.py", 2)
    answer = await editor.choose("greet.py", 2, "Reject this change", found)
    assert len(answer["rejected"]) == 1
    await editor.hunks("greet.py")
    assert editor.text("greet.py") == before
    await editor.ended(2)


async def files_come_and_go(editor):
    editor.save("greet.py")
    await editor.choose("greet.py", 1, "Let Rummy: be polite")

    async def offered():
        titles = [action.title for action in await editor.actions("greet.py", 0)]
        return [title for title in titles if title.startswith("Accept all of")]

    await editor.hunks("greet.py", 0)
    (everything,) = await offered()
    answer = await editor.choose("greet.py", 0, everything)
    assert answer["failed"] == []
    assert not (ROOT / "greet.py").exists()
    assert (ROOT / "hello.py").read_text().endswith('    print("Good day 🚀 " + name)\n')
    assert not (ROOT / "old.py").exists()
    assert (ROOT / "new/bye.py").read_text() == 'print("bye")\n'


async def the_model_asks(editor):
    asked = asyncio.get_running_loop().create_future()

    def choose(params):
        asked.set_result(params)
        return params.actions[1]

    editor.client.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)(choose)
    editor.open("others.py")
    await editor.choose("others.py", 0, "Ask Rummy: which greeting is better")
    params = await asyncio.wait_for(asked, PATIENCE)
    assert params.message.endswith("asks: For whom?")
    assert [action.title for action in params.actions] == ["friends", "strangers"]
    await editor.ended(4)
