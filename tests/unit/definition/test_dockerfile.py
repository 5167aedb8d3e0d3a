"""What a Dockerfile says about starting a service without Docker."""

from __future__ import annotations

import pytest

from dots_cli.definition.dockerfile import Copy, read_dockerfile


@pytest.mark.parametrize(
    ("written", "command"),
    [
        ('ENTRYPOINT ["python3", "src/pv.py"]', ("python", "src/pv.py")),
        ("ENTRYPOINT python3 src/pv.py", ("python", "src/pv.py")),
        ("CMD python -m pv --fast", ("python", "-m", "pv", "--fast")),
        ('ENTRYPOINT ["python"]\nCMD ["-m", "pv"]', ("python", "-m", "pv")),
        ('CMD ["-m", "pv"]\nENTRYPOINT ["python"]', ("python",)),
        ("ENTRYPOINT python pv.py\nCMD ignored", ("python", "pv.py")),
        ('CMD ["first"]\nCMD ["last"]', ("last",)),
        ("CMD exec /usr/local/bin/python3.12 pv.py", ("python", "pv.py")),
        ('CMD ["uv", "run", "--frozen", "pv"]', ("pv",)),
        ("CMD cd src && python pv.py", ("sh", "-c", "cd src && python pv.py")),
        ("CMD FAST=1 python pv.py", ("sh", "-c", "FAST=1 python pv.py")),
        ('CMD ["python", \\\n  # why\n  "pv.py"]', ("python", "pv.py")),
        ("RUN echo nothing", ()),
    ],
)
def test_the_command_is_that_of_entrypoint_and_cmd(written: str, command: tuple[str, ...]) -> None:
    assert read_dockerfile(f"FROM python:3.12\n{written}\n").command == command


def test_the_line_of_the_command_is_where_its_instruction_begins() -> None:
    text = "# a service\nFROM python:3.12-slim\nRUN apt-get \\\n  update\n\nCMD python pv.py\n"
    recipe = read_dockerfile(text)
    assert (recipe.python, recipe.python_line, recipe.command_line) == ("3.12", 2, 6)


@pytest.mark.parametrize(
    ("first", "python"),
    [
        ("FROM python:3.9.0", "3.9"),
        ("FROM registry.example/mirror/python:3.13-slim AS run", "3.13"),
        ("ARG V=3.11\nFROM --platform=linux/amd64 python:${V}-alpine", "3.11"),
        ("FROM debian:12", None),
        ("FROM python:latest", None),
    ],
)
def test_the_python_is_that_of_the_base_image(first: str, python: str | None) -> None:
    assert read_dockerfile(f"{first}\nCMD run\n").python == python


def test_copied_files_land_where_the_container_has_them() -> None:
    recipe = read_dockerfile(
        "FROM python:3.12\nWORKDIR /app\nCOPY src/pv ./\nCOPY a.txt b.txt data/\n"
        'WORKDIR data\nCOPY --chown=1:1 ["one file.csv", "/etc/pv.csv"]\n'
        "COPY --from=builder /x /y\nADD https://example.org/z /z\nCOPY . .\n"
    )
    assert recipe.workdir == "/app/data"
    assert recipe.copies == (
        Copy(("src/pv",), "/app", True, 3),
        Copy(("a.txt", "b.txt"), "/app/data", True, 4),
        Copy(("one file.csv",), "/etc/pv.csv", False, 6),
        Copy((".",), "/app/data", True, 9),
    )


def test_variables_fill_in_one_another() -> None:
    recipe = read_dockerfile(
        "FROM python:3.12\nARG WHERE=/srv\nENV HOME_OF=$WHERE/pv MODE=fast\nENV OLD some words\n"
        "WORKDIR ${HOME_OF}\nCOPY . ${NOWHERE:-/else}/\n"
    )
    assert dict(recipe.variables) == {"HOME_OF": "/srv/pv", "MODE": "fast", "OLD": "some words"}
    assert recipe.workdir == "/srv/pv"
    assert recipe.copies[0].target == "/else"


def test_packages_of_the_system_are_those_that_apt_installs() -> None:
    recipe = read_dockerfile(
        "FROM python:3.12\n"
        "RUN apt-get update \\\n"
        "&& apt-get install -y --no-install-recommends glpk-utils gcc=4:12 \\\n"
        "    # the solver\n    coinor-cbc && rm -rf /var/lib/apt/lists/*\n"
        'RUN ["apt", "install", "-y", "curl"]\nRUN pip install numpy\n'
    )
    assert recipe.packages == ("glpk-utils", "gcc", "coinor-cbc", "curl")


def test_the_last_stage_counts_with_what_it_builds_on() -> None:
    recipe = read_dockerfile(
        "FROM python:3.13 AS base\nWORKDIR /base\nCMD base\n"
        "FROM debian AS builder\nCMD builder\n"
        "FROM base\nCOPY src ./src\n"
    )
    assert (recipe.python, recipe.workdir, recipe.command) == ("3.13", "/base", ("base",))


@pytest.mark.parametrize("text", ["", "\ufeff", "FROM", "nonsense \\", "CMD [", "COPY x\nENV\nARG"])
def test_what_is_no_dockerfile_says_nothing(text: str) -> None:
    assert read_dockerfile(text).copies == ()
