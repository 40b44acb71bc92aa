"""Which tokenizer a model's files hold; decides by their names and the metadata, reads nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers.bytes import ByteTokenizer
from zaphod.core.tokenizers.gguf import PREFIX, load_gguf_tokenizer
from zaphod.core.tokenizers.huggingface import load_huggingface, read_json_object
from zaphod.core.tokenizers.protocol import Tokenizer
from zaphod.core.tokenizers.sentencepiece import load_sentencepiece
from zaphod.core.tokenizers.tiktoken import load_tiktoken


def load_tokenizer(files: Mapping[str, Path], metadata: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer of a checkpoint.

    The first of these that is there: tokenizer.json, tokenizer.model, a `*.tok.json` file, GGUF keys in the metadata,
    `"tokenizer": "bytes"` in the metadata (our built-in model). A chat_template.jinja beside them comes first.

    Args:
        files: tokenizer files by name (`Checkpoint.tokenizer_files`).
        metadata: hyper-parameters as the checkpoint has them (`Checkpoint.metadata`).

    Raises:
        TokenizerError: there is none, or its files are malformed.
    """
    template = _template(files["chat_template.jinja"]) if "chat_template.jinja" in files else None
    rank_files = sorted(name for name in files if name.endswith(".tok.json"))
    if "tokenizer.json" in files:
        stops = _eos_token_ids(files, metadata)
        return load_huggingface(files, eos_token_ids=stops, chat_template=template)
    if "tokenizer.model" in files:
        return _sentencepiece(files, template)
    if rank_files:
        return load_tiktoken(files[rank_files[0]], chat_template=template)
    if PREFIX + "model" in metadata:
        return load_gguf_tokenizer(metadata)
    if metadata.get("tokenizer") == "bytes":
        return ByteTokenizer()
    raise TokenizerError(
        f"No tokenizer among the files: {', '.join(sorted(files)) or 'there are none'}.",
        "Known: tokenizer.json, tokenizer.model, *.tok.json, or a vocabulary inside a GGUF file.",
        "Put the model's tokenizer file beside its weights.",
    )


def _template(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise TokenizerError(
            f"{file.name} is not text: {error}.", "It is a jinja2 template in UTF-8.", "Fetch the file again."
        ) from error


def _sentencepiece(files: Mapping[str, Path], template: str | None) -> Tokenizer:
    """Grok-1's release brings tokenizer.model alone; conversions to Hugging Face add settings beside it."""
    settings = read_json_object(files["tokenizer_config.json"]) if "tokenizer_config.json" in files else {}
    own = settings.get("chat_template")
    return load_sentencepiece(
        files["tokenizer.model"],
        chat_template=template if template is not None or not isinstance(own, str) else own,
        wants_bos=settings.get("add_bos_token") is True,
    )


def _eos_token_ids(files: Mapping[str, Path], metadata: Mapping[str, Any]) -> tuple[int, ...]:
    """Stops by id: generation_config.json where there is one, otherwise config.json."""
    name = "generation_config.json"
    value = (read_json_object(files[name]) if name in files else metadata).get("eos_token_id")
    if value is None:
        return ()
    token_ids = value if isinstance(value, list) else [value]
    if any(type(token_id) is not int for token_id in token_ids):
        raise TokenizerError(
            f"eos_token_id is {value!r}.", "It is a token id or a list of token ids.", "Mend the model's config files."
        )
    return tuple(token_ids)
