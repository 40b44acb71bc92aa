"""The tokenizer that needs no file: one token a byte; for tiny models and tests, it knows no words."""

from __future__ import annotations

import re

from zaphod.core.tokenizers.protocol import Vocabulary, VocabularyTokenizer

_NUM_BYTES = 256
_BOS, _EOS, _PAD = "<|bos|>", "<|eos|>", "<|pad|>"
_SPECIAL = re.compile(b"|".join(re.escape(name.encode()) for name in (_BOS, _EOS, _PAD)))
_CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message.role + ': ' + message.content + '<|eos|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


class ByteTokenizer(VocabularyTokenizer):
    """Ids 0..255 are bytes of UTF-8; then <|bos|> 256, <|eos|> 257 and <|pad|> 258."""

    def __init__(self) -> None:
        names = {_BOS: _NUM_BYTES, _EOS: _NUM_BYTES + 1, _PAD: _NUM_BYTES + 2}
        pieces = [bytes([value]) for value in range(_NUM_BYTES)] + [name.encode() for name in names]
        super().__init__(
            Vocabulary(
                pieces=pieces,
                special_tokens=names,
                bos_token_id=names[_BOS],
                eos_token_ids=(names[_EOS],),
                pad_token_id=names[_PAD],
                chat_template=_CHAT_TEMPLATE,
            )
        )

    def _encode_text(self, text: str, allow_special: bool) -> list[int]:
        data = text.encode("utf-8")
        if not allow_special:
            return list(data)
        token_ids: list[int] = []
        start = 0
        for match in _SPECIAL.finditer(data):
            token_ids += [*data[start : match.start()], self.special_tokens[match.group().decode()]]
            start = match.end()
        return token_ids + list(data[start:])
