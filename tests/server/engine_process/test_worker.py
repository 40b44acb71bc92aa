import dataclasses
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from zaphod.core.configuration import Settings
from zaphod.core.progress import SILENT
from zaphod.engine import SamplingParams
from zaphod.engine.grammar import GrammarSpec
from zaphod.launch.models import load_model
from zaphod.server.engine_process.messages import Piece, Pieces, Stop, Work, decode_from_engine, encode
from zaphod.server.engine_process.progress import ProgressPage
from zaphod.server.engine_process.wire import MessageSocket
from zaphod.server.engine_process.worker import Worker


class FaultyCompiler:
    """A compiler with a fault of its own."""

    def matcher(self, spec: GrammarSpec) -> Any:
        raise NameError(spec.text)


@pytest.fixture
def gateway() -> Iterator[MessageSocket]:
    """The gateway's end of a worker whose grammars cannot be compiled."""
    model = dataclasses.replace(load_model(Settings(threads=1), None, None, SILENT), grammars=FaultyCompiler())
    ours, theirs = socket.socketpair()
    page = ProgressPage()
    thread = threading.Thread(target=Worker(model, MessageSocket(theirs), page).run)
    with ours, theirs:
        thread.start()
        connection = MessageSocket(ours)
        yield connection
        connection.send(encode(Stop()))
        thread.join()
    page.close()


def last_piece(gateway: MessageSocket, request_id: str) -> Piece:
    while True:
        for message in map(decode_from_engine, gateway.receive(30.0)):
            assert isinstance(message, Pieces)
            for piece in message.pieces:
                if piece.request_id == request_id and (piece.error or piece.finish_reason):
                    return piece


def test_a_fault_of_ours_while_compiling_ends_its_request_alone_and_says_nothing_of_it(
    gateway: MessageSocket, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = SamplingParams(grammar=GrammarSpec("regex", "secret"))
    gateway.send(encode(Work(request_id="a", prompt_token_ids=(1, 2), sampling=asked)))
    piece = last_piece(gateway, "a")
    assert (piece.error_code, "secret" in str(piece.error)) == ("internal_error", False)
    gateway.send(encode(Work(request_id="b", prompt_token_ids=(1, 2), sampling=SamplingParams(max_tokens=2))))
    assert last_piece(gateway, "b").error is None
    assert "NameError" in (told := capfd.readouterr().err)
    assert "secret" not in told
