"""A program that stands in for Lean and prints what Lean prints, or what it should not."""

import sys
from pathlib import Path

from zaphod.safety.verification.lean import LEAN_VERSION

_PROGRAM = """#!{python} -S
import json, re, subprocess, sys, time
manner = {manner!r}
if "--version" in sys.argv:
    print("Lean (version {version}, x86_64-unknown-linux-gnu, commit 0123456789ab, Release)")
    sys.exit()
text = open(sys.argv[-1], encoding="utf-8").read()
asked = re.findall(r"^#print axioms ([.\\w]+)$", text, re.MULTILINE)
def tell(data, severity="information"):
    print(json.dumps({{"caption": "", "data": data, "fileName": sys.argv[-1], "severity": severity}}), flush=True)
def axioms(name, words):
    tell(f"'{{name}}' depends on axioms: [{{words}}]" if words else f"'{{name}}' does not depend on any axioms")
own = "propext,\\n Classical.choice,\\n Quot.sound"
if manner == "hangs":
    subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"])
if manner in ("refuses", "refuses quietly"):
    tell("tactic 'decide' proved that the proposition\\n  checkClaim claim_1 = true\\nis false", "error")
if manner == "prints rubbish":
    print("[" * 100000); print("null"); print("'Zaphod.plan_0123456789abcdef' does not depend on any axioms")
if manner in ("accepts", "leaves a gap", "trusts a compiler", "breaks", "refuses", "refuses quietly"):
    strange = {{"leaves a gap": "sorryAx, propext", "trusts a compiler": "Lean.ofReduceBool"}}
    for name in asked:
        axioms(name, strange.get(manner, own if name == asked[-1] else ""))
if manner == "speaks of another":
    axioms("Zaphod.plan_ffffffffffffffff", "")
sys.exit({{"refuses": 1, "breaks": 139}}.get(manner, 0))
"""


def fake_lean(folder: Path, manner: str, version: str = LEAN_VERSION) -> str:
    """Write it into a folder, as `lean`; where it is."""
    program = folder / "lean"
    program.write_text(_PROGRAM.format(python=sys.executable, manner=manner, version=version))
    program.chmod(0o755)
    return str(program)
