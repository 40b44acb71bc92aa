"""The tables of names: complete, unambiguous, and those of the gguf package."""

import gguf
import pytest
from tests.support.tiny_models import PRESET_OF_FAMILY, tiny_config

from zaphod.model.families import FAMILIES
from zaphod.model.files.names import (
    GGUF_LAYOUTS,
    HUGGING_FACE_LAYOUTS,
    KEYFAN_GROK_1,
    OFFICIAL_GROK_1,
    OURS,
    their_names,
)
from zaphod.model.shapes import parameter_shapes

ARCHITECTURES = {name: family.gguf_architecture for name, family in FAMILIES.items() if family.gguf_architecture}
WRITTEN = [("grok-1", OFFICIAL_GROK_1), ("grok-1", KEYFAN_GROK_1), *HUGGING_FACE_LAYOUTS.items()]
WRITTEN += [(family, GGUF_LAYOUTS[architecture]) for family, architecture in ARCHITECTURES.items()]
WRITTEN += [(family, OURS) for family in PRESET_OF_FAMILY]


@pytest.mark.parametrize(("family", "layout"), WRITTEN)
def test_every_tensor_has_a_place_of_its_own(family, layout):
    config = tiny_config(family)
    places = []
    for name, shape in parameter_shapes(config).items():
        rule, layer = layout.rules_for(name)[0]
        num_experts = shape[0] if len(shape) == 3 else 1
        places += [(theirs, rule.transform.name) for theirs in their_names(rule, layer, num_experts)]
    assert len(set(places)) == len(places)
    names = {theirs for theirs, _ in places}
    assert len(names) == len(places) - (2 if family == "granite-moe" and layout.name == "Granite-MoE" else 0)


def test_a_name_that_a_layout_lacks_has_no_rules():
    assert GGUF_LAYOUTS["llama"].rules_for("layers.0.moe.shared.up_proj.weight") == []


def test_without_rules_the_names_are_ours():
    [(rule, layer)] = OURS.rules_for("layers.7.moe.experts.up")
    assert their_names(rule, layer, num_experts=4) == ["layers.7.moe.experts.up"]


ORACLES = [
    ("grok-1", KEYFAN_GROK_1),
    *((family, HUGGING_FACE_LAYOUTS[family]) for family in ARCHITECTURES if family not in ("grok-1", "granite-moe")),
]


@pytest.mark.parametrize(("family", "layout"), ORACLES)
def test_hugging_face_names_become_the_gguf_names_of_the_gguf_package(family, layout):
    """The package maps the stack of experts under the name without the expert's number."""
    architecture = ARCHITECTURES[family]
    [number] = [number for number, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture]
    table = gguf.get_tensor_name_map(number, n_blocks=2)
    for name in parameter_shapes(tiny_config(family)):
        theirs, layer = layout.rules_for(name)[0]
        stacked = theirs.theirs.replace(".{e}", "").format(n=layer)
        found = table.get_name(stacked, try_suffixes=(".weight",))
        rules = GGUF_LAYOUTS[architecture].rules_for(name)
        assert found in [rule.theirs.format(n=layer, e=0) for rule, layer in rules], name
