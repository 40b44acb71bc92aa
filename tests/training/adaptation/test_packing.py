"""Conversations as documents and batches: only answers are learnt, and neighbours do not see each other."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as HuggingFaceTokenizer

from zaphod.core.errors import ConfigError, TokenizerError
from zaphod.core.tokenizers import load_tokenizer
from zaphod.core.tokenizers.chat import encode_chat
from zaphod.testing import tiny_model
from zaphod.training.adaptation.conversations import Conversation, PlainText, parse_example
from zaphod.training.adaptation.encoding import Encoder, Sample
from zaphod.training.adaptation.held_out import measure_held_out
from zaphod.training.adaptation.packing import PackedStream, pack
from zaphod.training.batches import GroupedSequences
from zaphod.training.passes import forward
from zaphod.training.tokenizer import END_ID, save_tokenizer, train_tokenizer

GROWING = (
    "{%- for m in messages -%}{%- if m.role == 'assistant' -%}<|assistant|>{{ m.content }}<|end|>{{ '\\n' }}"
    "{%- else -%}<|user|>{{ m.content }}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"
)
TWO_TURNS = Conversation(
    messages=(
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
        {"role": "assistant", "content": "four"},
    ),
    learnt=(1, 3),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    tokenizer: HuggingFaceTokenizer = train_tokenizer(["one two three four <|end|>"], 264)
    return {file.name: file for file in save_tokenizer(tokenizer, tmp_path_factory.mktemp("tokenizer"))}


def tokenizer_with(files, template, tmp_path):
    file = tmp_path / "chat_template.jinja"
    file.write_text(template)
    return load_tokenizer(files | {"chat_template.jinja": file}, {})


def learnt_text(tokenizer, sample):
    return tokenizer.decode([i for i, wanted in zip(*sample, strict=True) if wanted])


def test_all_turns_of_a_growing_template_are_one_document(files, tmp_path):
    tokenizer = tokenizer_with(files, GROWING, tmp_path)
    encoder = Encoder(tokenizer, [END_ID], 100)
    [sample] = encoder.encode(TWO_TURNS)
    assert (
        tokenizer.decode(sample.token_ids)
        == "<|user|>one<|assistant|>two<|end|>\n<|user|>three<|assistant|>four<|end|>\n"
    )
    assert learnt_text(tokenizer, sample) == "two<|end|>four<|end|>"
    assert encoder.report.num_rewritten == 0


def test_a_template_that_rewrites_history_gets_a_document_for_each_answer(files):
    tokenizer = load_tokenizer(files, {})  # the built-in model's template keeps the last question alone
    encoder = Encoder(tokenizer, [END_ID], 100)
    samples = encoder.encode(TWO_TURNS)
    assert [learnt_text(tokenizer, sample) for sample in samples] == ["two<|end|>", "four<|end|>"]
    assert encoder.report.num_rewritten == 1


def test_a_prompt_has_the_ids_that_inference_gives_it(files):
    tokenizer = load_tokenizer(files, {})
    [sample] = Encoder(tokenizer, [END_ID], 100).encode(
        parse_example(
            '{"prompt": [{"role": "user", "content": "one"}], "completion": [{"role": "assistant", "content": "two"}]}'
        )
    )
    prompt_ids = encode_chat(tokenizer, [{"role": "user", "content": "one"}])
    assert sample.token_ids[: len(prompt_ids)] == prompt_ids
    assert sample.is_learnt == [False] * len(prompt_ids) + [True] * (len(sample.token_ids) - len(prompt_ids))


def test_names_of_special_tokens_that_people_write_are_ordinary_text(files, tmp_path):
    tokenizer = tokenizer_with(files, GROWING, tmp_path)
    said = Conversation(
        messages=({"role": "user", "content": "<|end|>"}, {"role": "assistant", "content": "say <|end|> now"}),
        learnt=(1,),
    )
    [sample] = Encoder(tokenizer, [END_ID], 100).encode(said)
    assert sample.token_ids.count(END_ID) == 1
    assert learnt_text(tokenizer, sample) == "say <|end|> now<|end|>"


def test_texts_are_learnt_after_their_prompt_and_end_in_a_stop(files):
    tokenizer = load_tokenizer(files, {})
    encoder = Encoder(tokenizer, [END_ID], 100)
    [answered], [whole] = (
        encoder.encode(PlainText(prompt="one ", completion="two")),
        encoder.encode(PlainText(prompt="", completion="two")),
    )
    assert learnt_text(tokenizer, answered) == "two<|end|>"
    assert whole.is_learnt[0] is False
    assert all(whole.is_learnt[1:])


def test_a_template_without_a_stop_gets_one_to_learn(files, tmp_path):
    tokenizer = tokenizer_with(files, GROWING.replace("<|end|>", ""), tmp_path)
    [sample] = Encoder(tokenizer, [END_ID], 100).encode(TWO_TURNS)
    assert sample.token_ids[-1] == END_ID
    assert sample.is_learnt[-1]
    encoder = Encoder(tokenizer, [], 100)
    encoder.encode(TWO_TURNS)
    assert encoder.report.num_without_stop == 1


def test_what_is_cut_is_counted_and_what_is_left_without_answer_is_dropped(files, tmp_path):
    tokenizer = tokenizer_with(files, GROWING, tmp_path)
    [whole] = Encoder(tokenizer, [END_ID], 100).encode(TWO_TURNS)
    encoder = Encoder(tokenizer, [END_ID], len(whole.token_ids) - 3)
    [cut] = encoder.encode(TWO_TURNS)
    assert cut.token_ids == whole.token_ids[:-3]
    assert (encoder.report.num_cut, encoder.report.num_tokens_cut, encoder.report.num_dropped) == (1, 3, 0)
    encoder = Encoder(tokenizer, [END_ID], 3)
    with pytest.raises(ConfigError, match="1 dropped"):
        encoder.encode_all([TWO_TURNS])


def test_a_template_that_asks_otherwise_than_it_answers_is_refused(files, tmp_path):
    tokenizer = tokenizer_with(
        files, GROWING.replace("-%}<|assistant|>{%- endif", "-%}<|assistant|>hm{%- endif"), tmp_path
    )
    with pytest.raises(TokenizerError, match="another way"):
        Encoder(tokenizer, [END_ID], 100).encode(TWO_TURNS)


def random_samples(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, 14, (count,), generator=generator).tolist()
    draw = lambda length: torch.randint(4, 250, (length,), generator=generator).tolist()  # noqa: E731
    marks = lambda length: [False, *(torch.rand(length - 1, generator=generator) < 0.5).tolist()[:-1], True]  # noqa: E731
    return [Sample(draw(length), marks(length)) for length in lengths]


def test_the_loss_of_a_packed_part_is_that_of_its_documents_alone():
    model, samples = tiny_model(), random_samples(9)
    together = forward(model, pack(samples))
    alone = [forward(model, pack([sample])) for sample in samples]
    torch.testing.assert_close(together.loss_sum, sum(passed.loss_sum for passed in alone))
    assert len(together.part.token_ids_T) == sum(len(sample.token_ids) - 1 for sample in samples)


def test_only_learnt_tokens_are_targets_whatever_the_others_are():
    model, samples = tiny_model(), random_samples(5)
    batch = pack(samples)
    wanted = [
        i for sample in sorted(samples, key=lambda s: len(s.token_ids)) for i, w in zip(*sample, strict=True) if w
    ]
    assert batch.targets_R.tolist() == wanted
    # A prompt's token as a target of its own predecessor: the loss does not know it.
    logits_TV = model(batch.token_ids_T, batch.positions_T, GroupedSequences(batch.groups))
    logits_TV[~torch.isin(torch.arange(len(logits_TV)), batch.rows_R)] = 7.0
    loss = torch.nn.functional.cross_entropy(logits_TV[batch.rows_R], batch.targets_R, reduction="sum")
    torch.testing.assert_close(loss, forward(model, batch).loss_sum)


def documents_of(stream, num_steps, first=0):
    return [
        [batch.targets_R.tolist() for batch in parts] for parts in itertools.islice(stream.batches(first), num_steps)
    ]


def test_steps_are_a_function_of_seed_and_number():
    samples = random_samples(23)
    whole = documents_of(PackedStream(samples, 30, 2, seed=1), 20)
    assert documents_of(PackedStream(samples, 30, 2, seed=1), 7, first=13) == whole[13:]
    assert documents_of(PackedStream(samples, 30, 2, seed=2), 20) != whole


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 9))
def test_a_round_meets_every_document_once_and_no_part_is_too_full(count, tokens_per_part, seed):
    samples = random_samples(count, seed)
    stream = PackedStream(samples, tokens_per_part, 1, seed)
    parts = [part for [part] in itertools.islice(stream.batches(), round(stream.steps_per_round()))]
    assert sum(len(part.token_ids_T) for part in parts) == sum(len(sample.token_ids) - 1 for sample in samples)
    for part in parts:
        assert len(part.token_ids_T) <= tokens_per_part or sum(group.num_documents for group in part.groups) == 1


def test_a_stream_of_nothing_is_refused():
    with pytest.raises(ConfigError, match="0 documents"):
        PackedStream([], 10, 1, 0)


def test_held_out_documents_are_measured_whatever_parts_they_stand_in():
    model, samples = tiny_model(), random_samples(7)
    whole, alone = measure_held_out(model, samples, 10_000), measure_held_out(model, samples, 1)
    assert whole.loss == pytest.approx(alone.loss, rel=1e-5)
    assert whole.exact == 0


def test_a_document_is_exact_where_each_learnt_token_is_the_likeliest():
    model, [prompt, *_] = tiny_model(), random_samples(1)
    ids = prompt.token_ids[:3]
    for _ in range(3):
        ids = [*ids, int(model.forward_sequences(torch.tensor([ids]))[0, -1].argmax())]
    right, wrong = Sample(ids, [False] * 3 + [True] * 3), Sample([*ids[:-1], 3], [False] * 3 + [True] * 3)
    assert measure_held_out(model, [right, wrong, right, right], 1000).exact == 0.75
