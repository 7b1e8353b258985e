"""The languages that there is a beginning for: one row each, and a folder of the same name in templates/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BUILT = ".build"  # hidden, so that what is built has no part in the digest of what was examined


@dataclass(frozen=True)
class Language:
    """How what is written is built and started. `build` is empty where nothing has to be.

    `serve` and `drive` are the words before the arguments; `supply` is the file where the author's client is called.
    """

    name: str
    title: str
    build: tuple[str, ...]
    serve: tuple[str, ...]
    drive: tuple[str, ...]
    supply: str


_TABLE = (
    Language("python", "Python", (), ("{python}", "server.py"), ("{python}", "drive.py"), "client.py"),
    Language("node", "JavaScript", (), ("node", "server.js"), ("node", "drive.js"), "client.js"),
    Language(
        "go",
        "Go",
        ("go", "build", "-o", f"{BUILT}/impl", "."),
        (f"{BUILT}/impl", "serve"),
        (f"{BUILT}/impl", "drive"),
        "client.go",
    ),
    Language(
        "java",
        "Java",
        ("javac", "-d", BUILT, "Server.java", "Drive.java", "Client.java", "StrictJson.java"),
        ("java", "-cp", BUILT, "Server"),
        ("java", "-cp", BUILT, "Drive"),
        "Client.java",
    ),
    Language(
        "c",
        "C",
        tuple(f"cc -O2 -Wall -pthread -o {BUILT}/impl main.c server.c drive.c client.c strict_json.c -lm".split()),
        (f"{BUILT}/impl", "serve"),
        (f"{BUILT}/impl", "drive"),
        "client.c",
    ),
    Language(
        "rust",
        "Rust",
        ("rustc", "--edition", "2021", "-O", "-o", f"{BUILT}/impl", "main.rs"),
        (f"{BUILT}/impl", "serve"),
        (f"{BUILT}/impl", "drive"),
        "client.rs",
    ),
)

LANGUAGES: Mapping[str, Language] = {language.name: language for language in _TABLE}
