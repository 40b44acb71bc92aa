# syntax=docker/dockerfile:1
# Compiles the proofs, and says on which axioms they stand. Then it compiles what `zaphod verify --lean` has written:
# docker build --file deploy/docker/lean.Dockerfile --tag zaphod-lean:4.24.0 .
# docker run --rm --network none --volume "$PWD:/plans:ro" zaphod-lean:4.24.0 /plans/plan.lean
ARG DEBIAN_IMAGE=debian:bookworm-slim

FROM ${DEBIAN_IMAGE} AS fetch
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl zstd \
    && rm -rf /var/lib/apt/lists/*
ARG LEAN_VERSION=4.24.0
# Of the release for x86-64; for another one give both: --build-arg LEAN_PLATFORM=linux_aarch64 --build-arg LEAN_SHA256=…
ARG LEAN_PLATFORM=linux
ARG LEAN_SHA256=b14f5e5159219dd1a1956c3b806813319f5e94ccd5bdfd56f54520609a5bb5ec
RUN curl --fail --location --silent --show-error --proto '=https' --output /tmp/lean.tar.zst \
      "https://github.com/leanprover/lean4/releases/download/v${LEAN_VERSION}/lean-${LEAN_VERSION}-${LEAN_PLATFORM}.tar.zst" \
    && echo "${LEAN_SHA256}  /tmp/lean.tar.zst" | sha256sum --check --strict \
    && mkdir /opt/lean \
    && tar --zstd --extract --strip-components 1 --directory /opt/lean --file /tmp/lean.tar.zst \
    && rm /tmp/lean.tar.zst

FROM ${DEBIAN_IMAGE}
LABEL org.opencontainers.image.title="Zaphod's proofs" \
      org.opencontainers.image.description="Lean 4 with the checker of certificates, compiled" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 zaphod \
    && useradd --uid 10001 --gid 10001 --home-dir /proofs --no-create-home --shell /usr/sbin/nologin zaphod \
    && install --directory --owner zaphod --group zaphod /proofs
COPY --from=fetch /opt/lean /opt/lean
ENV PATH=/opt/lean/bin:$PATH
WORKDIR /proofs
COPY proofs/lean-toolchain proofs/lakefile.toml proofs/Example.lean proofs/Refusals.lean ./
# In the repository proofs/Checker.lean is a link to this file.
COPY src/zaphod/safety/verification/Checker.lean ./Checker.lean
# A gap in a proof is a warning of Lean's, and an axiom: so the axioms are read.
RUN lake build \
    && lake env lean Refusals.lean | tee axioms.txt \
    && grep --quiet "'Zaphod.check_sound'" axioms.txt \
    && ! grep --quiet --extended-regexp 'sorryAx|ofReduceBool|trustCompiler' axioms.txt
USER 10001:10001
ENTRYPOINT ["lean"]
CMD ["--version"]
