"""The files of deploy/ fit the program: commands parse, files are there, and nothing runs as root."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from review_app import cli as review_cli
from review_app.routes import all_routes
from scn_core import __version__
from scn_core.cli.main import cli

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
ADMINISTRATION = ROOT / "docs/administration.md"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def parsed(words: list[str]) -> dict[str, Any]:
    """The options of a call of scn-review, as click understands them."""
    name, *rest = words
    command = review_cli.cli.commands[name]
    return command.make_context(name, rest, parent=click.Context(review_cli.cli)).params


def unit_settings() -> dict[str, str]:
    """The settings of the systemd unit."""
    return dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "scn-review.service").read_text("utf-8"), re.MULTILINE))


def instructions(name: str) -> list[str]:
    """What follows an instruction of the Dockerfile, continued lines joined."""
    return re.findall(rf"^{name} (.+)$", DOCKERFILE.replace("\\\n", " "), re.MULTILINE)


def test_all_that_is_copied_into_the_image_is_there() -> None:
    copied = [line.split() for line in instructions("COPY") if not line.startswith("--from")]
    assert copied
    sent = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for name in (name for words in copied for name in words[:-1]):
        assert (ROOT / name).exists()
        assert any(Path(name).match(line.removeprefix("!")) for line in sent if line.startswith("!")), name


def test_the_images_run_as_nobody_in_particular_and_say_whether_they_live() -> None:
    final = DOCKERFILE.partition(" AS runtime\n")[2]
    assert re.findall(r"^USER (.+)$", final, re.MULTILINE) == ["10001:10001"]
    assert re.findall(r"^FROM (.+)$", final, re.MULTILINE) == ["runtime AS train", "runtime AS review"]
    (check,) = instructions("HEALTHCHECK")
    path = re.search(r"8501(/\w+)", check)
    assert path is not None
    assert path[1] in {getattr(route, "path", "") for route in all_routes()}
    assert parsed(yaml.safe_load(instructions("CMD")[0])) | {"auth": "password", "host": "0.0.0.0"} == parsed(
        ["serve", "main", "--host", "0.0.0.0", "--auth", "password"]
    )


def test_torch_for_cpus_is_the_locked_pair() -> None:
    program = re.search(r"sed -n '([^']+)' requirements.lock", DOCKERFILE)
    assert program is not None
    done = subprocess.run(
        ["sed", "-n", program[1], ROOT / "requirements.lock"], capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"torch==[\d.]+\+cpu\ntorchvision==[\d.]+\+cpu\n", done.stdout)


def test_an_index_of_ones_own_is_read_by_pip_and_in_no_image() -> None:
    mount = "--mount=type=secret,id=pip.conf,target=/etc/pip.conf "
    installing = [line for line in instructions("RUN") if "pip " in line]
    assert installing
    assert all(line.startswith(mount) for line in installing)
    assert COMPOSE["services"]["review"]["build"]["secrets"] == list(COMPOSE["secrets"]) == ["pip.conf"]


def test_a_command_is_run_in_a_second_container_beside_the_server() -> None:
    """Two containers of one service cannot have one address, and neither may be given the address of Caddy."""
    fixed = {
        name: ip_address(at["ipv4_address"])
        for name, service in COMPOSE["services"].items()
        if isinstance(service["networks"], dict)
        for at in service["networks"].values()
    }
    (addresses,) = COMPOSE["networks"]["inside"]["ipam"]["config"]
    assert list(fixed) == ["caddy"]
    assert fixed["caddy"] in ip_network(addresses["subnet"])
    assert fixed["caddy"] not in ip_network(addresses["ip_range"])


def test_the_guide_to_containers_names_what_has_to_be_said_and_runs_what_there_is() -> None:
    guide = ADMINISTRATION.read_text("utf-8")
    settings = re.search(r"```text\n(VERSION=.*?)```", guide, re.DOTALL)
    assert settings is not None
    needed = re.findall(r"\$\{(\w+):?\?", (DEPLOY / "compose.yaml").read_text("utf-8"))
    assert {line.partition("=")[0] for line in settings[1].splitlines()} == set(needed)
    assert f"VERSION={__version__}\n" in settings[1]
    commands = re.findall(r"^docker compose (?:run --rm|exec) (.+)$", guide, re.MULTILINE)
    assert len(commands) == 4
    for words in map(shlex.split, commands):
        rest = words[words.index("review") + 1 :]
        if "--entrypoint" in words:
            rest = ["scn", *rest]
        if rest[0] == "scn":
            cli.commands[rest[1]].make_context(rest[1], rest[2:])
        else:
            parsed(rest)


def test_the_composed_server_believes_caddy_alone() -> None:
    services = COMPOSE["services"]
    options = parsed([word.replace("${REVIEW_HOST:", "x").partition("?")[0] for word in services["review"]["command"]])
    caddy = services["caddy"]["networks"]["inside"]["ipv4_address"]
    assert options["trusted_proxies"] == (caddy,)
    assert (options["host"], options["auth"]) == ("0.0.0.0", "password")
    assert "ports" not in services["review"]
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert {volume.partition(":")[0] for service in services.values() for volume in service["volumes"]} - {
        "./Caddyfile", "${PICTURES"
    } == set(COMPOSE["volumes"])  # fmt: skip


def test_the_unit_starts_the_server() -> None:
    settings = unit_settings()
    program, *words = shlex.split(settings["ExecStart"])
    assert program == "/srv/scn/current/bin/scn-review"
    assert parsed(words)["workspace"] == Path("workspaces/main")
    assert settings["ReadWritePaths"] == "/srv/scn/workspaces"
    assert settings["ProtectSystem"] == "strict"


def test_a_round_that_outlives_the_server_keeps_its_temporary_files() -> None:
    """systemd removes those of PrivateTmp when the server is stopped, and makes those of CacheDirectory writable."""
    settings = unit_settings()
    assert settings["KillMode"] == "process"
    place = f"%C/{settings['CacheDirectory']}"
    assert settings["Environment"].split() == [f"HOME={place}", f"TMPDIR={place}"]


@pytest.mark.parametrize("unit", ["scn-review.service", "scn-backup.service", "scn-backup.timer"])
def test_systemd_understands_the_unit(unit: str) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze")
    done = subprocess.run([analyze, "verify", DEPLOY / unit], capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if unit in line]
    assert [line for line in said if "is not executable" not in line] == []


def test_the_nightly_backup_is_of_the_installed_workspace_and_may_write_where_it_does() -> None:
    text = (DEPLOY / "scn-backup.service").read_text("utf-8")
    served = parsed(shlex.split(unit_settings()["ExecStart"])[1:])["workspace"]
    commands = [shlex.split(words)[1:] for words in re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)]
    assert [name for name, *_ in commands] == ["backup", "check"]
    options = [cli.commands[name].make_context(name, rest).params for name, *rest in commands]
    assert [each["workspace"] for each in options] == [Path(unit_settings()["WorkingDirectory"]) / served] * 2
    writes = re.search(r"^ReadWritePaths=(.+)$", text, re.MULTILINE)
    assert writes is not None
    assert set(writes[1].split()) == {str(options[0]["out"]), unit_settings()["ReadWritePaths"]}


def test_the_install_of_the_guide_needs_no_folder_but_the_users_own(tmp_path: Path) -> None:
    """Its block as it is, with git and tar, but /srv elsewhere and stand-ins for what needs root or the network."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs git, and a folder that it made")
    block = re.search(r"<!-- install -->\n```sh\n(.*?)```", ADMINISTRATION.read_text("utf-8"), re.DOTALL)
    assert block is not None
    stand_ins = """
        sudo() { if [ "$1" = -u ]; then shift 2; fi; "$@"; }
        useradd() { mkdir -p "$SRV/scn"; }
        python3() { mkdir -p "$3/bin"; for name in pip scn scn-review; do cp "$SRV/program" "$3/bin/$name"; done; }
        cp() { case "$1" in deploy/*) test -f "$1";; *) command cp "$@";; esac; }
        systemctl() { :; }
    """
    (tmp_path / "program").write_text(f'#!/bin/sh\necho "${{0##*/}} $@" >> {tmp_path}/ran\n', encoding="utf-8")
    (tmp_path / "program").chmod(0o755)
    script = f"set -e\nSRV={tmp_path}\n{stand_ins}\n{block[1].replace('/srv', str(tmp_path))}"
    trusting = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    subprocess.run(["bash", "-c", script], cwd=ROOT, env=os.environ | trusting, check=True, capture_output=True)
    installed, made, added = (tmp_path / "ran").read_text(encoding="utf-8").splitlines()
    lock, source = installed.removeprefix("pip install -c ").split()
    folder = Path(source.removesuffix("[review]"))
    assert folder.is_relative_to(tmp_path), "pip writes into the folder it installs from"
    assert {"pyproject.toml", "requirements-review.txt", "scn_core"} <= {each.name for each in folder.iterdir()}
    assert Path(lock) == folder / "requirements.lock"
    cli.commands["init"].make_context("init", made.split()[2:])
    workspace = Path(made.split()[2]).relative_to(tmp_path / "scn")
    assert workspace == parsed(shlex.split(unit_settings()["ExecStart"])[1:])["workspace"]
    assert added.startswith(f"scn-review person add {tmp_path}/scn/{workspace} ")


def test_caddy_understands_its_file() -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("needs caddy")
    place = DEPLOY / "Caddyfile"
    done = subprocess.run(
        [caddy, "adapt", "--config", place, "--adapter", "caddyfile"],
        env={"REVIEW_HOST": "review.example.org", "HOME": "/nowhere"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "review.example.org" in done.stdout
    assert "review:8501" in done.stdout


@pytest.mark.parametrize(("restarts", "options"), [("0", ["--batch-size", "64"]), ("1", ["--resume"])])
def test_a_slurm_job_trains_a_round_and_goes_on_once_it_is_requeued(
    tmp_path: Path, restarts: str, options: list[str]
) -> None:
    programs = {"scontrol": "echo node-3; echo node-4", "srun": 'printf "%s\\n" "$@"'}
    for name, does in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    job = {"JOB_ID": "7", "JOB_NODELIST": "node-[3-4]", "NNODES": "2", "GPUS_ON_NODE": "8", "RESTART_COUNT": restarts}
    done = subprocess.run(
        ["bash", str(DEPLOY / "scn-train.slurm"), "a work", "--batch-size", "64"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", **{f"SLURM_{name}": value for name, value in job.items()}},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    words = done.stdout.splitlines()
    assert words[-len(options) - 2 :] == ["train", "a work", *options]
    assert words[words.index("--rdzv-endpoint") + 1] == "node-3:29500"
    assert (words[words.index("--nnodes") + 1], words[words.index("--nproc-per-node") + 1]) == ("2", "8")
    cli.commands["train"].make_context("train", words[words.index("train") + 1 :])
