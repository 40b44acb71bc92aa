"""A build from sources through stages to shards: order, resumption and counts; knows no source, stage or file format.

Sources are cut into slices. Stages without memory work on a slice anywhere (the executor says where); stages that
remember see all slices in order, here. Each finished slice is written down with all that follows from it, so a build
that was stopped goes on where it was, and its shards have the same bytes as those of one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.data.build_config import BuildConfig
from zaphod.data.components import make_source, make_stage
from zaphod.data.documents import Counters, Document, RememberingStage, Source, Stage
from zaphod.data.journal import DoneSlice, Journal
from zaphod.data.licences import LicencePolicy, LicenceStage
from zaphod.data.shard_manifest import MANIFEST, Manifest, StageEntry, read_manifest, recipe_digest
from zaphod.data.shard_writer import ShardWriter
from zaphod.data.slices import Executor, Packer, Segment, Slice, apply, cut, in_process

PACKING = "packing"
"""Name of the last step, which every build has."""


@dataclass(frozen=True, kw_only=True)
class BuildReport:
    """What a build did; everything but the manifest concerns this run alone."""

    manifest: Manifest
    seconds: float
    cpu_s: float
    num_input_bytes: int
    num_slices: int
    num_resumed: int
    """Slices that an earlier run had finished."""
    num_known: int
    """Documents that were left out because an earlier build holds them unchanged."""
    readable_at_s: float
    """When the manifest was written, seconds since 1970."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """What earlier builds know: inputs that need no work, and what stages that remember have learnt."""

    digests: Mapping[tuple[str, str], str]
    """Of inputs, by source and id."""
    memories: Sequence[Mapping[int, bytes]] = ()

    def knows(self, document: Document, digest: str) -> bool:
        return self.digests.get((document.source, document.id)) == digest


NO_PAST = Past(digests={})


class Build:
    """One build.

    Args:
        config: what is built.
        out: folder of the shards; `work` in it holds what is done of an unfinished build.
        sources, stages: instead of those that the configuration names.
        past: see `Past`.

    Raises:
        ConfigError: a kind, a setting or a licence is refused, or `out` belongs to another build.
    """

    def __init__(
        self,
        config: BuildConfig,
        out: Path,
        *,
        sources: Sequence[Source] | None = None,
        stages: Sequence[Stage] | None = None,
        past: Past = NO_PAST,
    ) -> None:
        self.config, self.out, self._past = config, out, past
        self._domains = {str(row.settings.get("name")): str(row.settings.get("domain", "")) for row in config.sources}
        self.sources = [make_source(row) for row in config.sources] if sources is None else list(sources)
        own = [make_stage(row) for row in config.stages] if stages is None else list(stages)
        switches = {name: getattr(config, name) for name in LicenceStage().settings()}
        for source in self.sources:
            if source.licence:
                LicencePolicy(**switches).require(source.name, source.licence)
        self.stages: list[Stage] = [LicenceStage(**switches), *own]
        self._packer = Packer(config.tokenizer)
        self._num_known = 0
        for memories in past.memories:
            self._recall(memories)

    def recipe(self) -> dict[str, Any]:
        """Everything that decides the result, but the texts."""
        return {
            **self.config.recipe(),
            "sources": [{"kind": type(source).__name__, **source.settings()} for source in self.sources],
            "stages": [{"kind": stage.name, **stage.settings()} for stage in self.stages],
            "tokenizer": {"name": self._packer.entry.name, "digest": self._packer.entry.digest},
        }

    def run(
        self,
        executor: Executor = in_process,
        progress: Progress = SILENT,
        on_done: Callable[[list[DoneSlice]], None] | None = None,
    ) -> BuildReport:
        """Build, or finish what an earlier run began. A build that is finished is not done again.

        Args:
            executor: where stages without memory work.
            progress: told how many bytes of text are read.
            on_done: told of all slices, without their documents, before the manifest is written.
        """
        started_s, started_cpu_s = time.monotonic(), time.process_time()
        finished = self._finished()
        if finished is not None:
            return self._report(finished, [], 0, started_s, started_cpu_s)
        journal = Journal(self.out / "work", recipe_digest(self.recipe()))
        num_resumed = journal.num_done()
        num_slices = self._work(journal, num_resumed, executor, progress)
        manifest, done = self._assemble(journal, num_slices, progress, on_done)
        journal.remove()
        return self._report(manifest, done, num_resumed, started_s, started_cpu_s)

    def _finished(self) -> Manifest | None:
        if not (self.out / MANIFEST).exists():
            return None
        manifest = read_manifest(self.out)
        if recipe_digest(manifest.recipe) != recipe_digest(self.recipe()):
            raise ConfigError(
                f"{self.out} holds a finished build with other settings.",
                "A build goes into a folder of its own.",
                "Choose another folder with --out.",
            )
        return manifest

    def _work(self, journal: Journal, num_done: int, executor: Executor, progress: Progress) -> int:
        """Bring every slice through every stage and write it down; returns their number."""
        sizes = [_size_bytes(source) for source in self.sources]
        total_bytes = sum(size for size in sizes if size) if all(size is not None for size in sizes) else 0
        number = 0
        with progress.step("reading and sorting out", total_bytes) as advance:
            for number, part in enumerate(self._stream(journal, num_done, executor), 1):
                if part is not None:
                    journal.write(part)
                    advance(part.num_input_bytes)
                else:
                    advance(journal.read(number - 1).num_input_bytes)
        return number

    def _stream(self, journal: Journal, num_done: int, executor: Executor) -> Iterator[Slice | None]:
        """None for each slice that an earlier run finished, then the others, worked on."""
        slices = self._slices()
        for number in range(num_done):
            done, part = journal.read(number), next(slices, None)
            self._require_same(done, part)
            self._recall(done.memories)
            yield None
        yield from self._staged(slices, executor)

    def _slices(self) -> Iterator[Slice]:
        number = 0
        for source in self.sources:
            for part in cut(
                source,
                first=number,
                domain=self._domains.get(source.name, ""),
                max_documents=self.config.slice_documents,
                max_characters=self.config.slice_characters,
                is_known=self._knows,
            ):
                number = part.number + 1
                yield part

    def _knows(self, document: Document, digest: str) -> bool:
        is_known = self._past.knows(document, digest)
        self._num_known += is_known
        return is_known

    def _require_same(self, done: DoneSlice, part: Slice | None) -> None:
        if part is None or part.input_digest != done.input_digest:
            raise ConfigError(
                f"The source {done.source!r} is not what it was when this build began (slice {done.number}).",
                "A build goes on with the texts that it began with.",
                f"Put them back, or remove {self.out / 'work'} to begin anew; for sources that change, take snapshots.",
            )

    def _staged(self, slices: Iterator[Slice], executor: Executor) -> Iterator[Slice]:
        """Segments without memory through the executor, stages with memory between them."""
        run: list[Stage] = []
        for place, stage in enumerate(self.stages):
            if isinstance(stage, RememberingStage):
                slices = executor(Segment(place - len(run), run), slices) if run else slices
                slices = _remembering(place, stage, slices)
                run = []
            else:
                run.append(stage)
        return executor(Segment(len(self.stages) - len(run), run, self._packer), slices)

    def _recall(self, memories: Mapping[int, bytes]) -> None:
        for place, memory in memories.items():
            stage = self.stages[place]
            assert isinstance(stage, RememberingStage)
            stage.recall(memory)

    def _assemble(
        self, journal: Journal, num_slices: int, progress: Progress, on_done: Callable[[list[DoneSlice]], None] | None
    ) -> tuple[Manifest, list[DoneSlice]]:
        """Shards from the finished slices; returns these without their documents."""
        names = [source.name for source in self.sources]
        writer = ShardWriter(self.out, self._packer.entry, names, self.config.max_shard_tokens)
        totals = {place: Counters() for place in range(len(self.stages) + 1)}
        heads: list[DoneSlice] = []
        try:
            with progress.step("packing", num_slices, "slices") as advance:
                for number in range(num_slices):
                    heads.append(_pack(journal.read(number), writer, totals))
                    advance(1)
            if on_done is not None:
                on_done(heads)
            return writer.finish(seed=self.config.seed, recipe=self.recipe(), stages=self._entries(totals)), heads
        finally:
            writer.close()

    def _entries(self, totals: Mapping[int, Counters]) -> list[StageEntry]:
        named = [(stage.name, dict(stage.settings())) for stage in self.stages]
        return [
            StageEntry(
                name=name,
                settings=settings,
                num_seen=totals[place].num_seen,
                num_kept=totals[place].num_kept,
                num_changed=totals[place].num_changed,
                num_characters_seen=totals[place].num_characters_seen,
                num_characters_kept=totals[place].num_characters_kept,
                dropped=dict(sorted(totals[place].dropped.items())),
            )
            for place, (name, settings) in enumerate([*named, (PACKING, {})])
        ]

    def _report(
        self, manifest: Manifest, done: list[DoneSlice], num_resumed: int, started_s: float, started_cpu_s: float
    ) -> BuildReport:
        return BuildReport(
            manifest=manifest,
            seconds=time.monotonic() - started_s,
            cpu_s=time.process_time() - started_cpu_s,
            num_input_bytes=sum(part.num_input_bytes for part in done[num_resumed:]),
            num_slices=len(done),
            num_resumed=num_resumed,
            num_known=self._num_known,
            readable_at_s=(self.out / MANIFEST).stat().st_mtime,
        )


def _pack(done: DoneSlice, writer: ShardWriter, totals: Mapping[int, Counters]) -> DoneSlice:
    """Write a slice's documents and add its counts; returns the slice without its documents."""
    for document in done.documents():
        writer.add(document)
    for place, counters in done.stage_counters().items():
        totals[place].add(counters)
    done.packed.clear()
    return done


def _remembering(place: int, stage: RememberingStage, slices: Iterator[Slice]) -> Iterator[Slice]:
    for part in slices:
        part.documents, part.counters[place] = apply(stage, part.documents)
        part.memories[place] = stage.take_memory()
        yield part


def _size_bytes(source: Source) -> int | None:
    measure = getattr(source, "size_bytes", None)
    return None if measure is None else int(measure())
