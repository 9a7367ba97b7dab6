"""What is installed from the wheel works without the checkout: both commands, and a server made from nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.wheel, pytest.mark.timeout(600)]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "LANG": "C.UTF-8"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", out, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = out.glob("tallylight-*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment outside the tree with the wheel, and nothing of the checkout.

    The locked packages are those that stand here already, linked: installing them again would take a minute.
    """
    home = tmp_path_factory.mktemp("elsewhere")
    venv.create(home / "venv", with_pip=True)
    python = home / "venv/bin/python"
    where = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).stdout.strip()
    here = shutil.ignore_patterns("*editable*", "tallylight*", "pip", "pip-*")
    shutil.copytree(sysconfig.get_path("purelib"), where, copy_function=linked, ignore=here, dirs_exist_ok=True)
    done = run(python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps", wheel, cwd=home)
    assert done.returncode == 0, done.stderr
    return home


def linked(source: str, target: str) -> None:
    """The same file again; a copy of it where that is another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def test_the_wheel_carries_rules_templates_catalogues_and_migrations(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    shipped = ("rules/cn-traffic.toml", "models/view.onnx", "models/view.md")
    for part in (*shipped, "templates/", "static/", "migrations/versions/", ".po"):
        assert any(part in name for name in names), f"{part} is missing from the wheel"


def test_the_wheel_carries_no_tests_and_no_scripts(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"edge", "server"}


def test_nothing_of_the_checkout_is_reached(elsewhere: Path) -> None:
    asked = "import edge, server; print(edge.__file__, server.__file__)"
    found = run(elsewhere / "venv/bin/python", "-c", asked, cwd=elsewhere).stdout.split()
    assert len(found) == 2
    assert all(Path(file).is_relative_to(elsewhere / "venv") for file in found)


@pytest.mark.parametrize("command", ["tallylight-edge", "tallylight-server"])
def test_a_command_tells_how_it_is_used(elsewhere: Path, command: str) -> None:
    told = run(elsewhere / "venv/bin" / command, "--help", cwd=elsewhere)
    assert told.returncode == 0, told.stderr
    assert "init" in told.stdout


def test_a_server_is_made_and_found_in_order(elsewhere: Path) -> None:
    server = elsewhere / "venv/bin/tallylight-server"
    made = run(server, "init", "--data", elsewhere / "server-data", cwd=elsewhere)
    assert made.returncode == 0, made.stderr
    assert (elsewhere / "server-data/server.toml").exists()
    assert (elsewhere / "server-data/tallylight.sqlite3").exists()


def test_the_network_is_found_where_the_wheel_put_it(elsewhere: Path) -> None:
    asked = "from edge.footage.view_model import view_model; print(view_model().name)"
    found = run(elsewhere / "venv/bin/python", "-c", asked, cwd=elsewhere)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("view@")


def test_a_gateway_is_made(elsewhere: Path) -> None:
    (elsewhere / "footage").mkdir()
    edge = elsewhere / "venv/bin/tallylight-edge"
    made = run(edge, "init", "--data", elsewhere / "gateway", "--source", elsewhere / "footage", cwd=elsewhere)
    assert made.returncode == 0, made.stderr
    assert (elsewhere / "gateway/edge.toml").exists()
