"""All transforms, and where they came from; the one list to add a new one to."""

from __future__ import annotations

from zaphod.study.redteam.transforms import encodings, framing, hiding, invisible, letters, spacing
from zaphod.study.redteam.transforms.transform import Split, Transform

TRANSFORMS: tuple[Transform, ...] = (
    encodings.Base64(),
    encodings.Hex(),
    encodings.UrlEscapes(),
    encodings.HtmlEntities(),
    encodings.NamedEntities(),
    encodings.Base32(),
    encodings.Ascii85(),
    encodings.UnicodeEscapes(),
    encodings.OctalEscapes(),
    encodings.QuotedPrintable(),
    encodings.Punycode(),
    encodings.CharacterCodes(),
    encodings.Binary(),
    encodings.Morse(),
    letters.Rot13(),
    letters.Reverse(),
    letters.ReversedWords(),
    letters.Atbash(),
    letters.Leet(),
    letters.LeetSigns(),
    letters.Homoglyphs(),
    letters.RareHomoglyphs(),
    letters.Fullwidth(),
    letters.Mathematical(),
    letters.Circled(),
    letters.SmallCapitals(),
    letters.UpsideDown(),
    letters.CaseFlips(),
    letters.Doubling(),
    letters.Scramble(),
    letters.Typos(),
    letters.PigLatin(),
    invisible.ZeroWidth(),
    invisible.InvisibleOperators(),
    invisible.SoftHyphens(),
    invisible.CombiningMarks(),
    invisible.Accents(),
    invisible.TagCharacters(),
    invisible.VariationSelectors(),
    invisible.ZeroWidthBits(),
    invisible.BidiOverride(),
    spacing.Spaces(),
    spacing.Separators(),
    spacing.WideSpaces(),
    spacing.OneLetterALine(),
    spacing.WordsOverLines(),
    spacing.NoSpaces(),
    hiding.HtmlComment(),
    hiding.InvisibleElement(),
    hiding.MarkdownComment(),
    hiding.JsonField(),
    hiding.CodeComment(),
    hiding.TableCell(),
    hiding.LogLine(),
    hiding.EmailFooter(),
    framing.TranslationFrame(),
    framing.RolePlayFrame(),
    framing.ResearchFrame(),
    framing.NoiseAround(),
    framing.Perturbation(),
    framing.ToolResult(),
    framing.ChatMarkers(),
    framing.FewShot(),
    framing.ManyShot(),
    framing.LongCover(),
    framing.SplitVariables(),
    framing.Paraphrase(),
)


def transforms_of(split: Split | None = None) -> tuple[Transform, ...]:
    """Those of one split, or all."""
    return tuple(transform for transform in TRANSFORMS if split in (None, transform.split))


def transform_named(name: str) -> Transform:
    """The one with this name. Raises `KeyError`."""
    return {transform.name: transform for transform in TRANSFORMS}[name]
