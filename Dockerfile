# What the jobs of a study need, without the study: its files are mounted, or come from storage.
# docs/guides/clusters.md says how to build it and use it.
FROM python:3.11.7-slim-bookworm

# Every library by its hash. They are many: torch for Linux brings the libraries of CUDA along.
COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --require-hashes --requirement /tmp/requirements.lock

# No rights on the machine, and a home that any user can write: libraries keep caches there.
RUN useradd --create-home --uid 1000 study && install --directory --mode 1777 /study
ENV HOME=/study
USER 1000
WORKDIR /study
CMD ["snakemake", "--cores", "all"]
