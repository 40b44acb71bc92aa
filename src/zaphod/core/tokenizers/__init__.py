"""Text to token ids and back, for every vocabulary that the supported models come with."""

from zaphod.core.tokenizers.bytes import ByteTokenizer
from zaphod.core.tokenizers.chat import ChatMessage, encode_chat, render_chat
from zaphod.core.tokenizers.gguf_metadata import gguf_tokenizer_metadata
from zaphod.core.tokenizers.load import load_tokenizer
from zaphod.core.tokenizers.protocol import StreamDecoder, Tokenizer

__all__ = [
    "ByteTokenizer",
    "ChatMessage",
    "StreamDecoder",
    "Tokenizer",
    "encode_chat",
    "gguf_tokenizer_metadata",
    "load_tokenizer",
    "render_chat",
]
