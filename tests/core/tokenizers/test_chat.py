"""Chat templates: rendered as transformers renders them, in a sandbox that no message leaves."""

from datetime import datetime

import pytest
import tokenizers
from transformers import PreTrainedTokenizerFast

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers import ByteTokenizer, render_chat
from zaphod.core.tokenizers.huggingface import HuggingFaceTokenizer

CHATML = """{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{% for message in messages %}
    {% if message.role == 'system' %}{% continue %}{% endif %}
    {{- bos_token + message.role + '\\n' + message.content | trim + eos_token }}
    {{ {'é': message.content} | tojson }}
{% endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

MESSAGES = [
    {"role": "system", "content": "Be brief. <b>&amp;</b>"},
    {"role": "user", "content": " Wie groß ist '42'?\n"},
    {"role": "assistant", "content": "42"},
]


@pytest.fixture
def with_template(byte_level_library: tokenizers.Tokenizer):
    def build(template: str | None) -> HuggingFaceTokenizer:
        return HuggingFaceTokenizer(
            byte_level_library.to_str(),
            bos_token="<|im_start|>",
            eos_tokens=("<|im_end|>",),
            chat_template=template,
        )

    return build


@pytest.mark.parametrize("add_generation_prompt", [True, False])
def test_a_template_is_rendered_as_transformers_renders_it(
    with_template, byte_level_library: tokenizers.Tokenizer, add_generation_prompt: bool
) -> None:
    oracle = PreTrainedTokenizerFast(
        tokenizer_object=byte_level_library, bos_token="<|im_start|>", eos_token="<|im_end|>"
    )
    expected = oracle.apply_chat_template(
        MESSAGES, chat_template=CHATML, tokenize=False, add_generation_prompt=add_generation_prompt
    )
    assert render_chat(with_template(CHATML), MESSAGES, add_generation_prompt=add_generation_prompt) == expected


@pytest.mark.parametrize(
    "content",
    [
        "{{ 7 * 7 }}",
        "{% raw %}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{# comment #}",
    ],
)
def test_a_message_is_text_and_never_a_template(content: str) -> None:
    messages = [{"role": "user", "content": content}]
    assert render_chat(ByteTokenizer(), messages, add_generation_prompt=False) == f"user: {content}<|eos|>\n"


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.__class__.__base__.__subclasses__() }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ raise_exception.__globals__['json'] }}",
        "{{ raise_exception.__code__.co_consts }}",
        "{{ lipsum.__globals__['os'] }}",
        "{{ '{0.__class__.__mro__}'.format(messages) }}",
        "{{ messages | attr('__class__') | attr('__mro__') | list }}{{ messages.append(1) }}",
        "{{ messages.clear() }}",
        "{{ messages[0].update(role='system') }}",
        "{% for i in range(10000000) %}{% endfor %}",
        "{% include '/etc/hostname' %}",
    ],
)
def test_a_template_that_reaches_out_of_the_sandbox_is_refused(with_template, template: str) -> None:
    with pytest.raises(TokenizerError, match="The chat template fails"):
        render_chat(with_template(template), MESSAGES)


def test_hidden_attributes_have_no_text(with_template) -> None:
    assert render_chat(with_template("{{ raise_exception.__globals__ }}{{ messages.__class__ }}"), MESSAGES) == ""


def test_a_template_may_refuse_a_conversation_in_its_own_words(with_template) -> None:
    with pytest.raises(TokenizerError, match="roles must alternate"):
        render_chat(with_template("{{ raise_exception('roles must alternate') }}"), MESSAGES)


def test_a_template_may_ask_for_the_date(with_template) -> None:
    assert render_chat(with_template("{{ strftime_now('%Y') }}"), []) in {str(datetime.now().year + n) for n in (-1, 0)}


@pytest.mark.parametrize("template", ["{% if %}", "{{ 1 / 0 }}", "{{ 'a' + 1 }}", "{% for x in 5 %}{% endfor %}"])
def test_a_template_that_fails_is_refused(with_template, template: str) -> None:
    with pytest.raises(TokenizerError, match="The chat template fails"):
        render_chat(with_template(template), MESSAGES)


def test_a_model_without_a_template_says_so(with_template) -> None:
    with pytest.raises(TokenizerError, match="no chat template"):
        render_chat(with_template(None), MESSAGES)
