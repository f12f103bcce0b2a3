#!/usr/bin/env bash
# On a machine with a network: fetches into .wheels/, to be carried along, what `python -m benchmarks.gpu` needs beyond Python 3.12, torch, torchvision, numpy, pandas,
# pillow, scikit-learn, safetensors, click, tqdm, filelock, pytest and hypothesis. On the machine with the GPU then:
#   python3 -m pip install --no-index --no-deps --target SITE .wheels/*.whl && export PYTHONPATH=SITE
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf .wheels
${PYTHON:-python3} -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --python-version 3.12 --implementation py --abi none --platform any --dest .wheels \
  sqlite-utils sqlite-fts4 click-default-group tabulate tomlkit
${PYTHON:-python3} -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --python-version 3.12 --implementation cp --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 --dest .wheels \
  simsimd
ls .wheels
