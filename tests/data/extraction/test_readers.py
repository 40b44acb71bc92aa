"""Manual pages, Info files and plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.data.extraction.info_files import text_of_info
from zaphod.data.extraction.man_pages import text_of_man_page
from zaphod.data.extraction.plain_text import tidied


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (".TH LS 1\n.SH NAME\nls \\- list", "NAME\nls - list"),
        (".SH\nNAME\none\ntwo\n.PP\nthree", "NAME\none two\nthree"),
        (".B ls\n[\\fIOPTION\\fR]...\n.BR exit (3)", "ls [OPTION]... exit(3)"),
        ('.SH "SEE ALSO"\n.IR "a b" ","', "SEE ALSO\na b,"),
        (".TP\n.B \\-a\nall of it\n.IP \\(bu\npoint", "-a all of it\npoint"),
        ("a\n.nf\n  x = 1;\n\n  y\n.fi\nb", "a\n  x = 1;\n\n  y\nb"),
        ('.\\" a comment\ntext \\" more\nend', "text  end"),
        (".TS\nl l.\nx y\n.TE\nafter", "after"),
        (".de XX\nhidden\n..\n.am YY\n.  .\nseen", "seen"),
        ("\\[u00E4]\\(em\\(bu \\e \\[nonsense]", "ä—• \\ "),
        (".Dd May\n.Dt CAT 1\n.Sh NAME\n.Nm cat\n.Nd join files\n.Sh USE\n.Nm\n.Op Fl benst\n.Ar file ...",
         "NAME\ncat join files\n\nUSE\ncat [-benst] file ..."),
        (".Bl -tag\n.It Fl a Ns Ar rg\ntext, see\n.Xr ls 1 .\n.El", "-arg text, see ls 1."),
        (".nosuchmacro with words\nkept", "kept"),
    ],
)  # fmt: skip
def test_a_manual_page_says(source, text):
    assert text_of_man_page(source).strip("\n") == text


_ROFF = (".", "'", "\\", "f", "(", "[", '"', "SH", "TP", "Op", "Nm", "Fl", "nf", "de", " ", "\n", "x", "\\*", "h'")


@given(st.lists(st.sampled_from(_ROFF), max_size=80))
def test_no_roff_breaks_the_reader(pieces):
    text_of_man_page("".join(pieces))


@given(st.text(max_size=200))
def test_no_text_breaks_the_readers(text):
    text_of_man_page(text)
    text_of_info(f"\x1f{text}")
    tidied(text).encode()


_INFO = """Head of the file.
\x1f
File: tool.info,  Node: Top,  Next: Use,  Up: (dir)

Tool
****

* Menu:

* Use::      how to.
* Index::

\x1f
File: tool.info,  Node: Use,  Prev: Top,  Up: Top

Read *note Index:: first, and *note the shell: (bash)Top. too.
\x1f
File: tool.info,  Node: Concept Index

* word: Use. 1
\x1f
Tag Table:
Node: Top\x7f100
\x1f
End Tag Table
"""


def test_an_info_file_is_read_without_its_menus_and_indices():
    assert text_of_info(_INFO) == "Tool\n****\n\nRead see Index first, and see the shell too."
    assert text_of_info("no nodes") == "no nodes"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("\ufeffa \t\n\n\n\nb\xa0\n", "a\n\nb"),
        ("a\x00b\x1b[0m", "ab[0m"),
        ("N\x08NA\x08A", "NA"),
        ("a\u2028b", "a\nb"),
        ("x\ud800y", "x?y"),
        ("\n\n", ""),
    ],
)
def test_plain_text_is_made_tidy(raw, text):
    assert tidied(raw) == text
