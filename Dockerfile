# The exporter as an image: docs/container.md shows how to build, run and verify it.

# The index of all architectures; docs/container.md shows how to move on to a newer one.
ARG BASE=python:3.13.15-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285

FROM ${BASE} AS build
WORKDIR /build
ENV PYTHONHASHSEED=0 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_DEPS=1 \
    PIP_ROOT_USER_ACTION=ignore
COPY requirements/build.txt requirements/run.txt requirements/
RUN python3 -m venv --without-pip /opt/zstack-aios-exporter \
    && python3 -m venv tools \
    && tools/bin/pip install --require-hashes --only-binary :all: -r requirements/build.txt \
    && tools/bin/pip --python /opt/zstack-aios-exporter/bin/python install --no-compile \
        --require-hashes --only-binary :all: -r requirements/run.txt

COPY LICENSE README.md config.example.yaml hatch_build.py pyproject.toml source/
COPY deploy/man source/deploy/man
COPY deploy/prometheus/rules source/deploy/prometheus/rules
COPY exporter source/exporter
COPY grafana source/grafana
ARG SOURCE_REVISION
ARG SOURCE_DATE_EPOCH
# No file system is written at run time, so the code is compiled here, once; by its hash, which is
# the same in every build, rather than by the time of its file.
RUN tools/bin/pip wheel --no-index --no-build-isolation --wheel-dir wheels ./source \
    && tools/bin/pip --python /opt/zstack-aios-exporter/bin/python install --no-compile \
        --no-index wheels/*.whl \
    && /opt/zstack-aios-exporter/bin/python -m compileall -qf --invalidation-mode unchecked-hash \
        /opt/zstack-aios-exporter/lib

FROM ${BASE}
ARG BASE
ARG VERSION=1.0.0
ARG SOURCE_REVISION=unknown
LABEL org.opencontainers.image.title="zstack-aios-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the model services of ZStack AIOS" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/zstack-aios-exporter/zstack-aios-exporter" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${SOURCE_REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
COPY --from=build /opt/zstack-aios-exporter /opt/zstack-aios-exporter
ENV PATH="/opt/zstack-aios-exporter/bin:$PATH"
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 10521
HEALTHCHECK --interval=30s --timeout=10s --start-period=15s \
    CMD ["zstack-aios-exporter", "healthy"]
ENTRYPOINT ["zstack-aios-exporter"]
